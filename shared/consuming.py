"""How events come in from Kafka, each counted once: fenced batches, with the offset in the transaction of their effects.

FastStream 0.7 and aiokafka 0.14 need three precautions: a parser that cannot fail on content (a null header would lose a whole
batch), a pause as the first act at assignment (records flow before the listener is done), and never their automatic commit.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.kafka.message import KafkaAckableMessage

from shared import metrics
from shared.batches import Gathered, Taken, join_taken, say_taken, spans_of
from shared.database import TRANSIENT, Connection, Pool, transaction
from shared.fence import Fence, Place
from shared.kafka import Kafka, Record, cluster_id
from shared.logs import log
from shared.record_batches import read_batches_with_care

# Applies records (or what was prepared of them), in order within each partition, in the caller's transaction; what it
# returns is handed to `committed`.
Apply = Callable[[Connection, Any], Awaitable[Any]]
# What `apply` takes in place of records, worked out on a thread while those before them are in their transaction.
Prepare = Callable[[Sequence[Record]], Any]
# Applies one record that was set aside; what it returns is handed to `committed`, or is the Problem that keeps it out.
Again = Callable[[Connection, Record], Awaitable[Any]]

read_batches_with_care()

# Records that are worked out sooner than a thread is woken.
_FEW = 50
# Less than a transaction may stand still (shared/database.py).
_END_SECONDS = 2.0
_BACK_OFF = (0.05, 0.2, 0.5, 1.0, 2.0, 5.0)


class Consumption:
    """One consumer group of a service: its topics, and what is done with a batch of their records.

    `hears` names the types of events it does something with; None: all of them. A batch of Kafka's is taken in parts, one
    transaction each (docs/adr/0016).
    """

    def __init__(
        self,
        group: str,
        apply: Apply,
        *,
        topics: Sequence[str] = (),
        pattern: str | None = None,
        committed: Callable[[Any], Awaitable[None]] | None = None,
        expect: Callable[[Pool, Sequence[tuple[str, int]]], Awaitable[None]] | None = None,
        again: Again | None = None,
        prepare: Prepare | None = None,
        hears: Collection[str] | None = None,
        batch: int = 2_000,
        part: int | None = None,
        fetch_bytes: int = 1024 * 1024,
    ) -> None:
        self.group, self.topics, self.pattern = group, tuple(topics), pattern
        self.hears = hears
        self._prepare, self._apply, self._committed = prepare, apply, committed
        self._expect, self._again = expect, again
        self._batch, self._part, self._fetch_bytes = batch, part or batch, fetch_bytes
        self._said = Gathered(say_taken, join_taken)
        self._failures = 0
        # Partitions whose next records Kafka no longer had.
        self.gaps = 0
        self.progress_at = time.monotonic()
        # Batches and assignments that are being seen to.
        self._in_hand = 0
        self.fence = Fence(group)
        self._pool: Pool
        self._kafka: Kafka
        self._subscriber: Any = None

    def subscribe(self, broker: KafkaBroker, pool: Pool, kafka: Kafka) -> None:
        """Register with the broker; records flow once it starts."""
        self._pool, self._kafka = pool, kafka
        self._subscriber = broker.subscriber(
            *self.topics,
            pattern=self.pattern,
            group_id=self.group,
            batch=True,
            max_records=self._batch,
            batch_timeout_ms=10,
            fetch_max_wait_ms=500,
            max_partition_fetch_bytes=self._fetch_bytes,
            auto_offset_reset="earliest",
            ack_policy=AckPolicy.NACK_ON_ERROR,
            no_reply=True,
            parser=self._parse,
            decoder=_as_it_is,
            listener=_SeekAtAssignment(self),
        )
        self._subscriber(self._on_batch)

    async def _parse(self, records: Any) -> KafkaAckableMessage:
        return KafkaAckableMessage(
            raw_message=records,
            body=b"",
            correlation_id="batch",
            message_id="batch",
            consumer=self._subscriber.consumer,
        )

    async def _on_batch(self, records: Any) -> None:
        """Raising makes FastStream seek back to the begin of the batch: whatever fails is read again, and the fence drops those
        parts that were taken.
        """
        with self.at_work():
            try:
                await self._take_parts(records)
            except TRANSIENT as error:
                wait = _BACK_OFF[min(self._failures, len(_BACK_OFF) - 1)]
                self._failures += 1
                log.warning(
                    "batch_retried", group=self.group, error=type(error).__name__, seconds=wait, records=len(records)
                )
                await asyncio.sleep(wait)
                raise
            self._failures = 0
            self.progress_at = time.monotonic()

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Whoever waits meanwhile waits for us, not for Kafka."""
        self._in_hand += 1
        try:
            yield
        finally:
            self._in_hand -= 1

    async def _take_parts(self, records: Sequence[Record]) -> None:
        """In order, each in a transaction of its own, while the next is prepared: what was prepared after a failure is dropped."""
        parts = [records[at : at + self._part] for at in range(0, len(records), self._part)]
        prepared = await self._prepared(parts[0])
        for part, following in pairwise(parts):
            _, prepared = await asyncio.gather(self._take_part(part, prepared), self._prepared(following))
        await self._take_part(parts[-1], prepared)

    async def _prepared(self, records: Sequence[Record]) -> Any:
        if self._prepare is None:
            return records
        return self._prepare(records) if len(records) <= _FEW else await asyncio.to_thread(self._prepare, records)

    async def _take_part(self, records: Sequence[Record], prepared: Any) -> None:
        with metrics.batch_seconds.labels(self.group).time():
            result = await self.take(self._pool, records, prepared)
        await self.told(result)

    async def told(self, result: Any) -> None:
        """What a committed batch leaves to do."""
        if self._committed is not None:
            await self._committed(result)

    async def again(self, connection: Connection, record: Record) -> Any:
        """Apply a record that was set aside, in the caller's transaction; its effects must hold once however often.

        Nobody takes other records of its partition meanwhile: what is newer than it must be seen, or come after it.
        """
        assert self._again is not None  # noqa: S101 - who sets aside says how to apply again
        await self.fence.hold(connection, [(record.topic, record.partition)])
        return await self._again(connection, record)

    async def take(self, pool: Pool, records: Sequence[Record], prepared: Any = None) -> Any:
        """Apply those records that were not taken before, and move the offsets, in one transaction."""
        async with transaction(pool) as connection:
            fresh = await self.fence.admit(connection, records, self._is_shorter)
            metrics.records_consumed.labels(self.group).inc(len(fresh))
            metrics.records_repeated.labels(self.group).inc(len(records) - len(fresh))
            if fresh and (prepared is None or len(fresh) < len(records)):
                prepared = await self._prepared(fresh)
            result = await self._apply(connection, prepared) if fresh else None
        self._say(len(records), fresh)
        return result

    def _say(self, records: int, fresh: Sequence[Record]) -> None:
        """Of what departments sent, a door tells; of relays that only say how far they are, nobody."""
        spans = {} if self.pattern else spans_of(fresh)
        if spans or len(fresh) < records:
            self._said.add(Taken(self.group, records, records - len(fresh), spans))

    async def _is_shorter(self, place: Place, following: int) -> bool:
        """Whether a partition was made anew while it was read: it ends before what was taken of it, and begins again.

        What this consumer saw last is no proof (a zombie's partition has gone on without it): Kafka is asked.
        """
        consumer, partition = self._consumer(), TopicPartition(*place)
        if consumer is None or partition not in consumer.assignment():
            return False
        seen = consumer.highwater(partition)
        if seen is None or seen >= following:
            return False
        async with asyncio.timeout(_END_SECONDS):
            end = (await consumer.end_offsets([partition]))[partition]
        if end >= following:
            return False
        log.error("kafka_log_shorter", topic=place[0], partition=place[1], expected=following, end=end)
        return True

    async def assigned(self, consumer: AIOKafkaConsumer, partitions: Iterable[TopicPartition]) -> None:
        """Seek each partition to where the database says; a log shorter than that was wiped, and is read from its start."""
        wanted = sorted(partitions)
        if self._expect is not None:
            await self._expect(self._pool, wanted)
        self.fence.cluster_id = await cluster_id(self._kafka)
        taken = await self.fence.taken(self._pool)
        ends = await consumer.end_offsets(wanted) if wanted else {}
        starts = await consumer.beginning_offsets(wanted) if wanted else {}
        for partition in wanted:
            following = taken.get(partition, 0)
            if ends[partition] < following:
                await self._start_again(partition, following, ends[partition])
                following = 0
            elif 0 < following < starts[partition]:
                self._tell_gap(partition, following, starts[partition])
            if following:
                consumer.seek(partition, following)
            else:
                await consumer.seek_to_beginning(partition)

    def _tell_gap(self, partition: TopicPartition, following: int, first: int) -> None:
        """Kafka kept records for less long than this database was away: it was restored from an old backup, or stood still."""
        self.gaps += 1
        log.error(
            "kafka_log_gap",
            group=self.group,
            topic=partition.topic,
            partition=partition.partition,
            expected=following,
            first=first,
        )

    async def _start_again(self, partition: TopicPartition, following: int, end: int) -> None:
        log.error(
            "kafka_log_shorter", topic=partition.topic, partition=partition.partition, expected=following, end=end
        )
        await self.fence.begin_again(self._pool, partition)

    def health(self) -> dict[str, Any]:
        """`lag` in records, `assigned` partitions, seconds since the last batch; lag null before the first assignment."""
        partitions = self._partitions()
        lag = self._lag()
        metrics.consumer_lag.labels(self.group).set(lag)
        return {
            "assigned": len(partitions),
            "lag": lag if partitions else None,
            "failures": self._failures,
            "gaps": self.gaps,
            "idle_seconds": round(time.monotonic() - self.progress_at, 1),
        }

    def stands_still(self) -> bool:
        """Whether there is something to read, from a Kafka that we are connected to, and nobody is at it."""
        return not self._in_hand and self._lag() > 0 and _is_connected(self._consumer())

    def _consumer(self) -> AIOKafkaConsumer | None:
        return self._subscriber and self._subscriber.consumer

    def _partitions(self) -> Collection[TopicPartition]:
        consumer = self._consumer()
        return consumer.assignment() if consumer is not None else frozenset()

    def _lag(self) -> int:
        return sum(_lag(self._consumer(), partition) for partition in self._partitions())


