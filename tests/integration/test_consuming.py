"""Fenced consumption: each record's effects once, whatever happens to the process or to Kafka."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from inspect import signature
from operator import attrgetter
from typing import Any

import asyncpg
import orjson
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from faststream.kafka import KafkaBroker

from guichet.client import Services
from guichet.principals import Principal, Principals
from shared import broker as broker_module
from shared.broker import keep_reading, make_broker, stop_broker
from shared.consuming import Consumption
from shared.database import ConcurrentChange, Connection, transaction
from shared.kafka import Kafka, cluster_id
from shared.logs import configure_logs
from shared.membership import leave_for_predecessors
from shared.testing import eventually

WAITING = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"


def record(offset: int, partition: int = 0, topic: str = "t") -> Any:
    return ConsumerRecord(topic, partition, offset, 0, 0, None, str(offset).encode(), None, 0, 0, ())


async def effects(pool: asyncpg.Pool) -> list[int]:
    return [row["n"] for row in await pool.fetch("select n from effect order by id")]


@pytest.fixture
async def counted(database: asyncpg.Pool) -> asyncpg.Pool:
    await database.execute("create table effect (id int generated always as identity, n int)")
    return database


async def apply(connection: Connection, records: Sequence[Any]) -> None:
    await connection.executemany("insert into effect (n) values ($1)", [(int(each.value),) for each in records])


def consumption(name: str = "group") -> Consumption:
    found = Consumption(name, apply, topics=["t"])
    found.fence.cluster_id = "cluster"
    return found


async def test_records_that_were_taken_before_are_dropped(counted: asyncpg.Pool) -> None:
    taking = consumption()
    await taking.take(counted, [record(0), record(1)])
    await taking.take(counted, [record(1), record(2)])
    await taking.take(counted, [record(0), record(1), record(2)])
    assert await effects(counted) == [0, 1, 2]


async def test_a_record_that_is_applied_again_waits_for_those_of_its_partition_that_are_being_taken(
    counted: asyncpg.Pool,
) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def apply_later(connection: Connection, records: Sequence[Any]) -> None:
        await apply(connection, records)
        begun.set()
        await go_on.wait()

    async def apply_again(connection: Connection, again: Any) -> None:
        await connection.execute(
            "insert into effect (n) select 10 + count(*) from effect where n = $1", again.offset + 1
        )

    async def replay() -> None:
        async with transaction(counted) as connection:
            await unassigned.again(connection, record(1))

    taking = Consumption("group", apply_later, topics=["t"])
    unassigned = Consumption("group", apply_later, topics=["t"], again=apply_again)
    taking.fence.cluster_id = "cluster"
    await consumption().take(counted, [record(0)])
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(taking.take(counted, [record(2)]))
        await begun.wait()
        tasks.create_task(replay())
        await eventually(lambda: counted.fetchval(WAITING))
        go_on.set()
    assert await effects(counted) == [0, 2, 11]


async def test_partitions_are_fenced_each_by_itself(counted: asyncpg.Pool) -> None:
    taking = consumption()
    await taking.take(counted, [record(5, 0), record(1, 1)])
    await taking.take(counted, [record(5, 0), record(2, 1), record(6, 0)])
    assert await effects(counted) == [5, 1, 2, 6]


async def test_gaps_in_offsets_are_no_loss(counted: asyncpg.Pool) -> None:
    await consumption().take(counted, [record(3), record(10)])
    assert await effects(counted) == [3, 10]


async def test_a_process_taken_for_dead_is_refused_when_it_wakes(counted: asyncpg.Pool) -> None:
    """Two owners of a partition at once: the second waits for the first's row, and then finds it moved."""
    started, go_on = asyncio.Event(), asyncio.Event()

    async def slow(connection: Connection, records: Sequence[Any]) -> None:
        started.set()
        await go_on.wait()
        await apply(connection, records)

    zombie = Consumption("group", slow, topics=["t"])
    zombie.fence.cluster_id = "cluster"
    first = asyncio.create_task(zombie.take(counted, [record(0), record(1)]))
    await started.wait()
    second = asyncio.create_task(consumption().take(counted, [record(0), record(1), record(2)]))
    await eventually(lambda: counted.fetchval(WAITING))
    go_on.set()
    await asyncio.gather(first, second)
    assert await effects(counted) == [0, 1, 2]


