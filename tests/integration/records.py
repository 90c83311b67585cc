"""What stands on a topic."""

from aiokafka import AIOKafkaConsumer, TopicPartition

from guichet.topics import declared
from shared.kafka import Kafka


async def everything_on(kafka: Kafka, topic: str) -> list[bytes]:
    """The values of all records of a topic, up to its end as it is now."""
    async with AIOKafkaConsumer(**kafka.options(), auto_offset_reset="earliest", enable_auto_commit=False) as consumer:
        partitions = [TopicPartition(topic, each) for each in range(declared()[topic]["partitions"])]
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        ends = await consumer.end_offsets(partitions)
        found: list[bytes] = []
        for partition, end in ends.items():
            while await consumer.position(partition) < end:
                for records in (await consumer.getmany(partition, timeout_ms=1000)).values():
                    found += [record.value for record in records if record.value is not None]
    return found
