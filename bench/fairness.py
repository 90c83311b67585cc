"""Fairness: what seven departments wait for, while an eighth sends ten times its share, or nothing but poison.

Open load at both doors of status. Each pair is a quiet stretch and a troubled one; what counts is the others' 99th
percentile in the second over the first, and of three pairs the median. Also told, once and without a bound: a backlog of
thousands of lines at a time.
"""

import asyncio
import gc
import itertools
import time
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import aiohttp
import asyncpg
import orjson
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from bench.rig import rig
from guichet import keys
from guichet.client import Services
from guichet.system import System
from guichet.verifying import caught_up, verify
from shared.identity import key_id_of
from shared.kafka import Kafka
from shared.testing import status_event

OTHERS = [f"90{n:02}" for n in range(1, 8)]
TROUBLE = "9008"
# Events a second of each at each door: 80 in all, which is what the federal services of Canada together come to.
SHARE = 5
BOUND = 1.5
_numbers = itertools.count()


@dataclass(slots=True)
class Waits:
    """Seconds, of the others' events: at HTTP to the answer, at Kafka to the record's being in the log."""

    http: list[float] = field(default_factory=list)
    kafka_sent: dict[str, float] = field(default_factory=dict)


@dataclass(slots=True)
class Load:
    services: Services
    session: aiohttp.ClientSession
    keys: dict[str, str]
    producers: dict[str, AIOKafkaProducer]

    async def post(self, org: str, body: bytes, kind: str) -> None:
        headers = {"Authorization": f"Bearer {self.keys[org]}", "Content-Type": kind}
        url = f"{self.services.url('status')}/v1/events"
        async with self.session.post(url, data=body, headers=headers) as answer:
            await answer.read()

    async def produce(self, org: str, body: bytes) -> None:
        await self.producers[org].send(f"ingest.status.{org}", body)


def run(*, quick: bool) -> dict[str, Any]:
    seconds = 12 if quick else 60
    gc.disable()
    with rig(services=True) as system:
        return asyncio.run(_measure(system, seconds))


async def _measure(system: System, seconds: float) -> dict[str, Any]:
    async with Services(system.home) as services, aiohttp.ClientSession() as session:
        made = {org: (await keys.create(services, org))["key"] for org in [*OTHERS, TROUBLE]}
        producers = {org: await _producer(services.kafka, key) for org, key in made.items()}
        load = Load(services, session, made, producers)
        troubles: dict[str, Callable[[Load], Coroutine[Any, Any, None]]] = {
            "flood": _flood,
            "poison": _poison,
            "backlog": _backlog,
        }
        await _stretch(load, 5, None)  # every topic found, every path warm
        pairs: dict[str, list[dict[str, Any]]] = {name: [] for name in troubles}
        for name in ["flood", "poison"] * 3 + ["backlog"]:
            quiet = await _stretch(load, seconds, None)
            troubled = await _stretch(load, seconds, troubles[name])
            pairs[name].append({"quiet": quiet, "troubled": troubled})
        for producer in producers.values():
            await producer.stop()
    ratios = {
        f"{name}_{door}": round(median(pair["troubled"][door] / pair["quiet"][door] for pair in found), 2)
        for name, found in pairs.items()
        for door in ("http", "kafka")
    }
    bounded = {name: ratio for name, ratio in ratios.items() if not name.startswith("backlog")}
    return {
        "job": "fairness",
        "ours": {"median": max(bounded.values()), "p99_ratios": ratios, "pairs": pairs},
        "peers": {},
        "bound": BOUND,
        "correct": all(ratio <= BOUND for ratio in bounded.values()),
    }


async def _producer(kafka: Kafka, key: str) -> AIOKafkaProducer:
    producer = AIOKafkaProducer(**Kafka(kafka.bootstrap, key_id_of(key), key).options(), linger_ms=1)
    await producer.start()
    return producer


async def _stretch(
    load: Load, seconds: float, trouble: Callable[[Load], Coroutine[Any, Any, None]] | None
) -> dict[str, float]:
    """The others' 99th percentiles in milliseconds over some seconds, with or without trouble beside them."""
    await caught_up(load.services, lambda _: None)
    await verify(load.services, lambda _: None)  # nothing of the stretch before is left to be read
    waits = Waits()
    beside = asyncio.create_task(trouble(load)) if trouble else None
    if beside:
        await asyncio.sleep(2)  # well under way
    await asyncio.gather(*(_others(load, org, seconds, waits) for org in OTHERS))
    if beside:
        beside.cancel()
        await asyncio.gather(beside, return_exceptions=True)
    recorded = await _recorded(load, waits.kafka_sent)
    kafka = [at - waits.kafka_sent[event] for event, at in recorded.items()]
    assert len(kafka) == len(waits.kafka_sent), "an event of the others is missing"
    return {"http": _p99(waits.http), "kafka": _p99(kafka)}


