"""Reporting reads records with msgspec, for speed: what it reads is what the contracts say, field by field."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any, get_args

import msgspec
import orjson
import pytest
from aiokafka import ConsumerRecord
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import BaseModel

from services.reporting.handlers import decoding
from services.reporting.handlers.decoding import Decoded, decode
from shared.contracts import envelope, feedback, inventory, status
from shared.contracts.envelope import LogAdvanced
from shared.contracts.feedback import FeedbackRecorded
from shared.contracts.inventory import (
    Result,
    ServiceRecorded,
    ServiceStandardRecorded,
    ServiceStandardResultRecorded,
)
from shared.contracts.measure import CalendarName, Measure
from shared.contracts.reported.status import ApplicationState, Channel
from shared.contracts.status import ApplicationStateChanged, Clock, ClockState, StandardChange, Unit
from shared.event_log import LogEntry
from shared.language import Bilingual

NOON = datetime(2026, 5, 4, 12, 0, 0, 123456, tzinfo=UTC)

ZONES = st.sampled_from([UTC, timezone(timedelta(hours=-5)), timezone(timedelta(hours=5, minutes=30))])
MOMENTS = st.datetimes(datetime(1900, 1, 2), datetime(2200, 1, 1), timezones=ZONES)  # noqa: DTZ001 - hypothesis gives the zone
DAYS = st.dates(date(1900, 1, 1), date(9999, 12, 31))
TEXTS = st.text(
    st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), min_size=1, max_size=10
)  # no door lets NUL in
CHANNELS = st.sampled_from(get_args(Channel))
NUMBERS = st.integers(0, 2**62)


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


NAMES = st.builds(Bilingual, en=TEXTS, fr=TEXTS)
CLOCKS = st.builds(
    Clock,
    state=st.sampled_from(get_args(ClockState)),
    channel=maybe(CHANNELS),
    unit=st.sampled_from(get_args(Unit)),
    limit=maybe(NUMBERS),
    started_on=maybe(DAYS),
    stopped_on=maybe(DAYS),
    due_on=maybe(DAYS),
    due_at=maybe(MOMENTS),
    late_from=maybe(MOMENTS),
    elapsed=st.integers(-10, 2**40),
    paused_for=NUMBERS,
    met=maybe(st.booleans()),
    excluded_as=maybe(st.sampled_from(["withdrawn", "closed_undecided"])),
)
STATES = st.sampled_from(get_args(ApplicationState))
CHANGES = st.builds(
    ApplicationStateChanged,
    application_id=TEXTS,
    service_id=TEXTS,
    from_state=maybe(STATES),
    to_state=STATES,
    version=NUMBERS,
    channel=maybe(CHANNELS),
    standards=st.lists(
        st.builds(StandardChange, standard_id=TEXTS, before=maybe(CLOCKS), after=maybe(CLOCKS)), max_size=3
    ),
    expected_at=maybe(MOMENTS),
)
SHARES = st.floats(0, 1)
RESULTS = st.builds(
    Result, met=maybe(NUMBERS), total=maybe(NUMBERS), value=maybe(st.floats(-1e9, 1e9)), unit=maybe(TEXTS)
)
MEASURES = st.builds(
    Measure,
    limit=st.sampled_from(["P10D", "P6W", "P3M", "PT48H"]),
    starts=st.sampled_from(["submitted", "complete"]),
    ends=st.sampled_from(["decided", "issued"]),
    calendar=st.sampled_from(get_args(CalendarName)),
    confirmed=st.booleans(),
)
# Doors read JSON by orjson: what has more than 64 bits is no integer any more.
FIELDS = st.dictionaries(TEXTS, st.integers(-(2**63), 2**63 - 1) | TEXTS | st.lists(TEXTS, max_size=2), max_size=2)
EVENTS: dict[str, st.SearchStrategy[Any]] = {
    "guichet.status.ApplicationStateChanged.v1": CHANGES,
    "guichet.inventory.ServiceRecorded.v1": st.builds(
        ServiceRecorded,
        service_id=TEXTS,
        fiscal_year=TEXTS,
        valid_from=DAYS,
        version=NUMBERS,
        name=NAMES,
        priority=st.booleans(),
        fields=FIELDS,
    ),
    "guichet.inventory.ServiceStandardRecorded.v1": st.builds(
        ServiceStandardRecorded,
        service_id=TEXTS,
        standard_id=TEXTS,
        fiscal_year=TEXTS,
        valid_from=DAYS,
        version=NUMBERS,
        name=NAMES,
        kind=maybe(st.sampled_from(["TML", "ACS", "ACY", "OTH"])),
        channel=maybe(CHANNELS),
        target=maybe(SHARES),
        measure=maybe(MEASURES),
        fields=FIELDS,
    ),
    "guichet.inventory.ServiceStandardResultRecorded.v1": st.builds(
        ServiceStandardResultRecorded,
        service_id=TEXTS,
        standard_id=TEXTS,
        from_date=DAYS,
        to_date=DAYS,
        channel=maybe(CHANNELS),
        version=NUMBERS,
        before=maybe(RESULTS),
        after=maybe(RESULTS),
    ),
}


def entry(kind: str, data: Any) -> LogEntry:
    _, service, name, _ = kind.split(".")
    return LogEntry("topic", "key", service, name, "134", NOON, "/organizations/134/cases", "e-1", data, "A-1")


def record(value: bytes | str | None, offset: int = 0, partition: int = 0) -> Any:
    raw = value.encode() if isinstance(value, str) else value
    return ConsumerRecord("topic", partition, offset, 0, 0, None, raw, None, -1, -1, ())


def written(kind: str, data: Any, position: int = 42) -> str:
    """The record as the log writes it."""
    head = f'{{"specversion":"1.0","id":"{position}","recordedat":"2026-05-04T12:00:01.000002Z",'
    return head + entry(kind, data).value_after_position()


def read(value: bytes | str) -> Decoded:
    batch = decode([record(value)])
    assert not batch.unreadable, batch.unreadable
    (event,) = batch.events
    return event


def differences(found: Any, contract: Any, path: str = "data") -> list[str]:
    """Where what was decoded is not what the contract holds."""
    if isinstance(found, msgspec.Struct):
        return [
            each
            for name in found.__struct_fields__
            for each in differences(getattr(found, name), getattr(contract, name), f"{path}.{name}")
        ]
    if isinstance(found, list):
        if len(found) != len(contract):
            return [f"{path}: {len(found)} for {len(contract)}"]
        pairs = enumerate(zip(found, contract, strict=True))
        return [each for n, (one, other) in pairs for each in differences(one, other, f"{path}.{n}")]
    if isinstance(contract, BaseModel):
        contract = contract.model_dump(mode="json")
    same = found == contract and type(found) is type(contract)
    return [] if same else [f"{path}: {found!r} for {contract!r}"]


@pytest.mark.parametrize("kind", EVENTS)
@given(data=st.data())
def test_what_is_read_of_an_event_is_what_its_contract_holds(kind: str, data: st.DataObject) -> None:
    event = data.draw(EVENTS[kind])
    value = written(kind, event)
    reread = type(event).model_validate(orjson.loads(value)["data"])
    assert reread == event
    assert differences(read(value).data, reread) == []


def test_differences_are_found_at_any_depth() -> None:
    clock = Clock.model_construct(**dict.fromkeys(Clock.model_fields))
    held = StandardChange.model_construct(standard_id="a", before=None, after=clock)
    fields = dict.fromkeys(decoding.Clock.__struct_fields__)
    wrong = decoding.StandardChange("a", None, decoding.Clock(**{**fields, "elapsed": 1}))
    assert differences([wrong], [held]) == ["data.0.after.elapsed: 1 for None"]


def test_every_event_that_a_view_reads_is_compared_here() -> None:
    assert set(decoding._DATA) == set(EVENTS)


def structs() -> dict[str, type[msgspec.Struct]]:
    own = {name: each for name, each in vars(decoding).items() if getattr(each, "__module__", "") == decoding.__name__}
    found = {name: each for name, each in own.items() if isinstance(each, type) and issubclass(each, msgspec.Struct)}
    for name in ("Envelope", "ApplicationEnvelope", "Decoded"):  # not contracts: the record, and what is kept of it
        del found[name]
    return found


CONTRACTS = {**vars(envelope), **vars(inventory), **vars(feedback), **vars(status), "Name": Bilingual}


@pytest.mark.parametrize("name", structs())
def test_every_struct_has_fields_of_the_contract_of_its_name_and_none_else(name: str) -> None:
    contract = CONTRACTS[name]
    assert set(structs()[name].__struct_fields__) <= set(contract.model_fields)


# Records


def test_a_record_keeps_where_it_came_from_and_what_caused_it() -> None:
    event = read(written("guichet.feedback.FeedbackRecorded.v1", sample_feedback(), 7))
    assert (event.service, event.service_position, event.org) == ("feedback", 7, "134")
    assert event.recordedat == datetime(2026, 5, 4, 12, 0, 1, 2, tzinfo=UTC)
    assert event.text.encode() == event.record.value
    assert event.type == "guichet.feedback.FeedbackRecorded.v1"


def sample_feedback() -> FeedbackRecorded:
    return FeedbackRecorded(
        feedback_id="F-1",
        service_id="S-1",
        kind="complaint",
        state="received",
        version=1,
        channel=None,
        rating=None,
        drivers={},
        application_id=None,
        reply_wanted=False,
        received_at=NOON,
    )


def test_data_that_no_view_reads_is_not_decoded_but_the_event_is_kept() -> None:
    assert read(written("guichet.feedback.FeedbackRecorded.v1", sample_feedback())).data is None
    assert read(written("guichet.status.SomethingNew.v1", sample_feedback())).data is None


def test_fields_that_are_not_known_yet_are_passed_over() -> None:
    document = orjson.loads(written("guichet.inventory.ServiceStandardResultRecorded.v1", result()))
    document["newattribute"] = "x"
    document["data"]["new_field"] = {"deep": [1]}
    assert differences(read(orjson.dumps(document)).data, result()) == []


def result() -> ServiceStandardResultRecorded:
    return ServiceStandardResultRecorded(
        service_id="S-1",
        standard_id="STD-1",
        from_date=date(2026, 4, 1),
        to_date=date(2026, 4, 30),
        channel="TEL",
        version=1,
        before=None,
        after=Result(met=1, total=2, value=None, unit=None),
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "not a position"},
        {"id": "0"},
        {"id": str(2**63)},
        {"recordedat": None},
        {"recordedat": "yesterday"},
        {"recordedat": "2026-05-04T12:00:00"},
        {"type": 7},
        {"source": None},
        {"org": "13\x004"},
        {"data": {"service_id": "S-1"}},
        {"data": None},
    ],
)
def test_a_record_that_is_no_event_of_ours_is_set_aside_with_its_reason_and_harms_no_other(
    changes: dict[str, Any],
) -> None:
    good = written("guichet.inventory.ServiceStandardResultRecorded.v1", result())
    bad = orjson.dumps({**orjson.loads(good), **changes})
    batch = decode([record(good, 0), record(bad, 1), record(good, 2)])
    assert [event.record.offset for event in batch.events] == [0, 2]
    ((unreadable),) = batch.unreadable
    assert unreadable.record.offset == 1
    assert unreadable.reason


def test_a_record_that_no_text_column_can_keep_is_set_aside() -> None:
    good = written("guichet.feedback.FeedbackRecorded.v1", sample_feedback()).encode()
    assert len(decode([record(good)]).events) == 1
    assert len(decode([record(good.replace(b"F-1", b"F-\xff"))]).unreadable) == 1


def test_a_record_without_value_is_set_aside() -> None:
    assert len(decode([record(None)]).unreadable) == 1


@pytest.mark.parametrize("missing", ["causedby", "causedbysource", "recordedat"])
@pytest.mark.parametrize("kind", ["guichet.status.ApplicationStateChanged.v1", "guichet.feedback.FeedbackRecorded.v1"])
def test_an_event_that_does_not_say_what_led_to_it_is_set_aside(missing: str, kind: str) -> None:
    """All else reads them: a verdict says what made it so, a trace leads to the report."""
    said = {"causedby": "e", "causedbysource": "/organizations/9001/x", "recordedat": "2026-05-04T12:00:00Z"}
    envelope = {"id": "1", "source": "/services/status", "type": kind, "data": {"service_id": "S", "standards": []}}
    whole, less = {**envelope, **said}, {**envelope, **{name: said[name] for name in said if name != missing}}
    batch = decode([record(orjson.dumps(whole)), record(orjson.dumps(less))])
    assert (len(batch.events), len(batch.unreadable)) == (1, 1)
    assert missing in batch.unreadable[0].reason


@given(st.binary(max_size=60))
@example(b'{"id":"1","source":"","type":".LogAdvanced.v1","data":{}}')
@example(b'{"id":"' + b"9" * 5000 + b'","source":"","type":"","data":{},"recordedat":"2026-05-04T12:00:00Z"}')
@example(b'{"id":"1","source":"a","type":"b","data":' + b"[" * 2000)
@example(b'{"id":"1","source":"a","type":"b","recordedat":"2026-05-04T12:00:00","data":{}}')
def test_no_bytes_make_reading_fail(value: bytes) -> None:
    batch = decode([record(value)])
    assert len(batch.unreadable) == 1


def advanced(position: int, service: str = "status") -> str:
    data = LogAdvanced(position=position, recorded_at=NOON + timedelta(seconds=position))
    return (
        f'{{"specversion":"1.0","id":"advanced-{position}","source":"/services/{service}",'
        f'"type":"guichet.{service}.LogAdvanced.v1","data":{data.model_dump_json()}}}'
    )


def test_of_what_relays_say_the_newest_word_of_each_partition_is_kept_and_none_is_an_event() -> None:
    batch = decode([record(advanced(5)), record(advanced(9)), record(advanced(7), partition=1)])
    assert batch.events == []
    assert batch.advanced == {
        ("topic", 0): ("status", 9, NOON + timedelta(seconds=9)),
        ("topic", 1): ("status", 7, NOON + timedelta(seconds=7)),
    }
