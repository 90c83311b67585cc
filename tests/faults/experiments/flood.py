"""One department that floods and poisons both doors: F15."""

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import Iterator
from io import BytesIO
from statistics import median, quantiles

import aiohttp
import orjson
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from shared.identity import key_id_of
from shared.kafka import Kafka
from tests.faults.departments import ORGS, Department
from tests.faults.rig import Rig

_TROUBLE = ORGS[-1]
_MOST = 1.5
_CLIENT_ERRORS = range(400, 500)


async def flood_and_poison(rig: Rig, full: bool) -> str:
    """Ten times its share of good events, and as much that no door can take; the others' answers are timed."""
    seconds, pairs = (12.0, 3) if full else (4.0, 1)
    ratios, statuses = [], Counter[int]()
    for number in range(pairs):
        quiet = await _p99_of_others(rig, seconds)
        trouble = asyncio.create_task(_trouble(rig, f"{rig.segment}.{number}", statuses))
        await asyncio.sleep(1)
        troubled = await _p99_of_others(rig, seconds)
        assert not trouble.done(), f"the trouble ended by itself: {trouble}"
        trouble.cancel()
        await asyncio.gather(trouble, return_exceptions=True)
        ratios.append(troubled / quiet)
    wrong = {status: n for status, n in statuses.items() if status not in _CLIENT_ERRORS and status not in {200, 202}}
    assert not wrong, f"what cannot be taken was answered with {wrong}"
    replayed = await _replay_twice(rig)
    if full:  # of one short pair, one slow moment decides
        assert median(ratios) <= _MOST, f"the others' p99 rose {ratios} times"
    told = ", ".join(f"{ratio:.2f}" for ratio in ratios)
    return (
        f"{sum(statuses.values())} bad requests answered {sorted(statuses)}; others' p99 x {told}; {replayed} replays"
    )


async def _p99_of_others(rig: Rig, seconds: float) -> float:
    rig.load.latencies.clear()
    await asyncio.sleep(seconds)
    return quantiles(rig.load.latencies, n=100)[98]


async def _trouble(rig: Rig, seed: str, statuses: Counter[int]) -> None:
    async with asyncio.TaskGroup() as group:  # none of them outlives the others
        for each in (_flood(rig, seed), _poison_http(rig, statuses), _poison_kafka(rig)):
            group.create_task(each)


async def _flood(rig: Rig, seed: str) -> None:
    """Of its own making, kept in the history as all else is; its answers are not timed with the others'."""
    department = Department(_TROUBLE, "status", "http", f"{seed}.flood")
    while True:
        began = time.monotonic()
        await rig.load.post("status", _TROUBLE, department.batch(100), timed=False)
        await asyncio.sleep(max(0.0, began + 0.1 - time.monotonic()))


async def _poison_http(rig: Rig, statuses: Counter[int]) -> None:
    assert rig.load._session is not None
    headers = {"Authorization": f"Bearer {rig.load.keys[_TROUBLE]}", "Content-Type": "application/cloudevents+json"}
    for body in itertools.cycle(_bad()):
        url = f"{rig.load.urls['status']}/v1/events"
        try:
            async with rig.load._session.post(url, data=BytesIO(body), headers=headers) as answer:
                rig.history.keep(await answer.read())
                statuses[answer.status] += 1
        except aiohttp.ClientError:
            statuses[413] += 1  # the door hung up on what is too large while it was still being sent
        await asyncio.sleep(0.02)


async def _poison_kafka(rig: Rig) -> None:
    key = rig.load.keys[_TROUBLE]
    producer = AIOKafkaProducer(**Kafka(rig.load.kafka.bootstrap, key_id_of(key), key).options(), linger_ms=5)
    await producer.start()
    try:
        headers: list[list[tuple[str, bytes | None]]] = [[], [("ce_type", None)], [("\xff", b"\x00\xff")]]
        for body, some in zip(itertools.cycle(_bad()), itertools.cycle(headers)):
            try:
                await producer.send(f"ingest.status.{_TROUBLE}", body, headers=some)
            except KafkaError:
                continue  # too large for Kafka itself
            await asyncio.sleep(0.02)
    finally:
        await producer.stop()


def _bad() -> Iterator[bytes]:
    yield b"{"
    yield b"\xff\xfe\x00"
    yield b"[" * 100_000
    yield b'{"data":' * 1_000 + b"1" + b"}" * 1_000
    yield orjson.dumps({"specversion": "1.0", "data": "x" * 5_000_000})
    yield orjson.dumps(
        {"specversion": "1.0", "id": "1", "source": "/organizations/9001/x", "type": "no.such", "data": 1}
    )


async def _replay_twice(rig: Rig) -> int:
    """What was refused is refused again, and leaves no second dead letter."""
    letters = (await rig.services.ask("status", "/v1/dead-letters", query={"limit": 20}))["items"]
    for letter in [*letters, *letters]:
        await rig.services.ask("status", f"/v1/dead-letters/{letter['id']}/replay", method="POST")
    return 2 * len(letters)
