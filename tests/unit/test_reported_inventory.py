import json

import pytest
from pydantic import BaseModel, ValidationError

from shared.contracts.reported.inventory import (
    ServiceReported,
    ServiceStandardReported,
    ServiceStandardResultReported,
)
from shared.contracts.reported.inventory_codes import POINTS, VOLUMES

SERVICE = {
    "fiscal_year": "2025-2026",
    "service_id": "1001",
    "service_name_en": "Lighthouse Permits",
    "service_name_fr": "Permis relatifs aux phares",
    "service_description_en": "Permits.",
    "service_description_fr": "Permis.",
    "service_type": ["APIR"],
    "service_recipient_type": "CLIENT",
    "service_scope": ["EXTERN", "ENTERPRISE"],
    "client_target_groups": ["PERSON"],
    "program_id": ["ABC01"],
    "client_feedback_channel": ["ONL"],
    "automated_decision_system": "N",
    "service_fee": "N",
    "sin_usage": "NA",
    "cra_bn_identifier_usage": "NA",
    **dict.fromkeys(POINTS, "Y"),
    **dict.fromkeys(VOLUMES, 12),
}
STANDARD = {
    "fiscal_year": "2025-2026",
    "service_id": "1001",
    "service_standard_id": "1",
    "service_name_en": "Lighthouse Permits",
    "service_name_fr": "Permis relatifs aux phares",
    "service_standard_en": "Issue a decision within 10 business days",
    "service_standard_fr": "Rendre une décision dans les 10 jours ouvrables",
    "type": "TML",
    "channel": "ONL",
    "standards_targets_uri_en": "https://guichet.example/en",
    "standards_targets_uri_fr": "https://guichet.example/fr",
}
RESULT = {"service_id": "1001", "service_standard_id": "1", "from": "2025-04-01", "to": "2025-04-30"}


def refusals(model: type[BaseModel], data: dict[str, object]) -> list[tuple[str, str]]:
    with pytest.raises(ValidationError) as refused:
        model.model_validate(data)
    return [(".".join(map(str, each["loc"])), each["type"]) for each in refused.value.errors()]


def test_a_complete_service_is_accepted_and_says_the_same_in_json() -> None:
    service = ServiceReported.model_validate(SERVICE)
    assert json.loads(service.model_dump_json(exclude_none=True)) == SERVICE


def test_every_field_the_official_schema_makes_mandatory_is_required_of_a_department() -> None:
    for field in SERVICE.keys() - set(VOLUMES):
        assert refusals(ServiceReported, {**SERVICE, field: None})[0][0] == field
        rest = {name: value for name, value in SERVICE.items() if name != field}
        assert refusals(ServiceReported, rest) == [(field, "missing")]
    for field in STANDARD:
        rest = {name: value for name, value in STANDARD.items() if name != field}
        assert refusals(ServiceStandardReported, rest) == [(field, "missing")]


def test_a_volume_may_be_null_but_not_left_unsaid() -> None:
    assert ServiceReported.model_validate({**SERVICE, "num_phone_enquiries": None}).num_phone_enquiries is None
    rest = {name: value for name, value in SERVICE.items() if name != "num_phone_enquiries"}
    assert refusals(ServiceReported, rest) == [("", "value_error")]


@pytest.mark.parametrize("volume", [-1, 1.5, "12", "na", True, 2**63])
def test_a_volume_is_a_whole_number_or_one_of_two_codes(volume: object) -> None:
    assert refusals(ServiceReported, {**SERVICE, "num_website_visits": volume}) == [
        ("num_website_visits", "literal_error")
    ]


@pytest.mark.parametrize(
    ("field", "value", "kind"),
    [
        ("service_type", ["adv"], "literal_error"),
        ("service_type", [], "literal_error"),
        ("service_type", ["NA"], "literal_error"),
        ("os_decision", "ND", "literal_error"),
        ("service_fee", ["Y", "N"], "literal_error"),
        ("service_id", "10,01", "string_pattern_mismatch"),
        ("service_id", " ", "string_pattern_mismatch"),
        ("fiscal_year", "2025-2027", "value_error"),
        ("fiscal_year", "2025", "value_error"),
        ("service_name_en", "x" * 351, "string_too_long"),
        ("service_uri_fr", "https://guichet.example", "value_error"),
        ("num_applications_total", 12, "extra_forbidden"),
        ("owner_org", "fin", "extra_forbidden"),
        ("program_name_en", "Lighthouses", "extra_forbidden"),
    ],
)
def test_a_department_is_held_to_the_official_lists_and_limits(field: str, value: object, kind: str) -> None:
    assert (field, kind) in refusals(ServiceReported, {**SERVICE, field: value})


