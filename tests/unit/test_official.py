"""What changed between two inventories, what is doubtful about a year, and what is left of its annual update."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.reported.inventory import ServiceReported
from shared.contracts.reported.inventory_codes import OlderServiceType, ServiceType
from shared.official import annual, checks, comparing
from shared.official.findings import _REMARKS, Remark
from shared.official.service_types import NEAREST, OLDER, TODAY
from tests.unit.test_reported_inventory import SERVICE, STANDARD

TODAY_IS = date(2026, 11, 26)
values = st.none() | st.integers(0, 3) | st.sampled_from(["NA", "ND", "a", "b"]) | st.lists(st.sampled_from("xy"))
rows = st.dictionaries(st.sampled_from(["one", "two", "three"]), values, max_size=3)


def a_row(**fields: Any) -> dict[str, Any]:
    return {"service_id": "1010", "fiscal_year": "2023-2024", "service_name_en": "Permits", **fields}


# Comparing


@given(rows, rows)
def test_applying_the_changes_to_what_was_before_gives_what_is_after(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    changed = {each["field"]: each["to"] for each in comparing.changes(before, after)}
    result = {**before, **changed}
    assert {name: value for name, value in result.items() if value is not None} == {
        name: value for name, value in after.items() if value is not None
    }


@given(rows)
def test_nothing_changed_between_a_thing_and_itself(row: dict[str, Any]) -> None:
    assert comparing.changes(row, row) == []


def test_na_nd_nothing_and_zero_all_differ_and_the_year_does_not_count() -> None:
    said = [{"n": "NA"}, {"n": "ND"}, {}, {"n": 0}]
    for at, before in enumerate(said):
        for after in said[at + 1 :]:
            assert len(comparing.changes(before, after)) == 1
    assert comparing.changes(a_row(), a_row(fiscal_year="2024-2025", dialect="portal")) == []


def test_two_inventories_are_compared_by_what_things_are_known_by() -> None:
    before = {("1",): a_row(service_id="1"), ("2",): a_row(service_id="2")}
    after = {("2",): a_row(service_id="2", service_fee="Y"), ("3",): a_row(service_id="3")}
    found = comparing.compare(before, after)
    assert [each["service_id"] for each in found["added"]] == ["3"]
    assert [each["service_id"] for each in found["removed"]] == ["1"]
    assert found["changed"][0]["changes"] == [{"field": "service_fee", "from": None, "to": "Y"}]


# Findings


@pytest.mark.parametrize("code", _REMARKS)
def test_every_finding_says_what_to_do_in_both_languages(code: str) -> None:
    facts = dict.fromkeys(("value", "expected", "expected_en", "expected_fr", "first", "key", "problem", "service", "year", "end", "cause", "length", "limit", "met", "total", "nearest", "years", "mean"), "x")  # fmt: skip
    said = Remark(code, "a_field", facts).text
    assert said.en != said.fr
    assert len(said.en) > 20 < len(said.fr)


def of_service(earlier: list[dict[str, Any]] | None = None, **fields: Any) -> set[str]:
    service = ServiceReported.model_validate({**SERVICE, **fields})
    before = [ServiceReported.model_validate({**SERVICE, **each}) for each in earlier or []]
    return {remark.code for remark in annual.of_service(service, before, TODAY_IS) if remark.field in {*fields, None}}


def test_a_year_that_has_not_ended_is_found_and_one_that_has_is_not() -> None:
    assert "qa_si_fiscal_yr_in_future" in of_service(fiscal_year="2026-2027")
    assert "qa_si_fiscal_yr_in_future" not in of_service(fiscal_year="2025-2026")
    last_day = {each.code for each in checks.of_year("2025-2026", date(2026, 3, 31))}
    assert last_day == {"qa_si_fiscal_yr_in_future"}
    assert not list(checks.of_year("2025-2026", date(2026, 4, 1)))


def test_the_same_volume_for_four_years_is_found() -> None:
    same = [{"num_website_visits": 500}] * 3
    assert "qa_same_volume_for_years" in of_service(same, num_website_visits=500)
    assert "qa_same_volume_for_years" not in of_service(same[:2], num_website_visits=500)
    assert "qa_same_volume_for_years" not in of_service(
        [*same[:2], {"num_website_visits": 501}], num_website_visits=500
    )


def test_a_volume_of_quite_another_size_is_found() -> None:
    earlier = [{"num_website_visits": number} for number in (100, 102, 98, 101)]
    assert "qa_volume_far_from_earlier" in of_service(earlier, num_website_visits=10_000)
    assert "qa_volume_far_from_earlier" not in of_service(earlier, num_website_visits=104)


def test_whether_it_is_a_priority_service_must_be_decided() -> None:
    assert "no_priority_decision" in of_service(priority=None)
    assert "no_priority_decision" not in of_service(priority={"designated": False})


def test_an_older_service_type_is_told_its_nearest_of_today() -> None:
    assert set(NEAREST) == set(OLDER) == set(OlderServiceType.__args__)  # type: ignore[attr-defined]
    assert set(TODAY) == set(ServiceType.__args__)  # type: ignore[attr-defined]
    assert {each for nearest in NEAREST.values() for each in nearest} <= set(TODAY)
    assert "older_service_type" in of_service(dialect="collection", service_type=["adv"])


# The annual update


def test_the_year_before_is_the_year_before() -> None:
    assert annual.before("2025-2026") == "2024-2025"


def test_what_was_reported_last_year_is_missing_until_it_is_reported_retired_or_transferred() -> None:
    last = {(name,): a_row(service_id=name) for name in ("1", "2", "3")}
    this = {("1",): a_row(service_id="1"), ("4",): a_row(service_id="4")}
    assert [each["service_id"] for each in annual.missing(this, last, frozenset({"3"}))] == ["2"]
    assert annual.progress(this, last, frozenset({"3"})) == {"reported": 2, "last_year": 3, "due": 2, "missing": 1}


def test_the_findings_of_a_year_come_with_the_most_severe_first_and_name_their_thing() -> None:
    services = {("1001",): {**SERVICE, "fiscal_year": "2025-2026"}}
    standard = {**STANDARD, "volume_meeting_target": 12, "total_volume": 10}
    found = annual.findings(services, {("1001", "S1"): standard}, [], TODAY_IS)
    assert found[0]["issue"] == "qa_performance_over_100"
    assert (found[0]["service_id"], found[0]["service_standard_id"]) == ("1001", "S1")
    severities = [each["severity"] for each in found]
    assert severities == sorted(severities, key=["error", "warning", "suggestion"].index)