def _is_connected(consumer: Any) -> bool:
    return any(each.connected() for each in consumer._client._conns.values())  # noqa: SLF001 - nothing else tells


def _lag(consumer: Any, partition: TopicPartition) -> int:
    end = consumer.highwater(partition)
    state = consumer._subscription.subscription.assignment.state_value(partition)  # noqa: SLF001 - position() would wait
    return max(0, end - state.position) if end is not None and state is not None and state.has_valid_position else 0


async def _as_it_is(message: Any) -> Any:
    return message.raw_message


class _SeekAtAssignment(ConsumerRebalanceListener):  # type: ignore[misc]
    def __init__(self, consumption: Consumption) -> None:
        self._consumption = consumption

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        pass

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        consumer = self._consumption._subscriber.consumer  # noqa: SLF001 - one class in two, for the listener's interface
        partitions = list(assigned)
        consumer.pause(*partitions)  # must come first: records already flow while a listener runs
        with self._consumption.at_work():
            if await self._seek(consumer, partitions):
                consumer.resume(*partitions)

    async def _seek(self, consumer: AIOKafkaConsumer, partitions: Sequence[TopicPartition]) -> bool:
        """Until it is done. False where another rebalance has come meanwhile: its own call does the work."""
        delay = 0.2
        while True:
            try:
                await self._consumption.assigned(consumer, partitions)
            except Exception as error:  # noqa: BLE001 - aiokafka would swallow it, and read from the wrong place
                log.warning("assignment_retried", group=self._consumption.group, error=type(error).__name__)
                await asyncio.sleep(delay)
                delay = min(delay * 2, 5.0)
                if not set(partitions) <= consumer.assignment():
                    return False
            else:
                return True
