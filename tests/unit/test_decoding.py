"""Every way an event can be refused before any service looks at it, and that nothing sent can make decoding fail."""

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from fastapi import Request
from hypothesis import example, given
from hypothesis import strategies as st

from shared.contracts.envelope import Event
from shared.contracts.reported.correction import ReportCorrected
from shared.contracts.reported.status import ApplicationStatusReported
from shared.decoding import MAX_DEPTH, MAX_EVENT_BYTES, Arrival, Received, Refusal, decode, digest_of
from shared.door.reading import MAX_BATCH, TooManyEvents, reader
from shared.problems import TITLES

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
REPORTED = "guichet.status.ApplicationStatusReported.v1"
KINDS = {REPORTED: ApplicationStatusReported, "guichet.status.ReportCorrected.v1": ReportCorrected}


def event(**changes: Any) -> dict[str, Any]:
    """A good event; `changes` take the place of its attributes."""
    return {
        "specversion": "1.0",
        "id": "e-1",
        "source": "/organizations/134/cases",
        "type": REPORTED,
        "time": "2026-05-04T11:00:00Z",
        "data": {"application_id": "A-1", "service_id": "S-1", "state": "submitted"},
        **changes,
    }


def data(**changes: Any) -> dict[str, Any]:
    return event(data={**event()["data"], **changes})


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in event().items() if key != name}


def decoded(document: Any, org_id: str = "134") -> Received | Refusal:
    raw = document if isinstance(document, bytes) else orjson.dumps(document)
    return decode(Arrival(raw, org_id), KINDS, NOW)


def refused(document: Any, org_id: str = "134") -> tuple[str, str | None]:
    """The code and field of a refusal, which must say something in each language, and not the same."""
    found = decoded(document, org_id)
    assert isinstance(found, Refusal), found
    detail = found.problem.detail
    assert detail.en
    assert detail.fr
    assert detail.en != detail.fr
    assert found.problem.code in TITLES
    return found.problem.code, found.problem.field


def accepted(document: Any, org_id: str = "134") -> Received:
    found = decoded(document, org_id)
    assert isinstance(found, Received), found
    return found


def nested(levels: int) -> dict[str, Any]:
    """An event of this many levels: itself, its data, its reason, and so on down."""
    value: Any = "bottom"
    for _ in range(levels - 2):
        value = {"en": value}
    return data(reason=value)


# What is accepted


def test_a_good_event_is_received_with_its_data_read_by_the_contract_of_its_type() -> None:
    found = accepted(event())
    assert (found.id, found.source, found.org_id, found.type) == ("e-1", "/organizations/134/cases", "134", REPORTED)
    assert found.time == datetime(2026, 5, 4, 11, 0, tzinfo=UTC)
    assert found.data == ApplicationStatusReported(application_id="A-1", service_id="S-1", state="submitted")
    assert found.warnings == []


def test_extension_attributes_of_cloudevents_are_let_through() -> None:
    accepted(event(traceparent="00-ab", priority=3, urgent=True))


def test_an_event_read_already_from_a_batch_is_judged_like_one_of_bytes_alone() -> None:
    read = orjson.dumps(event())
    assert decode(Arrival(read, "134", event()), KINDS, NOW) == decode(Arrival(read, "134"), KINDS, NOW)


# What is refused


@pytest.mark.parametrize("raw", [b"", b"{", b"{'a': 1}", b"\xff\xfe{}", b'{"a": NaN}', b"[" * 2000 + b"]" * 2000])
def test_what_is_no_json_in_utf_8_is_unreadable(raw: bytes) -> None:
    assert refused(raw) == ("unreadable", None)


@pytest.mark.parametrize("document", [None, 1, "text", [], [event()]])
def test_an_event_is_one_json_object(document: Any) -> None:
    assert refused(document) == ("invalid_envelope", None)


