"""The faults, each by its name in the design (reliability.md 2), under load; `full` is how long and how often.

An experiment returns once its fault has ended; what must hold then is for the checker and the bound.
"""

import asyncio
import os
import random
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from statistics import quantiles

import aiohttp
import asyncpg
import orjson
import psutil

from guichet.home import SERVICES
from shared.testing import eventually
from tests.faults import campaign
from tests.faults.departments import INVALID, ORGS
from tests.faults.failpoints import KAFKA
from tests.faults.links import Link, Sockets, rerouted, to_kafka
from tests.faults.rig import Rig

# Says what was done, in a few words, once the fault has ended. Raises AssertionError where the fault itself was met badly.
Work = Callable[[Rig, bool], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class Experiment:
    """A fault: `bound` is how many seconds the system may take to be whole again."""

    name: str
    title: str
    bound: float
    work: Work
    rate: float = 400.0
    invalid: float = INVALID
    full_only: bool = False


def _rng(rig: Rig, name: str) -> random.Random:
    return random.Random(f"{rig.seed}/{name}")


async def kill_services(rig: Rig, full: bool) -> str:
    rng, slowest, times = _rng(rig, "F1"), 0.0, 40 if full else 4
    for number in range(times):
        await asyncio.sleep(rng.uniform(0, 1.5))
        name = rng.choice(SERVICES) if full else SERVICES[number]
        rig.kill(name)
        await eventually(lambda name=name: rig.ready(name), lambda ready: not ready, seconds=5)
        slowest = max(slowest, await rig.serves(name))
    return f"{times} kills, ready again within {slowest} s"


async def crash_at_every_await(rig: Rig, full: bool) -> str:
    return await campaign.run(rig, full)


async def zombie(rig: Rig, full: bool) -> str:
    """Reporting stands still between its effects and its commit, status with a batch in hand; others take over."""
    points = {
        "reporting": ("services.reporting.handlers:_log_and_fold:4 after@2!", "reporting", 18),
        "status": ("shared.consuming:Consumption.take:1 before entering@9!", "status.ingest", len(ORGS)),
    }
    async with AsyncExitStack() as stack:
        stopped = {}
        for name, (point, group, partitions) in points.items():
            second = await stack.enter_async_context(rig.another(name))
            await _assigned(rig, second, group, 1)
            rig.system.armed[name] = point
            rig.kill(name)
            await eventually(
                lambda name=name: _status(rig.pid(name)), lambda status: status == psutil.STATUS_STOPPED, seconds=30
            )
            stopped[name] = rig.pid(name), second, group, partitions
        for _, second, group, partitions in stopped.values():
            await _assigned(rig, second, group, partitions)
        await asyncio.sleep(8 if full else 2)
        for name, (pid, *_) in stopped.items():
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


async def kafka_away(rig: Rig, full: bool) -> str:
    seconds = 60 if full else 6
    answered, unanswered = len(rig.load.latencies), rig.history.unknown_over_http
    async with rig.away("kafka"):
        await asyncio.sleep(seconds)
        answers = len(rig.load.latencies) - answered
    assert answers > seconds, f"HTTP answered {answers} requests in {seconds} s without Kafka"
    failed = rig.history.unknown_over_http - unanswered
    assert not failed, f"{failed} events were not answered over HTTP"
    return f"away {seconds} s; {answers} requests accepted meanwhile, none failed"


async def kafka_stands_still(rig: Rig, full: bool) -> str:
    seconds = 45 if full else 6
    before = await _latencies(rig, 10 if full else 4)
    async with rig.standing_still("kafka"):
        during = await _latencies(rig, seconds)
        for name in ("inventory", "feedback", "status"):
            rig.kill(name)  # with what it had accepted, and could not publish
        await asyncio.sleep(2)
    before_p99, during_p99 = _p99(before), _p99(during)
    # Where nothing is slow at all, a few milliseconds more are no fault's doing.
    assert during_p99 <= max(2 * before_p99, 0.1), f"p99 to an answer {before_p99:.3f} s, then {during_p99:.3f} s"
    return f"{seconds} s; p99 to an answer {before_p99 * 1000:.0f} → {during_p99 * 1000:.0f} ms"


async def _latencies(rig: Rig, seconds: float) -> list[float]:
    rig.load.latencies.clear()
    await asyncio.sleep(seconds)
    return list(rig.load.latencies)


def _p99(seconds: list[float]) -> float:
    return quantiles(seconds, n=100)[98] if len(seconds) > 1 else 0.0


async def postgres_stops(rig: Rig, full: bool) -> str:
    times = 6 if full else 2
    for _ in range(times):
        cut = await _cut_mid_copy(rig)
        async with rig.away("postgres", signal.SIGQUIT):
            await asyncio.sleep(1)
            await _answers_503(rig)
        await rig.healed(30)
    return f"{times} immediate stops; {'a COPY' if cut else 'a transaction'} cut short each time"


async def _cut_mid_copy(rig: Rig) -> bool:
    """End one backend of reporting's: in its COPY, where it can be met."""
    connection = await asyncpg.connect(rig.system.home_dsn("reporting"))
    try:
        deadline = time.monotonic() + 5
        while True:
            copying = time.monotonic() < deadline
            found = await connection.fetchval(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = 'reporting' "
                "and pid <> pg_backend_pid() and state <> 'idle' and (query like 'COPY%' or not $1) limit 1",
                copying,
            )
            if found or time.monotonic() > deadline + 5:
                return copying
            await asyncio.sleep(0)
    finally:
        await connection.close()


async def _answers_503(rig: Rig) -> None:
    assert rig.load._session is not None
    key = next(iter(rig.load.keys.values()))
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/cloudevents+json"}
    async with rig.load._session.post(f"{rig.load.urls['status']}/v1/events", data=b"{}", headers=headers) as answer:
        assert answer.status == 503, f"status answered {answer.status} without its database"
        assert answer.headers.get("Retry-After"), "503 without Retry-After"


async def disk_full(rig: Rig, full: bool) -> str:
    done = []
    for name in ("postgres", "kafka") if full else ("postgres",):
        async with rig.system.disks[name].full():
            await asyncio.sleep(10 if full else 5)
        await rig.healed(40)
        done.append(name)
    return f"{' and '.join(done)}: no room, then room again"


async def cut_off(rig: Rig, full: bool) -> str:
    """Status alone; the three others go on."""
    ways: list[tuple[str, str]] = [("postgres", "drop"), ("kafka", "reset")]
    if full:
        ways = [(what, how) for what in ("postgres", "kafka") for how in ("drop", "reset")]
    async with linked(rig, "status") as links:
        for what, how in ways:
            links[what].become(how)
            await asyncio.sleep(8 if full else 4)
            for other in ("inventory", "feedback", "reporting"):
                ready = await rig.ready(other)
                assert ready.get("degraded") is False, f"{other} is degraded while status is cut off: {ready}"
            links[what].become("pass")
            await rig.healed(30)
    return "; ".join(f"{what}: {how}" for what, how in ways)


@asynccontextmanager
async def linked(rig: Rig, name: str) -> AsyncIterator[dict[str, Link]]:
    """A service that reaches PostgreSQL and Kafka by links, for the length of the block."""
    sockets, port = Sockets(), int(rig.system.kafka.bootstrap.rpartition(":")[2])
    dsn = rig.system.database(name)
    folder = dsn.rpartition("host=")[2].partition("&")[0]
    database, ours = await sockets.to_postgres(folder.replace("%2F", "/"))
    links = {"postgres": database, "kafka": await to_kafka(port)}
    rig.system.environment[name] = {
        "GUICHET_DATABASE_URL": rerouted(dsn, folder, ours),
        KAFKA: f"{port}={links['kafka'].port}",
    }
    await rig.start_again(name)
    try:
        yield links
    finally:
        del rig.system.environment[name]
        await rig.start_again(name)
        for link in links.values():
            await link.close()
        sockets.remove()


async def slow_links(rig: Rig, full: bool) -> str:
    async with linked(rig, "status") as links:
        before = _memory(rig, "status")
        for mode in ("slow", "drop", "slow", "reset", "slow"):
            for link in links.values():
                link.become(mode)
            await asyncio.sleep(6)
        for link in links.values():
            link.become("pass")
        await rig.healed(30)
        after = _memory(rig, "status")
    assert after <= 2 * before, f"memory {before:.0f} MB, then {after:.0f} MB"
    return f"20–120 ms each way, black holes, cuts; memory {before:.0f} → {after:.0f} MB"


def _memory(rig: Rig, name: str) -> float:
    return psutil.Process(rig.pid(name)).memory_info().rss / 1e6


EXPERIMENTS = (
    Experiment("F1", "each service killed (kill -9) at random times", 15, kill_services),
    Experiment("F2", "the process ends before or after every await of the commit, relay and consuming paths", 15, crash_at_every_await),
    Experiment("F3", "a worker of reporting stands still beyond its session, and wakes up", 15, zombie, invalid=0.2),
    Experiment("F4", "workers of reporting join and leave every two seconds", 10, come_and_go),
    Experiment("F5", "Kafka killed and away", 30, kafka_away),
    Experiment("F6", "Kafka stands still", 15, kafka_stands_still),
    Experiment("F7", "PostgreSQL stopped at once; a backend ended in its COPY", 10, postgres_stops),
    Experiment("F8", "no room on PostgreSQL's disk, and on Kafka's", 20, disk_full),
    Experiment("F9", "status cut off from PostgreSQL, then from Kafka", 15, cut_off),
    Experiment("F10", "slow and broken links between status and what it depends on", 15, slow_links, full_only=True),
)  # fmt: skip
