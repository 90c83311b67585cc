"""The Kafka door: a department's own topic in, what was refused back."""

from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from guichet.client import Services
from shared.kafka import Kafka
from shared.testing import eventually, status_event


@pytest.fixture
async def producer(kafka: Kafka) -> AsyncIterator[AIOKafkaProducer]:
    found = AIOKafkaProducer(**kafka.options())
    await found.start()
    yield found
    await found.stop()


async def _receipt(services: Services, key: str, event_id: str) -> Any:
    status, answer = await services._request("GET", "status", f"/v1/receipts/{event_id}", None, "application/json", key)
    return answer if status == 200 else None


async def test_a_broken_record_between_good_ones_harms_only_itself(
    services: Services, producer: AIOKafkaProducer, key: str, org: str, unique: str
) -> None:
    good = [orjson.dumps(status_event(org, f"{unique}-{n}", "submitted")) for n in range(4)]
    records: list[tuple[bytes | None, list[tuple[str, bytes]] | None]] = [
        (good[0], None),
        (None, None),
        (good[1], [("trace", None), ("blob", b"\xff\xfe\x00")]),  # type: ignore[list-item]
        (b"\xff\xfe not utf-8", None),
        (b'{"specversion": "1.0", ', None),
        (good[2], [("content-type", b"application/octet-stream")]),
        (b"[" * 500, None),
        (good[3], None),
    ]
    topic = f"ingest.status.{org}"
    for value, headers in records:
        await producer.send_and_wait(topic, value, key=b"k" if value is None else None, headers=headers)
    for n in range(4):
        receipt = await eventually(lambda n=n: _receipt(services, key, f"{unique}-{n}-1"), seconds=40)
        assert receipt["outcome"] == "accepted"


async def test_what_is_rejected_is_answered_on_the_department_s_own_topic_without_its_data(
    services: Services, producer: AIOKafkaProducer, key: str, org: str, unique: str
) -> None:
    event = status_event(org, unique, "no_such_state")
    sent = await producer.send_and_wait(f"ingest.status.{org}", orjson.dumps(event))
    consumer = AIOKafkaConsumer(
        f"rejected.status.{org}",
        **services.kafka.options(),
        auto_offset_reset="earliest",
    )
    await consumer.start()
    try:

        async def answers() -> list[Any]:
            batches = await consumer.getmany(timeout_ms=500)
            found.extend(orjson.loads(record.value) for records in batches.values() for record in records)
            return [each for each in found if each["id"] == event["id"]]

        found: list[Any] = []
        answer = (await eventually(answers, seconds=40))[0]
    finally:
        await consumer.stop()
    assert (answer["partition"], answer["offset"]) == (sent.partition, sent.offset)
    assert answer["problem"]["code"] == "invalid_value"
    assert answer["source"] == f"/organizations/{org}"
    assert "no_such_state" not in orjson.dumps({**answer, "problem": None}).decode()


async def test_the_topic_says_who_speaks(
    services: Services, producer: AIOKafkaProducer, key: str, org: str, unique: str
) -> None:
    event = status_event(org, unique, "submitted", source="/organizations/134/case-management")
    await producer.send_and_wait(f"ingest.status.{org}", orjson.dumps(event))
    receipt = await eventually(lambda: _receipt(services, key, event["id"]), seconds=40)
    assert receipt["problem"]["code"] == "wrong_organization"


async def test_an_event_by_both_doors_is_recorded_once(
    services: Services, producer: AIOKafkaProducer, key: str, org: str, unique: str
) -> None:
    event = orjson.dumps(status_event(org, unique, "submitted"))
    receipts = await services.send("status", key, [event])
    await producer.send_and_wait(f"ingest.status.{org}", event)
    last = orjson.dumps(status_event(org, f"{unique}-last", "submitted"))
    await producer.send_and_wait(f"ingest.status.{org}", last)
    await eventually(lambda: _receipt(services, key, f"{unique}-last-1"), seconds=40)
    found = await _receipt(services, key, f"{unique}-1")
    assert found["position"] == receipts[0]["position"]
