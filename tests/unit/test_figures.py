"""From cells to what is said of a standard: shares, intervals, verdicts, percentiles, windows, and what is not shown."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reporting.domain.figures import (
    FEWEST_SHOWN,
    Standard,
    Tally,
    Window,
    figure,
    percentile,
    total_shown,
    verdict,
    window,
)
from services.reporting.domain.fold import bucket
from shared.intervals import wilson
from shared.language import Bilingual

SPAN = Window("28d", date(2026, 4, 7), date(2026, 5, 4))
STANDARD = Standard("S-1", "STD-1", Bilingual(en="Ten days", fr="Dix jours"), 0.8)


def tally(**changes: Any) -> Tally:
    fields: dict[str, Any] = {
        "org_id": "134",
        "service_id": "S-1",
        "standard_id": "STD-1",
        "channel": "ONL",
        "met": 90,
        "total": 100,
        "withdrawn": 3,
        "closed_undecided": 2,
        "events": 105,
        "open": 40,
        "open_late": 4,
        "not_started": 1,
        "oldest_open": date(2026, 3, 2),
        "unit": "business_day",
        "durations": [(3, 60), (9, 40)],
        **changes,
    }
    return Tally(**fields)


def shown(standard: Standard | None = STANDARD, *, public: bool = True, **changes: Any) -> dict[str, Any]:
    return figure(tally(**changes), standard, SPAN, 7, public=public)


def with_target(target: float | None) -> Standard:
    return Standard("S-1", "STD-1", STANDARD.name, target)


# Verdicts


@pytest.mark.parametrize(
    ("met", "total", "target", "expected"),
    [
        (9, 10, None, "not_applicable"),
        (9, 10, 0, "not_applicable"),
        (0, 0, None, "not_applicable"),
        (0, 0, 0.8, "no_data"),
        (8, 10, 0.8, "met"),
        (7, 10, 0.8, "not_met"),
        (8672, 8760, 0.99, "not_met"),  # 98.995 %, which rounds to 99.0 %
        (8673, 8760, 0.99, "met"),
        (0, 10, 0.8, "not_met"),
        (10, 10, 1, "met"),
        (9999, 10000, 1, "not_met"),
        (7, 10, 0.7, "met"),  # 0.7 as a binary number is a little less than seven tenths
        (29, 100, 0.29, "met"),  # and 0.29 * 100 a little less than 29
        (57, 100, 0.57, "met"),
        (12, 10, 0.9, "met"),
    ],
)
def test_a_verdict_compares_exactly_and_never_rounds_first(
    met: int, total: int, target: float | None, expected: str
) -> None:
    assert verdict(met, total, target) == expected


@given(st.integers(0, 100), st.integers(1, 1000))
def test_a_share_equal_to_its_target_meets_it_however_the_target_is_written(percent: int, hundreds: int) -> None:
    target = percent / 100
    if percent:
        assert verdict(percent * hundreds, 100 * hundreds, target) == "met"
        assert verdict(percent * hundreds - 1, 100 * hundreds, target) == "not_met"


def test_a_standard_that_is_not_known_gives_no_verdict_but_says_so() -> None:
    found = shown(None)
    assert (found["verdict"], found["target"], found["name"], found["certain"]) == ("undetermined", None, None, None)


# Intervals


@pytest.mark.parametrize(
    ("met", "total", "low", "high"),
    [
        (8, 10, 0.490, 0.943),
        (0, 10, 0.000, 0.278),
        (10, 10, 0.722, 1.000),
        (1, 29, 0.006, 0.172),
        (81, 263, 0.255, 0.366),  # Newcombe, 1998, table I
        (15, 148, 0.062, 0.160),
    ],
)
def test_an_interval_is_wilsons(met: int, total: int, low: float, high: float) -> None:
    found = wilson(met, total)
    assert found is not None
    assert found == pytest.approx((low, high), abs=0.0005)


def test_there_is_no_interval_without_cases_nor_where_more_were_met_than_there_were() -> None:
    assert wilson(0, 0) is None
    assert wilson(11, 10) is None
    assert wilson(-1, 10) is None


@given(st.integers(1, 10**6), st.data())
def test_an_interval_holds_its_share_and_stays_between_0_and_1(total: int, data: st.DataObject) -> None:
    met = data.draw(st.integers(0, total))
    found = wilson(met, total)
    assert found is not None
    assert 0 <= found[0] <= met / total + 1e-12
    assert met / total - 1e-12 <= found[1] <= 1


def test_a_verdict_is_certain_where_the_interval_leaves_the_target_out() -> None:
    assert shown(met=79, total=100)["certain"] is False
    assert shown(met=790, total=1000)["certain"] is False
    assert shown(met=7900, total=10000)["certain"] is True
    assert shown(with_target(None))["certain"] is None
    assert shown(met=101, total=100)["certain"] is None


# What a figure says, and what it keeps to itself


def test_a_figure_says_its_share_and_the_numbers_behind_it() -> None:
    found = shown(public=False)
    assert (found["met"], found["total"], found["share"], found["verdict"]) == (90, 100, 0.9, "met")
    assert found["excluded"] == {"withdrawn": 3, "closed_undecided": 2, "not_started": 1}
    assert (found["open"], found["open_late"], found["oldest_open"]) == (40, 4, date(2026, 3, 2))
    assert found["suppressed"] is False


def test_no_case_is_no_share_neither_0_nor_100_percent() -> None:
    found = shown(met=0, total=0, durations=[], withdrawn=0, closed_undecided=0, not_started=0)
    assert (found["met"], found["total"], found["share"], found["interval"]) == (0, 0, None, None)
    assert (found["verdict"], found["percentiles"], found["suppressed"]) == ("no_data", None, False)


HIDDEN = ("met", "total", "share", "interval", "certain", "verdict", "percentiles", "excluded", "events")


@pytest.mark.parametrize("total", [1, 5, 9])
def test_a_figure_on_fewer_than_ten_cases_is_not_shown_to_the_public(total: int) -> None:
    found = shown(met=total, total=total)
    assert found["suppressed"] is True
    assert {name: found[name] for name in HIDDEN} == dict.fromkeys(HIDDEN)


def test_a_figure_on_ten_cases_is_shown() -> None:
    found = shown(met=10, total=FEWEST_SHOWN, withdrawn=0, closed_undecided=10, not_started=0)
    assert found["excluded"] == {"withdrawn": 0, "closed_undecided": 10, "not_started": 0}
    assert (found["total"], found["suppressed"]) == (10, False)


def test_fewer_than_ten_open_cases_are_not_shown_to_the_public() -> None:
    found = shown(open=9, open_late=1)
    assert (found["open"], found["open_late"], found["oldest_open"], found["suppressed"]) == (None, None, None, True)
    assert found["total"] == 100


def test_fewer_than_ten_excluded_cases_are_not_shown_nor_what_would_tell_them() -> None:
    found = shown(withdrawn=1, closed_undecided=12, not_started=0, events=113)
    assert found["excluded"] == {"withdrawn": None, "closed_undecided": 12, "not_started": 0}
    assert (found["events"], found["suppressed"]) == (None, True)
    assert found["total"] == 100


def test_nothing_is_hidden_from_a_reader_with_a_role() -> None:
    found = shown(public=False, met=1, total=2, open=3)
    assert (found["met"], found["total"], found["share"], found["open"], found["suppressed"]) == (1, 2, 0.5, 3, False)


def test_a_figure_id_tells_figures_windows_and_states_apart() -> None:
    ids = {
        shown()["figure_id"],
        shown(channel="TEL")["figure_id"],
        shown(channel=None)["figure_id"],
        figure(tally(), STANDARD, SPAN, 8, public=True)["figure_id"],
        figure(tally(), STANDARD, window("7d", SPAN.last), 7, public=True)["figure_id"],
    }
    assert len(ids) == 5
    assert shown()["figure_id"] == shown(met=1)["figure_id"]


# Totals over hidden figures


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([], 0),
        ([50, 20], 70),
        ([50, 4], 50),  # 54 would show the 4 that is hidden
        ([50, 4, 5], 50),
        ([50, 6, 4], 60),  # ten or more hidden ones cannot be told apart
        ([9], 0),
        ([10], 10),
        ([0, 0, 50], 50),
    ],
)
def test_a_total_holds_hidden_figures_only_where_it_does_not_give_them_away(parts: list[int], expected: int) -> None:
    assert total_shown(parts) == expected


@given(st.lists(st.integers(0, 30), max_size=8))
def test_a_total_never_differs_from_what_is_shown_by_fewer_than_ten(parts: list[int]) -> None:
    visible = sum(part for part in parts if part >= FEWEST_SHOWN)
    difference = total_shown(parts) - visible
    assert difference == 0 or difference >= FEWEST_SHOWN


# Percentiles


def test_a_percentile_is_the_duration_that_the_share_of_cases_did_not_exceed() -> None:
    durations = [(1, 5), (2, 3), (7, 2)]
    assert [percentile(durations, share / 100) for share in (10, 50, 80, 81, 100)] == [1, 1, 2, 7, 7]
    assert percentile([], 0.5) is None
    assert percentile([(4, 0)], 0.5) is None


@given(st.lists(st.integers(0, 100), min_size=1, max_size=40), st.sampled_from([50, 80, 90, 95]))
def test_percentiles_of_short_durations_are_those_of_the_sorted_cases(elapsed: list[int], share: int) -> None:
    durations = [(each, elapsed.count(each)) for each in sorted(set(elapsed))]
    rank = -(-share * len(elapsed) // 100)  # the nearest rank, in whole numbers
    assert percentile(durations, share / 100) == sorted(elapsed)[rank - 1]


def test_percentiles_say_their_unit_and_whether_they_are_exact() -> None:
    assert shown()["percentiles"] == {"p50": 3, "p80": 9, "p90": 9, "p95": 9, "unit": "business_day", "exact": True}
    long = shown(durations=[(3, 60), (bucket(5000), 40)])["percentiles"]
    assert long["exact"] is False
    assert long["p95"] == pytest.approx(5000, rel=0.01)


# Windows


def test_a_window_of_days_ends_today_and_holds_as_many_days_as_it_says() -> None:
    today = date(2026, 3, 1)
    assert window("7d", today) == Window("7d", date(2026, 2, 23), today)
    found = window("28d", today)
    assert (found.last - found.first).days + 1 == 28


@pytest.mark.parametrize(
    ("today", "first"),
    [
        (date(2026, 3, 31), date(2025, 4, 1)),
        (date(2026, 4, 1), date(2026, 4, 1)),
        (date(2026, 1, 1), date(2025, 4, 1)),
        (date(2026, 12, 31), date(2026, 4, 1)),
    ],
)
def test_a_fiscal_year_begins_on_the_first_of_april(today: date, first: date) -> None:
    assert window("fiscal_year", today) == Window("fiscal_year", first, today)


def test_a_window_of_two_dates_holds_both() -> None:
    found = window("2026-04-01/2026-06-30", date(2026, 5, 4))
    assert (found.first, found.last) == (date(2026, 4, 1), date(2026, 6, 30))
    assert window("2026-04-01/2026-04-01", date(2026, 5, 4)).first == date(2026, 4, 1)


@pytest.mark.parametrize(
    "name", ["", "30d", "2026-04-01", "2026-04-01/", "2026-04-02/2026-04-01", "2026-02-30/2026-03-01"]
)
def test_any_other_window_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        window(name, date(2026, 5, 4))
