"""Early warning: what a year is likely to come to, when its target is out of reach, and when nothing is said."""

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reporting.domain import warning
from services.reporting.domain.outlook import Day, Outlook, outlook

YEAR, LAST = date(2026, 4, 1), date(2027, 3, 31)
TODAY = date(2026, 10, 14)
AS_OF = datetime(2026, 10, 14, 16, tzinfo=UTC)


def daily(met: int, total: int, until: date = TODAY, since: date = YEAR) -> list[Day]:
    return [Day(since + timedelta(days=n), met, total) for n in range((until - since).days + 1)]


def seen(
    days: list[Day], target: float | None = 0.8, *, late: int = 0, today: date = TODAY, timed: bool = True
) -> Outlook:
    return outlook(days, target, late, today, timed=timed)


def words(found: Outlook, target: float | None = 0.8, *, shown: bool = True) -> dict[str, Any]:
    return warning.answer(found, target, AS_OF, shown=shown)


def test_a_steady_year_well_above_its_target_is_on_track_with_its_numbers() -> None:
    found = seen(daily(9, 10))
    assert (found.state, found.met, found.total, found.year) == ("on_track", 197 * 9, 1970, "2026-2027")
    assert found.expected is not None
    assert (found.expected.low, found.expected.middle, found.expected.high) == (1680, 1680, 1680)  # 168 days are left
    assert found.share == pytest.approx(0.9)
    assert found.interval is not None
    assert found.interval[0] > 0.88
    said = words(found)["explanation"]
    assert "1773 of 1970 cases met the standard; the target is 80.0%" in said["en"]
    assert "about 1680 cases (1680 to 1680)" in said["en"]
    assert "environ 1680 cas (1680 à 1680)" in said["fr"]
    assert "intervalle à 95 %" in said["fr"]


@pytest.mark.parametrize(
    ("met", "target", "state"),
    [
        (9, 0.8, "on_track"),
        (8, 0.8, "uncertain"),
        (7, 0.8, "off_track"),
        (5, 0.8, "unrecoverable"),
        (10, 0.5, "secured"),
    ],
)
def test_a_year_is_told_by_where_its_interval_lies_and_by_what_is_certain(met: int, target: float, state: str) -> None:
    assert seen(daily(met, 10), target).state == state


