"""What a client can expect now, in plain words, in both languages, and never on fewer than ten cases."""

from datetime import date
from typing import Any

import pytest

from services.reporting.domain.expecting import amount, expect
from services.reporting.domain.including_open import ruler
from services.reporting.domain.sources import SOURCES, filed, results, without_few
from shared.contracts.measure import Measure
from tests.unit.test_figures import SPAN, shown

TEN = ruler(Measure(limit="P10D", days="business"))


def said(reported: Any = (), **changes: Any) -> tuple[str, str]:
    found = expect(shown(**changes), TEN, reported)
    return found.en, found.fr


def test_eight_in_ten_is_told_with_the_share_in_time_the_limit_the_target_and_the_period() -> None:
    english, french = said()
    assert english == (
        "8 in 10 cases that ended took 9 business days or less. 90 of 100 (90.0%) met the standard of 10 business days from "
        "2026-04-07 to 2026-05-04; the target is 80.0%. 40 cases are open, 4 of them late."
    )
    assert french == (
        "8 cas terminés sur 10 ont pris 9 jours ouvrables ou moins. 90 sur 100 (90,0 %) ont respecté la norme de 10 jours "
        "ouvrables du 2026-04-07 au 2026-05-04; la cible est de 80,0 %. 40 cas sont en cours, dont 4 en retard."
    )


def test_on_fewer_than_ten_cases_nothing_is_told_but_that() -> None:
    english, french = said(met=9, total=9)
    assert english == "Fewer than 10 cases: what to expect is not shown."
    assert french == "Moins de 10 cas : ce à quoi s'attendre n'est pas montré."


def test_without_a_case_nothing_is_expected_neither_at_once_nor_never() -> None:
    english, french = said(met=0, total=0, durations=[])
    assert "is not known" in english
    assert "on ne sait pas" in french
    assert "0%" not in english


def test_a_result_that_no_application_shows_is_told_as_its_department_reports_it() -> None:
    average = {
        "from": date(2026, 4, 7),
        "to": date(2026, 5, 4),
        "met": None,
        "total": None,
        "value": 1.6,
        "unit": "weeks",
    }
    english, french = said([average], met=0, total=0, durations=[])
    assert english == "The department reports 1.6 weeks from 2026-04-07 to 2026-05-04."
    assert "1,6 semaines du 2026-04-07" in french


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (9.0, "business_day", ("9 business days", "9 jours ouvrables")),
        (1, "day", ("1 day", "1 jour")),
        (0, "day", ("0 days", "0 jour")),
        (172_800, "second", ("48 hours", "48 heures")),
        (172_801, "second", ("49 hours", "49 heures")),
        (600, "second", ("10 minutes", "10 minutes")),
        (45, "second", ("45 seconds", "45 secondes")),
        (101.2, "day", ("102 days", "102 jours")),
    ],
)
def test_a_duration_is_rounded_up_and_told_in_the_unit_people_use(
    value: float, unit: str, expected: tuple[str, str]
) -> None:
    assert amount(value, unit) == expected


# Where figures come from


def test_a_figure_says_whether_applications_or_reported_results_are_behind_it() -> None:
    assert shown(timed=100)["source"] == "applications"
    assert shown(timed=60)["source"] == "applications_and_reported_results"
    assert shown(timed=0, open=0, not_started=0, durations=[])["source"] == "reported_results"
    assert shown(met=0, total=0, open=0, not_started=0, durations=[])["source"] is None
    assert all(text.en and text.fr for text in SOURCES.values())


def test_the_results_of_a_figure_are_those_of_its_standard_channel_and_window() -> None:
    item = {"standard_id": "STD-1", "channel": "TEL"}
    numbers = {"met": 8, "total": 9, "value": None, "unit": None}

    def result(to: str, **more: Any) -> dict[str, Any]:
        return {
            "standard_id": "STD-1",
            "channel": "TEL",
            "from_date": "2026-04-01",
            "to_date": to,
            "after": numbers,
            **more,
        }

    some = [
        result("2026-05-05"),
        result("2026-05-04"),
        result("2026-04-30", channel=None),
        result("2026-04-30", standard_id="STD-2"),
        result("2026-03-31"),
    ]
    (found,) = results(some, item, SPAN)
    assert (found["to"], found["met"], found["total"]) == (date(2026, 5, 4), 8, 9)
    (hidden,) = without_few([found], 9)
    assert (hidden["met"], hidden["total"], hidden["suppressed"]) == (None, None, True)


@pytest.mark.parametrize("totals", [(100, 5), (100,)])
def test_no_result_that_is_hidden_is_told_by_those_beside_it(totals: tuple[int, ...]) -> None:
    found = [{"met": 1, "total": total, "suppressed": False} for total in totals]
    assert {each["total"] for each in without_few(found, 105)} == {None}
    assert without_few(found[:1], 100) == found[:1]


def test_what_was_filed_is_shown_as_filed_of_the_newest_year_that_has_volumes() -> None:
    def row(year: str, **fields: Any) -> dict[str, Any]:
        return {"standard_id": "STD-1", "fiscal_year": year, "channel": None, "fields": fields}

    rows = [
        row("2025-2026", total_volume="ND"),
        row("2024-2025", total_volume=8760, volume_meeting_target=8672, target=0.99),
        row("2023-2024", total_volume=10, volume_meeting_target=10, target=0.99),
    ]
    found = filed(rows, {"standard_id": "STD-1"})
    assert found == {
        "fiscal_year": "2024-2025", "met": 8672, "total": 8760, "share": 0.99, "target": 0.99, "target_met": "Y", "channel": None,
    }  # fmt: skip
    assert filed(rows[:1], {"standard_id": "STD-1"}) is None
