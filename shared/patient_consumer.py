"""A consumer that waits for records, instead of asking for them fifty times a second."""

from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

# Records that come end the wait at once.
_WAIT_MS = 250

Records = dict[TopicPartition, list["ConsumerRecord[Any, Any]"]]


class PatientConsumer(AIOKafkaConsumer):  # type: ignore[misc]  # aiokafka has no types
    """FastStream 0.7 asks with the time that a batch may gather, and sleeps as long where there was nothing: with ten
    milliseconds, a reader with nothing to read took a percent of a processor, and one with something began five later.
    """

    async def getmany(
        self, *partitions: TopicPartition, timeout_ms: int = 0, max_records: int | None = None
    ) -> Records:
        wait = max(timeout_ms, _WAIT_MS) if timeout_ms else 0
        found: Records = await super().getmany(*partitions, timeout_ms=wait, max_records=max_records)
        return found
