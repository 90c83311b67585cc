"""From cells to the share with open cases counted in: which marks each case passed within a period, and what is said of it."""

import random
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from services.reporting.domain.figures import Window
from services.reporting.domain.fold import NEVER_LATE, bucket
from services.reporting.domain.including_open import Counted, Ended, Open, answer, counted, ruler
from shared.contracts.measure import Measure

OTTAWA = ZoneInfo("America/Toronto")
TODAY = date(2026, 6, 12)  # a Friday
NOW = datetime(2026, 6, 12, 16, tzinfo=UTC)
SPAN = Window("28d", date(2026, 5, 16), TODAY)
DAYS = ruler(Measure(limit="P10D"))
BUSINESS = ruler(Measure(limit="P10D", days="business"))


def late_from(due: date) -> datetime:
    return datetime.combine(due + timedelta(days=1), time(), OTTAWA).astimezone(UTC)


def ended(day: date, took: int, cases: int = 1) -> Ended:
    return Ended(day, bucket(took), cases)


def running(started: date, cases: int = 1, limit: int = 10) -> Open:
    return Open("running", started, late_from(started + timedelta(days=limit)), cases)


def found(ended_: list[Ended], open_: list[Open], span: Window = SPAN, rule: Any = DAYS) -> Counted:
    return counted(rule, ended_, open_, span, NOW)


def test_where_everything_began_and_ended_in_the_period_it_is_the_share_of_what_ended() -> None:
    some = found([ended(date(2026, 6, 5), 3, 30), ended(date(2026, 6, 10), 15, 10)], [])
    assert some.found is not None
    assert some.found.share == pytest.approx(0.75)
    assert (some.found.at_risk, some.found.ended, some.found.passed) == (40, 30, 10)


def test_open_cases_that_have_become_late_in_the_period_lower_it() -> None:
    some = found([ended(date(2026, 6, 5), 3, 20)], [running(date(2026, 5, 20), 20)])
    assert some.found is not None
    assert some.found.share == pytest.approx(0.5)
    assert (some.found.at_risk, some.found.passed, some.late_before) == (40, 20, 0)


def test_open_cases_within_their_limit_are_censored_where_they_stand() -> None:
    """Half of those that reach the fifth day end there; ten are as far as the second, and say nothing of the fifth."""
    some = found([ended(date(2026, 6, 8), 5, 10)], [running(date(2026, 5, 18), 10), running(date(2026, 6, 10), 10)])
    assert some.found is not None
    assert some.found.share == pytest.approx(0.5)
    assert (some.found.censored, some.found.at_risk) == (10, 30)


def test_cases_that_were_late_before_the_period_are_of_an_earlier_one_and_said() -> None:
    some = found([ended(date(2026, 6, 5), 3, 20)], [running(date(2026, 3, 1), 7)])
    assert some.found is not None
    assert (some.found.share, some.late_before) == (1.0, 7)
    words = answer(DAYS, some, (20, 20), SPAN, NOW, public=False)["explanation"]
    assert "7 that were late before this period" in words["en"]
    assert "7 déjà en retard avant cette période" in words["fr"]


def test_what_the_cells_cannot_place_is_left_out_and_counted() -> None:
    waiting = [Open("paused", date(2026, 6, 1), NEVER_LATE, 4), Open("not_started", date(1, 1, 1), NEVER_LATE, 2)]
    some = found([ended(date(2026, 6, 5), 3, 20)], waiting)
    assert some.found is not None
    assert (some.found.at_risk, some.paused, some.not_started) == (20, 4, 2)
    assert answer(DAYS, some, (20, 20), SPAN, NOW, public=False)["excluded"] == {
        "late_before": 0,
        "paused": 4,
        "not_started": 2,
    }


def test_a_case_that_ended_after_the_period_was_open_at_its_end() -> None:
    past = Window("", date(2026, 5, 1), date(2026, 5, 20))
    some = found([ended(date(2026, 5, 10), 4, 10), ended(date(2026, 6, 1), 27, 10)], [], past)
    assert some.found is not None
    assert (some.found.share, some.found.at_risk, some.found.passed) == (0.5, 20, 10)


def test_business_days_are_counted_by_the_standard_s_calendar() -> None:
    """From Friday 22 May to Friday 12 June are 15 business days; the clock began on the 22nd, and 10 of them were due on 5 June."""
    late = Open("running", date(2026, 5, 22), late_from(date(2026, 6, 5)), 5)
    some = found([ended(date(2026, 6, 10), 8, 5)], [late], rule=BUSINESS)
    assert some.found is not None
    assert (some.found.share, some.found.passed) == (0.5, 5)
    assert BUSINESS.reached(late.late_from, NOW) == 15


