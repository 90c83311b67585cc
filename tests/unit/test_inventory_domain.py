"""What a department's description of a service or standard comes to: its version, its name, its measure."""

from datetime import date
from typing import Any

import pytest

from services.inventory.domain import Known, fields_of, record_result, record_service, record_standard
from shared.contracts.inventory import Result
from shared.contracts.measure import Measure
from shared.contracts.reported.inventory import (
    ServiceReported,
    ServiceStandardReported,
    ServiceStandardResultReported,
)
from shared.contracts.reported.inventory_codes import VOLUMES
from tests.unit.test_reported_inventory import SERVICE as DESCRIBED

YEAR = "2017-2018"
SENTENCE = {
    "service_standard_en": "A decision within 10 business days of receiving a complete application",
    "service_standard_fr": "Une décision dans les 10 jours ouvrables suivant la réception d'une demande complète",
}


def service(**fields: Any) -> ServiceReported:
    """A row of the older files, of which only the key is sure."""
    return ServiceReported(dialect="collection", fiscal_year=YEAR, service_id="S-1", **fields)


def standard(**fields: Any) -> ServiceStandardReported:
    key = {"dialect": "collection", "fiscal_year": YEAR, "service_id": "S-1", "service_standard_id": "STD-1"}
    return ServiceStandardReported(**key, **fields)


def result(**fields: Any) -> ServiceStandardResultReported:
    period = {"from": "2017-04-01", "to": "2017-06-30"}
    return ServiceStandardResultReported(service_id="S-1", service_standard_id="STD-1", **period, **fields)


# Versions


def test_the_first_report_of_a_year_is_version_1_and_valid_from_the_first_of_april() -> None:
    recorded = record_service(service(service_name_en="Permits", service_name_fr="Permis"), None)
    assert (recorded.version, recorded.fiscal_year, recorded.valid_from) == (1, YEAR, date(2017, 4, 1))
    assert record_standard(standard(), None).valid_from == date(2017, 4, 1)


def test_the_same_data_again_is_the_same_version_and_other_data_the_next() -> None:
    first = record_service(service(service_fee="Y"), None)
    known = Known(first.version, "134", first.fields)
    assert record_service(service(service_fee="Y"), known).version == 1
    assert record_service(service(service_fee="N"), known).version == 2
    assert record_service(service(), known).version == 2


def test_the_versions_of_a_standard_and_of_a_result_count_likewise() -> None:
    one = record_standard(standard(target=0.8), None)
    assert record_standard(standard(target=0.8), Known(3, "134", one.fields)).version == 3
    assert record_standard(standard(target=0.9), Known(3, "134", one.fields)).version == 4
    fields = {"met": 9, "total": 10, "value": None, "unit": None}
    assert record_result(result(met=9, total=10), Known(2, "134", fields)).version == 2
    assert record_result(result(met=10, total=10), Known(2, "134", fields)).version == 3


def test_a_result_says_what_it_takes_the_place_of() -> None:
    first = record_result(result(met=9, total=10), None)
    assert (first.before, first.after) == (None, Result(met=9, total=10, value=None, unit=None))
    assert first.after is not None
    second = record_result(result(value=4.5, unit="days"), Known(1, "134", first.after.model_dump()))
    assert (second.before, second.after) == (first.after, Result(met=None, total=None, value=4.5, unit="days"))
    assert (second.from_date, second.to_date) == (date(2017, 4, 1), date(2017, 6, 30))


def test_fields_are_kept_as_given_and_what_was_not_given_is_not_kept() -> None:
    fields = record_service(service(num_phone_enquiries="NA", num_website_visits=0, service_fee=None), None).fields
    assert fields["num_phone_enquiries"] == "NA"
    assert fields["num_website_visits"] == 0
    assert "service_fee" not in fields


# Names


@pytest.mark.parametrize(
    ("given", "en", "fr"),
    [
        ({"service_name_en": "Permits", "service_name_fr": "Permis"}, "Permits", "Permis"),
        ({"service_name_en": "Permits"}, "Permits", "Permits"),
        ({"service_name_fr": "Permis"}, "Permis", "Permis"),
        ({}, "S-1", "S-1"),
        ({"service_name_en": "x" * 3000}, "x" * 2000, "x" * 2000),
    ],
)
def test_a_service_has_a_name_in_both_languages_whatever_was_given(given: dict[str, str], en: str, fr: str) -> None:
    name = record_service(service(**given), None).name
    assert (name.en, name.fr) == (en, fr)


def test_a_standard_without_a_sentence_is_named_by_its_id() -> None:
    assert record_standard(standard(), None).name.fr == "STD-1"


# Priority, kind, channel


def test_a_service_is_a_priority_where_it_is_designated_and_not_otherwise() -> None:
    assert record_service(service(priority={"designated": True}), None).priority is True
    assert record_service(service(priority={"designated": False}), None).priority is False
    assert record_service(service(), None).priority is False


def test_of_several_codes_where_one_is_expected_the_first_official_one_stands() -> None:
    recorded = record_standard(standard(type=["ND", "ACS", "TML"], channel=["NA", "TEL"]), None)
    assert (recorded.kind, recorded.channel) == ("ACS", "TEL")
    unknown = record_standard(standard(type="ND", channel="NA"), None)
    assert (unknown.kind, unknown.channel) == (None, None)


# Measures


def test_a_timeliness_standards_measure_is_read_from_its_sentence_and_not_confirmed() -> None:
    recorded = record_standard(standard(type="TML", **SENTENCE), None)
    assert recorded.measure == Measure(limit="P10D", days="business", starts="complete", confirmed=False)


@pytest.mark.parametrize("kind", ["ACS", "ACY", "OTH", "ND", None])
def test_no_measure_is_read_from_a_standard_of_another_kind(kind: str | None) -> None:
    assert record_standard(standard(type=kind, **SENTENCE), None).measure is None


def test_a_measure_that_was_given_is_never_read_over() -> None:
    given = Measure(limit="P3M", confirmed=True)
    assert record_standard(standard(type="TML", measure=given, **SENTENCE), None).measure == given
    assert record_standard(standard(type="ACS", measure=given), None).measure == given


def test_a_sentence_that_says_no_time_gives_no_measure() -> None:
    recorded = record_standard(standard(type="TML", service_standard_en="As soon as can be"), None)
    assert recorded.measure is None


def test_a_report_whose_volumes_were_null_is_made_again_from_what_is_kept_of_it() -> None:
    """Where a later one is withdrawn, an earlier one holds again: as it was reported."""
    reported = ServiceReported.model_validate({**DESCRIBED, **dict.fromkeys(VOLUMES)})
    assert ServiceReported.kept(fields_of(reported)) == reported
