"""Looking at what a service's own topics hold: how far each partition has come, and the records of a stretch of time."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import UnknownTopicOrPartitionError

from shared.kafka import Kafka

_SECONDS = 10.0
_READ_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Survey:
    """The last position that each partition knows of (0: it is empty)."""

    last: Mapping[TopicPartition, int]

    @property
    def highest(self) -> int:
        return max(self.last.values(), default=0)

    @property
    def lowest(self) -> int:
        return min(self.last.values(), default=0)


async def survey(kafka: Kafka, topics: Sequence[str]) -> Survey:
    """Read the last record of every partition. Raises KafkaError or TimeoutError when Kafka or a topic is away."""
    async with asyncio.timeout(_SECONDS), _reading(kafka, topics) as (consumer, partitions):
        last = dict.fromkeys(partitions, 0)
        ends = await consumer.end_offsets(partitions)
        first = await consumer.beginning_offsets(partitions)
        filled = {each for each in partitions if ends[each] > first[each]}
        for each in filled:
            consumer.seek(each, ends[each] - 1)
        consumer.pause(*(set(partitions) - filled))  # records that nobody takes hold up all others
        while filled:
            for each, records in (await consumer.getmany(*filled, timeout_ms=500)).items():
                if records:
                    last[each] = position_of(records[-1])
                    filled.discard(each)
                    consumer.pause(each)
        return Survey(last)


async def held(kafka: Kafka, topics: Sequence[str]) -> dict[TopicPartition, tuple[int, int]]:
    """The offsets that each partition holds: the first, and the one after the last. Raises KafkaError or TimeoutError."""
    async with asyncio.timeout(_SECONDS), _reading(kafka, topics) as (consumer, partitions):
        first, ends = await consumer.beginning_offsets(partitions), await consumer.end_offsets(partitions)
        return {each: (first[each], ends[each]) for each in partitions}


async def records_since(kafka: Kafka, topics: Sequence[str], moment: datetime) -> list[ConsumerRecord[Any, Any]]:
    """All records of the topics published since a moment. Raises KafkaError or TimeoutError."""
    async with asyncio.timeout(_READ_SECONDS), _reading(kafka, topics) as (consumer, partitions):
        return [record async for record in _since(consumer, partitions, moment, lambda _: False)]


async def places(kafka: Kafka, topic: str, wanted: Mapping[int, datetime]) -> dict[int, tuple[int, int]]:
    """The partition and offset of each of these positions that the topic still holds; `wanted` says when each was recorded.
    Raises KafkaError or TimeoutError.
    """
    found: dict[int, tuple[int, int]] = {}
    async with asyncio.timeout(_SECONDS), _reading(kafka, [topic]) as (consumer, partitions):
        for position, recorded_at in wanted.items():
            async for record in _since(consumer, partitions, recorded_at, partial(_reaches, position)):
                if is_event(record) and position_of(record) == position:
                    found[position] = (record.partition, record.offset)
    return found


def _reaches(position: int, record: Any) -> bool:
    return position_of(record) >= position


async def _since(
    consumer: AIOKafkaConsumer, partitions: Sequence[TopicPartition], moment: datetime, enough: Callable[[Any], bool]
) -> AsyncIterator[Any]:
    """The records published since a moment, of each partition up to its end as it is now, or to a batch that is enough."""
    at = int(max(0.0, moment.timestamp()) * 1000)
    starts = await consumer.offsets_for_times(dict.fromkeys(partitions, at))
    ends = await consumer.end_offsets(partitions)
    following = {each: start.offset for each, start in starts.items() if start is not None}
    for each, offset in following.items():
        consumer.seek(each, offset)
    waiting = {each for each, offset in following.items() if offset < ends[each]}
    consumer.pause(*(set(partitions) - waiting))  # records that nobody takes hold up all others
    consumer.resume(*waiting)
    while waiting:
        for each, records in (await consumer.getmany(*waiting, timeout_ms=500)).items():
            for record in records:
                if record.offset < ends[each]:
                    yield record
            if records and (records[-1].offset + 1 >= ends[each] or enough(records[-1])):
                waiting.discard(each)
                consumer.pause(each)


@asynccontextmanager
async def _reading(kafka: Kafka, topics: Sequence[str]) -> AsyncIterator[tuple[AIOKafkaConsumer, list[TopicPartition]]]:
    consumer = AIOKafkaConsumer(
        *topics,
        **kafka.options(),
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=50,
    )
    try:
        await consumer.start()
        partitions = sorted(consumer.assignment())
        if missing := set(topics) - {each.topic for each in partitions}:
            raise UnknownTopicOrPartitionError(", ".join(sorted(missing)))
        yield consumer, partitions
    finally:
        await consumer.stop()


def is_event(record: Any) -> bool:
    """Whether a record is an event of the log, and no word of its relay."""
    return any(name == "ce_id" and value is not None and bytes(value).isdigit() for name, value in record.headers or ())


def position_of(record: Any) -> int:
    """An event's own position; of a word of the relay (`advanced-12-...`, `restored-5-9`), how far it speaks of."""
    for name, value in record.headers or ():
        if name == "ce_id" and value is not None:
            kind, *numbers = bytes(value).decode("utf-8", "replace").split("-")
            if kind.isdigit() and not numbers:
                return int(kind)
            if kind == "advanced" and numbers:
                return int(numbers[0])
            if kind == "restored" and len(numbers) > 1:
                return int(numbers[1])
    return 0
