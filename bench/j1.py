"""J1, drain: reporting's own consumer, as it ships, from a filled topic of status events."""

import asyncio
import contextlib
import time
from collections.abc import Sequence
from typing import Any

import asyncpg
import psutil
from aiokafka import AIOKafkaProducer

from bench import oracle
from bench.events import Record, status_events
from bench.rig import cpu_seconds, fresh_database, rig
from guichet.system import System
from shared.kafka import Kafka

TOPIC = "status.applications.v1"
_LONGEST = 180.0


def run(*, quick: bool) -> dict[str, Any]:
    number, runs = (250_000, 3) if quick else (500_000, 5)
    records = list(status_events(number))
    wanted = oracle.expected(records)
    with rig(services=False) as system:
        asyncio.run(_fill(system.kafka, records))
        measured = [asyncio.run(_drain(system, number, wanted)) for _ in range(runs)]
    rates = sorted(each["events_per_second"] for each in measured)
    return {
        "job": "j1",
        "ours": {
            "median": rates[len(rates) // 2],
            "runs": [each["events_per_second"] for each in measured],
            "cpu_seconds_per_1000_events": [each["cpu"] for each in measured],
            "peak_memory_mb": max(each["memory"] for each in measured),
        },
        "peers": {},
        "ratio_to_raw": None,
        "ratio_to_best_framework": None,
        "correct": all(each["correct"] for each in measured),
    }


async def _fill(kafka: Kafka, records: Sequence[Record]) -> None:
    producer = AIOKafkaProducer(
        **kafka.options(), linger_ms=5, max_batch_size=256 * 1024, compression_type="zstd", acks="all"
    )
    await producer.start()
    try:
        for start in range(0, len(records), 5_000):
            sent = [
                await producer.send(TOPIC, each.value, key=each.key, headers=list(each.headers))
                for each in records[start : start + 5_000]
            ]
            await asyncio.gather(*sent)
    finally:
        await producer.stop()


async def _drain(system: System, number: int, wanted: Any) -> dict[str, Any]:
    """One run of the real service on an empty database, from its first batch to its last."""
    dsn = await fresh_database(system, "reporting")
    part = system.start_service("reporting")
    pids = [part.pid or 0, system.parts["postgres"].pid or 0]
    connection = None
    try:
        deadline = time.monotonic() + _LONGEST
        first: tuple[float, int, float] | None = None
        while True:
            position = 0
            if connection is None:
                connection = await asyncpg.connect(dsn)
            with contextlib.suppress(asyncpg.UndefinedTableError):
                position = await connection.fetchval("select position from reading_head") or 0
            if position and first is None:
                first = (time.perf_counter(), position, cpu_seconds(pids))
            if position >= number or time.monotonic() > deadline:
                break
            await asyncio.sleep(0.01)
        ended, cpu = time.perf_counter(), cpu_seconds(pids)
        memory = psutil.Process(part.pid).memory_info().rss / 1e6
    finally:
        part.stop()
        if connection is not None:
            await connection.close()
    found = await oracle.found(dsn)
    if first is None:
        return {"events_per_second": 0.0, "cpu": None, "memory": 0.0, "correct": False}
    counted = number - first[1]
    return {
        "events_per_second": round(counted / (ended - first[0]), 1),
        "cpu": round((cpu - first[2]) / counted * 1000, 4),
        "memory": round(memory, 1),
        "correct": found == wanted,
    }
