"""J7, growth: what an event and a question cost with 1, 10 and 100 times the history; and with 1, 2 and 4 workers.

The history is no different from what is measured: the log of 30, 300 and 3,000 days of the same pace, up to today, drained
by reporting itself, so the oracle still knows every cell. From there each run starts on a copy of the database and drains
the same further events; questions are asked over HTTP after the last.

Workers are processes of one consumer group on a topic of as many partitions; they begin together, held by the lock of the
log until each has its partitions.
"""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from typing import Any

import asyncpg

from bench import oracle, results
from bench.databases import checkpoint, empty_database, from_copy, keep_copy, run_sql, server
from bench.draining import Watch, until_read
from bench.events import Record, inventory_events, status_events
from bench.rig import fill, make_topic, rig
from bench.saying import say
from guichet.client import Services
from guichet.processes import Part
from guichet.readiness import is_ready, readiness
from guichet.system import System

TOPIC, INVENTORY = "status.applications.v1", "inventory.services.v1"
_HISTORY = "reporting_history"
_DAYS = timedelta(days=30)
_SERVICES = 400
_INVENTORY_EVENTS = 2 * _SERVICES
_PARTITIONS = 6


def run(*, quick: bool) -> dict[str, Any]:
    base, more, runs, factors, workers = (
        (5_000, 30_000, 1, (1, 10), (1, 2)) if quick else (20_000, 100_000, 3, (1, 10, 100), (1, 2, 4))
    )
    with rig(services=False) as system:
        asyncio.run(_without_autovacuum(system))
        asyncio.run(fill(system.kafka, INVENTORY, inventory_events(_SERVICES)))
        stages = [Stage(system, factor, base, more) for factor in factors]
        growth = [asyncio.run(stage.measure(runs)) for stage in stages]
        spread = [asyncio.run(_spread(system, number, more, runs)) for number in workers]
    return _result(growth, spread)


async def _without_autovacuum(system: System) -> None:
    """A copy of the database would end a vacuum in the middle, and leave its indexes so."""
    await run_sql(
        server(system).dsn("postgres", "postgres"), "alter system set autovacuum = off", "select pg_reload_conf()"
    )


class Stage:
    """A history of `factor` times `base` events, and `more` after it."""

    def __init__(self, system: System, factor: int, base: int, more: int) -> None:
        self.system, self.factor, self.history, self.more = system, factor, base * factor, more
        self._span = _DAYS * ((self.history + more) / base)
        self._begin = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - self._span

    def _records(self) -> Iterator[Record]:
        return status_events(self.history + self.more, 1, _SERVICES, self._begin, self._span)

    async def measure(self, runs: int) -> dict[str, Any]:
        say(f"{self.factor} x: {self.history:,} events of history")
        await make_topic(self.system.kafka, TOPIC, _PARTITIONS)
        await empty_database(self.system)
        records = self._records()
        await fill(self.system.kafka, TOPIC, islice(records, self.history))
        before = self.history + _INVENTORY_EVENTS
        with _workers(self.system, 1) as parts:
            await _drained(self.system, parts, 0, before)
        await fill(self.system.kafka, TOPIC, records)
        # What PostgreSQL does with a history while it grows is not the next event's to pay.
        await run_sql(server(self.system).dsn("postgres", "reporting"), "vacuum analyze")
        await keep_copy(self.system, _HISTORY)
        wanted = _wanted(self._records())
        found, queries = [], dict[str, Any]()
        for turn in range(1, runs + 1):
            await from_copy(self.system, _HISTORY)
            await checkpoint(self.system)
            with _workers(self.system, 1) as parts:
                measured = await _drained(self.system, parts, before, before + self.more)
                queries = await self._ask() if turn == runs else {}
            measured["differing"] = wanted.differing(await oracle.found(self.system.database("reporting")))
            found.append(measured)
            say(f"  run {turn} of {runs}: {measured['events_per_second']:,.0f} events/s")
        return {"factor": self.factor, "history": self.history, **results.contender(found), "queries": queries}

    async def _ask(self) -> dict[str, dict[str, float]]:
        """Milliseconds of each question, asked one after the other: median and 95th percentile."""
        position, services = self.history // 2, range(1, 101)
        asked = {
            "list": [f"/v1/performance?channel={channel}" for channel in ("ONL", "TEL", "POST", "PERSON")],
            "service": [f"/v1/performance/SRV{number:05}" for number in services],
            "freshness": ["/v1/freshness"],
            "trace": [f"/v1/trace/e-{position + n}?at=status:{position + n}" for n in range(20)],
        }
        self.system.write_addresses()
        async with Services(self.system.home) as asking:
            return {name: await _latencies(asking, paths) for name, paths in asked.items()}


def _wanted(records: Iterable[Record]) -> oracle.Tables:
    """The oracle's tables, with the services that inventory has told of."""
    tables = oracle.expected(records)
    tables.services |= {record.key.decode() for record in inventory_events(_SERVICES)}
    return tables


