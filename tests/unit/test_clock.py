"""The service-standard clock, rule by rule. Expectations are counted by hand on the calendar of Canada.

In 2024: 4 March is a Monday, clocks go forward on Sunday 10 March, Good Friday is 29 March and Easter Monday 1 April.
"""

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.calendars import Calendar, ExceptionDay, calendar
from shared.clock import Moment, Reading, effective, in_order, read
from shared.contracts.measure import Measure
from shared.language import Bilingual

CANADA = calendar("CA")
LATER = "2024-12-31 12:00"
TEN_DAYS = Measure(limit="P10D", days="business")


def at(text: str, where: Calendar = CANADA) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=where.zone).astimezone(UTC)


def history(*reports: str, where: Calendar = CANADA) -> list[Moment]:
    """From lines such as "2024-03-04 10:00 submitted"."""
    parts = [line.rsplit(" ", 1) for line in reports]
    return [Moment(state, at(when, where), n, f"event-{n}") for n, (when, state) in enumerate(parts)]


def clock(measure: Measure, *reports: str, now: str = LATER, where: Calendar = CANADA) -> Reading:
    return read(measure, where, effective(in_order(history(*reports, where=where))), at(now, where))


# Rule 2: start and stop


def test_without_its_start_a_clock_has_not_started() -> None:
    reading = clock(Measure(limit="P10D", starts="complete"), "2024-03-04 10:00 submitted", "2024-03-20 10:00 decided")
    assert reading == Reading("not_started", "day", 10)
    assert clock(Measure(limit="P3M")) == Reading("not_started", "day", None)
    assert clock(TEN_DAYS, "2024-03-04 10:00 withdrawn") == Reading("not_started", "business_day", 10)


def test_a_clock_starts_at_a_complete_application_where_the_standard_says_so() -> None:
    reading = clock(
        Measure(limit="P10D", starts="complete"),
        "2024-03-04 10:00 submitted",
        "2024-03-06 10:00 complete",
        "2024-03-08 10:00 complete",
    )
    assert (reading.started_on, reading.due_on) == (date(2024, 3, 6), date(2024, 3, 16))


def test_a_clock_stops_at_the_first_stop_its_standard_names() -> None:
    reports = ("2024-03-04 10:00 submitted", "2024-03-06 09:00 decided", "2024-03-07 09:00 issued")
    assert clock(Measure(limit="P10D"), *reports).stopped_at == at("2024-03-06 09:00")
    assert clock(Measure(limit="P10D", ends="issued"), *reports).stopped_at == at("2024-03-07 09:00")


def test_a_stop_before_the_start_is_no_stop_but_one_at_its_very_instant_is() -> None:
    early = clock(TEN_DAYS, "2024-03-04 09:00 decided", "2024-03-04 10:00 submitted")
    assert early.state == "running"
    instant = clock(TEN_DAYS, "2024-03-04 10:00 decided", "2024-03-04 10:00 submitted")
    assert (instant.state, instant.elapsed, instant.met) == ("stopped", 0, True)


@pytest.mark.parametrize(("last", "why"), [("withdrawn", "withdrawn"), ("closed", "closed_undecided")])
def test_a_case_withdrawn_or_closed_without_its_stop_is_excluded_and_never_met(last: str, why: str) -> None:
    reading = clock(TEN_DAYS, "2024-03-04 10:00 submitted", f"2024-03-06 10:00 {last}")
    assert (reading.state, reading.excluded_as, reading.met) == ("excluded", why, None)
    assert (reading.stopped_on, reading.elapsed) == (date(2024, 3, 6), 2)
    assert (reading.due_on, reading.due_at, reading.late_from) == (None, None, None)


def test_a_case_closed_or_withdrawn_after_its_stop_keeps_its_result() -> None:
    reading = clock(TEN_DAYS, "2024-03-04 10:00 submitted", "2024-03-06 10:00 decided", "2024-03-07 10:00 closed")
    assert (reading.state, reading.met) == ("stopped", True)