def test_a_target_is_unrecoverable_exactly_where_every_case_still_expected_would_not_be_enough() -> None:
    """On the last day but one week: 70 are still expected."""
    today = LAST - timedelta(days=7)
    total = 358 * 10
    enough = 2850  # (2850 + 70) / (3580 + 70) is four fifths
    for met, state in ((enough, False), (enough - 1, True)):
        days = [Day(each.day, 0, 10) for each in daily(0, 10, today)]
        days[0] = Day(YEAR, 0, 10)
        spread = [Day(each.day, met // 358 + (n < met % 358), 10) for n, each in enumerate(days)]
        assert sum(each.met for each in spread) == met
        assert sum(each.total for each in spread) == total
        found = seen(spread, today=today)
        assert found.expected is not None
        assert found.expected.high == 70
        assert (found.state == "unrecoverable") is state


def test_a_target_of_all_is_out_of_reach_with_the_first_failure_however_much_is_to_come() -> None:
    days = daily(10, 10)
    assert seen(days, 1.0).state == "uncertain"  # none has failed yet, and one may
    failed = [*days[:-1], Day(TODAY, 9, 10)]
    assert seen(failed, 1.0).state == "unrecoverable"
    assert seen([Day(YEAR, 0, 1)], 1.0, today=YEAR).state == "unrecoverable"
    assert seen([Day(YEAR, 9, 10)], 1.0, timed=False).state == "unrecoverable"
    said = words(seen([Day(YEAR, 0, 1)], 1.0, today=YEAR), 1.0)["explanation"]
    assert "can no longer be met" in said["en"]
    assert "ne peut plus être atteinte" in said["fr"]
    assert "one failure is enough" in said["en"]


@pytest.mark.parametrize(
    ("days", "target", "timed", "reason"),
    [
        ([], 0.8, True, "volume_unknown"),
        ([], 0.8, False, "no_cases"),
        (daily(9, 10), None, True, "no_target"),
        (daily(9, 10), 0.0, True, "no_target"),
        ([Day(YEAR, 80, 100)], 0.8, False, "reported_results"),
        ([Day(TODAY, 5, 5)], 0.8, True, "volume_unknown"),
        ([Day(YEAR, 12, 10)], 0.8, True, "met_exceeds_total"),
    ],
)
def test_nothing_is_said_of_what_is_to_come_where_that_is_not_known(
    days: list[Day], target: float | None, timed: bool, reason: str
) -> None:
    found = seen(days, target, timed=timed)
    assert (found.state, found.reason, found.expected, found.share, found.interval) == (None, reason, None, None, None)
    said = words(found, target)
    assert said["explanation"]["en"]
    assert said["explanation"]["fr"]


def test_the_first_weeks_of_a_year_say_nothing_of_it() -> None:
    today = YEAR + timedelta(days=26)
    assert seen(daily(9, 10, today), today=today).reason == "volume_unknown"
    today += timedelta(days=1)
    assert seen(daily(9, 10, today), today=today).state is not None


def test_what_came_before_the_year_is_no_part_of_it() -> None:
    """Lessons 5.10, an error budget that uses data from before its window."""
    before = [Day(YEAR - timedelta(days=n), 0, 1000) for n in range(1, 30)]
    assert seen([*before, *daily(9, 10)]).met == seen(daily(9, 10)).met
    assert seen([*before, *daily(9, 10)]).total == seen(daily(9, 10)).total


def test_a_year_with_seasons_is_told_with_the_range_that_the_year_before_gives() -> None:
    """Lessons 5.10, an estimate of a year's total that misleads: the spring was quiet last year too, and the winter was not."""
    last = [Day(date(2025, 4, 1) + timedelta(days=n), 9, 10) for n in range(197)]
    winter = [Day(date(2025, 10, 15) + timedelta(days=n), 90, 100) for n in range(168)]
    found = seen([*last, *winter, *daily(9, 10)])
    assert found.expected is not None
    assert (found.expected.low, found.expected.middle, found.expected.high) == (1680, 1680, 16800)


def test_cases_that_are_late_already_do_not_meet_the_standard_any_more() -> None:
    fair = seen(daily(9, 10))
    backlog = seen(daily(9, 10), late=1600)
    assert backlog.state == "off_track"
    assert fair.share is not None
    assert backlog.share is not None
    assert backlog.share < fair.share
    assert "1600 open cases are late already" in words(backlog)["explanation"]["en"]


def test_nothing_is_left_to_expect_on_the_year_s_last_day() -> None:
    assert seen(daily(9, 10, LAST), today=LAST).state == "secured"
    assert seen(daily(7, 10, LAST), today=LAST).state == "unrecoverable"
    assert seen(daily(10, 10, LAST), 1.0, today=LAST).state == "secured"


def test_what_is_hidden_is_hidden_whole() -> None:
    said = words(seen(daily(9, 10)), shown=False)
    told = {"reason": "suppressed", "fiscal_year": "2026-2027", "as_of": AS_OF, "suppressed": True}
    assert {name: value for name, value in said.items() if value is not None} == told
    assert said.keys() == words(seen(daily(9, 10))).keys()


def test_on_a_year_s_last_day_a_standard_without_any_case_has_no_outlook() -> None:
    found = seen([], today=LAST)
    assert (found.state, found.reason, found.total) == (None, "no_cases", 0)


@given(
    st.lists(st.tuples(st.integers(0, 364), st.integers(0, 30), st.integers(0, 30)), max_size=60),
    st.sampled_from([0.5, 0.8, 0.9, 0.95, 1.0]),
    st.integers(0, 50),
    st.integers(0, 364),
)
def test_an_outlook_never_contradicts_itself(
    some: list[tuple[int, int, int]], target: float, late: int, gone: int
) -> None:
    days = [Day(YEAR + timedelta(days=n), min(a, b), max(a, b)) for n, a, b in some if max(a, b)]
    found = seen(days, target, late=late, today=YEAR + timedelta(days=gone))
    if found.interval is None:
        assert found.state in {None, "unrecoverable"}
        return
    assert found.share is not None
    assert found.expected is not None
    assert 0 <= found.expected.low <= found.expected.middle <= found.expected.high
    assert 0 <= found.interval[0] <= found.share + 1e-9
    assert found.share - 1e-9 <= found.interval[1] <= 1
    if found.state == "unrecoverable":
        assert found.interval[1] < target
    if found.state == "secured" and late == 0:
        assert found.interval[0] >= target - 1e-9


def test_in_simulated_years_the_interval_holds_the_year_s_end_about_as_often_as_it_says() -> None:
    """Back-tested in mid-July, October and January of 200 years whose weeks differ in volume and in performance."""
    chance, held, asked, wrong = random.Random(5), 0, 0, 0
    for _ in range(200):
        level, days = chance.uniform(0.7, 0.95), []
        for week in range(53):
            volume, share = chance.randint(20, 60), min(1.0, max(0.0, chance.gauss(level, 0.04)))
            for n in range(7):
                if (day := YEAR + timedelta(days=7 * week + n)) <= LAST:
                    total = volume // 7 + (n < volume % 7)
                    days.append(Day(day, sum(chance.random() < share for _ in range(total)), total))
        end = sum(each.met for each in days) / sum(each.total for each in days)
        for today in (date(2026, 7, 15), TODAY, date(2027, 1, 15)):
            found = seen([each for each in days if each.day <= today], today=today)
            assert found.interval is not None
            asked += 1
            held += found.interval[0] <= end <= found.interval[1]
            wrong += (found.state == "secured" and end < 0.8) or (found.state == "unrecoverable" and end >= 0.8)
    assert held / asked >= 0.93
    assert wrong == 0
