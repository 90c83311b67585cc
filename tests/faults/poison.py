"""What no door can take, sent to both of status's without end, in a process of its own: who times others' answers is not held up.

`python -m tests.faults.poison URL BOOTSTRAP ORG` with the key in GUICHET_KEY; ended by SIGTERM, once each kind was answered
four times however slow the machine is, it prints how often which status came. It prints a line once it has begun.
"""

import asyncio
import itertools
import os
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from io import BytesIO

import aiohttp
import orjson
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from shared.identity import key_id_of
from shared.kafka import Kafka

# At each door; with the flood beside it, ten times what its sender sends otherwise.
_PAUSE_SECONDS = 0.1
_FEWEST = 24


async def main(url: str, bootstrap: str, org: str, key: str) -> Counter[int]:
    statuses = Counter[int]()
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    work = [asyncio.create_task(_http(url, key, statuses)), asyncio.create_task(_kafka(bootstrap, org, key))]
    enough = asyncio.create_task(_enough(ended, statuses))
    await asyncio.wait([*work, enough], return_when=asyncio.FIRST_COMPLETED)
    for task in work:
        if task.done():
            task.result()
        task.cancel()
    await asyncio.gather(*work, return_exceptions=True)
    return statuses


async def _enough(ended: asyncio.Event, statuses: Counter[int]) -> None:
    await ended.wait()
    while statuses.total() < _FEWEST:  # noqa: ASYNC110 - answers come by themselves
        await asyncio.sleep(_PAUSE_SECONDS)


async def _http(url: str, key: str, statuses: Counter[int]) -> None:
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/cloudevents+json"}
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None, sock_read=30)) as session:
        for body in itertools.cycle(bad()):
            try:
                async with session.post(url, data=BytesIO(body), headers=headers) as answer:
                    await answer.read()
                    statuses[answer.status] += 1
            except aiohttp.ClientError:
                statuses[413] += 1  # the door hung up on what is too large while it was still being sent
            await asyncio.sleep(_PAUSE_SECONDS)


async def _kafka(bootstrap: str, org: str, key: str) -> None:
    producer = AIOKafkaProducer(**Kafka(bootstrap, key_id_of(key), key).options(), linger_ms=5)
    await producer.start()
    print("begun", flush=True)  # noqa: T201 - waited for: its start is not what is measured
    try:
        headers: list[list[tuple[str, bytes | None]]] = [[], [("ce_type", None)], [("\xff", b"\x00\xff")]]
        for body, some in zip(itertools.cycle(bad()), itertools.cycle(headers)):
            try:
                await producer.send(f"ingest.status.{org}", body, headers=some)
            except KafkaError:
                continue  # too large for Kafka itself
            await asyncio.sleep(_PAUSE_SECONDS)
    finally:
        await producer.stop()


def bad() -> Iterator[bytes]:
    yield b"{"
    yield b"\xff\xfe\x00"
    yield b"[" * 100_000
    yield b'{"data":' * 1_000 + b"1" + b"}" * 1_000
    yield orjson.dumps({"specversion": "1.0", "data": "x" * 5_000_000})
    yield orjson.dumps(
        {"specversion": "1.0", "id": "1", "source": "/organizations/9001/x", "type": "no.such", "data": 1}
    )


if __name__ == "__main__":
    found = asyncio.run(main(*sys.argv[1:4], os.environ["GUICHET_KEY"]))
    print(orjson.dumps({str(status): times for status, times in found.items()}).decode())  # noqa: T201 - its result
