"""The fold of recorded events into additive cells: whatever their order and batches, the cells are the same."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.reporting.domain.fold import (
    NEVER_LATE,
    NOT_STARTED_ON,
    Deltas,
    bucket,
    fingerprint,
    fold,
    has_evidence,
    merge,
    value_of,
)
from shared.contracts.inventory import Result, ServiceStandardResultRecorded
from shared.contracts.status import ApplicationStateChanged, Clock, StandardChange

CHANGED = "guichet.status.ApplicationStateChanged.v1"
RESULT = "guichet.inventory.ServiceStandardResultRecorded.v1"
FEEDBACK = "guichet.feedback.FeedbackRecorded.v1"
MONDAY = date(2026, 5, 4)
NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


@dataclass
class Source:
    partition: int
    value: bytes


@dataclass
class Logged:
    record: Source
    service: str
    type: str
    org: str
    recordedat: datetime
    data: Any


def logged(data: Any, kind: str = CHANGED, at: datetime = NOON, partition: int = 0, value: bytes = b"") -> Logged:
    return Logged(Source(partition, value), kind.split(".")[1], kind, "134", at, data)


def clock(state: str, **changes: Any) -> Clock:
    """A clock as status publishes it in this state: started on Monday, stopped on Wednesday."""
    open_ = state in {"running", "paused"}
    fields: dict[str, Any] = {
        "state": state,
        "channel": "ONL",
        "unit": "business_day",
        "limit": 10,
        "started_on": None if state == "not_started" else MONDAY,
        "stopped_on": date(2026, 5, 6) if state in {"stopped", "excluded"} else None,
        "due_on": None,
        "due_at": None,
        "late_from": NOON + timedelta(days=14) if open_ else None,
        "elapsed": 2,
        "paused_for": 0,
        "met": True if state == "stopped" else None,
        "excluded_as": "withdrawn" if state == "excluded" else None,
        **changes,
    }
    return Clock(**fields)


def change(before: Clock | None, after: Clock | None, standard: str = "STD-1", **more: Any) -> Logged:
    data = ApplicationStateChanged(
        application_id="A-1",
        service_id="S-1",
        from_state="submitted",
        to_state="submitted",
        version=1,
        channel=None,
        standards=[StandardChange(standard_id=standard, before=before, after=after)],
        expected_at=None,
    )
    return logged(data, **more)


def result(before: Result | None, after: Result | None, **more: Any) -> Logged:
    data = ServiceStandardResultRecorded(
        service_id="S-1",
        standard_id="STD-1",
        from_date=date(2026, 4, 1),
        to_date=date(2026, 4, 30),
        channel=None,
        version=1,
        before=before,
        after=after,
    )
    return logged(data, RESULT, **more)


def sums(met: int | None, total: int | None, value: float | None = None) -> Result:
    return Result(met=met, total=total, value=value, unit=None if value is None else "days")


def cells(deltas: Deltas) -> dict[str, Any]:
    """Everything the deltas add, less the cells that come to nothing."""
    return {
        "performance": {key: values for key, values in deltas.performance.items() if any(values)},
        "durations": {key: cases for key, cases in deltas.durations.items() if cases},
        "open": {key: cases for key, cases in deltas.open.items() if cases},
        "counts": {key: values for key, values in deltas.counts.items() if any(values)},
        "feeds": deltas.feeds,
        "services": {service for service, events in deltas.services.items() if events},
    }


def merged(batches: Sequence[Sequence[Logged]]) -> Deltas:
    total = Deltas()
    for batch in batches:
        merge(total, fold(batch))
    return total


# One case


def test_a_stopped_case_counts_on_the_day_it_stopped_in_its_channel_and_partition() -> None:
    deltas = cells(fold([change(None, clock("stopped"), partition=3)]))
    case = ("134", "S-1", "STD-1", "ONL")
    assert deltas["performance"] == {(*case, date(2026, 5, 6), MONDAY, 3): [1, 1, 0, 0, 1]}
    assert deltas["durations"] == {(*case, "business_day", date(2026, 5, 6), 2, 3): 1}
    assert deltas["open"] == {}
    assert deltas["services"] == {"S-1"}


def test_a_case_that_stopped_too_late_is_in_the_total_and_not_among_the_met() -> None:
    (cell,) = fold([change(None, clock("stopped", met=False))]).performance.values()
    assert cell == [0, 1, 0, 0, 1]


def test_an_excluded_case_is_in_no_total_and_says_why() -> None:
    (withdrawn,) = fold([change(None, clock("excluded"))]).performance.values()
    (closed,) = fold([change(None, clock("excluded", excluded_as="closed_undecided"))]).performance.values()
    assert withdrawn == [0, 0, 1, 0, 1]
    assert closed == [0, 0, 0, 1, 1]
    assert not fold([change(None, clock("excluded"))]).durations


def test_an_open_case_counts_by_the_moment_it_becomes_late() -> None:
    case = ("134", "S-1", "STD-1", "ONL")
    running = fold([change(None, clock("running"))]).open
    assert running == {(*case, "running", MONDAY, NOON + timedelta(days=14), 0): 1}
    paused = fold([change(None, clock("paused", late_from=None))]).open
    assert paused == {(*case, "paused", MONDAY, NEVER_LATE, 0): 1}
    waiting = fold([change(None, clock("not_started"))]).open
    assert waiting == {(*case, "not_started", NOT_STARTED_ON, NEVER_LATE, 0): 1}


def test_a_case_without_channel_counts_under_none() -> None:
    ((*_, channel, _, _, _),) = fold([change(None, clock("stopped", channel=None))]).performance
    assert channel == ""


CLOCKS = st.one_of(
    st.builds(clock, st.just("running"), channel=st.sampled_from(["ONL", None]), elapsed=st.integers(0, 500)),
    st.builds(clock, st.just("paused"), late_from=st.sampled_from([None, NOON])),
    st.builds(clock, st.just("not_started"), channel=st.sampled_from(["ONL", "TEL"])),
    st.builds(
        clock,
        st.just("stopped"),
        met=st.booleans(),
        elapsed=st.integers(0, 500),
        channel=st.sampled_from(["ONL", None]),
    ),
    st.builds(clock, st.just("excluded"), excluded_as=st.sampled_from(["withdrawn", "closed_undecided"])),
)


@given(st.lists(CLOCKS | st.none(), min_size=1, max_size=6))
def test_of_a_case_that_goes_from_clock_to_clock_exactly_the_last_is_counted(clocks: list[Clock | None]) -> None:
    steps = [change(before, after) for before, after in zip([None, *clocks], clocks, strict=False)]
    whole, last = cells(fold(steps)), cells(fold([change(None, clocks[-1])]))
    for view in ("performance", "durations", "open"):
        assert whole[view] == last[view]


def test_two_standards_of_one_case_are_counted_apart() -> None:
    deltas = fold([change(None, clock("stopped"), "STD-1"), change(None, clock("running"), "STD-2")])
    assert {key[2] for key in deltas.performance} == {"STD-1"}
    assert {key[2] for key in deltas.open} == {"STD-2"}


# Results


def test_a_result_counts_on_the_last_day_of_its_period() -> None:
    deltas = fold([result(None, sums(90, 100))])
    assert deltas.performance == {("134", "S-1", "STD-1", "", date(2026, 4, 30), MONDAY, 0): [90, 100, 0, 0, 1]}


def test_a_second_result_of_a_period_takes_the_place_of_the_first() -> None:
    first, second = sums(90, 100), sums(95, 101)
    assert (
        cells(fold([result(None, first), result(first, second)]))["performance"]
        == (cells(fold([result(None, second)]))["performance"])
    )
    taken_back = fold([result(None, first), result(first, None)])
    assert cells(taken_back)["performance"] == {}


def test_a_result_that_is_a_value_and_no_share_counts_nothing() -> None:
    deltas = fold([result(None, sums(None, None, 4.5))])
    assert cells(deltas)["performance"] == {}
    assert set(deltas.services) == {"S-1"}


# Every event


def test_every_event_is_counted_by_type_organisation_and_day_of_recording_with_its_hash() -> None:
    deltas = fold([logged(None, FEEDBACK, value=b"a"), logged(None, FEEDBACK, value=b"b")])
    assert deltas.counts == {(FEEDBACK, "134", MONDAY, 0): [2, fingerprint(b"a") + fingerprint(b"b")]}


def test_a_fingerprint_is_the_first_64_bits_of_sha_256_as_a_signed_number() -> None:
    for value in (b"", b"a", b"guichet", b"\xff"):
        unsigned = int(sha256(value).hexdigest()[:16], 16)
        assert fingerprint(value) == (unsigned if unsigned < 2**63 else unsigned - 2**64)


def test_a_feed_is_heard_by_the_hour_and_its_last_event_is_the_latest() -> None:
    early, late = NOON + timedelta(minutes=5), NOON + timedelta(minutes=50)
    deltas = fold([logged(None, FEEDBACK, at=late), logged(None, FEEDBACK, at=early)])
    assert deltas.feeds == {("134", "feedback", NOON, 0): [2, late]}


EVENTS = st.lists(
    st.one_of(
        st.builds(
            change,
            CLOCKS | st.none(),
            CLOCKS | st.none(),
            st.sampled_from(["STD-1", "STD-2"]),
            at=st.sampled_from([NOON, NOON + timedelta(minutes=7), NOON + timedelta(days=1)]),
            partition=st.integers(0, 2),
            value=st.binary(max_size=2),
        ),
        st.builds(
            result,
            st.builds(sums, st.integers(0, 9), st.integers(9, 20)) | st.none(),
            st.builds(sums, st.integers(0, 9), st.integers(9, 20)) | st.none(),
            partition=st.integers(0, 2),
        ),
        st.builds(logged, st.none(), st.just(FEEDBACK), st.sampled_from([NOON, NOON + timedelta(minutes=9)])),
    ),
    max_size=8,
)


@given(EVENTS, st.data())
def test_neither_order_nor_batches_make_a_difference(events: list[Logged], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(events))
    ends = sorted({0, len(events), *data.draw(st.lists(st.integers(0, len(events)), max_size=4))})
    batches = [shuffled[start:end] for start, end in pairwise(ends)]
    expected = cells(fold(events))
    assert cells(merged(batches)) == expected
    assert cells(merged(list(reversed(batches)))) == expected
    assert cells(merged([[event] for event in shuffled])) == expected


def test_merging_leaves_what_is_merged_as_it_was() -> None:
    one = fold([change(None, clock("stopped"))])
    total = merged([[change(None, clock("stopped"))]])
    merge(total, one)
    assert cells(one) == cells(fold([change(None, clock("stopped"))]))
    assert next(iter(total.performance.values())) == [2, 2, 0, 0, 2]


# Durations


@given(st.integers(0, 100))
def test_a_duration_up_to_100_units_is_kept_exactly(elapsed: int) -> None:
    assert value_of(bucket(elapsed)) == elapsed


@given(st.integers(101, 10**9))
def test_a_longer_duration_is_told_within_one_percent(elapsed: int) -> None:
    assert abs(value_of(bucket(elapsed)) - elapsed) <= 0.01 * elapsed * (1 + 1e-9)


@given(st.integers(0, 10**7), st.integers(0, 10**7))
def test_a_longer_duration_is_in_no_lower_bucket(one: int, other: int) -> None:
    assert bucket(min(one, other)) <= bucket(max(one, other))


def test_buckets_are_few() -> None:
    year = 366 * 24 * 3600
    assert bucket(year) < 800
    assert math.isclose(value_of(bucket(year)), year, rel_tol=0.01)


def test_a_duration_below_zero_is_none_at_all() -> None:
    assert bucket(-1) == 0


# What verdicts rest on


def test_applications_are_no_evidence_of_compliance_and_what_inventory_and_feedback_record_is() -> None:
    assert not has_evidence(fold([change(None, clock("running"))]))
    assert has_evidence(
        fold([change(None, clock("running")), result(None, Result(met=1, total=2, value=None, unit=None))])
    )
    assert not has_evidence(fold([]))