def test_hours_are_counted_in_seconds_and_say_that_they_are_not_exact() -> None:
    hours = ruler(Measure(limit="PT48H"))
    late = Open("running", date(2026, 6, 1), datetime(2026, 6, 3, 15, tzinfo=UTC), 10)
    some = found([ended(date(2026, 6, 5), 7200, 30)], [late], rule=hours)
    assert some.found is not None
    assert some.found.share == pytest.approx(0.75)
    assert answer(hours, some, (30, 30), SPAN, NOW, public=False)["exact"] is False


def test_the_estimate_is_right_in_a_steady_state_where_open_cases_counted_as_they_stand_would_mislead() -> None:
    """Cases of every day for half a year, three in five of which keep ten days; a period of four weeks of it."""
    chance, shares = random.Random(3), []
    for _ in range(40):
        some, still = [], []
        for ago in range(200):
            started = TODAY - timedelta(days=ago)
            for _ in range(6):
                took = chance.choices((chance.randint(0, 10), chance.randint(11, 60)), (3, 2))[0]
                end = started + timedelta(days=took)
                if end > TODAY:
                    still.append(running(started))
                elif end >= SPAN.first:
                    some.append(ended(end, took))
        result = found(some, still).found
        assert result is not None
        shares.append(result.share)
    assert sum(shares) / len(shares) == pytest.approx(0.6, abs=0.015)


# What is said


def said(**more: Any) -> dict[str, Any]:
    some = found([ended(date(2026, 6, 5), 3, 20)], [running(date(2026, 5, 20), 20)])
    return answer(DAYS, some, (20, 20), SPAN, NOW, **{"public": False, **more})


def test_the_difference_to_the_share_of_what_ended_is_told_in_words_with_its_numbers() -> None:
    body = said()
    assert (body["method"], body["share"], body["at_risk"], body["ended"], body["passed"], body["censored"]) == (
        "kaplan_meier", 0.5, 40, 20, 20, 0,
    )  # fmt: skip
    english, french = body["explanation"]["en"], body["explanation"]["fr"]
    assert "an estimated 50.0% are within the limit (95% interval" in english
    assert "Of the 20 cases that ended, 100.0% were within it" in english
    assert "have not ended yet" in english
    assert "on estime que 50,0 % respectent le délai" in french
    assert "n'ont pas encore pris fin" in french
    assert (body["limit"], body["as_of"]) == ({"value": 10, "unit": "day"}, NOW)


def test_few_cases_say_so_in_words_to_a_role_and_nothing_to_the_public() -> None:
    some = found([ended(date(2026, 6, 5), 3, 3)], [running(date(2026, 5, 20), 2)])
    assert "Fewer than 10 cases say little" in answer(DAYS, some, (3, 3), SPAN, NOW, public=False)["explanation"]["en"]
    hidden = answer(DAYS, some, (3, 3), SPAN, NOW, public=True)
    assert hidden["suppressed"] is True
    assert {hidden[name] for name in ("share", "interval", "at_risk", "ended", "censored", "passed", "excluded")} == {
        None
    }


@pytest.mark.parametrize("open_", [[running(date(2026, 5, 20), 3)], [running(date(2026, 3, 1), 3)], [Open("paused", date(2026, 6, 1), NEVER_LATE, 3)]])  # fmt: skip
def test_a_few_open_cases_are_not_told_to_the_public_by_the_difference_they_make(open_: list[Open]) -> None:
    some = found([ended(date(2026, 6, 5), 3, 200)], open_)
    assert answer(DAYS, some, (200, 200), SPAN, NOW, public=True)["suppressed"] is True


def test_where_nobody_was_seen_for_as_long_as_the_limit_there_is_no_share_and_it_says_why() -> None:
    body = answer(DAYS, found([], [running(date(2026, 6, 8), 40)]), (0, 0), SPAN, NOW, public=True)
    assert (body["share"], body["reason"]) == (None, "none_seen_that_long")
    assert "not known yet" in body["explanation"]["en"]
    body = answer(DAYS, found([], []), (0, 0), SPAN, NOW, public=True)
    assert (body["share"], body["reason"]) == (None, "no_cases")


def test_a_standard_without_a_clock_has_nothing_open() -> None:
    assert answer(None, None, (80, 100), SPAN, NOW, public=True)["reason"] == "no_clock"