@pytest.mark.parametrize("target", [-0.1, 1.01, 90, True, "0.9", float("nan")])
def test_a_target_is_a_share_from_zero_to_one(target: object) -> None:
    assert refusals(ServiceStandardReported, {**STANDARD, "target": target})[0][0] == "target"


def test_a_target_of_zero_is_not_the_absence_of_one() -> None:
    assert ServiceStandardReported.model_validate({**STANDARD, "target": 0}).target == 0
    assert ServiceStandardReported.model_validate(STANDARD).target is None


def test_a_collection_row_needs_its_key_alone() -> None:
    key = {"dialect": "collection", "fiscal_year": "2018-2019", "service_id": "7"}
    assert ServiceReported.model_validate(key).service_scope is None
    assert ServiceStandardReported.model_validate({**key, "service_standard_id": "1"}).type is None


def test_the_collection_keeps_not_applicable_no_data_and_blank_apart() -> None:
    key = {"dialect": "collection", "fiscal_year": "2018-2019", "service_id": "7"}
    said = [ServiceReported.model_validate({**key, "os_decision": code}).os_decision for code in ("NA", "ND", None)]
    assert said == ["NA", "ND", None]
    assert ServiceReported.model_validate({**key, "service_type": ["ND"]}).service_type == ("ND",)


def test_a_portal_row_may_lack_texts_and_volumes_but_no_code() -> None:
    row = {**SERVICE, "dialect": "portal", "service_name_fr": None, "num_website_visits": None}
    assert ServiceReported.model_validate(row).service_name_fr is None
    assert refusals(ServiceReported, {**row, "service_fee": None}) == [("service_fee", "missing")]
    assert refusals(ServiceReported, {**row, "service_fee": "ND"}) == [("service_fee", "literal_error")]


def test_several_codes_where_one_is_expected_are_kept_as_a_list_in_imported_rows() -> None:
    row = {**STANDARD, "dialect": "portal", "channel": ["ONL", "TEL"]}
    assert ServiceStandardReported.model_validate(row).channel == ("ONL", "TEL")


@pytest.mark.parametrize("rest", [{"met": 8, "total": 10}, {"value": 1.6, "unit": "week"}])
def test_a_result_is_counted_or_measured(rest: dict[str, object]) -> None:
    result = ServiceStandardResultReported.model_validate({**RESULT, **rest})
    assert json.loads(result.model_dump_json(exclude_none=True)) == {**RESULT, **rest}


@pytest.mark.parametrize(
    "rest",
    [
        {},
        {"met": 8},
        {"value": 1.6},
        {"met": 8, "total": 10, "value": 1.6, "unit": "week"},
        {"met": 11, "total": 10},
        {"met": 1, "total": 1, "to": "2025-03-31"},
    ],
)
def test_a_result_that_is_neither_or_both_is_refused(rest: dict[str, object]) -> None:
    assert refusals(ServiceStandardResultReported, {**RESULT, **rest}) == [("", "value_error")]


def test_the_json_schema_names_what_is_mandatory() -> None:
    assert set(ServiceStandardReported.model_json_schema()["required"]) == STANDARD.keys()


@pytest.mark.parametrize("name", ["service_id", "service_standard_id"])
@pytest.mark.parametrize("dialect", [None, "portal", "collection"])
def test_lesson_5_19_an_id_with_a_comma_is_refused_whatever_the_file(name: str, dialect: str | None) -> None:
    """Files join ids by commas: one inside an id makes two of it."""
    row = {**STANDARD, name: "10,20"} if dialect is None else {**STANDARD, name: "10,20", "dialect": dialect}
    assert name in {field for field, _ in refusals(ServiceStandardReported, row)}
