"""One drain, measured: a contender on an empty database, from the first row that can be read to the last.

Nobody's start-up counts. What wrote rows alone is charged with the SQL that makes the tables of them. CPU is that of the
contender, PostgreSQL and Kafka together; memory is the contender's own.
"""

import asyncio
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import psutil

from bench import oracle
from bench.contenders import Contender
from bench.databases import checkpoint, empty_database, run_sql, server
from bench.rig import cpu_seconds
from guichet.processes import Part
from guichet.system import System

_LONGEST = 240.0
_POLL = 0.01
_ROWS = """
create table bench_row (partition bigint, record_offset bigint, value text);
grant select, insert on bench_row to reporting;
grant create on database reporting to reporting
"""
# Of every record, also those that repeat an event or hold none; ours and the peers keep it with what they write.
_TAKEN = "select coalesce(sum(next_offset), 0)::bigint from consumed where topic = $1"
_SQL = (Path(__file__).parent / "peers" / "rows.sql").read_text(encoding="utf-8")


class NotDone(Exception):
    """A contender that ended having done nothing, or was not done within minutes; with the end of its log."""


@dataclass(frozen=True, slots=True)
class Filled:
    """A topic with what is in it: how many records, and the tables they come to."""

    topic: str
    records: int
    tables: oracle.Tables


@dataclass(slots=True)
class Watch:
    """What is seen of a contender while it works; `pids` are its own, then PostgreSQL's and Kafka's."""

    part: Part
    pids: list[int]
    peak: float = 0.0
    first: tuple[float, int, list[float]] | None = None
    deadline: float = field(default_factory=lambda: time.monotonic() + _LONGEST)

    def look(self, done: int) -> None:
        """Raises NotDone."""
        if time.monotonic() > self.deadline:
            raise NotDone(
                f"{self.part.name}: {done} done within {_LONGEST:.0f} s; its log:\n{self.part.last_words(20)}"
            )
        if done and self.first is None:
            self.first = (time.perf_counter(), done, self._cpu())
        self.peak = max(self.peak, memory(self.part.pid or 0))

    def measured(self, number: int) -> dict[str, Any]:
        """Events a second and CPU seconds per 1,000 (in all; of its own, PostgreSQL's, Kafka's) up to `number` events."""
        ended, cpu = time.perf_counter(), self._cpu()
        began, done, before = self.first or (ended, 0, cpu)
        counted = max(number - done, 1)
        *own, postgres, kafka = [round((now - then) / counted * 1000, 4) for now, then in zip(cpu, before, strict=True)]
        return {
            "events_per_second": round(counted / max(ended - began, 0.001), 1),
            "cpu": round(sum(own) + postgres + kafka, 4),
            "cpu_of": {"own": round(sum(own), 4), "postgres": postgres, "kafka": kafka},
            "memory": round(self.peak, 1),
        }

    def _cpu(self) -> list[float]:
        return [cpu_seconds([pid]) for pid in self.pids]


async def drain(system: System, contender: Contender, filled: Filled) -> dict[str, Any]:
    """Events (repeated ones too) a second, CPU seconds per 1,000 events, peak memory in MB, and the tables that differ from the oracle's."""
    dsn = await empty_database(system)
    connection = await asyncpg.connect(dsn, server_settings={"timezone": "UTC"})
    if contender.rows:
        await run_sql(system.database("reporting", owner=True), _ROWS)
    await checkpoint(system)
    part = contender.start(system, filled.topic, filled.records)
    watch = Watch(part, [part.pid or 0, *(system.parts[name].pid or 0 for name in ("postgres", "kafka"))])
    sql_seconds = None
    try:
        if contender.rows:
            await _until_rows(connection, watch, filled.records)
            sql_seconds = await _make_tables(system) if watch.first else None
        else:
            await _until(connection, watch, filled.records, 0, _TAKEN, filled.topic)
        measured = watch.measured(filled.records)
    finally:
        part.stop()
        await connection.close()
    if watch.first is None:
        raise NotDone(f"{contender.name} wrote nothing; the end of its log:\n{part.last_words(20)}")
    return {
        **measured,
        "differing": filled.tables.differing(await oracle.found(dsn)),
        **({} if sql_seconds is None else {"sql_seconds": sql_seconds}),
    }


async def until_read(connection: asyncpg.Connection, watch: Watch, last: int, before: int = 0) -> None:
    """Until `last` events are read; those beyond the first `before` count as done. Raises NotDone.

    Positions of the log would not do: verdicts told while nothing is read take some as well.
    """
    await _until(connection, watch, last, before, "select coalesce(sum(events), 0)::bigint from views_1.feed")


async def _until(
    connection: asyncpg.Connection, watch: Watch, last: int, before: int, query: str, *arguments: str
) -> None:
    while True:
        found = await connection.fetchval(query, *arguments)
        watch.look(found - before)
        if found >= last or not watch.part.alive:
            return
        await asyncio.sleep(_POLL)


async def _until_rows(connection: asyncpg.Connection, watch: Watch, last: int) -> None:
    """Counting costs time on this machine, so it is done seldom: about when half of what remains must be there."""
    while not await connection.fetchval("select exists (select from bench_row)"):
        watch.look(0)
        if not watch.part.alive and not await connection.fetchval("select exists (select from bench_row)"):
            return
        await asyncio.sleep(_POLL)
    while True:
        rows = await connection.fetchval("select count(*) from bench_row")
        watch.look(rows)
        if rows >= last:
            return
        began, first, _ = watch.first or (0.0, 0, 0.0)
        rate = (rows - first) / (time.perf_counter() - began + 0.001)
        until = time.perf_counter() + max(0.03, (last - rows) / rate / 2 if rate else 0.2)
        while time.perf_counter() < until:
            watch.look(rows)
            await asyncio.sleep(min(0.1, max(0.0, until - time.perf_counter())))


async def _make_tables(system: System) -> float:
    began = time.perf_counter()
    connection = await asyncpg.connect(server(system).dsn("postgres", "reporting"), server_settings={"timezone": "UTC"})
    try:
        async with connection.transaction():
            await connection.execute(_SQL, timeout=_LONGEST)
    finally:
        await connection.close()
    return round(time.perf_counter() - began, 2)


def memory(pid: int) -> float:
    """MB that a process and its children hold now."""
    total = 0
    try:
        process = psutil.Process(pid)
        for each in [process, *process.children(recursive=True)]:
            total += each.memory_info().rss
    except psutil.Error:
        return 0.0
    return total / 1e6
