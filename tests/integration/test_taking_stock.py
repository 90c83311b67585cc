"""A log and its topics compared: which of them lost something, and what is done about it."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg
import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from guichet.client import Services
from shared.database import Connection, transaction
from shared.event_log import LogEntry, LogUnchecked, append
from shared.kafka import Kafka, cluster_id
from shared.relay import Relay
from shared.restoring import STRIDE, LogForked, take_stock
from shared.surveying import is_event, position_of, records_since, survey
from shared.testing import eventually
from tests.integration.test_event_log import NOW, entry

HEAD = "select position from log_head"


@dataclass
class Log:
    """A log with a topic of its own, and the relay between them."""

    pool: asyncpg.Pool
    kafka: Kafka
    topic: str

    async def record(self, *numbers: int) -> None:
        async with transaction(self.pool) as connection:
            await append(connection, [self.entry(n) for n in numbers], [])

    def entry(self, number: int) -> LogEntry:
        made = entry(number)
        fields = {name: getattr(made, name) for name in LogEntry.__slots__}
        return LogEntry(**{**fields, "topic": self.topic})

    async def publish(self, say_again: Any = None) -> None:
        """Run a relay until every partition was told of all there is."""
        relay = Relay("feedback", self.pool, self.kafka, [self.topic], asyncio.Event(), say_again)
        running = asyncio.create_task(relay.run())
        done = "select h.position = c.position and h.position = c.announced from log_head h, relay_cursor c"
        try:
            await eventually(relay.tried.wait)
            await eventually(lambda: self.pool.fetchval(done))
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await relay.close()

    async def in_topic(self) -> list[int]:
        records = await records_since(self.kafka, [self.topic], NOW)
        return [position_of(each) for each in records if is_event(each)]

    async def in_log(self) -> list[int]:
        rows = await self.pool.fetch("select position from recorded_event order by position")
        return [row["position"] for row in rows]

    async def go_back(self, position: int, *, elsewhere: bool = True) -> None:
        """As a backup of when the log stood at a position, restored in another place."""
        await self.pool.execute("delete from recorded_event where position > $1", position)
        await self.pool.execute("update log_head set position = $1", position)
        await self.pool.execute(
            "update relay_cursor set position = least(position, $1), announced = 0, "
            "recorded_at = recorded_at - interval '1 hour'",
            position,
        )
        if elsewhere:
            await self.pool.execute("update log_head set place = 'elsewhere'")


@pytest.fixture
async def a_log(database: asyncpg.Pool, kafka: Kafka) -> AsyncIterator[Log]:
    topic = f"test.{uuid.uuid4().hex[:8]}"
    admin = AIOKafkaAdminClient(**kafka.options())
    await admin.start()
    await admin.create_topics([NewTopic(topic, 2, 1)])
    try:
        yield Log(database, kafka, topic)
    finally:
        await admin.delete_topics([topic])
        await admin.close()


async def test_in_another_place_nothing_is_recorded_until_the_log_was_compared(a_log: Log) -> None:
    await a_log.record(1)
    await a_log.pool.execute("update log_head set place = 'elsewhere'")
    with pytest.raises(LogUnchecked):
        await a_log.record(2)
    assert await a_log.in_log() == [1]
    await a_log.publish()
    await a_log.record(2)
    assert await a_log.in_log() == [1, STRIDE + 1]


async def test_a_new_database_records_nothing_until_it_has_met_kafka(a_log: Log) -> None:
    await a_log.pool.execute("update log_head set place = null")
    with pytest.raises(LogUnchecked):
        await a_log.record(1)
    await a_log.publish()
    await a_log.record(1)
    assert await a_log.in_log() == [1]


@pytest.mark.parametrize("elsewhere", [True, False])
async def test_a_restored_log_goes_on_above_its_topics_and_lists_what_it_lost(a_log: Log, elsewhere: bool) -> None:
    """Also where nothing but its topics shows that it was restored: files copied back."""
    await a_log.record(1, 2, 3)
    await a_log.publish()
    await a_log.go_back(1, elsewhere=elsewhere)
    await a_log.publish()
    rows = await a_log.pool.fetch("select position, event_id, source, org_id, until from lost_event order by position")
    assert [tuple(row.values()) for row in rows] == [
        (2, "e-2", "/organizations/9001", "9001", STRIDE),
        (3, "e-3", "/organizations/9001", "9001", STRIDE),
    ]
    row = await a_log.pool.fetchrow(
        "select after, until, listed, unlisted, told_at is null as untold from log_restored"
    )
    assert tuple(row.values()) == (1, STRIDE, 2, 0, False)
    await a_log.record(2)
    await a_log.publish()
    assert await a_log.in_log() == [1, STRIDE + 1]
    assert sorted(await a_log.in_topic()) == [1, 2, 3, STRIDE + 1]
    words = [each for each in await records_since(a_log.kafka, [a_log.topic], NOW) if b"LogRestored" in each.value]
    assert sorted(each.partition for each in words) == [0, 1]


async def test_restored_twice_it_goes_on_above_both(a_log: Log) -> None:
    await a_log.record(1, 2)
    await a_log.publish()
    await a_log.go_back(1)
    await a_log.publish()
    await a_log.record(7)
    await a_log.publish()
    await a_log.go_back(1)
    await a_log.pool.execute("delete from lost_event; delete from log_restored")
    await a_log.publish()
    assert await a_log.pool.fetchval(HEAD) == 2 * STRIDE
    lost = await a_log.pool.fetch("select position from lost_event order by position")
    assert [row["position"] for row in lost] == [2, STRIDE + 1]


async def test_what_a_restored_service_says_again_stands_above_in_the_same_transaction(a_log: Log) -> None:
    async def say_again(_: Connection, void: Sequence[Any]) -> list[LogEntry]:
        return [a_log.entry(100 + int(event["id"])) for event in void]

    await a_log.record(1, 2)
    await a_log.publish()
    await a_log.go_back(1)
    await a_log.publish(say_again)
    rows = await a_log.pool.fetch("select position, caused_by_id from recorded_event order by position")
    assert [tuple(row.values()) for row in rows] == [(1, "e-1"), (STRIDE + 1, "e-102")]


async def test_positions_used_twice_stop_everything_aloud(a_log: Log) -> None:
    """Copied back and gone on before Kafka could be asked: what is right nobody knows."""
    await a_log.record(1, 2)
    await a_log.publish()
    await a_log.go_back(1, elsewhere=False)
    await a_log.record(9)
    async with a_log.pool.acquire() as connection:
        with pytest.raises(LogForked):
            await take_stock(connection, a_log.kafka, await cluster_id(a_log.kafka), [a_log.topic], None)


async def test_a_topic_made_anew_is_filled_again(a_log: Log) -> None:
    await a_log.record(1, 2, 3)
    await a_log.publish()
    admin = AIOKafkaAdminClient(**a_log.kafka.options())
    await admin.start()
    await admin.delete_topics([a_log.topic])

    async def made() -> bool:
        answer = await admin.create_topics([NewTopic(a_log.topic, 2, 1)])
        return answer.topic_errors[0][1] == 0

    await eventually(made)
    await admin.close()

    async def empty() -> bool:
        return (await survey(a_log.kafka, [a_log.topic])).highest == 0

    await eventually(empty)
    await a_log.publish()
    assert sorted(await a_log.in_topic()) == [1, 2, 3]


async def test_another_cluster_is_filled_from_the_beginning(a_log: Log) -> None:
    await a_log.record(1, 2)
    await a_log.publish()
    await a_log.pool.execute("update relay_cursor set cluster_id = 'another'")
    await a_log.publish()
    assert sorted(await a_log.in_topic()) == [1, 1, 2, 2]
    assert await a_log.pool.fetchval("select cluster_id from relay_cursor") == await cluster_id(a_log.kafka)


async def test_a_relay_that_starts_again_finds_nothing_lost(a_log: Log) -> None:
    await a_log.record(1, 2)
    await a_log.publish()
    await a_log.publish()
    assert sorted(await a_log.in_topic()) == [1, 2]
    assert await a_log.pool.fetchval("select count(*) from log_restored") == 0


async def test_operators_ask_what_was_lost(services: Services) -> None:
    answer = await services.ask("status", "/v1/log/lost")
    assert answer == {"items": [], "next": None, "restores": 0, "lost": 0, "waiting": 0, "unlisted": 0}
