"""Faults of comparable systems that the clock must not repeat: lessons 5.6, 5.7 and 5.8, each by name."""

import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import get_args

import pytest

from services.status.domain.application import standard_shown
from services.status.domain.clocks import Rules, Standard, clocks_under
from services.status.domain.words import following, summary
from shared.calendars import Calendar, ExceptionDay, calendar
from shared.clock import Moment, Reading, effective, in_order, read
from shared.contracts.measure import CalendarName, Measure
from shared.contracts.status import Clock
from shared.language import Bilingual

TEN_DAYS = Measure(limit="P10D", days="business")
LATER = datetime(2024, 12, 31, 17, tzinfo=UTC)
STORM = Bilingual(en="Offices closed: ice storm", fr="Bureaux fermés : tempête de verglas")


def moments(*reports: str, zone: Calendar | None = None) -> list[Moment]:
    """From lines such as "2024-03-04 10:00 submitted", local time of a calendar."""
    where = (zone or calendar("CA")).zone
    parts = [line.rsplit(" ", 1) for line in reports]
    return [
        Moment(state, datetime.fromisoformat(when).replace(tzinfo=where).astimezone(UTC), n, f"event-{n}")
        for n, (when, state) in enumerate(parts)
    ]


def clock(history: Sequence[Moment], now: datetime = LATER, measure: Measure = TEN_DAYS) -> Reading:
    return read(measure, calendar("CA"), effective(in_order(history)), now)


def standard(valid_from: date, measure: Measure) -> Standard:
    return Standard("1-1", valid_from, Bilingual(en="Decision", fr="Décision"), None, measure)


def judged(history: Sequence[Moment], *standards: Standard, exceptions: Sequence[ExceptionDay] = ()) -> Clock:
    return clocks_under(effective(in_order(history)), None, Rules(standards, exceptions), LATER)["1-1"]


# 5.6: the clock


@pytest.mark.parametrize("final", ["closed", "withdrawn", "decided"])
def test_5_6_no_clock_keeps_running_after_a_final_state(final: str) -> None:
    history = moments("2024-03-04 10:00 submitted", f"2024-03-06 10:00 {final}")
    then, long_after = (clock(history, history[-1].at + timedelta(days=days)) for days in (0, 400))
    assert then == long_after
    assert (then.elapsed, then.late_from) == (2, None)


@pytest.mark.parametrize(
    "start", ["2024-03-01 18:30", "2024-03-02 00:00", "2024-03-02 12:00", "2024-03-03 23:59", "2024-03-01 08:00"]
)
def test_5_6_a_start_out_of_hours_counts_from_the_next_business_day_and_no_sooner(start: str) -> None:
    # From Friday 1 March at any hour, and from the weekend: Monday 4 is the first day, Friday 15 the tenth.
    assert clock(moments(f"{start} submitted")).due_on == date(2024, 3, 15)


@pytest.mark.parametrize("name", get_args(CalendarName))
def test_5_6_no_minute_is_lost_at_midnight_in_any_zone(name: str) -> None:
    where = calendar(name)
    for day in (date(2024, 3, 9), date(2024, 3, 10), date(2024, 11, 2), date(2024, 11, 3), date(2024, 6, 12)):
        history = moments(f"{day} 12:00 submitted", zone=where)
        due_at = read(Measure(limit="P1D"), where, history, LATER).due_at
        assert due_at is not None
        assert (due_at.astimezone(where.zone) - timedelta(seconds=1)).date() == day + timedelta(days=1)
        assert due_at.astimezone(where.zone).date() == day + timedelta(days=2)


def test_5_6_no_pause_is_lost_when_the_standard_changes() -> None:
    history = moments(
        "2024-03-04 10:00 submitted", "2024-03-07 10:00 information_requested", "2024-03-11 15:00 information_received"
    )
    shorter = TEN_DAYS.model_copy(update={"limit": "P5D"})
    ten, five = (judged(history, standard(date(2024, 1, 1), measure)) for measure in (TEN_DAYS, shorter))
    assert (ten.paused_for, ten.due_on) == (2, date(2024, 3, 20))
    assert (five.paused_for, five.due_on) == (2, date(2024, 3, 13))


def test_5_6_no_case_becomes_late_at_the_end_of_a_day_off() -> None:
    federal = calendar("CA")
    for start in (date(2024, 1, 1) + timedelta(days=n) for n in range(366)):
        late_from = clock(moments(f"{start} 10:00 submitted")).late_from
        assert late_from is not None
        assert federal.is_business_day((late_from - timedelta(seconds=1)).astimezone(federal.zone).date())


def test_5_6_no_feed_surprises_anybody_with_a_holiday(monkeypatch: pytest.MonkeyPatch) -> None:
    from shared.calendars import _made, versions  # noqa: PLC0415  # the caches in front are passed by

    monkeypatch.setitem(sys.modules, "holidays", None)
    versions.cache_clear()
    federal = dict(_made.__wrapped__("CA"))[date(2000, 1, 1)]
    assert federal.count(date(2060, 12, 31)) == calendar("CA").count(date(2060, 12, 31))


