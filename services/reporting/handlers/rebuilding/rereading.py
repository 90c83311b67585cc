"""Kafka read again, from the first record it still has: what the log lacks is logged. No view is touched by it."""

from collections.abc import Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from services.reporting import store
from services.reporting.handlers.decoding import decode
from shared.database import Connection, Pool, transaction
from shared.dead_letters import DeadLetters
from shared.fence import Fence
from shared.kafka import Kafka, Record, cluster_id
from shared.logs import log
from shared.record_batches import read_batches_with_care

read_batches_with_care()

_GROUP = "reporting"
_BATCH, _FETCH_BYTES = 10_000, 8 * 1024 * 1024
_WAIT_MS = 1_000


async def read_again(pool: Pool, kafka: Kafka, letters: DeadLetters, rebuild_id: int) -> None:
    """Each partition up to where the consumers have taken it; what comes after is theirs to read."""
    fence = Fence(_GROUP, await cluster_id(kafka))
    ends = {TopicPartition(*place): following for place, following in (await fence.taken(pool)).items()}
    consumer = AIOKafkaConsumer(
        **kafka.options(),
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=_FETCH_BYTES,
    )
    try:
        await consumer.start()
        await _read(pool, consumer, ends, fence, letters, rebuild_id)
    finally:
        await consumer.stop()


async def _read(
    pool: Pool, consumer: Any, ends: dict[TopicPartition, int], fence: Fence, letters: DeadLetters, rebuild_id: int
) -> None:
    consumer.assign(list(ends))
    starts = await consumer.beginning_offsets(list(ends)) if ends else {}
    for partition, start in starts.items():
        consumer.seek(partition, start)
    left = {partition for partition, end in ends.items() if starts[partition] < end}
    consumer.pause(*(ends.keys() - left))
    await store.enter(pool, rebuild_id, "reading", sum(ends[each] - starts[each] for each in left))
    done = added = 0
    while left:
        found = await consumer.getmany(timeout_ms=_WAIT_MS, max_records=_BATCH)
        records = [record for each, some in found.items() for record in some if record.offset < ends[each]]
        done += len(records)
        if records:
            async with transaction(pool) as connection:
                await fence.hold(connection, ((record.topic, record.partition) for record in records))
                added += await log_only(connection, letters, records)
                await store.has_read(connection, rebuild_id, done, added)
        for each in [each for each in left if await consumer.position(each) >= ends[each]]:
            consumer.pause(each)
            left.discard(each)
    log.info("kafka_read_again", records=done, added=added)


async def log_only(connection: Connection, letters: DeadLetters, records: Sequence[Record]) -> int:
    """Log what is not in the log; how many records that was. What was set aside when it was read first, and not accepted since,
    stays so.
    """
    by_place = {(each.topic, each.partition, each.offset): each for each in records}
    aside = await letters.kept_before(
        connection, {place: each.value or b"" for place, each in by_place.items()}, accepted=False
    )
    batch = decode([each for place, each in by_place.items() if place not in aside])
    events = {(event.service, event.service_position): event for event in batch.events}
    known = await store.known(connection, list(events.values())) if events else set()
    fresh = [event for identity, event in events.items() if identity not in known]
    if fresh:
        await store.log_events(connection, fresh, await store.take_positions(connection, len(fresh)))
    for word in batch.restored:
        if await store.add_void_span(connection, word):
            await store.place_void_span(connection, word, await store.take_positions(connection, 1) + 1)
    await store.remember_advanced(connection, batch.advanced)
    return len(fresh)