def _p99(waits: list[float]) -> float:
    return round(sorted(waits)[int(len(waits) * 0.99)] * 1000, 1)


async def _others(load: Load, org: str, seconds: float, waits: Waits) -> None:
    async def post(body: bytes) -> None:
        began = time.perf_counter()
        await load.post(org, body, "application/cloudevents+json")
        waits.http.append(time.perf_counter() - began)

    under_way = set[asyncio.Task[None]]()
    async for event in _paced(org, SHARE, seconds):
        under_way.add(asyncio.create_task(post(orjson.dumps(event))))
        by_kafka = {**event, "id": f"{event['id']}-k", "data": {**event["data"], "application_id": f"{event['id']}-k"}}
        waits.kafka_sent[by_kafka["id"]] = time.time()
        await load.produce(org, orjson.dumps(by_kafka))
    await asyncio.gather(*under_way)


async def _paced(org: str, rate: float, seconds: float = 3600) -> Any:
    loop = asyncio.get_running_loop()
    start = loop.time()
    for number in range(int(rate * seconds)):
        if (wait := start + number / rate - loop.time()) > 0:
            await asyncio.sleep(wait)
        yield status_event(org, f"fair-{next(_numbers)}", "submitted")


async def _recorded(load: Load, sent: dict[str, float]) -> dict[str, float]:
    """When each event was recorded, once all are."""
    dsn = load.services.addresses["postgres"]["status"]
    connection = await asyncpg.connect(dsn)
    deadline = time.monotonic() + 60
    try:
        while True:
            rows = await connection.fetch(
                "select event_id, extract(epoch from recorded_at)::float8 as at from received_event "
                "where event_id = any($1::text[])",
                list(sent),
            )
            if len(rows) == len(sent) or time.monotonic() > deadline:
                return {row["event_id"]: row["at"] for row in rows}
            await asyncio.sleep(0.1)
    finally:
        await connection.close()


async def _flood(load: Load) -> None:
    """Ten times its share, at each door."""
    async for event in _paced(TROUBLE, 10 * SHARE):
        asyncio.create_task(load.post(TROUBLE, orjson.dumps(event), "application/cloudevents+json"))  # noqa: RUF006 - ends with the stretch
        by_kafka = {**event, "id": f"{event['id']}-k", "data": {**event["data"], "application_id": f"{event['id']}-k"}}
        await load.produce(TROUBLE, orjson.dumps(by_kafka))


async def _poison(load: Load) -> None:
    """Ten times its share of what cannot be recorded: broken, too deep, too large, of no contract, another's."""
    bad = itertools.cycle(_bad())
    async for _ in _paced(TROUBLE, 10 * SHARE):
        body = next(bad)
        asyncio.create_task(load.post(TROUBLE, body, "application/cloudevents+json"))  # noqa: RUF006 - ends with the stretch
        try:
            await load.produce(TROUBLE, body)
        except KafkaError:
            continue


def _bad() -> Iterator[bytes]:
    event = status_event(TROUBLE, "poison", "submitted")
    yield b"{"
    yield b"\xff\xfe"
    yield b"[" * 5_000
    yield orjson.dumps({**event, "data": {"deep": _deep(40)}})
    yield orjson.dumps({**event, "data": {**event["data"], "state": "no_such_state"}})
    yield orjson.dumps({**event, "source": "/organizations/9001/x"})
    yield orjson.dumps({**event, "data": {**event["data"], "surplus": "x" * 300_000}})


def _deep(levels: int) -> Any:
    return {"in": _deep(levels - 1)} if levels else None


async def _backlog(load: Load) -> None:
    """A backlog, 5,000 lines a request, one after the other."""
    while True:
        lines = [orjson.dumps(status_event(TROUBLE, f"fair-{next(_numbers)}", "submitted")) for _ in range(5_000)]
        await load.post(TROUBLE, b"\n".join(lines), "application/x-ndjson")
