"""A consumer that waits for records, instead of asking for them fifty times a second, and does not wait for its commit in Kafka."""

import asyncio
from contextlib import suppress
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

# Records that come end the wait at once.
_WAIT_MS = 250
_HINT_SECONDS, _LAST_HINT_SECONDS = 1.0, 1.0

Records = dict[TopicPartition, list["ConsumerRecord[Any, Any]"]]


class PatientConsumer(AIOKafkaConsumer):  # type: ignore[misc]  # aiokafka has no types
    """FastStream 0.7 asks with the time that a batch may gather, and sleeps as long where there was nothing: with ten
    milliseconds, a reader with nothing to read took a percent of a processor, and one with something began five later.

    It also has Kafka write down after each batch how far it is, and the next batch waits for that. The database knows; what
    Kafka has is for who watches there: it is told once a second.
    """

    def __init__(self, *topics: str, **options: Any) -> None:
        super().__init__(*topics, **options)
        self.hinting: asyncio.Task[None] | None = None
        self._hint: dict[TopicPartition, Any] = {}

    async def getmany(
        self, *partitions: TopicPartition, timeout_ms: int = 0, max_records: int | None = None
    ) -> Records:
        wait = max(timeout_ms, _WAIT_MS) if timeout_ms else 0
        found: Records = await super().getmany(*partitions, timeout_ms=wait, max_records=max_records)
        return found

    async def commit(self, offsets: Any = None) -> None:
        """What was taken by now, soon: later positions may be of a batch that is not in the database yet."""
        self._hint = offsets or self._subscription.subscription.assignment.all_consumed_offsets()
        if self.hinting is None or self.hinting.done():
            self.hinting = asyncio.create_task(self._give_hints())

    async def _give_hints(self) -> None:
        while self._hint:
            await asyncio.sleep(_HINT_SECONDS)
            await self._give_hint()

    async def _give_hint(self) -> None:
        assigned = self.assignment()
        hint = {partition: offset for partition, offset in self._hint.items() if partition in assigned}
        self._hint = {}
        with suppress(KafkaError):
            if hint:
                await super().commit(hint)

    async def stop(self) -> None:
        if self.hinting is not None:
            self.hinting.cancel()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._give_hint(), _LAST_HINT_SECONDS)
        await super().stop()