def test_a_decision_alone_does_not_stop_a_clock_that_ends_at_the_issue() -> None:
    issue = Measure(limit="P10D", ends="issued")
    reading = clock(issue, "2024-03-04 10:00 submitted", "2024-03-06 10:00 decided", "2024-03-07 10:00 closed")
    assert reading.excluded_as == "closed_undecided"


# Rule 3: days, weeks, months


@pytest.mark.parametrize(
    ("limit", "days", "start", "due"),
    [
        ("P10D", "business", "2024-03-04 00:00", "2024-03-18"),
        ("P10D", "business", "2024-03-04 23:59", "2024-03-18"),
        ("P1D", "business", "2024-03-08 10:00", "2024-03-11"),
        ("P1D", "business", "2024-03-02 10:00", "2024-03-04"),  # from a Saturday
        ("P2D", "business", "2024-03-27 10:00", "2024-04-02"),  # over Easter: Thursday 28, Tuesday 2
        ("P3D", "business", "2024-12-23 10:00", "2024-12-30"),  # Tuesday 24, Friday 27, Monday 30
        ("P14D", "calendar", "2024-03-04 10:00", "2024-03-18"),
        ("P2W", "calendar", "2024-03-04 10:00", "2024-03-18"),
        ("P5D", "calendar", "2024-03-27 10:00", "2024-04-01"),  # calendar days may end on a holiday
        ("P1M", "calendar", "2024-01-31 10:00", "2024-02-29"),
        ("P1M", "calendar", "2023-01-31 10:00", "2023-02-28"),
        ("P3M", "calendar", "2023-11-30 10:00", "2024-02-29"),
        ("P12M", "calendar", "2024-02-29 10:00", "2025-02-28"),
        ("P2M", "calendar", "2024-12-15 10:00", "2025-02-15"),
    ],
)
def test_the_start_day_is_day_zero_and_the_case_is_due_on_the_last_day(
    limit: str, days: str, start: str, due: str
) -> None:
    measure = Measure.model_validate({"limit": limit, "days": days})
    assert clock(measure, f"{start} submitted").due_on == date.fromisoformat(due)


def test_months_are_a_limit_of_as_many_days_as_they_last_from_the_start() -> None:
    months = Measure(limit="P1M")
    assert clock(months, "2024-01-31 10:00 submitted").limit == 29
    assert clock(months, "2024-03-31 10:00 submitted", "2024-04-30 23:59 decided").met is True
    assert clock(months, "2024-03-31 10:00 submitted", "2024-05-01 00:00 decided").met is False


@pytest.mark.parametrize(
    ("limit", "due_at"),
    [
        ("P5D", "2024-03-10T05:00+00:00"),
        ("P6D", "2024-03-11T04:00+00:00"),
    ],  # Saturday 9 ends in winter time, Sunday not
)
def test_a_case_is_due_at_the_end_of_the_local_day_whatever_the_change_of_hour(limit: str, due_at: str) -> None:
    reading = clock(Measure(limit=limit), "2024-03-04 10:00 submitted")
    assert reading.due_at == datetime.fromisoformat(due_at)
    assert reading.due_at.tzinfo is UTC


def test_the_last_minute_of_the_due_day_is_in_time_and_midnight_is_late() -> None:
    assert clock(TEN_DAYS, "2024-03-04 10:00 submitted", "2024-03-18 23:59 decided").met is True
    assert clock(TEN_DAYS, "2024-03-04 10:00 submitted", "2024-03-19 00:00 decided").met is False


@pytest.mark.parametrize(
    ("name", "started_on"), [("CA", "2024-03-04"), ("CA-BC", "2024-03-04"), ("CA-NL", "2024-03-05")]
)
def test_the_day_is_that_of_the_calendars_zone(name: str, started_on: str) -> None:
    # 03:45 UTC is 22:45 the day before in Toronto, 19:45 in Vancouver, and 00:15 in St. John's.
    start = [Moment("submitted", datetime(2024, 3, 5, 3, 45, tzinfo=UTC), 1, "a")]
    assert read(TEN_DAYS, calendar(name), start, at(LATER)).started_on == date.fromisoformat(started_on)


