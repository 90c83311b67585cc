"""What tests of subscriptions share: a caller at status's door, events of this very minute, and what a database is made to be."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import asyncpg
import orjson

from guichet.client import Services
from shared.testing import eventually, status_event
from tests.conftest import LocalSystem
from tests.integration.receiving import Receiver


class Door:
    """Requests to status as one caller: (status, answer). While status is away, they wait for it."""

    def __init__(self, services: Services, session: aiohttp.ClientSession, bearer: str | None) -> None:
        self._url, self._session = services.url("status"), session
        self._headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}

    async def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        headers = {**self._headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
        while True:
            try:
                async with self._session.request(method, self._url + path, json=body, headers=headers) as answer:
                    return answer.status, orjson.loads(await answer.read() or b"null")
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(0.1)

    async def subscribed(self, **wanted: Any) -> dict[str, Any]:
        status, answer = await self("POST", "/v1/subscriptions", {"channel": "webhook", "language": "en", **wanted})
        assert status == 201, answer
        return dict(answer)

    async def shown(self, subscription_id: str) -> dict[str, Any]:
        status, answer = await self("GET", f"/v1/subscriptions/{subscription_id}")
        assert status == 200, answer
        return dict(answer)

    async def deliveries(self, subscription_id: str) -> list[dict[str, Any]]:
        """The oldest first."""
        status, answer = await self("GET", f"/v1/subscriptions/{subscription_id}/deliveries?limit=1000")
        assert status == 200, answer
        return list(reversed(answer["items"]))


def now_event(org: str, application: str, state: str, number: int, **data: Any) -> dict[str, Any]:
    """An event of this very minute, which is no backfill."""
    time = datetime.now(UTC) - timedelta(seconds=60 - number)
    return status_event(org, application, state, **{"number": number, "time": time.isoformat(), **data})


async def send(services: Services, key: str, *events: dict[str, Any]) -> list[dict[str, Any]]:
    receipts = await services.send("status", key, [orjson.dumps(event) for event in events])
    assert {receipt["outcome"] for receipt in receipts} <= {"accepted", "duplicate"}, receipts
    return receipts


async def until_taken(receiver: Receiver, states: Sequence[str], seconds: float = 30) -> None:
    """Until the receiver has taken exactly these, each once for one that drops what it has by its id, in this order."""

    async def taken() -> list[str]:
        return receiver.states

    await eventually(taken, lambda found: found == list(states), seconds)


async def until_tried(receiver: Receiver, times: int, seconds: float = 30) -> None:
    async def tried() -> int:
        return len(receiver.tried)

    await eventually(tried, lambda found: found >= times, seconds)


@asynccontextmanager
async def owner_of_status(system: LocalSystem) -> AsyncIterator[asyncpg.Connection]:
    """Status's database, to let days go by in it."""
    connection = await asyncpg.connect(system.dsn("status_owner", "status"))
    try:
        yield connection
    finally:
        await connection.close()


async def let_pass(system: LocalSystem, subscription_id: str, days: float) -> int:
    """As if all of a subscription had happened so long ago: what waits to be tried again is due. Returns how many tries there
    were before; one that is under way is waited for, since it would be recorded as of now.
    """
    ago = timedelta(days=days)

    async def passed() -> int | None:
        async with owner_of_status(system) as connection, connection.transaction():
            under_way = await connection.fetch(
                "select leased_until > now() from delivery where subscription_id = $1 and status = 'pending' for update",
                subscription_id,
            )
            if any(leased for (leased,) in under_way):
                return None
            for statement in (
                (
                    "update subscription set failing_since = failing_since - $2::interval, "
                    "failed_at = failed_at - $2::interval, previous_until = previous_until - $2::interval "
                    "where subscription_id = $1"
                ),
                "update earlier_secret set until = until - $2::interval where subscription_id = $1",
                "update delivery set due_at = due_at - $2::interval where subscription_id = $1",
            ):
                await connection.execute(statement, subscription_id, ago)
            tries = "select count(*) from delivery_attempt join delivery using (n) where subscription_id = $1"
            return int(await connection.fetchval(tries, subscription_id))

    before = await eventually(passed, lambda found: found is not None)
    assert before is not None
    return before


async def fail_for(system: LocalSystem, door: Door, subscription_id: str, days: int) -> None:
    """As if so many days went by after a first try that failed, each with one more."""

    async def failing() -> Any:
        return (await door.shown(subscription_id))["failing_since"]

    async def tries() -> int:
        return sum(len(each["attempts"]) for each in await door.deliveries(subscription_id))

    await eventually(failing)  # the first of all is recorded
    for _ in range(days):
        before = await let_pass(system, subscription_id, 1)
        await eventually(tries, lambda found, before=before: found > before)  # type: ignore[misc]
