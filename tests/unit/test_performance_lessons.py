"""What went wrong in comparable systems and must not here, as far as it concerns live performance: lessons, part 5."""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

from services.reporting.domain import including_open, warning
from services.reporting.domain.expecting import expect
from services.reporting.domain.figures import Window, window
from services.reporting.domain.fold import bucket, fold
from services.reporting.domain.including_open import Ended, counted, ruler
from services.reporting.domain.outlook import Day, outlook
from services.reporting.domain.trends import Known, Share, uptake, years
from services.reporting.pages.performance import _chosen
from shared.contracts.inventory import Result
from shared.contracts.measure import Measure
from tests.unit.test_figures import SPAN, STANDARD, shown
from tests.unit.test_fold import cells, result
from tests.unit.test_trends import ALL_KNOWN, known, sampled, service

NOW = datetime(2026, 5, 4, 16, tzinfo=UTC)
TEN = ruler(Measure(limit="P10D"))


def test_5_1_no_case_is_no_share_in_no_figure() -> None:
    empty = shown(met=0, total=0, durations=[], withdrawn=0, closed_undecided=0, not_started=0, open=0)
    assert (empty["share"], empty["interval"], empty["verdict"], empty["percentiles"]) == (None, None, "no_data", None)
    found = counted(TEN, [], [], SPAN, NOW)
    assert including_open.answer(TEN, found, (0, 0), SPAN, NOW, public=False)["share"] is None
    nothing = outlook([], 0.8, 0, SPAN.last, timed=True)
    assert (nothing.state, nothing.share) == (None, None)
    (year,) = years(Known({}, {}, {"2025-2026": Share(0, 0)}))
    assert {each.value for each in year.measures.values()} == {None}
    for words in (expect(empty, TEN, ()).en, warning.answer(nothing, 0.8, NOW, shown=True)["explanation"]["en"]):
        assert "0%" not in words


def test_5_2_not_applicable_no_data_blank_and_zero_are_four_volumes() -> None:
    def counted_as(volume: object) -> tuple[int, int, int]:
        found = uptake([service("S", **{**ALL_KNOWN, "num_applications_by_mail": volume}, num_applications_online=6)])
        return found.numerator, found.denominator, found.excluded

    assert counted_as("NA") == (6, 6, 0)
    assert counted_as(0) == (6, 6, 0)
    assert counted_as("ND") == (0, 0, 1)
    assert counted_as(None) == (0, 0, 1)


def test_5_3_volumes_are_added_as_numbers_all_of_them() -> None:
    one = service(
        "A", **{**ALL_KNOWN, "num_applications_by_mail": 30, "num_applications_by_fax": 5}, num_applications_online=1
    )
    assert uptake([one]).denominator == 36
    assert (
        uptake(
            [one, service("B", **{**ALL_KNOWN, "num_applications_by_mail": "30"}, num_applications_online=1)]
        ).excluded
        == 1
    )


def test_5_4_more_that_met_than_there_were_is_told_and_nothing_is_concluded() -> None:
    found = shown(met=12, total=10, withdrawn=0, closed_undecided=0, not_started=0)
    assert (found["met"], found["total"], found["share"], found["verdict"]) == (12, 10, None, "undetermined")
    assert "more cases" in expect(found, TEN, ()).en.lower()
    assert outlook([Day(date(2026, 4, 1), 12, 10)], 0.8, 0, SPAN.last, timed=True).reason == "met_exceeds_total"


