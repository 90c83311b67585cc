"""The clock by hand: what each rule says of cases counted on a paper calendar of 2025.

In 2025: 2 June is a Monday, Good Friday is 18 April, Saint Jean Baptiste Day Tuesday 24 June, Canada Day Tuesday 1 July,
Family Day Monday 17 February, civic holidays Monday 4 August, Nunavut Day Wednesday 9 July, Discovery Day Monday 18
August, Christmas Thursday. Reports and readings are at noon local time where no hour is given; months and days are
written MM-DD.
"""

from datetime import UTC, date, datetime

import pytest

from shared.calendars import calendar
from shared.clock import Moment, effective, in_order, read
from shared.contracts.measure import Measure

Said = tuple[str, int, int, str | None, bool | None]


def at(text: str, zone: str) -> datetime:
    """From `06-02` or `06-02 09:30`, of 2025, or with another year in front."""
    day, _, hour = text.partition(" ")
    whole = day if len(day) > 5 else f"2025-{day}"
    return datetime.fromisoformat(f"{whole} {hour or '12:00'}").replace(tzinfo=calendar(zone).zone).astimezone(UTC)


def moments(reports: str, zone: str) -> list[Moment]:
    """From `06-02 submitted, 06-04 10:00 decided`."""
    parts = [report.strip().rpartition(" ") for report in reports.split(",")]
    return [Moment(state, at(when, zone), n, f"event-{n}") for n, (when, _, state) in enumerate(parts)]


def said(measure: Measure, reports: str, now: str) -> Said:
    """State, elapsed, paused, due date and result, in the measure's unit."""
    zone = measure.calendar
    history = effective(in_order(moments(reports, zone)))
    reading = read(measure, calendar(zone), history, at(now, zone))
    due_on = reading.due_on.isoformat().removeprefix("2025-") if reading.due_on else None
    return reading.state, reading.elapsed, reading.paused_for, due_on, reading.met


def business(limit: str, *, starts: str = "submitted", ends: str = "decided", where: str = "CA") -> Measure:
    return Measure.model_validate(
        {"limit": limit, "days": "business", "starts": starts, "ends": ends, "calendar": where}
    )


TEN = business("P10D")
TWO_WEEKS = Measure(limit="P2W")
TWO_DAYS_LONG = Measure(limit="PT48H")

