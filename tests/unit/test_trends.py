"""Trends of the expected results: what counts, what is left out, and when two years can be told apart."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reporting.domain.indicators import Service
from services.reporting.domain.trend_words import DRIVER_NAMES, NAMES, said
from services.reporting.domain.trends import (
    DRIVERS,
    MEASURES,
    Known,
    Share,
    changes,
    priority_e_services,
    summed,
    targets_met,
    uptake,
    years,
)
from services.reporting.pages.trends import chart
from tests.unit.evidence import row

PRIORITY = {"priority": {"designated": True}}
ALL_KNOWN = dict.fromkeys(
    ("num_applications_by_phone", "num_applications_in_person", "num_applications_by_mail", "num_applications_by_email",
     "num_applications_by_fax", "num_applications_by_other"), 0,
)  # fmt: skip


def service(name: str = "S", *standards: dict[str, Any], **fields: Any) -> Service:
    return Service(
        "9001",
        name,
        row(name, "2024-2025", **{**PRIORITY, **fields}),
        tuple((f"{name}-{n}", each) for n, each in enumerate(standards)),
    )


def numbers(share: Share) -> tuple[int, int, int]:
    return share.numerator, share.denominator, share.excluded


def test_priority_e_services_are_counted_among_priority_services_and_what_is_not_known_beside() -> None:
    some = [
        service("online"),
        service("not", points="NYYYYY"),
        service("unknown", points="-YYYYY"),
        service("nobody said", priority=None),
        service("no priority", priority={"designated": False}),
    ]
    assert numbers(priority_e_services(some)) == (1, 2, 2)
    assert numbers(priority_e_services([])) == (0, 0, 0)
    assert priority_e_services([]).value is None


def test_uptake_is_of_applications_to_priority_e_services_and_never_takes_the_unknown_for_none() -> None:
    known = service("A", **ALL_KNOWN, num_applications_online=30)
    other = service(
        "B",
        **{**ALL_KNOWN, "num_applications_by_mail": 10, "num_applications_by_fax": "NA"},
        num_applications_online=60,
    )
    without = service("C", **{**ALL_KNOWN, "num_applications_by_mail": "ND"}, num_applications_online=1000)
    blank = service("D", **{**ALL_KNOWN, "num_applications_by_mail": None}, num_applications_online=1000)
    not_asked = service(
        "F",
        **{**ALL_KNOWN, "num_applications_by_fax": None, "num_applications_by_email": None},
        num_applications_online=0,
    )
    offline = service("E", points="NYYYYY", **ALL_KNOWN, num_applications_online=500)
    assert numbers(uptake([known, other, without, blank, not_asked, offline])) == (90, 100, 2)


def test_standards_met_are_judged_exactly_and_those_that_cannot_be_are_left_out() -> None:
    met = {"target": 0.8, "volume_meeting_target": 8, "total_volume": 10}
    rounded = {"target": 0.99, "volume_meeting_target": 8672, "total_volume": 8760}
    over = {"target": 0.8, "volume_meeting_target": 12, "total_volume": 10}
    blank = {"target": None, "volume_meeting_target": 8, "total_volume": 10}
    assert numbers(targets_met([service("S", met, rounded, over, blank)], "2024-2025")) == (1, 2, 2)


def known(**more: Any) -> Known:
    return Known(**{"services": {}, "answers": {}, "within": {}, **more})


def sampled(numerator: int, denominator: int) -> Share:
    return Share(numerator, denominator, sampled=True)


def test_a_year_of_which_nothing_is_known_has_no_share_neither_none_nor_all() -> None:
    (year,) = years(known(within={"2024-2025": sampled(8, 10)}))
    assert {name for name, share in year.measures.items() if share.value is None} == set(MEASURES) - {"within_standard"}
    assert {share.value for share in year.drivers.values()} == {None}


def test_years_stand_in_their_order_without_leaving_any_out_whatever_they_are_known_by() -> None:
    found = years(
        known(
            services={"2024-2025": [service()]},
            answers={("2021-2022", "rating"): sampled(8, 10)},
            within={"2022-2023": sampled(8, 10)},
        )
    )
    assert [each.year for each in found] == ["2021-2022", "2022-2023", "2023-2024", "2024-2025"]
    assert {each.value for each in found[2].measures.values()} == {None}  # of which nothing is known: a gap, and no 0 %
    assert years(known()) == []
    assert found[0].measures["satisfied"].value == 0.8


@pytest.mark.parametrize(
    ("before", "now", "direction"),
    [
        ((70, 100), (95, 100), "up"),
        ((95, 100), (70, 100), "down"),
        ((80, 100), (85, 100), "not_told_apart"),
        ((8, 10), (10, 10), "not_told_apart"),
    ],
)
def test_two_years_of_answers_differ_only_beyond_the_margin_of_chance(
    before: tuple[int, int], now: tuple[int, int], direction: str
) -> None:
    answers = {("2023-2024", "rating"): sampled(*before), ("2024-2025", "rating"): sampled(*now)}
    (change,) = changes(years(known(answers=answers)), public=True)
    assert (change.measure, change.direction) == ("satisfied", direction)
    assert "2024-2025" in said(change).en
    assert "2023-2024" in said(change).fr


def test_what_is_counted_whole_differs_as_it_does() -> None:
    services = {"2023-2024": [service("A"), service("B", points="NYYYYY")], "2024-2025": [service("A"), service("B")]}
    found = {each.measure: each.direction for each in changes(years(known(services=services)), public=True)}
    assert found["e_services"] == "up"
    services["2024-2025"] = services["2023-2024"]
    found = {each.measure: each.direction for each in changes(years(known(services=services)), public=True)}
    assert found["e_services"] == "same"


def test_years_without_the_measure_are_passed_over_and_one_year_is_no_trend() -> None:
    within = {"2021-2022": sampled(50, 100), "2024-2025": sampled(90, 100)}
    answers = {("2022-2023", "rating"): sampled(8, 10)}
    (change,) = changes(years(known(within=within, answers=answers)), public=True)
    assert (change.measure, change.first, change.last) == ("within_standard", "2021-2022", "2024-2025")


def test_the_public_sees_no_live_figure_on_fewer_than_ten_and_no_direction_from_one() -> None:
    answers = {("2023-2024", "rating"): sampled(90, 100), ("2024-2025", "rating"): sampled(0, 9)}
    found = years(known(answers=answers))
    assert changes(found, public=True) == []
    assert [each.direction for each in changes(found, public=False)] == ["down"]
    hidden = found[1].measures["satisfied"].answer(public=True)
    assert (hidden["share"], hidden["numerator"], hidden["denominator"], hidden["suppressed"]) == (
        None,
        None,
        None,
        True,
    )
    assert found[1].measures["satisfied"].answer(public=False)["denominator"] == 9
    few_left_out = Share(90, 100, 3, sampled=True).answer(public=True)
    assert (few_left_out["share"], few_left_out["excluded"], few_left_out["suppressed"]) == (0.9, None, True)
    filed = Share(1, 2, 3).answer(public=True)  # of the inventory: official, and shown
    assert (filed["share"], filed["excluded"], filed["suppressed"]) == (0.5, 3, False)


def test_a_sum_of_live_figures_never_tells_the_public_those_that_are_hidden() -> None:
    def total(*parts: tuple[int, int, int], public: bool = True) -> tuple[int, int, int]:
        return numbers(summed([Share(*each, sampled=True) for each in parts], public=public))

    assert total((90, 100, 0), (1, 9, 0)) == (90, 100, 0)  # 109 would tell the nine
    assert total((90, 100, 0), (1, 9, 0), (0, 4, 0)) == (91, 113, 0)  # thirteen hidden ones cannot be told apart
    assert total((90, 100, 20), (90, 100, 3)) == (180, 200, 20)
    assert total((90, 100, 20), (1, 9, 3), public=False) == (91, 109, 23)
    assert total() == (0, 0, 0)


def test_every_measure_and_driver_has_its_words_in_both_languages() -> None:
    assert set(NAMES) == set(MEASURES)
    assert set(DRIVER_NAMES) == set(DRIVERS)
    assert all(each.en != each.fr for each in NAMES.values())


def test_a_chart_breaks_where_a_year_is_not_known_and_draws_nothing_there() -> None:
    def item(year: str, share: float | None) -> dict[str, Any]:
        return {"fiscal_year": year, "m": {"share": share, "interval": None}}

    found = chart(
        [item("2021-2022", 0.5), item("2022-2023", None), item("2023-2024", 1.0), item("2024-2025", 0.0)], "m"
    )
    assert found is not None
    assert [[point["year"] for point in line] for line in found["lines"]] == [["2021-2022"], ["2023-2024", "2024-2025"]]
    assert [point["y"] for point in found["points"]] == [90, None, 15, 165]
    assert chart([item("2021-2022", None)], "m") is None
    assert chart([], "m") is None


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=12))
def test_every_point_of_a_chart_stands_inside_it(shares: list[tuple[float, bool]]) -> None:
    items = [
        {
            "fiscal_year": f"{2010 + n}-{2011 + n}",
            "m": {"share": share if is_known else None, "interval": (0.0, share) if is_known else None},
        }
        for n, (share, is_known) in enumerate(shares)
    ]
    found = chart(items, "m")
    for point in found["points"] if found else ():
        assert 55 <= point["x"] <= 375
        assert point["y"] is None or 15 <= point["y"] <= point["low"] <= 165
