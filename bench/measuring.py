"""Measuring again: an exception day that moves 100,000 open applications, in the background, while a door is used.

What counts is how long it takes, what others wait for at the same door meanwhile (open load of one event a request), and that
every application is published once under the new date, and read by reporting.
"""

import asyncio
import gc
import itertools
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import orjson

from bench.databases import one_value
from bench.rig import rig
from bench.saying import say
from guichet import keys
from guichet.client import Services
from guichet.system import System
from guichet.verifying import caught_up, verify
from shared.calendars import calendar
from shared.testing import eventually, status_event

APPLICATIONS, QUICK_APPLICATIONS = 100_000, 20_000
ORG, OTHER, SERVICE = "9001", "9002", "S-measured"
RATE, QUIET_SECONDS, MOST_SECONDS = 50, 10.0, 900.0
_AT_ONCE = 1_000
_NOTE = {"en": "Closed: ice storm", "fr": "Fermé : tempête de verglas"}
_numbers = itertools.count()


def run(*, quick: bool) -> dict[str, Any]:
    gc.disable()
    with rig(services=True) as system:
        return asyncio.run(_measure(system, QUICK_APPLICATIONS if quick else APPLICATIONS))


async def _measure(system: System, applications: int) -> dict[str, Any]:
    async with Services(system.home) as services, aiohttp.ClientSession() as session:
        made = {org: (await keys.create(services, org))["key"] for org in (ORG, OTHER)}
        await services.send("inventory", made[ORG], _inventory())
        await caught_up(services, lambda _: None)
        say(f"Reporting {applications:,} applications")
        for start in range(0, applications, _AT_ONCE):
            await services.send("status", made[ORG], _reports(range(start, min(start + _AT_ONCE, applications))))
        await verify(services, lambda _: None)
        session.headers["Authorization"] = f"Bearer {made[OTHER]}"
        url = f"{services.url('status')}/v1/events"
        async with _loaded(session, url) as waits:
            await asyncio.sleep(2)
            waits.clear()
            await asyncio.sleep(QUIET_SECONDS)
            quiet = _p99(waits)
            began = time.monotonic()
            (receipt,) = await services.send("status", made[ORG], [_exception_day()])
            assert receipt["outcome"] == "accepted", receipt
            waits.clear()
            await eventually(lambda: _left(services), lambda left: left == 0, seconds=MOST_SECONDS)
            seconds = time.monotonic() - began
            meanwhile = _p99(waits)
        outcome = await verify(services, lambda _: None)
    moved = await one_value(
        system.database("status"),
        "select count(*) || ' ' || count(distinct key) from recorded_event where caused_by_id = 'closed' "
        "and type like '%.ApplicationStateChanged.%'",
    )
    return {
        "job": "measuring",
        "unit": "applications/s measured again",
        "ours": {"median": round(applications / seconds, 1), "runs": [], "seconds": round(seconds, 1)},
        "peers": {},
        "p99_ms_quiet": quiet,
        "p99_ms_meanwhile": meanwhile,
        "correct": bool(outcome["reconciled"]) and moved == f"{applications} {applications}",
    }


async def _left(services: Services) -> int:
    return int((await services.ask("status", "/v1/exception-days", query={"org": ORG}))["to_measure"])


def _p99(waits: Sequence[float]) -> float:
    return round(sorted(waits)[int(len(waits) * 0.99)] * 1000, 1)


@asynccontextmanager
async def _loaded(session: aiohttp.ClientSession, url: str) -> AsyncIterator[list[float]]:
    """What another department waits for, of its events at their times."""
    waits: list[float] = []

    async def post() -> None:
        event, began = status_event(OTHER, f"other-{next(_numbers)}", "submitted"), time.perf_counter()
        async with session.post(url, json=event, headers={"Content-Type": "application/cloudevents+json"}) as answer:
            assert answer.status == 202, await answer.text()
            waits.append(time.perf_counter() - began)

    async def go() -> None:
        async with asyncio.TaskGroup() as posts:
            for _ in itertools.count():
                posts.create_task(post())
                await asyncio.sleep(1 / RATE)

    load = asyncio.create_task(go())
    try:
        yield waits
    finally:
        load.cancel()
        await asyncio.gather(load, return_exceptions=True)


def _event(kind: str, event_id: str, at: datetime, data: dict[str, Any]) -> bytes:
    return orjson.dumps(
        {
            "specversion": "1.0",
            "id": event_id,
            "source": f"/organizations/{ORG}/bench",
            "type": f"guichet.{kind}.v1",
            "time": at.isoformat(),
            "data": data,
        }
    )


def _inventory() -> list[bytes]:
    now, names = datetime.now(UTC), {"service_name_en": SERVICE, "service_name_fr": SERVICE}
    row = {"dialect": "collection", "fiscal_year": "2024-2025", "service_id": SERVICE, **names}
    measure = {"limit": "P20D", "days": "business", "confirmed": True}
    standard = {**row, "service_standard_id": f"{SERVICE}-1", "target": 0.8, "measure": measure}
    return [
        _event("inventory.ServiceReported", "service", now, row),
        _event("inventory.ServiceStandardReported", "standard", now, standard),
    ]


def _reports(numbers: range) -> list[bytes]:
    at = datetime.now(UTC) - timedelta(minutes=1)
    return [
        _event(
            "status.ApplicationStatusReported",
            f"A-{number}",
            at,
            {"application_id": f"A-{number}", "service_id": SERVICE, "state": "submitted", "channel": "ONL"},
        )
        for number in numbers
    ]


def _exception_day() -> bytes:
    now = datetime.now(UTC)
    day = calendar("CA").add_business_days(now.date(), 5)
    return _event("status.ExceptionDayReported", "closed", now, {"day": str(day), "note": _NOTE})