def test_a_newfoundland_day_which_ended_twice_ends_the_second_time() -> None:
    # On Sunday 7 November 2010, at 00:01, clocks there went back to 23:01 on Saturday 6: midnight came at 02:30 UTC
    # in summer time, then at 03:30 UTC in winter time.
    newfoundland = calendar("CA-NL")
    moments = [*history("2010-11-01 10:00 submitted", where=newfoundland)]
    reading = read(Measure(limit="P5D"), newfoundland, moments, at(LATER))
    assert reading.due_at == datetime(2010, 11, 7, 3, 30, tzinfo=UTC)
    between = Moment("decided", datetime(2010, 11, 7, 2, 45, tzinfo=UTC), 2, "b")
    assert read(Measure(limit="P5D"), newfoundland, [*moments, between], at(LATER)).met is True


# Rule 4: hours, minutes, seconds


@pytest.mark.parametrize(
    ("limit", "seconds", "due_at"),
    [
        ("PT48H", 172_800, "2024-03-06 10:00"),
        ("PT90M", 5_400, "2024-03-04 11:30"),
        ("PT45S", 45, "2024-03-04 10:00:45"),
    ],
)
def test_hours_minutes_and_seconds_go_around_the_clock(limit: str, seconds: int, due_at: str) -> None:
    reading = clock(Measure(limit=limit), "2024-03-04 10:00 submitted")
    assert (reading.unit, reading.limit) == ("second", seconds)
    assert (reading.due_on, reading.due_at) == (None, at(due_at))


def test_hours_are_elapsed_time_when_the_clocks_change() -> None:
    assert clock(Measure(limit="PT24H"), "2024-03-09 12:00 submitted").due_at == at("2024-03-10 13:00")


def test_the_exact_second_is_in_time_and_the_next_is_late() -> None:
    day = Measure(limit="PT24H")
    exact = clock(day, "2024-03-04 10:00:00.700 submitted", "2024-03-05 10:00:00.900 decided")
    assert (exact.elapsed, exact.met) == (86_400, True)
    assert clock(day, "2024-03-04 10:00 submitted", "2024-03-05 10:00:01 decided").met is False
    assert clock(day, "2024-03-04 10:00 submitted").late_from == at("2024-03-05 10:00:01")


# Rule 5: pauses

PAUSE = ("2024-03-07 10:00 information_requested", "2024-03-11 15:00 information_received")


@pytest.mark.parametrize(
    ("measure", "paused_for", "due_at"),
    [
        (TEN_DAYS, 2, "2024-03-21 00:00"),  # paused on Friday 8 and Monday 11: due on the 20th, not the 18th
        (Measure(limit="P14D"), 4, "2024-03-23 00:00"),  # from the 8th to the 11th: due on the 22nd
        (Measure(limit="P2M"), 4, "2024-05-09 00:00"),  # 4 May, and 4 days
        (Measure(limit="PT240H"), 360_000, "2024-03-18 15:00"),  # 4 days and 5 hours, less the hour of 10 March
    ],
)
def test_a_pause_moves_the_due_date_by_what_was_paused(measure: Measure, paused_for: int, due_at: str) -> None:
    reading = clock(measure, "2024-03-04 10:00 submitted", *PAUSE)
    assert (reading.paused_for, reading.due_at) == (paused_for, at(due_at))


def test_a_pause_within_one_day_moves_no_day() -> None:
    same_day = ("2024-03-07 09:00 information_requested", "2024-03-07 17:00 information_received")
    assert clock(TEN_DAYS, "2024-03-04 10:00 submitted", *same_day).due_on == date(2024, 3, 18)


def test_a_second_request_before_the_receipt_changes_nothing() -> None:
    twice = (PAUSE[0], "2024-03-08 10:00 information_requested", PAUSE[1])
    reading = clock(TEN_DAYS, "2024-03-04 10:00 submitted", *twice)
    assert (reading.paused_for, reading.due_on) == (2, date(2024, 3, 20))


def test_a_receipt_which_was_not_asked_for_changes_nothing() -> None:
    assert clock(TEN_DAYS, "2024-03-04 10:00 submitted", PAUSE[1]).due_on == date(2024, 3, 18)