async def test_effects_and_offset_hold_together_or_not_at_all(counted: asyncpg.Pool) -> None:
    async def fails(connection: Connection, records: Sequence[Any]) -> None:
        await apply(connection, records)
        raise ConcurrentChange

    failing = Consumption("group", fails, topics=["t"])
    failing.fence.cluster_id = "cluster"
    with suppress(ConcurrentChange):
        await failing.take(counted, [record(0)])
    assert await effects(counted) == []
    await consumption().take(counted, [record(0)])
    assert await effects(counted) == [0]


async def test_a_batch_is_taken_in_parts_and_none_after_one_that_failed(counted: asyncpg.Pool) -> None:
    """Parts before it hold; read again from its begin, the batch goes on where it failed, with what was prepared anew."""
    failing = [4]

    async def fails_once(connection: Connection, prepared: list[Any]) -> None:
        await apply(connection, prepared)
        if any(each.offset in failing for each in prepared):
            failing.clear()
            raise ConcurrentChange

    taking = Consumption("group", fails_once, topics=["t"], prepare=list, batch=9, part=3)
    taking.fence.cluster_id, taking._pool = "cluster", counted
    batch = [record(n) for n in range(8)]
    with suppress(ConcurrentChange):
        await taking._on_batch(batch)
    assert await effects(counted) == [0, 1, 2]
    await taking._on_batch(batch)
    assert await effects(counted) == list(range(8))


async def test_without_an_assignment_nothing_is_taken(counted: asyncpg.Pool) -> None:
    with pytest.raises(ConnectionError):
        await Consumption("group", apply, topics=["t"]).take(counted, [record(0)])


async def test_a_topic_made_anew_while_it_is_read_is_taken_from_its_beginning(
    kafka: Kafka, counted: asyncpg.Pool
) -> None:
    """Its offsets begin again below what was taken, in the same cluster and without a new assignment."""
    topic, group = f"test.{uuid.uuid4().hex[:8]}", f"test-{uuid.uuid4().hex[:8]}"
    admin = AIOKafkaAdminClient(**kafka.options())
    await admin.start()
    producer = AIOKafkaProducer(**kafka.options())
    await producer.start()

    async def make() -> bool:
        answer = await admin.create_topics([NewTopic(topic, 1, 1)])
        return bool(answer.topic_errors[0][1] == 0)

    async def send(numbers: Sequence[int]) -> None:
        for n in numbers:
            await producer.send_and_wait(topic, str(n).encode())

    await make()
    taking = Consumption(group, apply, topics=[topic])
    broker = make_broker(kafka, "test")
    taking.subscribe(broker, counted, kafka)
    await send(range(5))
    await broker.start()
    try:
        await eventually(lambda: effects(counted), lambda found: found == [0, 1, 2, 3, 4])
        await admin.delete_topics([topic])
        await eventually(make)
        await send([10, 11])
        await eventually(lambda: effects(counted), lambda found: found == [0, 1, 2, 3, 4, 10, 11], seconds=40)
    finally:
        await broker.stop()
        await producer.stop()
        await admin.delete_topics([topic])
        await admin.close()


