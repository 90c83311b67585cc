"""Binary mode at both doors: the attributes in headers, the data in the body, and the same event as in structured mode."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from urllib.parse import quote

import aiohttp
import orjson
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from guichet.client import Services
from shared.kafka import Kafka
from shared.testing import eventually, status_event
from tests.integration.conftest import LookUp

Post = Callable[..., Awaitable[tuple[int, Any]]]
Headers = list[tuple[str, bytes]]


def attributes(event: dict[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in event.items() if name != "data"}


def over_http(event: dict[str, Any]) -> dict[str, str]:
    return {f"ce-{name}": quote(value, safe="/:+") for name, value in attributes(event).items()}


def over_kafka(event: dict[str, Any], kind: str = "application/json") -> Headers:
    named = [(f"ce_{name}", value.encode()) for name, value in attributes(event).items()]
    return [("content-type", kind.encode()), *named]


def data(event: dict[str, Any]) -> bytes:
    return orjson.dumps(event["data"])


@pytest.fixture
def post(services: Services, http: aiohttp.ClientSession, key: str) -> Post:
    async def send(body: bytes, headers: Any, kind: str | None = "application/json") -> tuple[int, Any]:
        sent = [("Authorization", f"Bearer {key}"), *(headers.items() if isinstance(headers, dict) else headers)]
        sent += [("Content-Type", kind)] if kind is not None else []
        skipped = ["Content-Type"] if kind is None else []
        url = f"{services.url('status')}/v1/events"
        async with http.post(url, data=body, headers=sent, skip_auto_headers=skipped) as answer:
            return answer.status, orjson.loads(await answer.read())

    return send


@pytest.fixture
async def producer(kafka_of_department: Kafka) -> AsyncIterator[AIOKafkaProducer]:
    found = AIOKafkaProducer(**kafka_of_department.options())
    await found.start()
    yield found
    await found.stop()


# HTTP


async def test_an_event_in_binary_mode_is_accepted_and_in_structured_mode_a_duplicate_of_itself(
    post: Post, org: str, unique: str
) -> None:
    event = status_event(org, unique, "submitted", reason={"en": "Ça va", "fr": "Été"})
    status, first = await post(data(event), over_http(event))
    assert status == 202, first
    status, again = await post(orjson.dumps(event), {}, "application/cloudevents+json")
    assert (status, again["receipts"][0]["outcome"]) == (200, "duplicate")
    for field in ("position", "recorded_at", "tracking_code"):
        assert again["receipts"][0][field] == first["receipts"][0][field]
    other = {**event, "data": {**event["data"], "state": "decided"}}
    status, conflict = await post(data(other), over_http(other))
    assert (status, conflict["receipts"][0]["problem"]["code"]) == (422, "id_conflict")


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", 'Application/JSON;charset="UTF-8"', None])
async def test_the_data_is_json_in_utf_8_also_where_nothing_says_so(
    post: Post, org: str, unique: str, kind: str | None
) -> None:
    event = status_event(org, unique, "submitted")
    status, answer = await post(data(event), over_http(event), kind)
    assert (status, answer["receipts"][0]["outcome"]) == (202, "accepted")


async def test_attributes_are_percent_decoded_once_and_unquoted(post: Post, org: str, unique: str) -> None:
    event = status_event(org, unique, "submitted", id=f"{unique} é%41 €")
    headers = {**over_http(event), "ce-subject": '"Euro \\"€\\""'.replace("€", "%E2%82%AC"), "ce-traceparent": "00-ab"}
    status, answer = await post(data(event), headers)
    assert (status, answer["receipts"][0]["id"]) == (202, event["id"])


async def test_a_cloudevents_media_type_means_structured_whatever_the_headers_say(
    post: Post, org: str, unique: str
) -> None:
    event, other = status_event(org, unique, "submitted"), status_event("134", f"{unique}-other", "submitted")
    status, answer = await post(orjson.dumps(event), over_http(other), "application/cloudevents+json")
    assert (status, answer["receipts"][0]["id"]) == (202, event["id"])


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"ce-subject": "100%"}, "invalid_envelope", "subject"),
        ({"ce-subject": "%C0%A0"}, "invalid_envelope", "subject"),
        ({"ce-subject": "%ED%A0%80"}, "invalid_envelope", "subject"),
        ({"ce-subject": "%e9"}, "invalid_envelope", "subject"),
        ({"ce-subject": "a%0D%0Ab"}, "invalid_envelope", "subject"),
        ({"ce-subject": "%1B[31m"}, "invalid_envelope", "subject"),
        ({"ce-subject": "%E2%80%AEevil"}, "invalid_envelope", "subject"),
        ({"ce-trace-id": "a"}, "invalid_envelope", "data"),
        ({"ce-data": "{}"}, "invalid_envelope", "data"),
        ({"ce-datacontenttype": "application/json"}, "invalid_envelope", "datacontenttype"),
        ({"ce-specversion": "0.3"}, "invalid_envelope", "specversion"),
        ({"ce-time": "yesterday"}, "invalid_envelope", "time"),
        ({"ce-time": "2026-05-04T11:00:00"}, "invalid_envelope", "time"),
        ({"ce-source": "/organizations/134/cases"}, "wrong_organization", "source"),
        ({"ce-type": "guichet.feedback.FeedbackReported.v1"}, "unknown_type", "type"),
    ],
)
async def test_what_is_wrong_with_a_header_is_told_with_its_attribute(
    post: Post, org: str, unique: str, changes: dict[str, str], code: str, field: str
) -> None:
    event = status_event(org, unique, "submitted")
    status, answer = await post(data(event), {**over_http(event), **changes})
    receipt = answer["receipts"][0]
    assert (status, receipt["outcome"], receipt["id"]) == (422, "rejected", event["id"])
    assert (receipt["problem"]["code"], receipt["problem"]["field"]) == (code, field)
    assert receipt["problem"]["detail"]["en"] != receipt["problem"]["detail"]["fr"]


@pytest.mark.parametrize("missing", ["specversion", "id", "source", "type", "time"])
async def test_a_header_that_is_missing_is_named(post: Post, org: str, unique: str, missing: str) -> None:
    event = status_event(org, unique, "submitted")
    headers = {name: value for name, value in over_http(event).items() if name != f"ce-{missing}"}
    status, answer = await post(data(event), headers)
    assert (status, answer["receipts"][0]["problem"]["field"]) == (422, missing)


async def test_an_attribute_given_twice_is_refused(post: Post, org: str, unique: str) -> None:
    event = status_event(org, unique, "submitted")
    status, answer = await post(data(event), [*over_http(event).items(), ("ce-id", f"{unique}-other")])
    receipt = answer["receipts"][0]
    assert (status, receipt["problem"]["code"], receipt["problem"]["field"]) == (422, "invalid_envelope", "id")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "invalid_envelope"),
        (b"{", "unreadable"),
        (b"\xff\xfe", "unreadable"),
        (b'{"a": NaN}', "unreadable"),
        (b"[]", "invalid_envelope"),
        (b'{}, "source": "/organizations/134"', "unreadable"),
        (b"[" * 300 + b"]" * 300, "too_deep"),
        (b'{"text": "' + b"x" * 256 * 1024 + b'"}', "too_large"),
        (b'{"application_id": "\\u0000"}', "invalid_value"),
    ],
    ids=["empty", "broken", "not UTF-8", "NaN", "array", "more than one value", "deep", "large", "NUL"],
)
async def test_data_is_held_to_the_limits_of_an_event(
    post: Post, org: str, unique: str, body: bytes, code: str
) -> None:
    event = status_event(org, unique, "submitted")
    status, answer = await post(body, over_http(event))
    receipt = answer["receipts"][0]
    assert (status, receipt["problem"]["code"], receipt["id"]) == (422, code, event["id"])


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/xml", "application/json; charset=iso-8859-1", "application/x-ndjson"],
)
async def test_data_of_another_media_type_is_refused_with_what_would_be_read(
    post: Post, org: str, unique: str, kind: str
) -> None:
    event = status_event(org, unique, "submitted")
    status, answer = await post(data(event), over_http(event), kind)
    assert (status, answer["code"]) == (415, "unsupported_media_type")
    assert "application/json" in answer["detail"]


# Kafka


async def test_records_in_both_modes_are_one_event(
    services: Services, producer: AIOKafkaProducer, receipt_of: LookUp, key: str, org: str, unique: str
) -> None:
    event = status_event(org, unique, "submitted")
    last = status_event(org, f"{unique}-last", "submitted")
    topic = f"ingest.status.{org}"
    await producer.send_and_wait(topic, data(event), headers=over_kafka(event, "application/json; charset=utf-8"))
    first = await eventually(lambda: receipt_of(event["id"]), seconds=40)
    structured = [("content-type", b"application/cloudevents+json; charset=UTF-8")]
    await producer.send_and_wait(topic, orjson.dumps(event), headers=structured)
    await producer.send_and_wait(topic, data(last), headers=over_kafka(last)[1:])
    assert (await eventually(lambda: receipt_of(last["id"])))["outcome"] == "accepted"
    assert await receipt_of(event["id"]) == first
    again = await services.send("status", key, [orjson.dumps(event)])
    assert (again[0]["outcome"], again[0]["position"]) == ("duplicate", first["position"])


async def test_a_bad_header_is_its_own_record_s_rejection_and_no_neighbour_s(
    services: Services, producer: AIOKafkaProducer, kafka: Kafka, receipt_of: LookUp, org: str, unique: str
) -> None:
    topic = f"ingest.status.{org}"
    event = status_event(org, unique, "submitted")
    good = over_kafka(event)
    records: dict[str, tuple[Headers, bytes | None, str, str | None]] = {
        "null": ([*good, ("ce_subject", None)], b"{}", "invalid_envelope", "subject"),  # type: ignore[list-item]
        "binary": ([*good, ("ce_blob", b"\xff\xfe\x00")], b"{}", "invalid_envelope", "blob"),
        "twice": ([*good, ("ce_id", b"other")], b"{}", "invalid_envelope", "id"),
        "two types": ([*good, ("content-type", b"text/plain")], b"{}", "unsupported_media_type", None),
        "no type": ([("content-type", None), *good[1:]], b"{}", "unsupported_media_type", None),  # type: ignore[list-item]
        "text": ([("content-type", b"text/plain"), *good[1:]], b"{}", "unsupported_media_type", None),
        "avro": ([("content-type", b"application/cloudevents+avro")], b"{}", "unsupported_media_type", None),
        "batch": ([("content-type", b"application/cloudevents-batch+json")], b"[]", "unsupported_media_type", None),
        "no data": (good, None, "invalid_envelope", "data"),
        "broken": (good, b"{", "unreadable", "data"),
        "control": ([*good[:-1], ("ce_subject", b"a\r\nb\x1b[0m")], b"{}", "invalid_envelope", "subject"),
    }
    sent = {}
    for name, (headers, value, _, _) in records.items():
        sent[(await producer.send_and_wait(topic, value, b"key", headers=headers)).offset] = name
    neighbour = status_event(org, f"{unique}-n", "submitted")
    await producer.send_and_wait(topic, data(neighbour), headers=over_kafka(neighbour))
    assert (await eventually(lambda: receipt_of(neighbour["id"]), seconds=40))["outcome"] == "accepted"
    answers = await _rejections(kafka, org, set(sent))
    told = {
        sent[offset]: (answer["problem"]["code"], answer["problem"].get("field")) for offset, answer in answers.items()
    }
    assert told == {name: (code, field) for name, (_, _, code, field) in records.items()}


async def _rejections(kafka: Kafka, org: str, offsets: set[int]) -> dict[int, Any]:
    consumer = AIOKafkaConsumer(f"rejected.status.{org}", **kafka.options(), auto_offset_reset="earliest")
    await consumer.start()
    found: dict[int, Any] = {}

    async def answers() -> dict[int, Any]:
        for records in (await consumer.getmany(timeout_ms=500)).values():
            for record in records:
                answer = orjson.loads(record.value)
                if answer["offset"] in offsets:
                    found[answer["offset"]] = answer
        return found

    try:
        return await eventually(answers, lambda seen: seen.keys() == offsets, seconds=40)
    finally:
        await consumer.stop()
