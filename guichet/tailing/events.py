"""What was recorded and refused of an organisation, a service or an application, event by event, past and live."""

import asyncio
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from guichet.client import Services
from guichet.home import SERVICES
from guichet.tailing.asking import Away, Presence, ask
from guichet.tailing.lines import rfc3339
from guichet.tailing.words import Shape, in_words, write_json, write_text
from shared.plain_text import plain

_SECONDS = 0.4
_PAST = 20
_DOORS = SERVICES[:3]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whose events; a letter of another thing of the same organisation is none of them."""

    org: str | None
    service: str | None
    application: str | None
    since: datetime | None


class Events:
    """Follows the logs and dead letters of all services from where it last was."""

    def __init__(self, services: Services, wanted: Wanted, shape: Shape) -> None:
        self._services, self._wanted, self._shape = services, wanted, shape
        self._after: dict[str, int] = {}
        self._letters: dict[str, int] = {}
        self._presence = Presence()

    @property
    def anyone_away(self) -> bool:
        return self._presence.anyone_away

    async def run(self) -> None:
        """Until the task is cancelled."""
        while True:
            await self.show_new()
            await asyncio.sleep(_SECONDS)

    async def show_new(self) -> None:
        asked = await asyncio.gather(
            *(self._guarded(name, self._recorded) for name in _DOORS),
            *(self._guarded(name, self._refused) for name in SERVICES),
        )
        items = sorted((item for some in asked for item in some), key=lambda item: str(item["at"]))
        if self._wanted.since is None and not self._after.keys() >= set(_DOORS):
            items = items[-_PAST:]
        for item in items:
            _write(item, self._shape)

    async def _guarded(self, name: str, ask_it: Any) -> Iterable[dict[str, Any]]:
        try:
            found: list[dict[str, Any]] = await ask_it(name)
        except Away as away:
            if self._presence.changed(name, away=True):
                sys.stderr.write(f"guichet: {away}; what it has will follow\n")
            return []
        if self._presence.changed(name, away=False):
            sys.stderr.write(f"guichet: {name} answers again\n")
        return found

    async def _recorded(self, name: str) -> list[dict[str, Any]]:
        wanted = self._wanted
        query: dict[str, Any] = {"org": wanted.org, "service": wanted.service, "subject": wanted.application}
        first = name not in self._after
        if first and wanted.since is None:
            query["last"] = _PAST
        elif first and wanted.since is not None:
            query["since"] = rfc3339(wanted.since)
        found: list[dict[str, Any]] = []
        after = self._after.get(name, 0)
        while True:
            answer = await ask(self._services, name, "/v1/log/events", {**query, "after": after, "limit": 1000})
            found += [
                {"at": item["recorded_at"], "service": name, "what": "recorded", **item} for item in answer["items"]
            ]
            after = answer["read_to"]
            if after >= answer["position"]:
                self._after[name] = after
                return found
            query.pop("since", None)

    async def _refused(self, name: str) -> list[dict[str, Any]]:
        wanted = self._wanted
        query: dict[str, Any] = {"org": wanted.org, "state": "all", "about": wanted.application or wanted.service}
        if wanted.since is not None:
            query["since"] = rfc3339(wanted.since)
        known = self._letters.get(name)
        query["limit"] = _PAST if known is None and wanted.since is None else 1000
        answer = await ask(self._services, name, "/v1/dead-letters", query)
        new = [item for item in answer["items"] if known is None or item["id"] > known]
        self._letters[name] = max([item["id"] for item in answer["items"]], default=known or 0)
        return [
            {**item, "at": item["received_at"], "service": name, "what": "rejected", "id": f"{name}:{item['id']}"}
            for item in new
        ]


def _write(item: dict[str, Any], shape: Shape) -> None:
    if shape == "json":
        write_json(item)
    elif item["what"] == "recorded":
        write_text(str(item["at"]), item["service"], "recorded ", "", plain(_recorded_text(item)))
    else:
        problem = item["problem"]
        said = f"{item['event_id']} of {item['source']} ({item['id']}): {problem.get('code')}: "
        write_text(
            str(item["at"]), item["service"], "rejected ", "warning", plain(said) + in_words(problem.get("detail"))
        )


def _recorded_text(item: dict[str, Any]) -> str:
    name = item["type"].split(".")[-2]
    data = item["data"]
    moved = f": {data.get('from_state') or '(new)'} -> {data['to_state']}" if "to_state" in data else ""
    cause = item["caused_by"]
    return f"{name} of {item['key']}{moved}, position {item['position']}, by {cause['id']} of {cause['source']}"
