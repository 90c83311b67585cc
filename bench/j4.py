"""J4, rebuild: a log that reporting has read is folded again into fresh views, compared by hash and put in their place, while
readers go on reading.

What counts is how many events a second the log is folded at, with which share of a core; that the views are equal, to the live ones by
hash and to the oracle's; and that no reader was refused, or shown less than before.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import asyncpg
import psutil

from bench import oracle, results
from bench.databases import checkpoint
from bench.draining import Watch, memory, until_read
from bench.events import Record, inventory_events, status_events
from bench.rig import cpu_seconds, fill, rig
from bench.saying import say
from guichet.client import Services
from guichet.processes import Part
from guichet.rebuilding import UNDER_WAY
from guichet.system import System

TOPIC, INVENTORY = "status.applications.v1", "inventory.services.v1"
_SERVICES = 400
_READERS, _PAUSE = 4, 0.2
_ASKED = ("/v1/performance?channel=ONL&limit=1000", "/v1/performance/SRV00001", "/v1/freshness")
_PROCESS = "services.reporting.handlers.rebuilding"


def run(*, quick: bool) -> dict[str, Any]:
    number, runs = (100_000, 2) if quick else (1_000_000, 3)
    with rig(services=False) as system:
        return asyncio.run(_measure(system, number, runs))


async def _measure(system: System, number: int, runs: int) -> dict[str, Any]:
    say(f"J4: filling topics with {number:,} events")
    inventory = list(inventory_events(_SERVICES))
    await fill(system.kafka, INVENTORY, inventory)
    await fill(system.kafka, TOPIC, status_events(number, services=_SERVICES))
    part = system.start_service("reporting")
    system.write_addresses()
    connection = await asyncpg.connect(system.database("reporting"))
    try:
        watch = Watch(part, [part.pid or 0, *(system.parts[name].pid or 0 for name in ("postgres", "kafka"))])
        await until_read(connection, watch, number + len(inventory))
        drained = watch.measured(number + len(inventory))
    finally:
        await connection.close()
    say(f"  drained at {drained['events_per_second']:,.0f} events/s")
    await checkpoint(system)
    wanted = _wanted(number, inventory)
    found, quiet, during = [], Readers(), Readers()
    async with Services(system.home) as services, aiohttp.ClientSession(services.url("reporting")) as session:
        async with quiet.reading(session):
            await asyncio.sleep(3)
        for turn in range(1, runs + 1):
            async with during.reading(session):
                measured = await _rebuilt(system, services, part)
            measured["differing"] += wanted.differing(await oracle.found(system.database("reporting")))
            measured["differing"] += during.wrong
            found.append(measured)
            say(
                f"  run {turn} of {runs}: {measured['events_per_second']:,.0f} events/s, {measured['switch_seconds']} s to compare and switch"
            )
    ours = results.contender(found)
    return results.result(
        "j4",
        ours,
        unit=f"events/s folded again, of {number:,}",
        cores=[round(run["cpu_of"]["own"] * run["events_per_second"] / 1000, 2) for run in found],
        compare_and_switch_seconds=[run["switch_seconds"] for run in found],
        drained_per_second=drained["events_per_second"],
        reads=during.reads,
        failed_reads=len(during.failed),
        reads_ms={"quiet": quiet.milliseconds(), "during": during.milliseconds()},
    )


def _wanted(number: int, inventory: list[Record]) -> oracle.Tables:
    tables = oracle.expected(status_events(number, services=_SERVICES))
    tables.services |= {record.key.decode() for record in inventory}
    return tables


async def _rebuilt(system: System, services: Services, part: Part) -> dict[str, Any]:
    """One rebuild: the rate of its filling, the CPU of the parts meanwhile, and how long it took from there to its end."""
    begun = await services.ask("reporting", "/v1/rebuilds", method="POST", body={})
    path = f"/v1/rebuilds/{begun['rebuild_id']}"
    first = last = ended = None
    peak = 0.0
    while ended is None:
        now = await services.ask("reporting", path)
        worker = _worker(part)
        peak = max(peak, memory(worker) if worker else 0.0)
        pids = [worker, *(system.parts[name].pid or 0 for name in ("postgres", "kafka"))]
        seen = (time.perf_counter(), now["done"], [cpu_seconds([pid]) for pid in pids])
        if now["state"] == "filling" and now["done"]:
            first, last = first or seen, seen
        ended = now if now["state"] not in UNDER_WAY else None
        await asyncio.sleep(0.02)
    if first is None or last is None or last is first:
        raise RuntimeError(f"it was not seen filling: {ended}")
    events, seconds = last[1] - first[1], last[0] - first[0]
    own, postgres, kafka = [round((b - a) / events * 1000, 4) for a, b in zip(first[2], last[2], strict=True)]
    unequal = [view for view, each in (ended["tables"] or {}).items() if not each["equal"]]
    return {
        "events_per_second": round(events / seconds, 1),
        "cpu": round(own + postgres + kafka, 4),
        "cpu_of": {"own": own, "postgres": postgres, "kafka": kafka},
        "memory": round(peak, 1),
        "differing": unequal + ([] if ended["state"] == "switched" else [f"it {ended['state']}"]),
        "switch_seconds": round(time.perf_counter() - last[0], 2),
    }


def _worker(part: Part) -> int:
    """The process that rebuilds; 0 where there is none."""
    for child in psutil.Process(part.pid).children():
        try:
            if _PROCESS in child.cmdline():
                return child.pid
        except psutil.Error:
            continue
    return 0


@dataclass(slots=True)
class Readers:
    """People who look at figures, some times a second: what they were answered, and how long it took."""

    reads: int = 0
    seconds: list[float] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    less: list[str] = field(default_factory=list)

    @property
    def wrong(self) -> list[str]:
        return sorted(
            {*(f"failed read: {each}" for each in self.failed), *(f"less than before: {each}" for each in self.less)}
        )

    def milliseconds(self) -> dict[str, float]:
        ordered = sorted(self.seconds) or [0.0]
        return {
            "p50": round(ordered[len(ordered) // 2] * 1000, 1),
            "p99": round(ordered[int(len(ordered) * 0.99)] * 1000, 1),
        }

    @asynccontextmanager
    async def reading(self, session: aiohttp.ClientSession) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(self._read(session, number)) for number in range(_READERS)]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _read(self, session: aiohttp.ClientSession, number: int) -> None:
        path, most = _ASKED[number % len(_ASKED)], 0
        while True:
            began = time.perf_counter()
            try:
                async with session.get(path) as answer:
                    body = await answer.json()
                    amount = _amount(body) if answer.status == 200 else 0
                    if answer.status != 200:
                        self.failed.append(f"{answer.status} {path}")
                    elif amount < most:
                        self.less.append(f"{path}: {amount} after {most}")
                    most = max(most, amount)
            except aiohttp.ClientError as error:
                self.failed.append(f"{type(error).__name__} {path}")
            self.reads += 1
            self.seconds.append(time.perf_counter() - began)
            await asyncio.sleep(_PAUSE)


def _amount(body: dict[str, Any]) -> int:
    """How much an answer knows: cases counted, or events heard of."""
    if "feeds" in body:
        return sum(feed["events"] for feed in body["feeds"])
    return sum((item["total"] or 0) + (item["open"] or 0) for item in body["items"])
