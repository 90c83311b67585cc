"""Records on their way to Kafka, packed by partition: one acknowledgement is awaited for a batch, not for each record."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.partitioner import DefaultPartitioner

Headers = list[tuple[str, bytes]]
_PARTITIONER = DefaultPartitioner()
_SILENCE_SECONDS = 2.0


@dataclass(slots=True)
class Record:
    topic: str
    key: bytes
    value: bytes
    headers: Headers


def headers_of(kind: str, event_id: str) -> Headers:
    """What tells records apart without reading them."""
    return [("ce_type", kind.encode()), ("ce_id", event_id.encode())]


async def publish(producer: AIOKafkaProducer, records: Sequence[Record]) -> None:
    """Send records, all in flight at once, each to its key's partition and in order there; until all are acknowledged."""
    partitions = {topic: sorted(await producer.partitions_for(topic)) for topic in {each.topic for each in records}}
    packed: dict[tuple[str, int], Any] = {}
    sent = []
    for record in records:
        place = record.topic, _PARTITIONER(record.key, partitions[record.topic], [])
        if place not in packed:
            packed[place] = producer.create_batch()
        if not _fits(packed[place], record):
            sent.append(await _send(producer, place, packed[place]))
            packed[place] = producer.create_batch()
            _fits(packed[place], record)  # the first of a batch always does
    sent += [await _send(producer, place, batch) for place, batch in packed.items()]
    await asyncio.gather(*sent)


def _fits(batch: Any, record: Record) -> bool:
    """Puts a record into a batch that has room for it."""
    added = batch.append(timestamp=None, key=record.key, value=record.value, headers=record.headers)
    return added is not None


async def _send(producer: AIOKafkaProducer, place: tuple[str, int], batch: Any) -> Any:
    topic, partition = place
    return await producer.send_batch(batch, topic, partition=partition)


async def silence(producer: AIOKafkaProducer) -> None:
    """End a producer, and forget what it has not sent. One that waits for Kafka with something to send would send it when
    another has long taken its place, and leave out what had waited for too long.
    """
    producer._closed = True  # noqa: SLF001 - its own stop sends all that it has, however long that takes
    sending = producer._sender.sender_task  # noqa: SLF001
    if sending is not None:
        sending.cancel()
    producer.client.cluster._brokers.clear()  # noqa: SLF001 - or what is about to be sent would connect anew
    with suppress(Exception):
        async with asyncio.timeout(_SILENCE_SECONDS):
            await producer.client.close()
            if sending is not None:
                await asyncio.wait([sending])
