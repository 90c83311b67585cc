"""How events go out once: one relay per service, a cursor over the log, moved after Kafka's acknowledgement.

A crash between acknowledgement and cursor publishes again; readers drop what they have by its position.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import asyncpg
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from shared import metrics
from shared.batches import published
from shared.contracts.envelope import LogAdvanced, LogRestored, Published, rfc3339, type_name
from shared.database import TRANSIENT, Connection, Pool, session
from shared.event_log import LogUnchecked, head, is_checked
from shared.kafka import Kafka, cluster_id
from shared.logs import log
from shared.publishing import Record, headers_of, publish, silence
from shared.restoring import SayAgain, settle, take_stock, told, untold

_BATCH = 2_000
_STREAM = 200
_GATHER_SECONDS = 0.004
_ANNOUNCE_SECONDS = 5.0
_QUIET_SECONDS = 0.25
_POLL_SECONDS = 0.5
_ACKNOWLEDGE_SECONDS = 20.0
_LOCK = "select pg_try_advisory_lock(hashtext('guichet.relay'))"


class Relay:
    """Publishes one service's log to its topics, and tells each of their partitions how far it has come."""

    def __init__(
        self,
        service: str,
        pool: Pool,
        kafka: Kafka,
        topics: Sequence[str],
        committed: asyncio.Event,
        say_again: SayAgain | None = None,
        refilling: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._service, self._pool, self._kafka, self._topics = service, pool, kafka, topics
        self._committed, self._say_again, self._refilling = committed, say_again, refilling
        self._producer: AIOKafkaProducer | None = None
        self._position, self._recorded_at = 0, datetime.min.replace(tzinfo=UTC)
        self._announced_at = 0.0
        self._announced_position = -1
        # Of each partition, the offset of the last word it was told.
        self._offsets: dict[tuple[str, int], int] = {}
        # Set once the log was compared with its topics, or could not be.
        self.tried = asyncio.Event()
        self.progress_at = time.monotonic()
        self.leading = False
        self.failing = False

    async def run(self) -> None:
        """Publish for ever; the service's lifespan owns this task."""
        delay = 0.1
        while True:
            try:
                async with session(self._pool) as connection:
                    await self._lead(connection)
            except (KafkaError, *TRANSIENT, asyncpg.PostgresError) as error:
                self.failing = True
                self.tried.set()
                metrics.publish_failures.inc()
                log.warning("relay_retried", error=type(error).__name__, seconds=delay)
                await self._drop_producer()
                await asyncio.sleep(delay)
                delay = min(delay * 2, 2.0) if time.monotonic() - self.progress_at > delay * 4 else 0.1

    async def _lead(self, connection: Connection) -> None:
        """Hold the relay's lock on a session of its own, and publish until something fails."""
        while not await connection.fetchval(_LOCK):
            self.leading = False
            await asyncio.sleep(_POLL_SECONDS)
        self.leading = True
        await self._connect()
        await self._take_stock(connection)
        while True:
            self._committed.clear()
            moved = await self._publish_some(connection)
            self.failing = False
            self.progress_at = time.monotonic()
            if self._announcement_is_due(moved):
                await self._announce(connection)
            if 0 < moved < _STREAM:
                # Many small publications cost Kafka and every reader more than this wait.
                await asyncio.sleep(_GATHER_SECONDS)
            elif not moved:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._committed.wait(), self._pause())

    async def _take_stock(self, connection: Connection) -> None:
        """Before anything is published: what Kafka or the log has lost is found, mended, and told."""
        cluster = await cluster_id(self._kafka)
        refilled = await take_stock(connection, self._kafka, cluster, self._topics, self._say_again)
        self.tried.set()
        if refilled and self._refilling is not None:
            await self._refilling()
        await settle(connection, cluster)
        row = await connection.fetchrow("select position, recorded_at, announced from relay_cursor")
        self._position, self._recorded_at = row["position"], row["recorded_at"]
        self._announced_position, self._offsets = row["announced"], {}
        for each in await untold(connection):
            data = LogRestored(after=each["after"], until=each["until"])
            await self._tell(data.event_id, data, each["found_at"])
            await told(connection, each["until"])

    def _announcement_is_due(self, moved: int) -> bool:
        since = time.monotonic() - self._announced_at
        unannounced = self._announced_position < self._position
        return since >= _ANNOUNCE_SECONDS or (not moved and unannounced and since >= _QUIET_SECONDS)

    def _pause(self) -> float:
        return _QUIET_SECONDS if self._announced_position < self._position else _POLL_SECONDS

    async def _publish_some(self, connection: Connection) -> int:
        """Publish the next entries of the log, all in flight at once, then move the cursor. Returns how many."""
        # `recorded_at` never falls as positions rise, so it spares the partitions of months gone by.
        rows = await connection.fetch(
            "select position, recorded_at, topic, key, type, value from recorded_event "
            "where position > $1 and recorded_at >= $2 order by position limit $3",
            self._position, self._recorded_at, _BATCH,
        )  # fmt: skip
        if not rows:
            return 0
        assert self._producer is not None  # noqa: S101 - _lead connects first
        await asyncio.wait_for(publish(self._producer, [_record(row) for row in rows]), _ACKNOWLEDGE_SECONDS)
        await self._move(connection, rows[-1]["position"], rows[-1]["recorded_at"])
        metrics.published_position.set(self._position)
        published.add((rows[0]["position"], self._position))
        return len(rows)

    async def _move(self, connection: Connection, position: int, recorded_at: datetime) -> None:
        """Raises LogUnchecked where the cursor is not where we left it: all of the log is to be published again."""
        moved = await connection.execute(
            "update relay_cursor set position = $1, recorded_at = $2 where position = $3",
            position,
            recorded_at,
            self._position,
        )
        if moved != "UPDATE 1":
            raise LogUnchecked
        self._position, self._recorded_at = position, recorded_at

    async def _announce(self, connection: Connection) -> None:
        """Tell every partition that all recorded before a moment has been published, once that is so."""
        if not await is_checked(connection):
            raise LogUnchecked
        position, recorded_at = await head(connection)
        metrics.log_position.set(position)
        while self._position < position:
            if not await self._publish_some(connection):
                # Nothing stands between: the log was restored, and went on above.
                await self._move(connection, position, recorded_at)
        await self._move(connection, self._position, self._recorded_at)
        event_id = f"advanced-{position}-{rfc3339(recorded_at)}"
        await self._tell(event_id, LogAdvanced(position=position, recorded_at=recorded_at), recorded_at)
        self._announced_at = time.monotonic()
        if self._announced_position != position:
            await connection.execute("update relay_cursor set announced = $1", position)
            self._announced_position = position

    async def _tell(self, event_id: str, data: Published, moment: datetime) -> None:
        """Say one word to every partition. Raises LogUnchecked where one begins again: its topic was made anew."""
        assert self._producer is not None  # noqa: S101 - _lead connects first
        kind = type_name(self._service, type(data).__name__)
        value = (
            f'{{"specversion":"1.0","id":"{event_id}","source":"/services/{self._service}","type":"{kind}",'
            f'"time":"{rfc3339(moment)}","datacontenttype":"application/json","data":{data.model_dump_json()}}}'
        ).encode()
        sent = [
            await self._producer.send(topic, value, partition=partition, headers=headers_of(kind, event_id))
            for topic in self._topics
            for partition in await self._producer.partitions_for(topic)
        ]
        for done in await asyncio.wait_for(asyncio.gather(*sent), _ACKNOWLEDGE_SECONDS):
            place = (done.topic, done.partition)
            if done.offset <= self._offsets.get(place, -1):
                raise LogUnchecked
            self._offsets[place] = done.offset

    async def _connect(self) -> None:
        if self._producer is None:
            self._producer = AIOKafkaProducer(
                **self._kafka.options(),
                client_id=f"relay-{self._service}",
                enable_idempotence=True,
                acks="all",
                linger_ms=1,
                max_batch_size=256 * 1024,
                compression_type="zstd",
            )
            await self._producer.start()

    async def _drop_producer(self) -> None:
        """An idempotent producer in trouble stays in trouble (aiokafka #1017): a new one takes its place."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await silence(producer)

    async def close(self) -> None:
        await self._drop_producer()

    def health(self) -> dict[str, Any]:
        return {
            "leading": self.leading,
            "failing": self.failing,
            "position": self._position,
            "idle_seconds": round(time.monotonic() - self.progress_at, 1),
        }


def _record(row: Any) -> Record:
    headers = headers_of(row["type"], str(row["position"]))
    return Record(row["topic"], row["key"].encode(), row["value"].encode(), headers)