class _Reader:
    """What the fence asks of a consumer: what is its own, the end it saw last, and the end that Kafka has."""

    def __init__(self, seen: int, end: int) -> None:
        self.seen, self.end, self.consumer = seen, end, self

    def assignment(self) -> set[TopicPartition]:
        return {TopicPartition("t", 0)}

    def highwater(self, _: TopicPartition) -> int:
        return self.seen

    async def end_offsets(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(partitions, self.end)


@pytest.mark.parametrize(("end", "wanted"), [(500, [499]), (2, [499, 0, 1])])
async def test_a_partition_that_ends_before_what_was_taken_begins_again_but_a_zombie_s_view_of_it_is_no_proof(
    counted: asyncpg.Pool, end: int, wanted: list[int]
) -> None:
    await consumption().take(counted, [record(499)])
    taking = consumption()
    taking._subscriber = _Reader(seen=2, end=end)
    await taking.take(counted, [record(0), record(1)])
    await taking.take(counted, [record(0), record(1)])
    assert await effects(counted) == wanted
    assert await counted.fetchval("select next_offset from consumed") == (2 if end == 2 else 500)


class _Seeker:
    """What the listener asks of a consumer: where the log ends, and to seek."""

    def __init__(self, ends: dict[TopicPartition, int]) -> None:
        self.ends, self.sought = ends, dict[TopicPartition, int]()
        self.starts = dict[TopicPartition, int]()

    async def end_offsets(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        return {partition: self.ends[partition] for partition in partitions}

    async def beginning_offsets(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        return {partition: self.starts.get(partition, 0) for partition in partitions}

    def seek(self, partition: TopicPartition, offset: int) -> None:
        self.sought[partition] = offset

    async def seek_to_beginning(self, partition: TopicPartition) -> None:
        self.sought[partition] = 0


async def test_at_assignment_the_database_says_where_to_read_on(services: Services, counted: asyncpg.Pool) -> None:
    taking = consumption()
    taking._pool, taking._kafka = counted, services.kafka
    taking.fence.cluster_id = await cluster_id(services.kafka)
    await taking.take(counted, [record(6, 0), record(40, 1)])
    consumer = _Seeker({TopicPartition("t", 0): 100, TopicPartition("t", 1): 12, TopicPartition("t", 2): 3})
    await taking.assigned(consumer, list(consumer.ends))  # type: ignore[arg-type]
    assert consumer.sought == {TopicPartition("t", 0): 7, TopicPartition("t", 1): 0, TopicPartition("t", 2): 0}
    await taking.take(counted, [record(0, 1)])
    assert await effects(counted) == [6, 40, 0]


async def test_records_that_kafka_kept_no_longer_are_missed_aloud(
    services: Services, counted: asyncpg.Pool, capsys: pytest.CaptureFixture[str]
) -> None:
    """As after the restore of a backup that is older than Kafka's retention."""
    configure_logs("test", "info")
    taking = consumption()
    taking._pool, taking._kafka = counted, services.kafka
    taking.fence.cluster_id = await cluster_id(services.kafka)
    await taking.take(counted, [record(6)])
    consumer = _Seeker({TopicPartition("t", 0): 100})
    consumer.starts = {TopicPartition("t", 0): 50}
    await taking.assigned(consumer, list(consumer.ends))  # type: ignore[arg-type]
    assert taking.gaps == 1
    said = [orjson.loads(line) for line in capsys.readouterr().out.splitlines() if "kafka_log_gap" in line]
    assert [(each["topic"], each["expected"], each["first"]) for each in said] == [("t", 7, 50)]


async def test_records_already_in_kafka_are_read_from_the_database_s_offset_not_from_kafka_s(
    kafka: Kafka, counted: asyncpg.Pool
) -> None:
    """The database is behind Kafka's own commit (a backup was restored): what lies between is read again."""
    topic, group = f"test.{uuid.uuid4().hex[:8]}", f"test-{uuid.uuid4().hex[:8]}"
    admin = AIOKafkaAdminClient(**kafka.options())
    await admin.start()
    await admin.create_topics([NewTopic(topic, 1, 1)])
    producer = AIOKafkaProducer(**kafka.options())
    await producer.start()

    async def consume(wanted: list[int]) -> None:
        taking = Consumption(group, apply, topics=[topic])
        broker = make_broker(kafka, group)
        taking.subscribe(broker, counted, kafka)
        await broker.start()
        try:
            await eventually(lambda: effects(counted), lambda found: found == wanted)
        finally:
            await broker.stop()

    try:
        for n in range(5):
            await producer.send_and_wait(topic, str(n).encode())
        await consume([0, 1, 2, 3, 4])
        await counted.execute("update consumed set next_offset = 2; delete from effect where n >= 2")
        await consume([0, 1, 2, 3, 4])
    finally:
        await producer.stop()
        await admin.delete_topics([topic])
        await admin.close()


async def test_a_group_that_was_refused_for_a_moment_is_joined_again(kafka: Kafka, counted: asyncpg.Pool) -> None:
    """As where Kafka was made anew and its permissions came a moment later."""
    topic, group, name = (f"test-{uuid.uuid4().hex[:8]}" for _ in range(3))
    principals, own = Principals(kafka), Principal(name, "secret", {"read": [topic], "groups": [group]})
    reader = Kafka(kafka.bootstrap, name, "secret", mechanism="SCRAM-SHA-512")
    admin, producer = AIOKafkaAdminClient(**kafka.options()), AIOKafkaProducer(**kafka.options())
    await admin.start()
    await producer.start()
    await admin.create_topics([NewTopic(topic, 1, 1)])
    await asyncio.to_thread(principals.admit, [own])
    taking, broker, connected = Consumption(group, apply, topics=[topic]), make_broker(reader, group), list[bool]()
    taking.subscribe(broker, counted, kafka)
    reading = asyncio.create_task(keep_reading(broker, [taking], lambda: asyncio.sleep(0), connected.append))
    try:
        await producer.send_and_wait(topic, b"1")
        await eventually(lambda: effects(counted), lambda found: found == [1])
        await asyncio.to_thread(principals.expel, [name])
        await eventually(lambda: asyncio.sleep(0, connected[-1]), lambda is_connected: not is_connected, seconds=20)
        await asyncio.to_thread(principals.admit, [own])
        await producer.send_and_wait(topic, b"2")
        await eventually(lambda: effects(counted), lambda found: found == [1, 2], seconds=20)
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        await stop_broker(broker)
        await producer.stop()
        await admin.delete_topics([topic])
        await admin.close()
        await asyncio.to_thread(principals.expel, [name])


@dataclass
class Reader:
    """One that reads a topic for ever; `send` gives it something to read, `connected` is what it said of itself."""

    broker: KafkaBroker
    send: Callable[[bytes], Awaitable[Any]]
    connected: list[bool]

    @property
    def consumer(self) -> Any:
        return self.broker.subscribers[0].consumer  # type: ignore[attr-defined]


@pytest.fixture
async def reader(kafka: Kafka, counted: asyncpg.Pool) -> AsyncIterator[Reader]:
    topic, group = (f"test-{uuid.uuid4().hex[:8]}" for _ in range(2))
    taking, broker = Consumption(group, apply, topics=[topic]), make_broker(kafka, group)
    taking.subscribe(broker, counted, kafka)
    admin, producer = AIOKafkaAdminClient(**kafka.options()), AIOKafkaProducer(**kafka.options())
    await admin.start()
    await admin.create_topics([NewTopic(topic, 1, 1)])
    await producer.start()
    before = partial(leave_for_predecessors, kafka, [group], group)
    connected: list[bool] = []
    reading = asyncio.create_task(keep_reading(broker, [taking], before, connected.append))
    yield Reader(broker, partial(producer.send_and_wait, topic), connected)
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    await stop_broker(broker)
    await producer.stop()
    await admin.delete_topics([topic])
    await admin.close()


async def test_a_reader_with_nothing_to_read_asks_seldom(
    reader: Reader, counted: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    await reader.send(b"1")
    await eventually(lambda: effects(counted), lambda found: found == [1])
    asked: list[float] = []
    getmany = AIOKafkaConsumer.getmany

    async def counting(*arguments: Any, **options: Any) -> Any:
        asked.append(time.monotonic())
        return await getmany(*arguments, **options)

    monkeypatch.setattr(AIOKafkaConsumer, "getmany", counting)
    await eventually(lambda: asyncio.sleep(0, asked), lambda times: len(times) > 4)
    assert asked[4] - asked[0] > 0.8
    await reader.send(b"2")
    await eventually(lambda: effects(counted), lambda found: found == [1, 2])


@pytest.mark.parametrize("task", ["_client._sync_task", "_fetcher._fetch_task", "_coordinator._coordination_task"])
async def test_a_reader_reads_on_though_a_task_of_its_library_has_ended(
    reader: Reader, counted: asyncpg.Pool, task: str
) -> None:
    await reader.send(b"1")
    await eventually(lambda: effects(counted), lambda found: found == [1])
    before = reader.consumer
    attrgetter(task)(before).cancel()
    await eventually(lambda: asyncio.sleep(0, reader.consumer), lambda now: now not in (before, None))
    await reader.send(b"2")
    await eventually(lambda: effects(counted), lambda found: found == [1, 2])


async def test_a_reader_that_stands_still_for_no_reason_that_can_be_seen_is_made_anew(
    reader: Reader, counted: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one that waits for what never ends: it has more to read, and nobody reads it."""
    monkeypatch.setattr(broker_module, "STILL_SECONDS", 2.0)
    monkeypatch.setattr(broker_module, "_STOP_SECONDS", 1.0)
    await reader.send(b"1")
    await eventually(lambda: effects(counted), lambda found: found == [1])
    monkeypatch.setattr(reader.consumer._fetcher, "fetched_records", lambda *_, **__: asyncio.Event().wait())
    for n in (2, 3):
        await reader.send(str(n).encode())
        await eventually(lambda: effects(counted), lambda found: len(found) > 1)
    await eventually(lambda: effects(counted), lambda found: found == [1, 2, 3])


async def test_kafka_is_told_how_far_a_reader_is_and_reading_does_not_wait_for_it(
    reader: Reader, counted: asyncpg.Pool
) -> None:
    async def told() -> Any:
        return await reader.consumer.committed(next(iter(reader.consumer.assignment())))

    await reader.send(b"1")
    await eventually(lambda: effects(counted), lambda found: found == [1])
    await eventually(told, lambda offset: offset == 1)
    async with reader.consumer._coordinator._commit_lock:  # as while Kafka does not answer
        for n in (2, 3):
            await reader.send(str(n).encode())
            await eventually(lambda: effects(counted), lambda found, n=n: len(found) == n)
        assert await told() == 1
    await eventually(told, lambda offset: offset == 3)


async def test_a_reader_whose_batch_takes_long_is_left_at_it(
    reader: Reader, counted: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broker_module, "STILL_SECONDS", 1.0)
    await reader.send(b"1")
    await eventually(lambda: effects(counted), lambda found: found == [1])
    async with counted.acquire() as connection, connection.transaction():
        await connection.execute("lock table effect in access exclusive mode")
        await reader.send(b"2")
        await eventually(lambda: counted.fetchval(WAITING))
        await reader.send(b"3")
        with pytest.raises(AssertionError, match=r"the last answer: \[True\]"):
            await eventually(lambda: asyncio.sleep(0, reader.connected), lambda said: len(said) > 1, seconds=3)
    await eventually(lambda: effects(counted), lambda found: found == [1, 2, 3])


async def test_a_kafka_that_does_not_answer_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that starts again may have forgotten a question; how long it may hold one, it says itself."""
    longest_hold = signature(AIOKafkaConsumer).parameters["session_timeout_ms"].default / 1000
    assert longest_hold < broker_module.ANSWER_SECONDS < 2 * longest_hold
    monkeypatch.setattr(broker_module, "ANSWER_SECONDS", 0.3)
    asked: list[asyncio.StreamWriter] = []
    silent = await asyncio.start_server(lambda _reader, writer: asked.append(writer), "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    broker = make_broker(Kafka(f"127.0.0.1:{port}"), "test")
    taking = Consumption("test", apply, topics=["test"])
    taking.subscribe(broker, None, Kafka(""))  # type: ignore[arg-type]  # never read
    reading = asyncio.create_task(keep_reading(broker, [taking], lambda: asyncio.sleep(0), lambda _: None))
    try:
        await eventually(lambda: asyncio.sleep(0, len(asked)), lambda times: times > 1, seconds=10)
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        await stop_broker(broker)
        for each in asked:
            each.close()
        silent.close()