def test_a_pause_open_at_the_stop_ends_there() -> None:
    reading = clock(TEN_DAYS, "2024-03-04 10:00 submitted", PAUSE[0], "2024-03-11 09:00 decided")
    assert (reading.elapsed, reading.paused_for, reading.due_on) == (3, 2, date(2024, 3, 20))


def test_while_paused_there_is_no_due_date_and_elapsed_stands() -> None:
    for now in ("2024-03-07 11:00", "2024-03-09 10:00", "2024-06-01 10:00"):
        reading = clock(TEN_DAYS, "2024-03-04 10:00 submitted", PAUSE[0], now=now)
        assert (reading.state, reading.elapsed) == ("paused", 3)
        assert (reading.due_on, reading.due_at, reading.late_from) == (None, None, None)


def test_paused_days_are_those_after_the_request_up_to_the_reading() -> None:
    reading = clock(TEN_DAYS, "2024-03-04 10:00 submitted", PAUSE[0], now="2024-03-12 10:00")
    assert reading.paused_for == 3


def test_a_request_open_when_the_clock_starts_pauses_it_from_its_start() -> None:
    reading = clock(
        Measure(limit="P10D", days="business", starts="complete"),
        "2024-03-04 10:00 submitted",
        "2024-03-05 10:00 information_requested",
        "2024-03-07 10:00 complete",
        "2024-03-11 10:00 information_received",
    )
    assert (reading.paused_for, reading.due_on) == (2, date(2024, 3, 25))  # 12 business days after the 7th


def test_a_pause_over_before_the_start_changes_nothing() -> None:
    reading = clock(Measure(limit="P10D", starts="complete"), *PAUSE, "2024-03-12 10:00 complete")
    assert (reading.paused_for, reading.due_on) == (0, date(2024, 3, 22))


# Rule 6: elapsed, met, late


@pytest.mark.parametrize(
    ("limit", "start", "stop", "elapsed", "met"),
    [
        ("P5D", "2024-03-04", "2024-03-08", 4, True),
        ("P5D", "2024-03-04", "2024-03-09", 5, True),  # Saturday counts as Monday 11, the due day
        ("P5D", "2024-03-04", "2024-03-11", 5, True),
        ("P4D", "2024-03-04", "2024-03-08", 4, True),
        ("P4D", "2024-03-04", "2024-03-09", 5, False),
        ("P4D", "2024-03-04", "2024-03-11", 5, False),
        ("P1D", "2024-03-02", "2024-03-02", 0, True),  # a Saturday, the start day itself
        ("P1D", "2024-03-02", "2024-03-03", 1, True),
        ("P1D", "2024-03-28", "2024-03-29", 1, True),  # Good Friday counts as Tuesday 2 April
        ("P1D", "2024-03-28", "2024-04-01", 1, True),
        ("P1D", "2024-03-28", "2024-04-03", 2, False),
    ],
)
def test_a_stop_on_a_day_off_counts_as_the_next_business_day(
    limit: str, start: str, stop: str, elapsed: int, met: bool
) -> None:
    measure = Measure(limit=limit, days="business")
    reading = clock(measure, f"{start} 10:00 submitted", f"{stop} 10:00 decided")
    assert (reading.elapsed, reading.met) == (elapsed, met)


def test_what_was_in_time_when_paused_is_in_time_when_it_stops_on_a_day_off() -> None:
    two_days = Measure(limit="P2D", days="business")
    paused = ("2024-03-04 10:00 submitted", "2024-03-06 10:00 information_requested")
    reading = clock(two_days, *paused, "2024-03-09 10:00 decided")
    # Saturday 9 counts as Monday 11: paused on the 7th, the 8th and the 11th.
    assert (reading.elapsed, reading.paused_for, reading.due_on, reading.met) == (2, 3, date(2024, 3, 11), True)


def test_a_running_case_is_late_from_the_end_of_its_due_day() -> None:
    reading = clock(TEN_DAYS, "2024-03-04 10:00 submitted")
    assert reading.late_from == reading.due_at == at("2024-03-19 00:00")


