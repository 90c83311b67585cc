"""What a load alone does not lead to, again and again: a department that reports everything, people at work, reads, dead letters
replayed, keys made, processes ended, parts broken.
"""

import asyncio
import os
import random
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from itertools import islice, product

import aiohttp
import asyncpg

from guichet.errors import Stop
from guichet.home import SERVICES
from shared.testing import eventually
from tests.faults.departments import FIRST, ORGS, THOROUGH, services_of
from tests.faults.people import People
from tests.faults.rig import Rig
from tests.faults.stages import LOGS
from tests.faults.thorough import GIVEN_TO, UNLUCKY

Work = Callable[[], Awaitable[object]]
# Whom it asks may have ended just now.
_AWAY = (Stop, aiohttp.ClientError, TimeoutError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError)
_THOROUGH_RATE, _QUIET_RATE = 12.0, 3.0
_MENDED_SECONDS = 60.0
_ORG = ORGS[0]
_SERVICE = services_of(_ORG)[0]
_CELL = f"org_id={_ORG}&type=guichet.status.ApplicationStateChanged.v1&day={FIRST.date()}&until=1"
_LOG = ("/v1/log/digest?until=100", f"/v1/log/positions?{_CELL}", "/v1/trace/none?at=status:1", "/metrics", "/en/")
# Where each of two readers keeps improvements. What fails there is a function's affair: no table is locked to change that.
_TRIGGER = "create trigger spoilt before insert on {} for each row {} execute function spoilt()"
_SPOILT = {
    "inventory": _TRIGGER.format("known_improvement", ""),
    "reporting": _TRIGGER.format("logged_event", "when (new.type = 'guichet.feedback.ImprovementRecorded.v1')"),
}
_SPOIL = """
do $do$ begin execute format($f$
    create or replace function spoilt() returns trigger language plpgsql as $$ begin
        if clock_timestamp() < timestamptz %L then raise exception 'spoilt'; end if;
        return new;
    end $$
$f$, clock_timestamp() + interval '3 seconds'); end $do$
"""
_THEIR_TOPIC = "feedback.cases.v1"
_PATHS = {
    "inventory": (
        "/v1/services", f"/v1/services/{_SERVICE}", f"/v1/services/{_SERVICE}/history", "/v1/standards", *_LOG,
    ),
    "feedback": ("/v1/cases", "/v1/improvements", "/en/new?q=a", f"/en/new?service={_SERVICE}", *_LOG),
    "status": (f"/v1/exception-days?org={THOROUGH}", *_LOG),
    "reporting": (
        "/v1/reading/views", "/v1/trace/none", f"/v1/compliance/{THOROUGH}", f"/v1/compliance/{GIVEN_TO[0]}", "/en/",
        "/v1/confirmations", "/v1/corrective-actions", "/v1/oversight/steps",
    ),
}  # fmt: skip


@asynccontextmanager
async def stirred(rig: Rig) -> AsyncIterator[None]:
    """Everything at once, for the length of the block; what the department sends, until the load stops."""
    await _report_everything(rig, _THOROUGH_RATE)
    works = [(partial(_read, rig, name), 0.2) for name in SERVICES]
    works += [(partial(work, rig, name), seconds) for name in LOGS for work, seconds in ((_mend, 1), (_open, 2))]
    works += [(partial(_come_and_go, rig), 8), (partial(_break, rig), 20), (partial(_fall_behind, rig), 200)]
    async with _going_on(rig, [*works, *_at_work(rig, pause=1)]):
        yield


@asynccontextmanager
async def quietly_stirred(rig: Rig) -> AsyncIterator[None]:
    """Everything reported, people at work, reads, letters set aside, at a pace that leaves services their work: for points that
    hundreds of crashes did not come to.
    """
    await _report_everything(rig, _QUIET_RATE)
    works = [(partial(_read, rig, name), 1.0) for name in SERVICES]
    async with _going_on(rig, [*works, *_at_work(rig, pause=5)]):
        yield


async def _report_everything(rig: Rig, rate: float) -> None:
    for name, statement in product(LOGS, UNLUCKY):
        await rig.fetch(name, statement)
    rig.load.add_thorough(f"{rig.segment}.all", rate)


def _at_work(rig: Rig, pause: float) -> list[tuple[Work, float]]:
    acts: list[tuple[Work, float]] = [(act, pause) for act in People(rig).acts]
    asides = [(partial(_spoil, rig), 5 * pause), (partial(_still_aside, rig), 2 * pause)]
    return [*acts, *asides, (partial(_explain, rig), pause)]


@asynccontextmanager
async def _going_on(rig: Rig, works: Sequence[tuple[Work, float]]) -> AsyncIterator[None]:
    """Each again and again after its seconds, for the length of the block; at the end nothing is left aside."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_again_and_again(work, seconds)) for work, seconds in works]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
    await eventually(lambda: _still_aside(rig), lambda left: not left, seconds=_MENDED_SECONDS)


async def _again_and_again(work: Work, seconds: float) -> None:
    while True:
        with suppress(*_AWAY):
            await work()
        await asyncio.sleep(seconds)


async def _read(rig: Rig, name: str) -> None:
    """One of what stands beside the paths, in the same modules."""
    path = random.choice([*_PATHS[name], *_pages(rig, name)])
    bearer = rig.load.keys[_ORG] if "/receipts/" in path or "/applications/" in path else rig.readers.operator
    await rig.ask("GET", name, path, bearer=bearer)


async def _explain(rig: Rig) -> None:
    """Somebody asks what a verdict was made from."""
    status, found = await rig.ask("GET", "reporting", f"/v1/compliance/{THOROUGH}", bearer=rig.readers.operator)
    if status == 200:
        verdict = random.choice(found["verdicts"])["verdict_id"]
        await rig.ask("GET", "reporting", f"/v1/verdicts/{verdict}/evidence", bearer=rig.readers.operator)


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
    """Dead letters of a door are looked at and replayed; the newest is dropped."""
    letters = await rig.replay(name, door=random.choice(("http", "kafka")))
    if letters:
        await rig.services.ask(name, f"/v1/dead-letters/{letters[0]}", method="DELETE")


async def _spoil(rig: Rig) -> None:
    """Readers cannot keep improvements for a moment, and set them aside; asked again later, they can."""
    for name, trigger in _SPOILT.items():
        await rig.fetch(name, _SPOIL)
        if not await rig.fetch(name, "select from pg_trigger where tgname = 'spoilt'"):
            await rig.fetch(name, trigger)


async def _still_aside(rig: Rig) -> list[str]:
    """Who keeps letters of improvements after they were replayed, or does not say."""
    left = []
    for name in _SPOILT:
        with suppress(*_AWAY):
            await rig.replay(name, door="listening", most=50)
        waiting = "select count(*) from dead_letter where state = 'waiting' and topic = $1"
        rows = await rig.fetch(name, waiting, _THEIR_TOPIC)
        left += [] if rows and rows[0][0] == 0 else [name]
    return left


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
    """PostgreSQL and Kafka are away for a moment, and some begin without Kafka."""
    async with rig.away("postgres"):
        await asyncio.sleep(2)
    await asyncio.sleep(4)
    async with rig.away("kafka"):
        rig.kill(random.choice(LOGS))
        await asyncio.sleep(4)
    await asyncio.sleep(4)


async def _fall_behind(rig: Rig) -> None:
    """Reporting is away until there is more for it than it takes at once."""
    async with rig.away("reporting"):
        await asyncio.sleep(15)