@pytest.mark.parametrize("name", ["specversion", "id", "source", "type", "data"])
def test_an_attribute_that_cloudevents_requires_is_named_when_it_is_missing(name: str) -> None:
    assert refused(without(name)) == ("invalid_envelope", name)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"specversion": "0.3"}, "specversion"),
        ({"id": ""}, "id"),
        ({"id": 7}, "id"),
        ({"id": "x" * 256}, "id"),
        ({"time": "2026-05-04T11:00:00"}, "time"),
        ({"time": "yesterday"}, "time"),
        ({"datacontenttype": "text/xml"}, "datacontenttype"),
        ({"data": "text"}, "data"),
    ],
)
def test_an_attribute_that_is_not_as_cloudevents_has_it_is_named(changes: dict[str, Any], field: str) -> None:
    assert refused(event(**changes)) == ("invalid_envelope", field)


@pytest.mark.parametrize("extension", [{"Trace": "a"}, {"trace-id": "a"}, {"trace": {"id": 1}}, {"tracé": "a"}])
def test_an_extension_that_cloudevents_does_not_allow_is_refused_and_named(extension: dict[str, Any]) -> None:
    found = decoded(event(**extension))
    assert isinstance(found, Refusal)
    assert found.problem.code == "invalid_envelope"
    assert next(iter(extension)) in found.problem.detail.en
    assert next(iter(extension)) in found.problem.detail.fr


def test_an_unknown_type_is_told_which_are_recorded() -> None:
    found = decoded(event(type="guichet.status.ApplicationStatusReported.v9"))
    assert isinstance(found, Refusal)
    assert (found.problem.code, found.problem.field) == ("unknown_type", "type")
    for text in (found.problem.detail.en, found.problem.detail.fr):
        assert REPORTED in text
        assert "guichet.status.ReportCorrected.v1" in text


def test_a_report_needs_its_time() -> None:
    assert refused(without("time")) == ("missing_field", "time")


def test_a_report_to_inventory_describes_a_year_and_needs_no_time() -> None:
    kind = "guichet.inventory.ServiceReported.v1"
    raw = orjson.dumps({**without("time"), "type": kind})
    found = decode(Arrival(raw, "134"), {kind: ApplicationStatusReported}, NOW)
    assert isinstance(found, Received)
    assert found.time == NOW


def test_a_missing_field_is_named_with_its_path() -> None:
    assert refused(event(data={"application_id": "A-1", "state": "submitted"})) == ("missing_field", "data.service_id")
    assert refused(data(reason={"en": "only English"})) == ("missing_field", "data.reason.fr")


def test_an_unknown_field_is_named() -> None:
    assert refused(data(stat="submitted")) == ("unknown_field", "data.stat")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"state": "done"}, "data.state"),
        ({"application_id": "a,b"}, "data.application_id"),
        ({"application_id": "a/b"}, "data.application_id"),
        ({"application_id": " a"}, "data.application_id"),
        ({"application_id": ""}, "data.application_id"),
        ({"application_id": "x" * 101}, "data.application_id"),
        ({"sequence": -1}, "data.sequence"),
        ({"sequence": 2**63}, "data.sequence"),
        ({"expected_at": "2026-05-04T11:00:00"}, "data.expected_at"),
        ({"reason": {"en": "", "fr": "a"}}, "data.reason.en"),
    ],
)
def test_a_value_that_the_contract_does_not_allow_is_named_with_its_path(changes: dict[str, Any], field: str) -> None:
    assert refused(data(**changes)) == ("invalid_value", field)


def test_an_event_may_have_256_kib_and_not_a_byte_more() -> None:
    raw = orjson.dumps(event())
    assert refused(raw + b" " * (MAX_EVENT_BYTES + 1 - len(raw))) == ("too_large", None)
    accepted(raw + b" " * (MAX_EVENT_BYTES - len(raw)))


def test_an_event_in_a_batch_may_have_no_more_than_one_alone() -> None:
    large = data(reason={"en": "x" * MAX_EVENT_BYTES, "fr": "y"})
    found = decode(Arrival(orjson.dumps(large), "134", large), KINDS, NOW)
    assert isinstance(found, Refusal)
    assert (found.problem.code, found.id, found.source) == ("too_large", "e-1", "/organizations/134/cases")


