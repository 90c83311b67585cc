"""No department waits for another's backlog: at each door everyone has a turn."""

import asyncio
import uuid
from io import BytesIO
from typing import Any

import orjson
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from guichet import keys
from guichet.client import Services
from shared.fair_consumer import FairConsumer
from shared.kafka import Kafka
from shared.testing import eventually, status_event


async def test_records_of_one_department_do_not_stand_before_those_of_another(kafka: Kafka) -> None:
    names = [f"test.{uuid.uuid4().hex[:8]}" for _ in range(3)]
    admin = AIOKafkaAdminClient(**kafka.options())
    await admin.start()
    await admin.create_topics([NewTopic(name, 1, 1) for name in names])
    producer = AIOKafkaProducer(**kafka.options())
    await producer.start()
    for number in range(3_000):
        await producer.send(names[0], str(number).encode())
    for name in names[1:]:
        for number in range(30):
            await producer.send(name, str(number).encode())
    await producer.stop()
    consumer = FairConsumer(**kafka.options(), auto_offset_reset="earliest")
    await consumer.start()
    try:
        consumer.assign([TopicPartition(name, 0) for name in names])
        everything: dict[str, list[int]] = {name: [] for name in names}
        turns: list[dict[str, int]] = []

        async def read() -> int:
            found = await consumer.getmany(timeout_ms=200, max_records=500)
            turns.append({partition.topic: len(records) for partition, records in found.items()})
            for partition, records in found.items():
                everything[partition.topic] += [int(record.value) for record in records]
            return sum(map(len, everything.values()))

        await eventually(read, lambda records: records == 3_060)
        assert [everything[name] for name in names] == [list(range(3_000)), list(range(30)), list(range(30))]
        assert all(sum(turn.values()) <= 500 for turn in turns)
        # Alone it may fill a batch; from when the others' are here, it has its turn and they have theirs.
        first = next(at for at, turn in enumerate(turns) if names[1] in turn)
        last = max(at for at, turn in enumerate(turns) if names[1] in turn or names[2] in turn)
        assert last - first <= 1
        assert sum(turn.get(names[0], 0) for turn in turns[: last + 1]) < 3_000
    finally:
        await consumer.stop()
        await admin.delete_topics(names)
        await admin.close()


async def test_an_event_does_not_wait_for_another_department_s_ten_thousand(services: Services, unique: str) -> None:
    """The order of positions tells it: the one event stands among the first of the ten thousand, not behind them."""
    many, one = [(await keys.create(services, org))["key"] for org in ("9004", "9005")]
    backlog = [orjson.dumps(status_event("9004", f"{unique}-{n}", "submitted")) for n in range(8_000)]

    async def after_a_start() -> list[dict[str, Any]]:
        head = (await services.ask("status", "/v1/log"))["position"]
        await eventually(lambda: services.ask("status", "/v1/log"), lambda log: log["position"] > head)
        return await services.send("status", one, [orjson.dumps(status_event("9005", unique, "submitted"))])

    parts = (services.send("status", many, backlog[start : start + 2_000]) for start in range(0, len(backlog), 2_000))
    single, *answered = await asyncio.gather(after_a_start(), *parts)
    receipts = [receipt for each in answered for receipt in each]
    assert {receipt["outcome"] for receipt in [*single, *receipts]} == {"accepted"}
    behind = sum(receipt["position"] > single[0]["position"] for receipt in receipts)
    assert behind > 2_000


async def test_a_key_is_told_how_much_it_may_still_send(
    services: Services, http: Any, key: str, org: str, unique: str
) -> None:
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/cloudevents+json"}
    body = orjson.dumps(status_event(org, unique, "submitted"))
    async with http.post(f"{services.url('status')}/v1/events", data=body, headers=headers) as answer:
        assert answer.status == 202
        assert answer.headers["RateLimit-Policy"] == '"events";q=200000;w=4'
        assert answer.headers["RateLimit"].startswith('"events";r=')


async def test_whoever_is_told_to_come_later_keeps_what_the_key_may_send(
    services: Services, http: Any, unique: str
) -> None:
    """More at once than may wait for one sender, and than the key's bucket could pay for if refusals cost anything."""
    made = await keys.create(services, "9013", ["status"])
    headers = {"Authorization": f"Bearer {made['key']}", "Content-Type": "application/x-ndjson"}
    body = b"\n".join([orjson.dumps(status_event("9013", unique, "submitted"))] * 10_000)

    async def send() -> tuple[int, int]:
        async with http.post(f"{services.url('status')}/v1/events", data=BytesIO(body), headers=headers) as answer:
            return answer.status, int(answer.headers["RateLimit"].split(";")[1].removeprefix("r="))

    answered = await asyncio.gather(*(send() for _ in range(8)))
    assert {status for status, _ in answered} > {503}
    # Two requests at most wait at once; whatever else was taken is back.
    assert min(left for status, left in answered if status == 503) >= 200_000 - 8 * 10_000


async def test_whom_nobody_can_answer_delays_nobody(
    services: Services, kafka: Kafka, org: str, key: str, unique: str
) -> None:
    """A department's refusals cannot be told, since its topic for them is not there: others do not wait for that."""
    admin = AIOKafkaAdminClient(**kafka.options())
    await admin.start()
    await admin.create_topics([NewTopic("ingest.status.9011", 1, 1)])
    producer = AIOKafkaProducer(**kafka.options())
    await producer.start()

    async def receipt(event_id: str) -> Any:
        path = f"/v1/receipts/{event_id}"
        status, answer = await services._request("GET", "status", path, None, "application/json", key)
        return answer if status == 200 else None

    try:
        await producer.send_and_wait("ingest.status.9011", orjson.dumps(status_event("9011", unique, "no_such_state")))
        refused = {"code": "invalid_value", "org": "9011"}
        await eventually(
            lambda: services.ask("status", "/v1/dead-letters", query=refused), lambda found: found["items"], 40
        )
        good = status_event(org, unique, "submitted")
        await producer.send_and_wait(f"ingest.status.{org}", orjson.dumps(good))
        assert await eventually(lambda: receipt(good["id"]), seconds=5)
    finally:
        await producer.stop()
        await admin.delete_topics(["ingest.status.9011"])
        await admin.close()
