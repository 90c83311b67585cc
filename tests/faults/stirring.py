"""What a load alone does not lead to, again and again: a department that reports everything, people at work, reads, dead letters
replayed, keys made, processes ended, parts broken.
"""

import asyncio
import os
import random
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from itertools import islice, product

import aiohttp

from guichet.errors import Stop
from guichet.home import SERVICES
from tests.faults.departments import FIRST, ORGS, THOROUGH, services_of
from tests.faults.people import People
from tests.faults.rig import Rig
from tests.faults.stages import LOGS
from tests.faults.thorough import UNLUCKY

Work = Callable[[], Awaitable[None]]
_THOROUGH_RATE = 12.0
_ORG = ORGS[0]
_SERVICE = services_of(_ORG)[0]
_CELL = f"org_id={_ORG}&type=guichet.status.ApplicationStateChanged.v1&day={FIRST.date()}&until=1"
_LOG = ("/v1/log/digest?until=100", f"/v1/log/positions?{_CELL}", "/v1/trace/none?at=status:1", "/en/")
_PATHS = {
    "inventory": (
        "/v1/services", f"/v1/services/{_SERVICE}", f"/v1/services/{_SERVICE}/history", "/v1/standards", *_LOG,
    ),
    "feedback": ("/v1/cases", *_LOG),
    "status": (f"/v1/exception-days?org={THOROUGH}", *_LOG),
    "reporting": ("/v1/reading/views", "/v1/trace/none", "/en/"),
}  # fmt: skip


@asynccontextmanager
async def stirred(rig: Rig) -> AsyncIterator[None]:
    """Everything at once, for the length of the block; what the department sends, until the load stops."""
    for name, statement in product(LOGS, UNLUCKY):
        await rig.fetch(name, statement)
    rig.load.add_thorough(f"{rig.segment}.all", _THOROUGH_RATE)
    works: list[tuple[Work, float]] = [(act, 1) for act in People(rig).acts]
    works += [(partial(_read, rig, name), 0.2) for name in SERVICES]
    works += [(partial(work, rig, name), seconds) for name in LOGS for work, seconds in ((_mend, 1), (_open, 2))]
    works += [(partial(_come_and_go, rig), 8), (partial(_break, rig), 20), (partial(_fall_behind, rig), 200)]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_again_and_again(work, seconds)) for work, seconds in works]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()


async def _again_and_again(work: Work, seconds: float) -> None:
    while True:
        with suppress(Stop, aiohttp.ClientError, TimeoutError, ValueError):  # whom it asks may have ended just now
            await work()
        await asyncio.sleep(seconds)


async def _read(rig: Rig, name: str) -> None:
    """One of what stands beside the paths, in the same modules."""
    path = random.choice([*_PATHS[name], *_pages(rig, name)])
    bearer = rig.load.keys[_ORG] if "/receipts/" in path or "/applications/" in path else rig.readers.operator
    timeout = aiohttp.ClientTimeout(total=5)
    headers = {"Authorization": f"Bearer {bearer}"}
    assert rig.load._session is not None
    async with rig.load._session.get(f"{rig.services.url(name)}{path}", headers=headers, timeout=timeout) as answer:
        await answer.read()


def _pages(rig: Rig, name: str) -> Iterator[str]:
    """Of an event that was refused, one that was corrected, and a case."""
    lately = islice(reversed(rig.history.events.values()), 2_000)
    mine = [event for event in lately if event.service == name and event.org_id == _ORG and not event.by_kafka]
    yield from [f"/v1/receipts/{each.id}" for each in mine if each.id.endswith("-c") and each.position][:1]
    yield from [f"/v1/receipts/{each.id}" for each in mine if each.expected == "rejected"][:1]
    case = next((each.about.case.case_id for each in mine if each.position and hasattr(each.about, "case")), None)
    if case is not None:
        yield {"status": f"/en/applications/{_ORG}/{case}"}.get(name, f"/v1/cases/{case}?org={_ORG}")


async def _mend(rig: Rig, name: str) -> None:
    """Dead letters are looked at and replayed; the newest is dropped."""
    letters = await rig.replay(name)
    if letters:
        await rig.services.ask(name, f"/v1/dead-letters/{letters[0]}", method="DELETE")


async def _open(rig: Rig, name: str) -> None:
    """Another key for a department, and topics for it."""
    await rig.services.ask(name, "/v1/keys", method="POST", body={"org_id": _ORG})


async def _come_and_go(rig: Rig) -> None:
    """A second process of each, and the first one ended in order."""
    for name in SERVICES:
        async with rig.another(name):
            await asyncio.sleep(3)
        with suppress(ProcessLookupError):
            os.kill(rig.pid(name), signal.SIGTERM)


async def _break(rig: Rig) -> None:
    for part in ("postgres", "kafka"):
        async with rig.away(part):
            await asyncio.sleep(2)
        await asyncio.sleep(4)


async def _fall_behind(rig: Rig) -> None:
    """Reporting is away until there is more for it than it takes at once."""
    async with rig.away("reporting"):
        await asyncio.sleep(15)
