"""Dead letters of all four services, under one id each: `status:12`."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from guichet.client import Services
from guichet.errors import NotReachable, Stop, WrongUse
from guichet.home import SERVICES


@dataclass(frozen=True, slots=True)
class LetterId:
    service: str
    number: int

    @property
    def path(self) -> str:
        return f"/v1/dead-letters/{self.number}"


def letter_id(text: str) -> LetterId:
    """Raises WrongUse."""
    service, _, number = text.partition(":")
    if service not in SERVICES or not (number.isascii() and number.isdigit()):
        raise WrongUse(
            f"a dead letter is named by service and number, such as status:12, not {text}; see `guichet dlq ls`"
        )
    return LetterId(service, int(number))


@dataclass(frozen=True, slots=True)
class Filters:
    service: str | None = None
    org: str | None = None
    code: str | None = None
    since: datetime | None = None
    state: str = "waiting"


async def found(services: Services, filters: Filters) -> tuple[list[dict[str, Any]], list[str]]:
    """The letters wanted, the oldest first, and what those services said that do not answer."""
    names = [filters.service] if filters.service else list(SERVICES)
    answers = await asyncio.gather(*(_all_of(services, name, filters) for name in names), return_exceptions=True)
    items: list[dict[str, Any]] = []
    away: list[str] = []
    for answer in answers:
        if isinstance(answer, NotReachable):
            away.append(str(answer))
        elif isinstance(answer, BaseException):
            raise answer
        else:
            items += answer
    return sorted(items, key=lambda item: str(item["received_at"])), away


async def _all_of(services: Services, name: str, filters: Filters) -> list[dict[str, Any]]:
    query = {"org": filters.org, "code": filters.code, "state": filters.state, "limit": 1000}
    if filters.since:
        query["since"] = filters.since.isoformat()
    items: list[dict[str, Any]] = []
    after = None
    while True:
        answer = await services.ask(name, "/v1/dead-letters", query={**query, "after": after}, patient=False)
        items += [{**item, "id": f"{name}:{item['id']}", "service": name} for item in answer["items"]]
        after = answer["next"]
        if after is None:
            return items


async def replayed(services: Services, ids: Sequence[LetterId]) -> AsyncIterator[dict[str, Any]]:
    """The receipt of each, in order; one that cannot be replayed says why in `detail`."""
    for each in ids:
        try:
            receipt = await services.ask(each.service, f"{each.path}/replay", method="POST")
        except NotReachable:
            raise
        except Stop as stop:
            receipt = {"event_id": None, "outcome": "not_replayed", "position": None, "detail": str(stop)}
        yield {**receipt, "id": f"{each.service}:{each.number}"}