def test_a_pause_hides_no_lateness() -> None:
    two_days = Measure(limit="P2D", days="business")
    reading = clock(two_days, "2024-03-04 10:00 submitted", "2024-03-08 10:00 information_requested")
    assert (reading.state, reading.elapsed, reading.late_from) == ("paused", 4, at("2024-03-07 00:00"))
    assert reading.due_at is None


def test_a_pause_after_the_case_was_late_does_not_move_when_it_became_late() -> None:
    two_days = Measure(limit="P2D", days="business")
    late = ("2024-03-04 10:00 submitted", "2024-03-08 10:00 information_requested")
    again = (*late, "2024-03-12 10:00 information_received", "2024-03-13 10:00 information_requested")
    assert clock(two_days, *again).late_from == at("2024-03-07 00:00")


def test_a_stopped_clock_keeps_its_due_date_and_is_no_longer_late() -> None:
    reading = clock(TEN_DAYS, "2024-03-04 10:00 submitted", "2024-04-15 10:00 decided")
    assert (reading.due_on, reading.due_at) == (date(2024, 3, 18), at("2024-03-19 00:00"))
    assert (reading.met, reading.late_from) == (False, None)


def test_exception_days_move_an_open_case() -> None:
    storm = Bilingual(en="Ice storm", fr="Tempête de verglas")
    closed = CANADA.with_exceptions({date(2024, 3, 5): storm, date(2024, 3, 18): storm})
    assert clock(TEN_DAYS, "2024-03-04 10:00 submitted", where=closed).due_on == date(2024, 3, 20)


def test_exception_days_that_stand_move_an_open_case_and_those_that_stood_at_its_end_an_ended_one() -> None:
    # Ten business days from Monday 4 March are Monday 18; the storm of the 5th was known on the 6th.
    storm = Bilingual(en="Ice storm", fr="Tempête de verglas")
    known, taken_back = at("2024-03-06 09:00"), at("2024-03-14 09:00")
    closed = [ExceptionDay(date(2024, 3, 5), storm, known, taken_back)]

    def due(now: str, *more: str) -> date | None:
        moments = effective(in_order(history("2024-03-04 10:00 submitted", *more)))
        return read(TEN_DAYS, CANADA, moments, at(now), closed).due_on

    assert due("2024-03-05 10:00") == date(2024, 3, 18)
    assert due("2024-03-06 10:00") == date(2024, 3, 19)
    assert due("2024-03-15 10:00") == date(2024, 3, 18)
    assert due(LATER, "2024-03-05 15:00 decided") == date(2024, 3, 18)
    assert due(LATER, "2024-03-13 10:00 decided") == date(2024, 3, 19)
    assert due(LATER, "2024-03-15 10:00 decided") == date(2024, 3, 18)


# Rule 7: order


def test_history_is_ordered_by_time_then_sequence_then_event_id() -> None:
    noon, one = at("2024-03-04 12:00"), at("2024-03-04 13:00")
    ordered = [
        Moment("submitted", noon, 1, "z"),
        Moment("complete", noon, 2, "a"),
        Moment("complete", noon, 2, "b"),
        Moment("in_review", noon, None, "a"),
        Moment("decided", one, 0, "a"),
    ]
    assert in_order(reversed(ordered)) == ordered


def test_what_comes_after_a_final_state_moves_nothing_until_it_is_reopened() -> None:
    moments = history(
        "2024-03-04 10:00 submitted",
        "2024-03-05 10:00 closed",
        "2024-03-06 10:00 decided",
        "2024-03-07 10:00 withdrawn",
        "2024-03-08 10:00 reopened",
        "2024-03-11 10:00 decided",
    )
    assert [moment.state for moment in effective(moments)] == ["submitted", "closed", "reopened", "decided"]


def test_a_case_closed_undecided_then_reopened_runs_as_if_it_had_not_been_closed() -> None:
    closed = ("2024-03-04 10:00 submitted", "2024-03-05 10:00 closed", "2024-03-12 10:00 reopened")
    reading = clock(TEN_DAYS, *closed, "2024-03-18 10:00 decided")
    assert (reading.elapsed, reading.paused_for, reading.met) == (10, 0, True)