# Ten business days after Monday 2 June: 3, 4, 5, 6, 9, 10, 11, 12, 13 and Monday 16.
START_AND_STOP = [
    (TEN, "06-02 submitted", "06-05", ("running", 3, 0, "06-16", None)),
    (TEN, "06-02 00:00 submitted", "06-05", ("running", 3, 0, "06-16", None)),
    (TEN, "06-02 23:59 submitted", "06-05", ("running", 3, 0, "06-16", None)),
    (TEN, "06-02 in_review", "06-05", ("not_started", 0, 0, None, None)),
    (business("P10D", starts="complete"), "06-02 submitted", "06-05", ("not_started", 0, 0, None, None)),
    (
        business("P10D", starts="complete"),
        "06-02 submitted, 06-09 complete",
        "06-10",
        ("running", 1, 0, "06-23", None),
    ),
    (TEN, "06-02 submitted, 06-09 complete", "06-10", ("running", 6, 0, "06-16", None)),
    (TEN, "06-02 submitted, 06-16 23:59 decided", "09-01", ("stopped", 10, 0, "06-16", True)),
    (TEN, "06-02 submitted, 06-17 00:00 decided", "09-01", ("stopped", 11, 0, "06-16", False)),
    (
        business("P10D", ends="issued"),
        "06-02 submitted, 06-10 decided, 06-17 issued",
        "09-01",
        ("stopped", 11, 0, "06-16", False),
    ),
    (TEN, "06-02 submitted, 06-10 issued", "06-11", ("running", 7, 0, "06-16", None)),
    (TEN, "06-02 submitted, 06-05 withdrawn", "09-01", ("excluded", 3, 0, None, None)),
    (TEN, "06-02 submitted, 06-30 closed", "09-01", ("excluded", 20, 0, None, None)),
    (TEN, "06-02 submitted, 06-05 decided, 06-06 withdrawn", "09-01", ("stopped", 3, 0, "06-16", True)),
]
LIMITS = [
    (business("P5D"), "06-20 submitted", "06-20", ("running", 0, 0, "06-27", None)),
    (business("P5D", where="CA-QC"), "06-20 submitted", "06-20", ("running", 0, 0, "06-30", None)),
    (business("P3D"), "08-01 submitted", "08-01", ("running", 0, 0, "08-06", None)),
    (business("P3D", where="CA-BC"), "08-01 submitted", "08-01", ("running", 0, 0, "08-07", None)),
    (business("P1D", where="CA-NT"), "08-01 submitted", "08-01", ("running", 0, 0, "08-05", None)),
    (business("P1D", where="CA-SK"), "08-01 submitted", "08-01", ("running", 0, 0, "08-05", None)),
    (business("P1D", where="CA-NB"), "08-01 submitted", "08-01", ("running", 0, 0, "08-05", None)),
    (business("P1D", where="CA-YT"), "08-15 submitted", "08-15", ("running", 0, 0, "08-19", None)),
    (business("P1D", where="CA-NU"), "07-08 submitted", "07-08", ("running", 0, 0, "07-10", None)),
    (business("P1D", where="CA-NL"), "06-30 submitted", "06-30", ("running", 0, 0, "07-02", None)),
    (business("P1D"), "02-14 submitted", "02-14", ("running", 0, 0, "02-17", None)),
    (business("P1D", where="CA-ON"), "02-14 submitted", "02-14", ("running", 0, 0, "02-18", None)),
    (business("P1D", where="CA-AB"), "02-14 submitted", "02-14", ("running", 0, 0, "02-18", None)),
    (business("P1D", where="CA-MB"), "02-14 submitted", "02-14", ("running", 0, 0, "02-18", None)),
    (business("P1D", where="CA-NS"), "02-14 submitted", "02-14", ("running", 0, 0, "02-18", None)),
    (business("P1D", where="CA-PE"), "02-14 submitted", "02-14", ("running", 0, 0, "02-18", None)),
    (business("P2D"), "04-17 submitted", "04-17", ("running", 0, 0, "04-23", None)),  # 22 and 23: Easter between
    (business("P5D"), "12-22 submitted", "12-22", ("running", 0, 0, "12-31", None)),
    (business("P6D"), "12-22 submitted", "12-22", ("running", 0, 0, "2026-01-02", None)),
    (business("P1D"), "2022-12-23 submitted", "2022-12-23", ("running", 0, 0, "2022-12-28", None)),
    (Measure(limit="P5D"), "06-20 submitted", "06-20", ("running", 0, 0, "06-25", None)),
    (TWO_WEEKS, "06-17 submitted", "06-20", ("running", 3, 0, "07-01", None)),  # a calendar day may be a holiday
    (Measure(limit="P1M"), "03-31 submitted", "04-01", ("running", 1, 0, "04-30", None)),
    (Measure(limit="P6M"), "08-31 submitted", "09-01", ("running", 1, 0, "2026-02-28", None)),
    (Measure(limit="P6M"), "2023-08-31 submitted", "2023-09-01", ("running", 1, 0, "2024-02-29", None)),
    (Measure(limit="P1M"), "03-31 submitted, 04-30 decided", "09-01", ("stopped", 30, 0, "04-30", True)),
    (Measure(limit="P1M"), "03-31 submitted, 05-01 decided", "09-01", ("stopped", 31, 0, "04-30", False)),
]
HOURS = [
    (TWO_DAYS_LONG, "06-06 16:00 submitted", "06-06 17:00", ("running", 3_600, 0, None, None)),
    (TWO_DAYS_LONG, "06-06 16:00 submitted, 06-08 16:00 decided", "09-01", ("stopped", 172_800, 0, None, True)),
    (TWO_DAYS_LONG, "06-06 16:00 submitted, 06-08 16:00:01 decided", "09-01", ("stopped", 172_801, 0, None, False)),
    (
        TWO_DAYS_LONG,
        "06-06 16:00 submitted, 06-07 10:00 information_requested, 06-07 11:30 information_received, 06-08 17:30 decided",
        "09-01",
        ("stopped", 172_800, 5_400, None, True),
    ),
    # The clocks go forward on Sunday 9 March, so that 24 hours after noon on the 8th it is 13:00.
    (Measure(limit="PT24H"), "03-08 submitted, 03-09 13:00 decided", "09-01", ("stopped", 86_400, 0, None, True)),
    (Measure(limit="PT24H"), "11-01 submitted, 11-02 11:30 decided", "12-01", ("stopped", 88_200, 0, None, False)),
]
PAUSES = [
    (
        TEN,
        "06-02 submitted, 06-04 information_requested, 06-09 information_received",
        "06-10",
        ("running", 3, 3, "06-19", None),
    ),
    (
        TEN,
        "06-02 submitted, 06-04 information_requested, 06-05 information_received, 06-10 information_requested, 06-12 information_received",
        "06-13",
        ("running", 6, 3, "06-19", None),
    ),
    (
        TEN,
        "06-02 submitted, 06-06 information_requested, 06-08 information_received",
        "06-09",
        ("running", 5, 0, "06-16", None),
    ),
    (
        TWO_WEEKS,
        "06-02 submitted, 06-06 information_requested, 06-08 information_received",
        "06-09",
        ("running", 5, 2, "06-18", None),
    ),
    (TEN, "06-02 submitted, 06-04 information_requested", "06-10", ("paused", 2, 4, None, None)),
    (
        TEN,
        "06-02 submitted, 06-04 information_requested, 06-06 information_requested, 06-09 information_received",
        "06-10",
        ("running", 3, 3, "06-19", None),
    ),
    (
        TEN,
        "06-02 submitted, 06-04 information_requested, 06-10 decided",
        "09-01",
        ("stopped", 2, 4, "06-20", True),
    ),
    # In Quebec the 24th does not count, neither as a day nor as a paused one; 1 July is off everywhere.
    (
        business("P10D", where="CA-QC"),
        "06-16 submitted, 06-20 information_requested, 06-25 information_received",
        "06-26",
        ("running", 5, 2, "07-04", None),
    ),
    (
        business("P10D", starts="complete"),
        "06-02 submitted, 06-03 information_requested, 06-05 complete, 06-09 information_received",
        "06-10",
        ("running", 1, 2, "06-23", None),
    ),
    (
        TEN,
        "06-02 submitted, 06-04 information_requested, 06-05 withdrawn",
        "09-01",
        ("excluded", 2, 1, None, None),
    ),
]
ELAPSED = [
    (business("P5D"), "06-02 submitted, 06-07 decided", "09-01", ("stopped", 5, 0, "06-09", True)),
    (business("P5D"), "06-02 submitted, 06-08 decided", "09-01", ("stopped", 5, 0, "06-09", True)),
    (business("P4D"), "06-02 submitted, 06-07 decided", "09-01", ("stopped", 5, 0, "06-06", False)),
    (business("P5D"), "06-02 submitted, 06-10 decided", "09-01", ("stopped", 6, 0, "06-09", False)),
    (business("P5D"), "06-07 submitted, 06-07 decided", "09-01", ("stopped", 0, 0, "06-13", True)),
    (business("P5D"), "06-07 submitted, 06-08 decided", "09-01", ("stopped", 1, 0, "06-13", True)),
    (TEN, "06-02 submitted", "06-20", ("running", 14, 0, "06-16", None)),
    (TEN, "06-02 submitted, 06-20 information_requested", "06-30", ("paused", 14, 6, None, None)),
]
ORDER = [
    (TEN, "06-02 submitted, 06-04 closed, 06-06 decided", "09-01", ("excluded", 2, 0, None, None)),
    (TEN, "06-02 submitted, 06-04 closed, 06-11 reopened", "06-12", ("running", 8, 0, "06-16", None)),
    (TEN, "06-02 submitted, 06-04 closed, 06-11 reopened, 06-16 decided", "09-01", ("stopped", 10, 0, "06-16", True)),
    (TEN, "06-02 submitted, 06-04 decided, 06-05 closed, 06-20 reopened", "09-01", ("stopped", 2, 0, "06-16", True)),
    (TEN, "06-10 decided, 06-02 submitted", "09-01", ("stopped", 6, 0, "06-16", True)),
    (
        TEN,
        "06-09 information_received, 06-02 submitted, 06-04 information_requested",
        "06-10",
        ("running", 3, 3, "06-19", None),
    ),
]