def test_an_event_may_be_nested_16_levels_deep_and_no_deeper() -> None:
    assert refused(nested(MAX_DEPTH + 1)) == ("too_deep", None)
    assert refused(nested(MAX_DEPTH))[0] != "too_deep"
    assert refused(event(data={"a": [[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]}))[0] == "too_deep"


def test_many_brackets_side_by_side_are_not_deep() -> None:
    assert refused(data(reason=[{}] * 100)) == ("invalid_value", "data.reason")


def test_the_character_nul_is_refused_wherever_it_stands() -> None:
    assert refused(data(reason={"en": "a\x00", "fr": "b"}))[0] == "invalid_value"
    assert refused(event(id="a\x00"))[0] == "invalid_value"
    assert refused({**event(), "a\x00": 1})[0] == "invalid_value"
    assert refused(orjson.dumps(data(reason={"en": "a\\\x00", "fr": "b"})))[0] == "invalid_value"


def test_a_text_about_the_character_nul_is_no_nul() -> None:
    accepted(data(reason={"en": "the sequence \\u0000", "fr": "la séquence \\u0000"}))


def test_a_time_more_than_five_minutes_ahead_is_refused_and_one_less_is_a_clock_a_little_fast() -> None:
    accepted(event(time=(NOW + timedelta(minutes=5)).isoformat()))
    assert refused(event(time=(NOW + timedelta(minutes=5, seconds=1)).isoformat())) == ("time_in_future", "time")
    assert refused(event(time="9999-12-31T23:59:59-12:00")) == ("time_in_future", "time")


def test_a_time_is_compared_across_time_zones() -> None:
    accepted(event(time="2026-05-04T08:04:00-04:00"))
    assert refused(event(time="2026-05-04T08:06:00-04:00")) == ("time_in_future", "time")


@pytest.mark.parametrize("blank", ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "1899-12-30T00:00:00Z"])
def test_a_blank_date_is_refused_before_any_calendar_must_count_from_it(blank: str) -> None:
    assert refused(event(time=blank)) == ("invalid_value", "time")


@pytest.mark.parametrize("source", ["/organizations/134", "/organizations/134/", "/organizations/134/a/b"])
def test_a_key_speaks_for_its_organisation_and_any_of_its_systems(source: str) -> None:
    accepted(event(source=source))


@pytest.mark.parametrize(
    "source",
    [
        "/organizations/1349",
        "/organizations/13",
        "/organizations/1349/cases",
        "organizations/134",
        "134",
        "/services/status",
    ],
)
def test_a_key_speaks_for_no_other_organisation_not_even_one_that_begins_alike(source: str) -> None:
    assert refused(event(source=source)) == ("wrong_organization", "source")


def test_a_sender_is_told_its_own_organisation_never_the_other_one() -> None:
    found = decoded(event(source="/organizations/7777"))
    assert isinstance(found, Refusal)
    for text in (found.problem.detail.en, found.problem.detail.fr):
        assert "134" in text
        assert "7777" not in text


def test_a_refusal_keeps_as_much_of_the_identity_as_can_be_stored() -> None:
    found = decoded(data(state="done"))
    assert isinstance(found, Refusal)
    assert (found.id, found.source) == ("e-1", "/organizations/134/cases")
    odd = decoded(event(id=7, source="x" * 256))
    assert isinstance(odd, Refusal)
    assert (odd.id, odd.source) == (None, None)


# The digest: the same id must say the same


def digest(**changes: Any) -> bytes:
    return digest_of(Event.model_validate(event(**changes)))


def test_a_digest_does_not_depend_on_how_the_json_was_written() -> None:
    backwards = dict(reversed(event(data=dict(reversed(event()["data"].items()))).items()))
    spaced = orjson.dumps(backwards, option=orjson.OPT_INDENT_2)
    assert accepted(spaced).digest == accepted(event()).digest
    assert accepted(event(time="2026-05-04T07:00:00-04:00")).digest == accepted(event()).digest


def test_a_digest_depends_on_data_time_and_type() -> None:
    digests = {
        digest(),
        digest(data={"application_id": "A-2"}),
        digest(time="2026-05-04T11:00:00.000001Z"),
        digest(time=None),
        digest(type="guichet.status.ReportCorrected.v1"),
    }
    assert len(digests) == 5


