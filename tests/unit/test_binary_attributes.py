"""Binary mode is the structured event it stands for: judged alike, kept alike, whatever the headers hold."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.binary_mode import Attribute, attributes_of_http, attributes_of_kafka, is_binary, structured
from shared.contracts.reported.status import ApplicationStatusReported
from shared.decoding import Arrival, Received, Refusal, decode

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
REPORTED = "guichet.status.ApplicationStatusReported.v1"
KINDS = {REPORTED: ApplicationStatusReported}
SAID = {
    "specversion": "1.0",
    "id": "e-1",
    "source": "/organizations/134/cases",
    "type": REPORTED,
    "time": "2026-05-04T11:00:00Z",
}
DATA = {"application_id": "A-1", "service_id": "S-1", "state": "submitted"}
EVENT = {**SAID, "data": DATA}


def attributes(said: dict[str, str]) -> list[Attribute]:
    return [Attribute(name, value) for name, value in said.items()]


def http(name: str, value: bytes) -> Attribute:
    return attributes_of_http([(b"content-type", b"x"), (f"ce-{name}".encode(), value)])[0]


def judged(arrival: Arrival) -> Received | Refusal:
    return decode(arrival, KINDS, NOW)


def test_it_is_the_event_that_structured_mode_writes() -> None:
    arrival = structured(attributes(SAID), orjson.dumps(DATA), "134")
    assert orjson.loads(arrival.raw) == arrival.document == EVENT
    assert judged(arrival) == judged(Arrival(orjson.dumps(EVENT), "134"))


def test_what_is_kept_replays_as_it_came() -> None:
    for body in (orjson.dumps(DATA), orjson.dumps({**DATA, "state": "x"}), b"", b"[]", b"[" * 300 + b"]" * 300):
        arrival = structured(attributes(SAID), body, "134")
        first, again = judged(arrival), judged(Arrival(arrival.raw, "134"))
        assert type(first) is type(again)
        if isinstance(first, Refusal):
            assert again == first


def test_what_is_no_event_is_kept_readable_with_its_identity() -> None:
    arrival = structured(attributes(SAID), b"\xff\xfe{", "134")
    assert orjson.loads(arrival.raw) == {**SAID, "data_base64": "//57"}
    found = judged(arrival)
    assert isinstance(found, Refusal)
    assert (found.problem.code, found.problem.field, found.id) == ("unreadable", "data", "e-1")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b"plain", "plain"),
        (b"Euro%20%E2%82%AC%20%f0%9f%98%80", "Euro € 😀"),
        (b"%2525", "%25"),
        (b'"a \\"quoted\\" \\\\ word"', 'a "quoted" \\ word'),
        (b'before "in%20side" after', "before in side after"),
        (b'an open "quote', 'an open "quote'),
        (b"", ""),
    ],
)
def test_a_header_s_text_is_unquoted_and_percent_decoded_once(value: bytes, text: str) -> None:
    assert http("subject", value) == Attribute("subject", text)


@pytest.mark.parametrize("value", [b"%", b"100%", b"%4", b"%zz", b"%C0%A0", b"%ED%A0%80", b"%FF", b"\xe9", b"\xc3\xa9"])
def test_a_header_that_is_not_percent_encoded_utf_8_is_not_readable(value: bytes) -> None:
    found = http("subject", value)
    assert not found.readable
    refusal = judged(structured([*attributes(SAID), found], orjson.dumps(DATA), "134"))
    assert isinstance(refusal, Refusal)
    assert (refusal.problem.code, refusal.problem.field, refusal.id) == ("invalid_envelope", "subject", "e-1")


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_whatever_text_is_percent_encoded_comes_back(text: str) -> None:
    assert http("subject", quote(text).encode()) == Attribute("subject", text)
    assert attributes_of_kafka([("ce_subject", text.encode())]) == [Attribute("subject", text)]


@given(st.lists(st.tuples(st.text(max_size=8), st.none() | st.binary(max_size=20))), st.binary(max_size=40))
def test_no_header_and_no_body_can_make_it_fail(headers: list[tuple[str, bytes | None]], body: bytes) -> None:
    of_kafka = attributes_of_kafka([(f"ce_{name}", value) for name, value in headers])
    of_http = attributes_of_http([(f"ce-{name}".encode(), value or b"") for name, value in headers])
    for said in (of_kafka, of_http):
        arrival = structured([*attributes(SAID), *said], body, "134")
        assert isinstance(orjson.loads(arrival.raw), dict)
        assert judged(arrival)


@pytest.mark.parametrize(
    ("headers", "binary"),
    [
        ({"ce-id": "1"}, True),
        ({"ce-specversion": "1.0"}, True),
        ({"ce-traceparent": "00"}, False),
        ({"content-type": "application/json"}, False),
        ({}, False),
    ],
)
def test_an_attribute_that_every_event_has_means_binary_mode(headers: dict[str, Any], binary: bool) -> None:
    assert is_binary(attributes_of_http((k.encode(), v.encode()) for k, v in headers.items())) is binary
