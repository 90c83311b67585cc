"""The relay: everything recorded is published, in order, with the same bytes however often."""

import asyncio
from typing import Any

import orjson
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from guichet.client import Services
from guichet.topics import declared
from shared.kafka import Kafka
from shared.publishing import silence
from shared.testing import eventually, status_event

TOPIC = "status.applications.v1"


async def _records(services: Services, subject: str, wanted: int) -> list[Any]:
    """All records of one application on the topic, by offset, once there are so many."""
    consumer = AIOKafkaConsumer(**services.kafka.options(), auto_offset_reset="earliest")
    await consumer.start()
    try:
        consumer.assign([TopicPartition(TOPIC, n) for n in range(declared()[TOPIC]["partitions"])])
        found: list[Any] = []

        async def read() -> list[Any]:
            batches = await consumer.getmany(timeout_ms=300)
            found.extend(r for records in batches.values() for r in records if r.key == subject.encode())
            return found

        return await eventually(read, lambda records: len(records) >= wanted)
    finally:
        await consumer.stop()


async def test_changes_of_one_application_are_published_in_their_order_on_one_partition(
    services: Services, key: str, org: str, unique: str
) -> None:
    states = ["submitted", "in_review", "information_requested", "information_received", "decided", "closed"]
    for number, state in enumerate(states, 1):
        await services.send("status", key, [orjson.dumps(status_event(org, unique, state, number=number))])
    records = await _records(services, f"{org}/{unique}", len(states))
    events = [orjson.loads(record.value) for record in records]
    assert [event["data"]["to_state"] for event in events] == states
    assert [event["data"]["version"] for event in events] == list(range(1, 7))
    assert len({record.partition for record in records}) == 1
    assert [int(event["id"]) for event in events] == sorted(int(event["id"]) for event in events)
    assert dict(records[0].headers) == {"ce_type": events[0]["type"].encode(), "ce_id": events[0]["id"].encode()}


async def test_what_a_producer_had_not_sent_is_not_sent_once_another_has_taken_its_place(
    kafka: Kafka, unique: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic, options, answers = f"test-{unique}", {**kafka.options(), "enable_idempotence": True}, asyncio.Event()
    admin, before = AIOKafkaAdminClient(**kafka.options()), AIOKafkaProducer(**options)
    await admin.start()
    await admin.create_topics([NewTopic(topic, 1, 1)])
    await before.start()
    await before.send_and_wait(topic, b"acknowledged")
    send = before.client.send

    async def once_it_answers(*arguments: Any, **more: Any) -> Any:
        await answers.wait()
        return await send(*arguments, **more)

    monkeypatch.setattr(before.client, "send", once_it_answers)
    sent = [await before.send(topic, b"on its way", partition=0)]
    await eventually(lambda: asyncio.sleep(0, before._sender._in_flight))
    sent.append(await before.send(topic, b"waiting", partition=0))
    await silence(before)
    answers.set()
    await asyncio.wait(sent, timeout=2)
    async with AIOKafkaProducer(**options) as after:
        await after.send_and_wait(topic, b"after")
    async with AIOKafkaConsumer(topic, **kafka.options(), auto_offset_reset="earliest") as consumer:
        found: list[bytes] = []

        async def read() -> list[bytes]:
            found.extend(each.value for some in (await consumer.getmany(timeout_ms=300)).values() for each in some)
            return found

        await eventually(read, lambda values: b"after" in values)
    assert b"waiting" not in found
    for each in sent:
        each.cancel()
    await admin.delete_topics([topic])
    await admin.close()


async def test_nothing_that_must_stay_private_is_published(services: Services, key: str, org: str, unique: str) -> None:
    private = {"reason": {"en": f"Reason {unique}-en", "fr": f"Motif {unique}-fr"}, "client_id": f"client-{unique}"}
    event = status_event(org, unique, "decided", outcome="refused", **private)
    await services.send("status", key, [orjson.dumps(event)])
    value = (await _records(services, f"{org}/{unique}", 1))[0].value.decode()
    for word in (f"{unique}-en", f"{unique}-fr", f"client-{unique}"):
        assert word not in value