def test_a_digest_does_not_depend_on_who_sends_or_on_extensions() -> None:
    assert digest() == digest(source="/organizations/9", id="e-2", subject="A-1", traceparent="00")


# Nothing that is sent makes decoding fail

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
TEXTS = st.text(max_size=8) | st.sampled_from(
    ["134", "/organizations/134", "2026-05-04T11:00:00Z", "submitted", REPORTED]
)
ATTRIBUTES = st.sampled_from([*event(), "subject", "datacontenttype", "trace"])
FIELDS = st.sampled_from(sorted(ApplicationStatusReported.model_fields))


@given(st.binary(max_size=200))
@example(b'{"id": "\\ud800"}')
def test_no_bytes_make_decoding_fail(raw: bytes) -> None:
    assert isinstance(decoded(raw), Refusal)


@given(JSON)
def test_no_json_makes_decoding_fail(document: Any) -> None:
    raw = orjson.dumps(document, default=str) if _fits(document) else b"0"
    assert isinstance(decode(Arrival(raw, "134"), KINDS, NOW), Refusal)


def _fits(value: Any) -> bool:
    """Whether orjson can write it: integers of 64 bits, texts without lone surrogates."""
    try:
        orjson.dumps(value)
    except TypeError:
        return False
    return True


@given(st.dictionaries(ATTRIBUTES, JSON | TEXTS, max_size=3), st.dictionaries(FIELDS, JSON | TEXTS, max_size=3))
@example({"time": "0001-01-01T00:00:00+23:59"}, {})
@example({"time": "9999-12-31T23:59:59-23:59"}, {"expected_at": "9999-12-31T23:59:59-23:59"})
@example({"time": 1e300}, {})
@example({"time": -(2**63)}, {"expected_at": 2**63})
def test_no_event_that_is_almost_right_makes_decoding_fail(changes: dict[str, Any], fields: dict[str, Any]) -> None:
    document = {**event(), "data": {**event()["data"], **fields}, **changes}
    if _fits(document):
        found = decoded(document)
        if isinstance(found, Refusal):
            assert found.problem.as_dict()
        else:
            assert found.data.model_dump_json()


# Batches over HTTP: what decoding is handed


def arrivals(body: bytes, kind: bytes = b"application/cloudevents-batch+json") -> list[Arrival]:
    headers = [(b"content-type", kind)]
    scope = {"type": "http", "method": "POST", "path": "/", "headers": headers, "query_string": b""}
    return reader(Request(scope))(body, "134")


@pytest.mark.parametrize("levels", [200, 254, 255, 900])
def test_an_event_nested_without_end_is_refused_alone_and_its_neighbours_are_heard(levels: int) -> None:
    deep = b'{"id": "deep", "data": ' + b"[" * levels + b"]" * levels + b"}"
    found = arrivals(b"[" + orjson.dumps(event()) + b"," + deep + b"]")
    good, bad = (decode(arrival, KINDS, NOW) for arrival in found)
    assert isinstance(good, Received)
    assert isinstance(bad, Refusal)
    assert (bad.problem.code, bad.id) == ("too_deep", "deep")


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"{}\n" * 1_398_101, b"application/x-ndjson"),
        (b"\n" * 4_194_304, b"application/x-ndjson"),
        (b"[" + b",".join([b"{}"] * 1_398_100) + b"]", b"application/cloudevents-batch+json"),
    ],
)
def test_millions_of_events_are_counted_and_nothing_is_made_of_them(
    body: bytes, kind: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[bytes] = []
    monkeypatch.setattr("shared.door.reading.Arrival", lambda raw, *_: made.append(raw))
    with pytest.raises(TooManyEvents) as refused:
        arrivals(body, kind)
    assert refused.value.events > 1_000_000
    assert refused.value.problem.code == "too_large"
    assert made == []


def test_lines_that_end_twice_count_once() -> None:
    assert len(arrivals(b"{}\r\n\n" * MAX_BATCH, b"application/x-ndjson")) == MAX_BATCH