# 5.7: history is not rewritten


def test_5_7_a_standard_changed_for_later_dates_leaves_what_began_before_as_it_was() -> None:
    history = moments("2024-03-28 10:00 submitted", "2024-04-25 10:00 decided")
    before = standard(date(2023, 4, 1), Measure(limit="P30D", days="business"))
    after = standard(date(2024, 4, 1), TEN_DAYS)
    assert judged(history, before, after) == judged(history, before)
    assert judged(history, before, after).met is True


def test_5_7_a_calendar_changed_for_later_dates_leaves_what_began_before_as_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    old = calendar("CA")
    new = old.with_exceptions({date(2024, 4, 8): Bilingual(en="A new holiday", fr="Un nouveau jour férié")})
    monkeypatch.setattr("shared.calendars._made", lambda _name: [(date(2000, 1, 1), old), (date(2024, 4, 1), new)])
    monkeypatch.setattr("services.status.domain.clocks.calendar", calendar.__wrapped__)
    limits = standard(date(2023, 4, 1), TEN_DAYS)
    # Ten business days: 2 to 5, 8 to 12 and 15 April, Easter Monday between; then 3 to 5, 8 to 12, 15 and 16, less one.
    assert judged(moments("2024-03-28 10:00 submitted"), limits).due_on == date(2024, 4, 15)
    assert judged(moments("2024-04-02 10:00 submitted"), limits).due_on == date(2024, 4, 17)


def test_5_7_a_standard_filed_afterwards_for_the_year_of_the_start_counts() -> None:
    history = moments("2024-03-28 10:00 submitted", "2024-04-25 10:00 decided")
    old, filed_late = standard(date(2022, 4, 1), Measure(limit="P30D")), standard(date(2023, 4, 1), TEN_DAYS)
    assert (judged(history, old).met, judged(history, old, filed_late).met) == (True, False)


def test_5_7_an_exception_day_moves_an_open_case_and_never_one_that_had_ended() -> None:
    known = datetime(2024, 3, 20, 15, tzinfo=UTC)
    storm = [ExceptionDay(date(2024, 3, 5), STORM, known), ExceptionDay(date(2024, 3, 19), STORM, known)]
    limits = standard(date(2023, 4, 1), TEN_DAYS)
    opened = moments("2024-03-04 10:00 submitted")
    assert judged(opened, limits, exceptions=storm).due_on == date(2024, 3, 20)
    for end in ("2024-03-19 10:00 decided", "2024-03-19 10:00 withdrawn", "2024-03-19 10:00 closed"):
        ended = [*opened, *moments(f"{end}")]
        assert judged(ended, limits, exceptions=storm) == judged(ended, limits)
    ended_after = [*opened, *moments("2024-03-20 13:00 decided")]
    assert (judged(ended_after, limits).met, judged(ended_after, limits, exceptions=storm).met) == (False, True)


# 5.8: states


def test_5_8_closed_is_not_decided_to_the_clock_nor_to_the_client() -> None:
    closed = clock(moments("2024-03-04 10:00 submitted", "2024-03-06 10:00 closed"))
    assert (closed.state, closed.excluded_as, closed.met) == ("excluded", "closed_undecided", None)
    assert "decision has been made" not in summary("closed", decided=False).en
    assert "not a decision" in following("closed", decided=False).en


def test_5_8_nothing_after_a_final_state_brings_the_clock_back_but_a_reopening() -> None:
    ended = moments("2024-03-04 10:00 submitted", "2024-03-06 10:00 withdrawn")
    late = moments("2024-03-07 10:00 in_review", "2024-03-08 10:00 information_requested", "2024-03-11 10:00 decided")
    assert clock([*ended, *late]) == clock(ended)
    assert clock([*ended, *moments("2024-03-07 10:00 reopened")]).state == "running"


def test_5_8_a_true_later_report_of_an_earlier_moment_wins_over_the_state_that_came_first() -> None:
    withdrawn = moments("2024-03-04 10:00 submitted", "2024-03-11 10:00 withdrawn")
    decided = Moment("decided", datetime(2024, 3, 8, 15, tzinfo=UTC), 9, "came last, happened before")
    assert clock([*withdrawn, decided]).met is True


def test_5_8_no_standard_of_an_ended_case_is_shown_as_due() -> None:
    history = moments("2024-03-04 10:00 submitted", "2024-03-06 10:00 closed")
    ended = clocks_under(effective(history), None, Rules([standard(date(2023, 4, 1), TEN_DAYS)]), LATER)
    assert standard_shown(ended) == "1-1"
    assert ended["1-1"].due_at is None
