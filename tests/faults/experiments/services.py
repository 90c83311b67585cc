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
from tests.faults.departments import ORGS
from tests.faults.rig import Rig

_FEWEST_KILLS, _MOST_EVENTS, _MOST_SECONDS = 6, 1_000_000, 900.0


async def kill_services(rig: Rig, full: bool) -> str:
    """At random times, whether it has come back from the last time or not; in full until a million events were sent."""
    rng, times, until = random.Random(f"{rig.seed}/F1"), 0, time.monotonic() + (_MOST_SECONDS if full else 0)
    while times < _FEWEST_KILLS or (len(rig.history.events) < _MOST_EVENTS and time.monotonic() < until):
        await asyncio.sleep(rng.uniform(0, 9 if full else 2))
        rig.kill(rng.choice(SERVICES) if full else SERVICES[times % len(SERVICES)])
        times += 1
    seconds = await asyncio.gather(*(rig.serves(name) for name in SERVICES))
    return f"{times} kills, all ready again within {max(seconds)} s of the last"


async def crash_at_every_await(rig: Rig, full: bool) -> str:
    return await campaign.everywhere(rig, full)


async def zombie(rig: Rig, full: bool) -> str:
    """Reporting stands still between its effects and its commit, status with a batch in hand; others take over."""
    points = {
        "reporting": ("services.reporting.handlers:_log_and_fold:4 after@2!", "reporting", 18),
        "status": ("shared.consuming:Consumption.take:1 before entering@9!", "status.ingest", len(ORGS)),
    }
    async with AsyncExitStack() as stack:
        stopped: dict[str, tuple[int, str]] = {}
        for name in points:
            stopped[name] = 0, await stack.enter_async_context(rig.another(name))
        for name, (point, group, _) in points.items():
            second = stopped[name][1]
            await _assigned(rig, second, group, 1)
            rig.system.armed[name] = point
            rig.kill(name)
        for name in points:
            await eventually(
                lambda name=name: _status(rig.pid(name)), lambda status: status == psutil.STATUS_STOPPED, seconds=30
            )
            stopped[name] = rig.pid(name), stopped[name][1]
        for name, (_, group, partitions) in points.items():
            await _assigned(rig, stopped[name][1], group, partitions)
        await asyncio.sleep(8 if full else 2)
        for name, (pid, _) in stopped.items():
            os.kill(pid, signal.SIGCONT)
            await rig.serves(name)
        await asyncio.sleep(2)
    return "reporting between its effects and its commit, status with a batch in hand; others had taken every partition"


async def _status(pid: int) -> str:
    with suppress(psutil.Error):
        return str(psutil.Process(pid).status())
    return ""


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
    times = 12 if full else 2
    async with rig.another("reporting"):
        for number in range(times):
            async with AsyncExitStack() as stack:
                third = await stack.enter_async_context(rig.another("reporting"))
                await asyncio.sleep(2)
                if number % 2:
                    rig.kill(third)
    return f"{times} workers joined and left, every other one killed"