def test_5_5_a_share_is_one_number_wherever_it_is_told() -> None:
    """The figure, its words, the estimate where nothing is open, and the year's outlook on its last day."""
    span = window("fiscal_year", date(2027, 3, 31))
    found = shown(met=8672, total=8760)
    ended = [Ended(date(2027, 3, 1), bucket(3), 8672), Ended(date(2027, 3, 1), bucket(30), 88)]
    estimated = counted(TEN, ended, [], Window("", date(2026, 4, 1), span.last), NOW + timedelta(days=331)).found
    assert estimated is not None
    assert abs(estimated.share - found["share"]) < 1e-12
    year = outlook([Day(date(2026, 4, 1), 8672, 8760)], 0.99, 0, span.last, timed=True)
    assert year.share == found["share"]
    assert year.state == "unrecoverable"  # 98.995 %, which rounds to the target
    assert "8672 of 8760 (99.0%)" in expect(found, TEN, ()).en
    assert Fraction(8672, 8760) < Fraction("0.99")


def test_5_7_a_case_stays_judged_by_the_standard_it_began_with() -> None:
    """What was met is counted when it ends; a figure asked again under another target or limit has the same numbers."""
    before = shown()
    after = shown(STANDARD.__class__("S-1", "STD-1", STANDARD.name, 0.95))
    assert {name: before[name] for name in ("met", "total", "share")} == {
        name: after[name] for name in ("met", "total", "share")
    }
    assert (before["verdict"], after["verdict"]) == ("met", "not_met")


def test_5_10_nothing_before_its_window_is_in_a_year_s_outlook_and_a_target_of_all_has_no_budget() -> None:
    before = [Day(date(2026, 3, 31), 0, 10_000)]
    year = [Day(date(2026, 4, 1) + timedelta(days=n), 10, 10) for n in range(34)]
    assert outlook([*before, *year], 0.8, 0, SPAN.last, timed=True).met == 340
    assert outlook(year, 1.0, 0, SPAN.last, timed=True).state == "uncertain"
    assert outlook([*year, Day(SPAN.last, 0, 1)], 1.0, 0, SPAN.last, timed=True).state == "unrecoverable"


def test_5_10_an_estimate_of_the_year_s_total_is_a_range_and_none_where_it_would_be_a_guess() -> None:
    weekly = [Day(date(2026, 4, 1) + timedelta(days=7 * n), 8, 10 + 40 * (n % 2)) for n in range(20)]
    found = outlook(weekly, 0.8, 0, date(2026, 8, 18), timed=True)
    assert found.expected is not None
    assert found.expected.low < found.expected.middle < found.expected.high
    assert outlook(weekly[:2], 0.8, 0, date(2026, 4, 9), timed=True).expected is None


def test_5_18_few_cases_come_before_many_in_no_list_and_say_how_little_they_say() -> None:
    def item(service_id: str, met: int, total: int) -> dict[str, object]:
        return {**shown(service_id=service_id, met=met, total=total), "service_id": service_id}

    few, many = item("few", 7, 10), item("many", 7100, 10_000)
    assert (few["verdict"], few["certain"], many["certain"]) == ("not_met", False, True)
    assert [each["service_id"] for each in _chosen([few, many], "below")] == ["many", "few"]
    one = counted(TEN, [Ended(SPAN.last, bucket(2), 1)], [], SPAN, NOW)
    words = including_open.answer(TEN, one, (1, 1), SPAN, NOW, public=False)["explanation"]
    assert "Fewer than 10 cases say little" in words["en"]
    assert "Moins de 10 cas en disent peu" in words["fr"]
    answers = {("2024-2025", "rating"): sampled(1, 1), ("2025-2026", "rating"): sampled(90, 100)}
    (year, _) = years(known(answers=answers))
    assert year.measures["satisfied"].interval is not None
    assert year.measures["satisfied"].interval[0] < 0.25


def test_5_20_a_result_reported_again_takes_the_place_of_the_first() -> None:
    first = Result(met=8, total=10, value=None, unit=None)
    second = Result(met=9, total=12, value=None, unit=None)
    replaced = fold([result(None, first), result(first, second)])
    assert cells(replaced)["performance"] == cells(fold([result(None, second)]))["performance"]
    assert cells(fold([result(None, first), result(first, None)]))["performance"] == {}