async def _latencies(services: Services, paths: Sequence[str], number: int = 100) -> dict[str, float]:
    seconds = []
    for each in range(number + 5):
        began = time.perf_counter()
        await services.ask("reporting", paths[each % len(paths)])
        seconds.append(time.perf_counter() - began)
    ordered = sorted(seconds[5:])
    return {
        "p50_ms": round(ordered[number // 2] * 1000, 1),
        "p95_ms": round(ordered[int(number * 0.95)] * 1000, 1),
    }


async def _drained(system: System, parts: Sequence[Part], before: int, last: int) -> dict[str, Any]:
    """Workers watched from the first event that can be read beyond `before` to the last."""
    pids = [part.pid or 0 for part in (*parts, system.parts["postgres"], system.parts["kafka"])]
    watch = Watch(parts[0], pids)
    connection = await asyncpg.connect(system.database("reporting"))
    try:
        await until_read(connection, watch, last, before)
        measured = watch.measured(last - before)
    finally:
        await connection.close()
    if watch.first is None or not parts[0].alive:
        raise RuntimeError(f"reporting did not read to the end; the end of its log:\n{parts[0].last_words(20)}")
    return {**measured, "differing": []}


@contextmanager
def _workers(system: System, number: int) -> Iterator[list[Part]]:
    """Reporting in so many processes, each on a port of its own."""
    parts = [system.start_service("reporting")]
    for each in range(2, number + 1):
        first, port = parts[0], _free_port()
        url, log = f"http://127.0.0.1:{port}", first.log.with_name(f"reporting-{each}.log")
        settings = {**first.environment, "GUICHET_PORT": str(port)}
        parts.append(Part(f"reporting-{each}", first.command, log, partial(is_ready, url), settings))
        parts[-1].start()
    try:
        yield parts
    finally:
        for part in parts:
            part.stop()


async def _spread(system: System, number: int, events: int, runs: int) -> dict[str, Any]:
    say(f"{number} partitions and workers")
    records = list(status_events(events, services=_SERVICES))
    await make_topic(system.kafka, TOPIC, number)
    await fill(system.kafka, TOPIC, records)
    wanted, found = _wanted(records), []
    for turn in range(1, runs + 1):
        dsn = await empty_database(system)
        await checkpoint(system)
        async with _held(system) as release:
            with _workers(system, number) as parts:
                await _assigned(parts)
                await release()
                measured = await _drained(system, parts, 0, events + _INVENTORY_EVENTS)
        measured["differing"] = wanted.differing(await oracle.found(dsn))
        found.append(measured)
        say(f"  run {turn} of {runs}: {measured['events_per_second']:,.0f} events/s")
    return {"workers": number, **results.contender(found)}


@asynccontextmanager
async def _held(system: System) -> AsyncIterator[Any]:
    """Nothing is logged until what is yielded is called."""
    connection = await asyncpg.connect(server(system).dsn("postgres", "reporting"))
    holding = connection.transaction()
    await holding.start()
    await connection.execute("select from reading_head for update")
    try:
        yield holding.rollback
    finally:
        await connection.close()


async def _assigned(parts: Sequence[Part]) -> None:
    """Until every worker has its share of the partitions, and none is without."""
    deadline = time.monotonic() + 40
    while time.monotonic() < deadline:
        urls = [f"http://127.0.0.1:{part.environment['GUICHET_PORT']}" for part in parts]
        found = await asyncio.gather(*(asyncio.to_thread(readiness, url) for url in urls))
        shares = [each.get("consumers", {}).get("reporting", {}).get("assigned", 0) for each in found]
        if all(shares) and max(shares) - min(shares) <= 1:
            await asyncio.sleep(0.5)  # the assignment's seeks
            return
        await asyncio.sleep(0.1)
    raise RuntimeError(f"the workers have not shared the partitions: {shares}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _result(growth: Sequence[dict[str, Any]], spread: Sequence[dict[str, Any]]) -> dict[str, Any]:
    first, last = growth[0], growth[-1]
    ours = {**last, "correct": all(each["correct"] for each in (*growth, *spread))}
    for name in ("factor", "history", "queries"):
        ours.pop(name)
    return results.result(
        "j7",
        ours,
        unit=f"events/s drained, with {last['history']:,} events of history",
        cost_of_an_event=[_flat(each) for each in growth],
        queries_ms=[
            {
                "history": each["history"],
                **{f"{name} {key[:3]}": ms for name, p in each["queries"].items() for key, ms in p.items()},
            }
            for each in growth
        ],
        workers=[_flat(each) for each in spread],
        cost_grows_by=_over(last, first, "cpu_seconds_per_1000_events"),
        queries_grow_by={
            name: round(last["queries"][name]["p95_ms"] / max(p["p95_ms"], 0.1), 2)
            for name, p in first["queries"].items()
        },
    )


def _flat(each: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in each.items() if isinstance(value, int | float)}


def _over(last: dict[str, Any], first: dict[str, Any], name: str) -> float | None:
    return round(last[name] / first[name], 2) if last[name] and first[name] else None
