"""Services that end, stand still, come and go: F1, F2, F3, F4."""

import asyncio
import os
import random
import signal
import time
from contextlib import AsyncExitStack, suppress

import aiohttp
import orjson
import psutil

from guichet.home import SERVICES
from shared.testing import eventually
from tests.faults import campaign
from tests.faults.departments import DEPARTMENTS
from tests.faults.history import Anomaly
from tests.faults.leading import FENCE, FIRST_PARTITION, read_further, waited_for
from tests.faults.rig import Rig
from tests.faults.stirring import quietly_stirred, stirred

# The groups of those that stand still, and how many partitions there are for each.
_READ = (
    ("reporting", "reporting", 18),
    ("status", "status.ingest", len(DEPARTMENTS)),
    ("status", "status.inventory", 3),
)
_IN_HAND = 4  # times, of the first
_FEWEST_KILLS, _MOST_EVENTS, _MOST_SECONDS = 6, 1_000_000, 900.0


async def kill_services(rig: Rig, full: bool) -> str:
    """At random times, whether it has come back from the last time or not; in full until a million events were sent, and also where
    nothing had ended yet.
    """
    rng, times, until = random.Random(f"{rig.seed}/F1"), 0, time.monotonic() + (_MOST_SECONDS if full else 0)
    with rig.ending_at(rig.left_over):
        while times < _FEWEST_KILLS or (len(rig.history.events) < _MOST_EVENTS and time.monotonic() < until):
            await asyncio.sleep(rng.uniform(0, 9 if full else 2))
            rig.kill(rng.choice(SERVICES) if full else SERVICES[times % len(SERVICES)])
            times += 1
    seconds = await asyncio.gather(*(rig.serves(name) for name in SERVICES))
    return f"{times} kills, all ready again within {max(seconds)} s of the last"


async def crash_at_every_await(rig: Rig, full: bool) -> str:
    return await campaign.everywhere(rig, full)


async def crash_once_more(rig: Rig, full: bool) -> str:
    return await campaign.once_more(rig, stirred(rig))


async def crash_quietly(rig: Rig, full: bool) -> str:
    return await campaign.once_more(rig, quietly_stirred(rig))


async def zombie(rig: Rig, full: bool) -> str:
    """Reporting stands still between its effects and its commit, status with a batch in hand; others take over.

    The database ends reporting's transaction. Status has none yet: once awake it goes on, and the fence alone knows that
    what it has in hand was taken. That is asked for by itself: no view would show it, since ids keep its effects single too.
    """
    points = {
        "reporting": "services.reporting.handlers:_log_and_fold:4 after@2",
        "status": "shared.consuming:Consumption.take:1 before entering@9",
    }
    async with AsyncExitStack() as stack:
        seconds = {name: await stack.enter_async_context(rig.another(name)) for name in points}
        await asyncio.gather(*(_assigned(rig, seconds[name], group, 1) for name, group, _ in _READ))
        for name, point in points.items():
            rig.system.stops[name] = point
            rig.kill(name)
        await asyncio.gather(*(_stopped(rig, name) for name in points))
        stopped = [rig.pid(name) for name in points]
        await asyncio.gather(*(_assigned(rig, seconds[name], *rest) for name, *rest in _READ))
        await asyncio.sleep(8 if full else 2)
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)
        await asyncio.gather(*(rig.serves(name) for name in points))
        await _dropped(rig, "status")
        await asyncio.sleep(2)
    return "reporting between its effects and its commit, status with a batch in hand; others had taken every partition"


async def _dropped(rig: Rig, name: str) -> None:
    """Until the process has dropped what it had in hand when it stood still."""
    try:
        await eventually(lambda: rig.repeated(name), lambda records: records > 0, seconds=5)
    except AssertionError:
        what = "it awoke, and took once more what another had taken meanwhile"
        rig.history.anomalies.append(Anomaly("duplicated", what, name))


async def _stopped(rig: Rig, name: str) -> None:
    async def status() -> str:
        with suppress(psutil.Error):
            return str(psutil.Process(rig.pid(name)).status())
        return ""

    await eventually(status, lambda found: found == psutil.STATUS_STOPPED, seconds=30)


async def _assigned(rig: Rig, name: str, group: str, partitions: int) -> None:
    """Until a process reads at least so many partitions of a group."""
    url = f"http://127.0.0.1:{rig.system.parts[name].environment['GUICHET_PORT']}/readyz"

    async def ask() -> int:
        with suppress(aiohttp.ClientError, TimeoutError, KeyError):
            assert rig.load._session is not None
            async with rig.load._session.get(url, timeout=aiohttp.ClientTimeout(total=2)) as answer:
                return int(orjson.loads(await answer.read())["consumers"][group]["assigned"])
        return 0

    await eventually(ask, lambda assigned: assigned >= partitions, seconds=40)


async def come_and_go(rig: Rig, full: bool) -> str:
    """In full, also where nothing had ended yet."""
    times = 12 if full else 2
    with rig.ending_at(rig.left_over):
        async with rig.another("reporting"):
            for number in range(times):
                async with rig.another("reporting") as third:
                    if full and number < _IN_HAND:
                        await _take_from(rig, third)
                    await asyncio.sleep(2)
                    if number % 2:
                        rig.kill(third)
    return f"{times} workers joined and left, every other one killed"


async def _take_from(rig: Rig, third: str) -> None:
    """Another has a batch in hand while a worker joins, and keeps some of its partitions alone; then a topic seems to be made anew."""
    async with waited_for(rig, "reporting", FIRST_PARTITION, FENCE):
        await _assigned(rig, third, "reporting", 1)
        await asyncio.sleep(1)
    await read_further(rig)