@pytest.mark.parametrize(("measure", "reports", "now", "expected"), START_AND_STOP)
def test_rule_2_where_a_clock_starts_and_stops(measure: Measure, reports: str, now: str, expected: Said) -> None:
    assert said(measure, reports, now) == expected


@pytest.mark.parametrize(("measure", "reports", "now", "expected"), LIMITS)
def test_rules_1_and_3_when_a_case_is_due(measure: Measure, reports: str, now: str, expected: Said) -> None:
    assert said(measure, reports, now) == expected


@pytest.mark.parametrize(("measure", "reports", "now", "expected"), HOURS)
def test_rule_4_hours_go_around_the_clock(measure: Measure, reports: str, now: str, expected: Said) -> None:
    assert said(measure, reports, now) == expected


@pytest.mark.parametrize(("measure", "reports", "now", "expected"), PAUSES)
def test_rule_5_what_a_pause_moves(measure: Measure, reports: str, now: str, expected: Said) -> None:
    assert said(measure, reports, now) == expected


@pytest.mark.parametrize(("measure", "reports", "now", "expected"), ELAPSED)
def test_rule_6_what_has_elapsed_and_whether_it_is_met(
    measure: Measure, reports: str, now: str, expected: Said
) -> None:
    assert said(measure, reports, now) == expected


@pytest.mark.parametrize(("measure", "reports", "now", "expected"), ORDER)
def test_rule_7_what_comes_late_or_after_the_end(measure: Measure, reports: str, now: str, expected: Said) -> None:
    assert said(measure, reports, now) == expected


@pytest.mark.parametrize(
    ("where", "due_at"),
    [
        ("CA-NL", "2025-06-17T02:30+00:00"),
        ("CA-NS", "2025-06-17T03:00+00:00"),
        ("CA", "2025-06-17T04:00+00:00"),
        ("CA-MB", "2025-06-17T05:00+00:00"),
        ("CA-SK", "2025-06-17T06:00+00:00"),
        ("CA-AB", "2025-06-17T06:00+00:00"),
        ("CA-YT", "2025-06-17T07:00+00:00"),
        ("CA-BC", "2025-06-17T07:00+00:00"),
    ],
)
def test_rule_3_the_due_day_ends_at_midnight_of_its_place(where: str, due_at: str) -> None:
    reading = read(
        business("P10D", where=where), calendar(where), moments("06-02 submitted", where), at("06-03", where)
    )
    assert (reading.due_on, reading.due_at) == (date(2025, 6, 16), datetime.fromisoformat(due_at))
