"""The two policy-era years of the real inventories, all organisations, against a reading of the files' own cells."""

import csv
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from fractions import Fraction
from functools import cache
from typing import Any

import pytest

from services.reporting.domain.compliance import evaluate
from services.reporting.domain.compliance.facts import Body, Facts
from services.reporting.domain.compliance.folding import fold
from services.reporting.domain.compliance.settings import Settings
from services.reporting.domain.compliance.verdict import Verdict
from shared.organizations import by_name, organizations
from tests.unit.evidence import DATA, LATER, needs_data, real

pytestmark = needs_data

YEARS = ("2018-2019", "2019-2020")
POINTS = ("e_registration", "e_authentication", "e_application", "e_decision", "e_issuance", "e_feedback")
MARCHES = [date(year, 3, 31) for year in range(2015, 2021)]
PHASES = [date(2014, 10, 1), date(2015, 10, 1), date(2016, 10, 1), date(2017, 10, 1), date(2020, 4, 1)]
DAYS = sorted({*MARCHES, *PHASES, *(each - timedelta(days=1) for each in PHASES)})


@cache
def facts() -> dict[str, Facts]:
    """Of every organisation of the reference table."""
    recorded = real(*YEARS)
    return {
        each.org_id: fold(Body(each.org_id, each.policy_scope), recorded.get(each.org_id, []), LATER)
        for each in organizations().values()
    }


@cache
def judged(org_id: str, day: date) -> dict[str, Verdict]:
    found = evaluate("policy-2014", facts()[org_id], day, Settings())
    return {each.requirement: each for each in found}


@cache
def cells() -> dict[tuple[str, str], list[dict[str, str]]]:
    """The files' rows in scope, by organisation and year."""
    rows: dict[tuple[str, str], list[dict[str, str]]] = defaultdict(list)
    for year in YEARS:
        with (DATA / f"services_{year}.csv").open(encoding="utf-8-sig", newline="") as file:
            for row in csv.DictReader(file):
                found = by_name(row["department_name_en"]) or by_name(row["department_name_fr"])
                if found is not None and {"extern", "enterprise"} & set(row["external_internal"].split(",")):
                    rows[found.org_id, year].append(row)
    return rows


def is_e_service(row: dict[str, str]) -> bool:
    said = [set(row[point].split(",")) for point in POINTS]
    return not any("N" in each for each in said) and any("Y" in each for each in said)


def is_priority(row: dict[str, str]) -> bool:
    return "prior" in row["special_designations"].split(",")


def with_rows(year: str) -> Iterator[tuple[str, list[dict[str, str]]]]:
    return ((org_id, rows) for (org_id, which), rows in cells().items() if which == year)


@pytest.mark.parametrize("day", DAYS)
def test_every_organisation_answers_every_requirement_on_every_march_31_and_around_each_phase(day: date) -> None:
    for org_id, known in facts().items():
        found = judged(org_id, day)
        assert len(found) == 16
        for each in found.values():
            check(known, each, day)


def check(known: Facts, found: Verdict, day: date) -> None:
    assert 0 <= found.numerator <= found.denominator
    if known.body.scope == "EXCLUDED_2_1":
        assert found.state == "not_applicable"
    elif day < date(2014, 10, 1):
        assert found.state in {"not_yet_in_force", "not_applicable"}
    elif day > date(2020, 3, 31):
        assert found.state in {"superseded", "not_applicable"}
    if found.state in {"compliant", "partially_compliant", "non_compliant"}:
        assert found.inputs
    if not known.rows and found.state not in {"not_applicable", "not_yet_in_force", "superseded"}:
        assert found.state == "insufficient_evidence"


@pytest.mark.parametrize("year", YEARS)
def test_populations_are_those_of_the_files(year: str) -> None:
    day = date(int(year[5:]), 3, 31)
    for org_id, rows in with_rows(year):
        found = judged(org_id, day)
        priority = [row for row in rows if is_priority(row)]
        asked = [
            row
            for row in priority
            if "extern" in row["external_internal"].split(",") and row["e_authentication"] != "NA"
        ]
        assert found["7.1"].denominator == len(rows), org_id
        assert found["7.3"].denominator == len(rows), org_id
        assert found["7.9"].denominator == len(rows), org_id
        assert found["7.4"].denominator == found["7.7"].denominator == len(priority), org_id
        assert found["7.10"].denominator == len(asked), org_id


@pytest.mark.parametrize("year", YEARS)
def test_e_services_are_those_of_the_files(year: str) -> None:
    day = date(int(year[5:]), 3, 31)
    for org_id, rows in with_rows(year):
        assert judged(org_id, day)["7.9"].numerator == sum(is_e_service(row) for row in rows), org_id


def test_the_proportion_of_e_services_is_compared_from_one_file_to_the_next() -> None:
    seen = defaultdict(int)
    for org_id, now in with_rows("2019-2020"):
        before = cells().get((org_id, "2018-2019"))
        found = judged(org_id, date(2020, 3, 31))["7.9"]
        if not before:
            assert found.state == "insufficient_evidence"
            continue
        new, old = (Fraction(sum(map(is_e_service, rows)), len(rows)) for rows in (now, before))
        more = sum(map(is_e_service, now)) > sum(map(is_e_service, before))
        wanted = "compliant" if new > old or new == old == 1 else "partially_compliant" if more else "non_compliant"
        assert found.state == wanted, org_id
        seen[found.state] += 1
    assert seen["compliant"] > 10
    assert seen["non_compliant"] > 10


def test_departments_that_name_no_priority_service_are_warned_and_none_is_compliant_for_it() -> None:
    vacuous = [org_id for org_id, rows in with_rows("2018-2019") if not any(map(is_priority, rows))]
    assert len(vacuous) > 15
    for org_id in vacuous:
        for requirement in ("7.4", "7.7", "7.10"):
            found: Any = judged(org_id, date(2019, 3, 31))[requirement]
            assert found.state == "not_applicable"
            assert "Warning" in found.explanation.en


def test_none_publishes_real_time_performance_in_these_files_and_none_is_said_to() -> None:
    for day in (date(2019, 3, 31), date(2020, 3, 31)):
        assert all(judged(org_id, day)["7.7"].numerator == 0 for org_id in facts())


def test_the_year_before_the_first_file_has_no_service_and_nothing_is_judged() -> None:
    in_scope = [org_id for org_id, known in facts().items() if known.body.scope == "IN_SCOPE"]
    states = {judged(org_id, date(2018, 3, 31))[name].state for org_id in in_scope for name in ("7.1", "7.9", "7.10")}
    assert states == {"insufficient_evidence"}
