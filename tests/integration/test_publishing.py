"""Records packed by partition go where Kafka's own partitioner puts them, each key's in order, however large."""

import uuid
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from shared.kafka import Kafka
from shared.publishing import Record, headers_of, publish
from shared.testing import eventually

PARTITIONS = 4


async def test_packed_records_arrive_as_if_sent_one_by_one(kafka: Kafka) -> None:
    names = [f"test.{uuid.uuid4().hex[:8]}" for _ in range(2)]
    admin = AIOKafkaAdminClient(**kafka.options())
    await admin.start()
    await admin.create_topics([NewTopic(name, PARTITIONS, 1) for name in names])
    producer = AIOKafkaProducer(**kafka.options(), enable_idempotence=True, acks="all", max_batch_size=4_096)
    await producer.start()
    try:
        # Some fill a batch, and one is larger than a batch may be.
        values = [
            (f"key-{each % 17}".encode(), str(each).encode() * (3_000 if each == 300 else 40)) for each in range(600)
        ]
        headers = headers_of("type", "7")
        for key, value in values:
            await producer.send(names[0], value, key=key, headers=headers)
        await publish(producer, [Record(names[1], key, value, headers) for key, value in values])
        await producer.flush()
        one_by_one, packed = [await _read(kafka, name, len(values)) for name in names]
        assert packed == one_by_one
    finally:
        await producer.stop()
        await admin.delete_topics(names)
        await admin.close()


async def _read(kafka: Kafka, topic: str, wanted: int) -> dict[int, list[Any]]:
    """What each partition holds, once there is so much in all."""
    consumer = AIOKafkaConsumer(**kafka.options(), auto_offset_reset="earliest")
    await consumer.start()
    try:
        consumer.assign([TopicPartition(topic, each) for each in range(PARTITIONS)])
        found: dict[int, list[Any]] = {each: [] for each in range(PARTITIONS)}

        async def read() -> int:
            for partition, records in (await consumer.getmany(timeout_ms=200)).items():
                found[partition.partition] += [(each.key, each.value, each.headers) for each in records]
            return sum(map(len, found.values()))

        await eventually(read, lambda number: number >= wanted)
        return found
    finally:
        await consumer.stop()