def test_a_reopened_case_does_not_restart_a_stopped_clock() -> None:
    decided = ("2024-03-04 10:00 submitted", "2024-03-06 10:00 decided", "2024-03-07 10:00 closed")
    again = (*decided, "2024-06-03 10:00 reopened", "2024-06-20 10:00 decided", "2024-06-21 10:00 withdrawn")
    assert clock(TEN_DAYS, *again) == clock(TEN_DAYS, *decided)


def test_a_reading_before_the_last_event_is_that_of_the_last_event() -> None:
    reports = ("2024-03-04 10:00 submitted", "2024-03-06 10:00 in_review")
    assert clock(TEN_DAYS, *reports, now="2024-01-01 10:00") == clock(TEN_DAYS, *reports, now="2024-03-06 10:00")


# Properties

STATES = ["submitted", "complete", "in_review", "information_requested", "information_received"]
STATES += ["decided", "issued", "closed", "withdrawn", "reopened"]
LIMITS = st.one_of(
    st.tuples(st.integers(1, 60).map(lambda n: f"P{n}D"), st.sampled_from(["business", "calendar"])),
    st.tuples(st.integers(1, 9).flatmap(lambda n: st.sampled_from([f"P{n}W", f"P{n}M"])), st.just("calendar")),
    st.tuples(st.integers(1, 2000).flatmap(lambda n: st.sampled_from([f"PT{n}H", f"PT{n}M"])), st.just("calendar")),
)
MEASURES = st.builds(
    lambda limit, starts, ends: Measure(limit=limit[0], days=limit[1], starts=starts, ends=ends),
    LIMITS,
    st.sampled_from(["submitted", "complete"]),
    st.sampled_from(["decided", "issued"]),
)
INSTANTS = st.datetimes(datetime(2024, 1, 1), datetime(2024, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001  # zone beside
HISTORIES = st.lists(st.tuples(st.sampled_from(STATES), INSTANTS), max_size=12).map(
    lambda reports: in_order(Moment(state, when, None, f"event-{n}") for n, (state, when) in enumerate(reports))
)
CASES = HISTORIES.map(lambda moments: in_order([*moments, Moment("submitted", at("2024-01-01 00:00"), None, "first")]))


def read_at(measure: Measure, moments: list[Moment], now: datetime, where: Calendar = CANADA) -> Reading:
    return read(measure, where, effective(in_order(moments)), now)


@given(MEASURES, HISTORIES, INSTANTS, st.randoms(use_true_random=False))
def test_any_order_of_arrival_gives_the_same_reading(
    measure: Measure, moments: list[Moment], now: datetime, random: Random
) -> None:
    arrived = random.sample(moments, len(moments))
    assert read_at(measure, arrived, now) == read_at(measure, moments, now)


@given(MEASURES, CASES, INSTANTS)
def test_met_elapsed_and_due_date_say_the_same(measure: Measure, moments: list[Moment], now: datetime) -> None:
    reading = read_at(measure, moments, now)
    assert reading.elapsed >= 0
    assert reading.paused_for >= 0
    if reading.state == "stopped":
        assert reading.limit is not None
        assert reading.met == (reading.elapsed <= reading.limit)
    if reading.state == "stopped" and reading.due_on and reading.due_at and reading.stopped_on and reading.stopped_at:
        assert reading.met == (reading.stopped_on <= reading.due_on) == (reading.stopped_at < reading.due_at)


@given(st.lists(INSTANTS, min_size=2, max_size=8, unique=True).map(sorted), st.booleans())
def test_elapsed_is_what_walking_day_by_day_counts(instants: list[datetime], business: bool) -> None:
    start, *pauses, stop = instants
    asked = [Moment("information_requested", when, None, "asked") for when in pauses[::2]]
    received = [Moment("information_received", when, None, "received") for when in pauses[1::2]]
    moments = [Moment("submitted", start, None, "start"), *asked, *received, Moment("decided", stop, None, "stop")]
    reading = read_at(Measure(limit="P30D", days="business" if business else "calendar"), moments, stop)

    first, last, *bounds = (when.astimezone(CANADA.zone).date() for when in (start, stop, *pauses))
    counted = [first + timedelta(days=n) for n in range(1, 800)]
    counted = [day for day in counted if CANADA.is_business_day(day) or not business]
    last = min(day for day in [first, *counted] if day >= last)
    bounds = [*bounds, last] if len(bounds) % 2 else bounds
    paused = [day for a, b in zip(bounds[::2], bounds[1::2], strict=True) for day in counted if a < day <= b]
    elapsed = [day for day in counted if day <= last and day not in paused]
    assert (reading.elapsed, reading.paused_for) == (len(elapsed), len(paused))
    assert reading.due_on == counted[30 + len(paused) - 1]


@given(MEASURES, CASES, INSTANTS)
def test_an_open_case_is_late_when_more_than_its_limit_has_elapsed(
    measure: Measure, moments: list[Moment], now: datetime
) -> None:
    reading = read_at(measure, moments, now)
    now = max(now, moments[-1].at)
    late = reading.late_from is not None and reading.late_from <= now
    if reading.state in {"running", "paused"}:
        assert reading.limit is not None
        assert late == (reading.elapsed > reading.limit)
    else:
        assert reading.late_from is None


@given(MEASURES, CASES, INSTANTS, INSTANTS)
def test_the_time_of_reading_moves_only_what_has_elapsed(
    measure: Measure, moments: list[Moment], now: datetime, later: datetime
) -> None:
    first, second = (read_at(measure, moments, when) for when in (now, later))
    assert replace(first, elapsed=0, paused_for=0) == replace(second, elapsed=0, paused_for=0)
    if first.state in {"stopped", "excluded"}:
        assert first == second


PAUSED_CASES = st.lists(INSTANTS, min_size=4, max_size=6, unique=True).map(sorted)


@given(MEASURES, PAUSED_CASES, INSTANTS)
def test_splitting_a_pause_in_two_changes_nothing(measure: Measure, instants: list[datetime], now: datetime) -> None:
    """A start, a pause to split at the third instant, open where there are but four, and a stop where there are six."""
    first, asked, between, *rest = instants
    states = [measure.starts, "information_requested", "information_received", measure.ends]
    moments = [
        Moment(state, when, None, f"event-{n}")
        for n, (state, when) in enumerate(zip(states, [first, asked, *rest[1:]], strict=False))
    ]
    split = [
        Moment("information_received", between, 1, "split-1"),
        Moment("information_requested", between, 2, "split-2"),
    ]
    now = max(now, between)
    assert read_at(measure, [*moments, *split], now) == read_at(measure, moments, now)


MONTHS = re.compile(r"P\d+M")


@given(MEASURES.filter(lambda measure: not MONTHS.match(measure.limit)), CASES, st.integers(-50, 50), INSTANTS)
def test_moving_everything_by_whole_weeks_moves_the_due_date_as_much(
    measure: Measure, moments: list[Moment], weeks: int, now: datetime
) -> None:
    # Hours are elapsed time, so that only where clocks never change can they be moved by a local week.
    zone = ZoneInfo("UTC") if measure.limit.startswith("PT") else CANADA.zone
    plain = Calendar("CA", "no holidays", zone, {})
    shift = timedelta(weeks=weeks)

    def moved(moment: Moment) -> Moment:
        return moment._replace(at=(moment.at.astimezone(zone) + shift))  # the same local hour

    here = read_at(measure, moments, now, plain)
    there = read_at(measure, [moved(moment) for moment in moments], now.astimezone(zone) + shift, plain)
    assert there.state == here.state
    assert (there.elapsed, there.paused_for, there.limit, there.met) == (
        here.elapsed,
        here.paused_for,
        here.limit,
        here.met,
    )
    assert (there.due_at is None) == (here.due_at is None)
    if here.due_at and there.due_at:
        assert (
            there.due_at.astimezone(zone).replace(tzinfo=None)
            == here.due_at.astimezone(zone).replace(tzinfo=None) + shift
        )


@given(
    st.lists(st.integers(1, 400), min_size=2, max_size=6, unique=True),
    CASES,
    st.sampled_from(["business P{}D", "calendar P{}D", "calendar P{}W", "calendar P{}M", "calendar PT{}H"]),
    INSTANTS,
)
def test_a_longer_limit_is_never_due_earlier(
    limits: list[int], moments: list[Moment], kind: str, now: datetime
) -> None:
    days, _, limit = kind.partition(" ")
    measures = [Measure.model_validate({"limit": limit.format(n), "days": days}) for n in sorted(limits)]
    for shorter, longer in pairwise(read_at(measure, moments, now) for measure in measures):
        assert (shorter.due_at is None) == (longer.due_at is None)
        assert not (shorter.due_at and longer.due_at) or shorter.due_at < longer.due_at
        assert not shorter.met or longer.met


STORM = Bilingual(en="Ice storm", fr="Tempête de verglas")
CLOSED = st.lists(
    st.builds(
        ExceptionDay,
        day=st.dates(date(2024, 1, 1), date(2024, 12, 31)),
        note=st.just(STORM),
        known_at=INSTANTS,
        withdrawn_at=st.none() | INSTANTS,
    ),
    max_size=6,
)


@given(MEASURES, CASES, CLOSED, INSTANTS)
def test_exception_days_known_after_the_end_of_a_case_change_nothing(
    measure: Measure, moments: list[Moment], closed: list[ExceptionDay], now: datetime
) -> None:
    history = effective(in_order(moments))
    without = read(measure, CANADA, history, now)
    later = [day for day in closed if without.stopped_at and day.known_at > without.stopped_at]
    if without.stopped_at:
        assert read(measure, CANADA, history, now, later) == without


LATE_THEN_PAUSED = [
    Moment("submitted", datetime(2024, 1, 1, tzinfo=UTC), None, "submitted"),
    Moment("information_requested", datetime(2024, 2, 1, tzinfo=UTC), None, "requested"),
    Moment("information_received", datetime(2024, 10, 1, tzinfo=UTC), None, "received"),
]


@given(MEASURES, CASES, CLOSED, INSTANTS)
@example(
    Measure(limit="P1D", days="business"),
    LATE_THEN_PAUSED,
    [ExceptionDay(date(2024, 9, 3), STORM, datetime(2024, 9, 1, tzinfo=UTC))],
    datetime(2024, 10, 1, tzinfo=UTC),
)
def test_exception_days_never_count_against_a_department(
    measure: Measure, moments: list[Moment], closed: list[ExceptionDay], now: datetime
) -> None:
    history = effective(in_order(moments))
    without = read(measure, CANADA, history, now)
    reading = read(measure, CANADA, history, now, closed)
    assert (reading.state, reading.started_on, reading.limit) == (without.state, without.started_on, without.limit)
    assert reading.elapsed <= without.elapsed
    assert reading.met or not without.met
    if measure.days == "calendar":
        assert reading == without
    elif reading.due_at and without.due_at and without.limit and without.elapsed <= without.limit:
        assert reading.due_at >= without.due_at


def test_a_day_closed_within_a_pause_shortens_it_and_a_late_case_is_due_as_much_earlier() -> None:
    """It adds nothing on the way to a due day that was over before the pause began (rule 5: due moves by what was paused)."""
    measure = Measure(limit="P1D", days="business")
    closed = [ExceptionDay(date(2024, 9, 3), STORM, datetime(2024, 9, 1, tzinfo=UTC))]
    without, reading = (read(measure, CANADA, LATE_THEN_PAUSED, LATE_THEN_PAUSED[-1].at, days) for days in ([], closed))
    assert (without.elapsed, without.paused_for, without.due_on) == (23, 167, date(2024, 8, 28))
    assert (reading.elapsed, reading.paused_for, reading.due_on) == (23, 166, date(2024, 8, 27))


@given(MEASURES, CASES, CLOSED, INSTANTS, st.randoms(use_true_random=False))
def test_exception_days_in_any_order_give_the_same_reading(
    measure: Measure, moments: list[Moment], closed: list[ExceptionDay], now: datetime, random: Random
) -> None:
    history = effective(in_order(moments))
    shuffled = random.sample(closed, len(closed))
    assert read(measure, CANADA, history, now, shuffled) == read(measure, CANADA, history, now, closed)
