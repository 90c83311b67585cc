"""Stewardship records: what each kind takes, what is published of it, and what tells one record from another."""

from typing import Any, get_args

import orjson
import pytest
from pydantic import ValidationError

from services.inventory.domain import record_stewardship
from shared.contracts.reported.inventory_stewardship import MODELS, StewardshipKind, StewardshipReported
from shared.problems import first_problem

PRIVATE = "Written by someone"
TEXT = {"en": PRIVATE, "fr": PRIVATE}
URL = {"en": "https://example.gc.ca/en", "fr": "https://example.gc.ca/fr"}
STANDARD = {"service_id": "1010", "service_standard_id": "1010-1", "venue": "canada.ca", "on": "2017-01-02"}
SERVICE = {"service_id": "1010", "on": "2017-01-02"}

WHOLE: dict[str, dict[str, Any]] = {
    "inventory_confirmed": {"fiscal_year": "2016-2017", "on": "2017-06-01", "confirmed_by": PRIVATE},
    "provider_appointed": {"provider_id": "p1", "on": "2016-04-01"},
    "provider_left": {"provider_id": "p1", "on": "2017-04-01"},
    "learning_offered": {"provider_id": "p1", "topic": "service_knowledge", "form": "formal", "on": "2016-05-01"},
    "feedback_mechanism_published": {
        "services": "all", "channels": ["ONL", "TEL"], "url": URL, "accessible": True, "on": "2016-01-01",
    },
    "feedback_mechanism_withdrawn": {"services": ["1010"], "on": "2017-01-01"},
    "service_review_completed": {**SERVICE, "areas": ["mobile"], "recommendations": [{"id": "R1", "text": TEXT}]},
    "recommendation_decided": {**SERVICE, "recommendation_id": "R1", "decision": "adopted"},
    "strategy_approved": {
        "strategy_id": "S1", "from": "2016-04-01", "to": "2019-03-31", "approved_by": PRIVATE, "parts": ["risks"],
    },
    "strategy_progress_measured": {"strategy_id": "S1", "fiscal_year": "2016-2017", "on": "2017-03-31"},
    "engagement_approach_published": {"from": "2016-04-01", "elements": ["awareness"]},
    "standard_published": {**STANDARD, "url": URL},
    "standard_unpublished": STANDARD,
    "real_time_published": {**STANDARD, "url": URL, "cadence": "PT1H"},
    "real_time_unpublished": STANDARD,
    "real_time_observed": {"service_id": "1010", "as_of": "2017-01-02T10:00:00Z", "value": 0.93},
    "status_access_published": {**SERVICE, "url": URL, "cadence": "P1D"},
    "exclusion_documented": {"service_id": "1010", "requirement": "7.10", "basis": "law", "reason": TEXT},
    "mandatory_service_listed": {
        "mandatory_service_id": "M1", "name": TEXT, "provider_org": "326", "basis": "policy", "from": "2015-10-01",
        "applies_to": "all",
    },
    "mandatory_service_adopted": {"mandatory_service_id": "M1", "on": "2016-01-01"},
    "exemption_granted": {
        "mandatory_service_id": "M1", "reason": TEXT, "from": "2016-01-01", "expires_on": "2017-01-01",
    },
    "assessment_completed": {"fiscal_year": "2016-2017", "on": "2017-05-01"},
    "report_requested": {"request_id": "Q1", "due_on": "2017-06-01", "subject": TEXT},
    "report_provided": {"request_id": "Q1", "on": "2017-05-30"},
}  # fmt: skip
DOCUMENT = {"url": "https://example.gc.ca/d", "title": TEXT, "sha256": "0" * 64}


def reported(kind: str, **data: Any) -> StewardshipReported:
    return StewardshipReported.model_validate({"kind": kind, **WHOLE[kind], **data})


def refused(data: dict[str, Any]) -> tuple[str, str | None]:
    with pytest.raises(ValidationError) as error:
        StewardshipReported.model_validate(data)
    found = first_problem(error.value, "data")
    assert found.detail.en != found.detail.fr
    return found.code, found.field


def test_there_is_a_model_of_every_kind() -> None:
    assert (
        set(WHOLE) == set(get_args(StewardshipKind)) == {get_args(m.model_fields["kind"].annotation)[0] for m in MODELS}
    )


@pytest.mark.parametrize("kind", WHOLE)
def test_nothing_that_someone_wrote_and_no_name_is_published(kind: str) -> None:
    said = record_stewardship(reported(kind, documents=[DOCUMENT]), None)
    assert PRIVATE not in said.model_dump_json()
    assert said.fields["documents"] == [{"url": "https://example.gc.ca/d", "sha256": "0" * 64}]


@pytest.mark.parametrize("kind", WHOLE)
def test_what_is_kept_of_a_record_says_it_again(kind: str) -> None:
    kept = reported(kind, documents=[DOCUMENT]).root.model_dump(mode="json", exclude_none=True)
    again = StewardshipReported.model_validate(orjson.loads(orjson.dumps(kept)))
    assert again == reported(kind, documents=[DOCUMENT])


@pytest.mark.parametrize("kind", WHOLE)
def test_a_field_that_no_kind_has_is_refused_under_its_own_name(kind: str) -> None:
    assert refused({"kind": kind, **WHOLE[kind], "because": 1}) == ("unknown_field", "data.because")


@pytest.mark.parametrize("kind", WHOLE)
def test_every_field_but_the_optional_ones_must_be_there(kind: str) -> None:
    model = type(reported(kind).root)
    for name, field in model.model_fields.items():
        if field.is_required():
            without = {
                key: value for key, value in {"kind": kind, **WHOLE[kind]}.items() if key != (field.alias or name)
            }
            assert refused(without) == ("missing_field", f"data.{field.alias or name}")


@pytest.mark.parametrize(
    ("kind", "wrong", "field"),
    [
        ("real_time_observed", {"as_of": "yesterday"}, "as_of"),
        ("real_time_observed", {"value": "12 days"}, "value"),
        ("standard_published", {"url": {"en": "none", "fr": "aucun"}}, "url.en"),
        ("standard_published", {"url": {"en": "https://example.gc.ca/en"}}, "url.fr"),
        ("standard_published", {"venue": "elsewhere"}, "venue"),
        ("feedback_mechanism_published", {"services": []}, "services"),
        ("feedback_mechanism_published", {"services": "some"}, "services"),
        ("feedback_mechanism_published", {"channels": []}, "channels"),
        ("service_review_completed", {"areas": ["price"]}, "areas.0"),
        ("exclusion_documented", {"requirement": "7.1"}, "requirement"),
        ("strategy_progress_measured", {"fiscal_year": "2016"}, "fiscal_year"),
        ("provider_left", {"on": "2017-02-30"}, "on"),
    ],
)
def test_what_is_wrong_is_told_with_its_field(kind: str, wrong: dict[str, Any], field: str) -> None:
    code, found = refused({"kind": kind, **WHOLE[kind], **wrong})
    assert (code.partition("_")[0], found) in {("invalid", f"data.{field}"), ("missing", f"data.{field}")}


def test_a_kind_that_is_none_is_told_the_kinds_there_are() -> None:
    assert refused({"kind": "party_held"}) == ("invalid_value", "data.kind")
    assert refused({}) == ("missing_field", "data.kind")


def test_what_ends_before_it_begins_is_refused() -> None:
    code, _ = refused({"kind": "strategy_approved", **WHOLE["strategy_approved"], "to": "2016-03-31"})
    assert code == "invalid_value"


@pytest.mark.parametrize(
    ("kind", "record_id", "day"),
    [
        ("inventory_confirmed", "inventory_confirmed/2016-2017", "2017-06-01"),
        ("strategy_approved", "strategy_approved/S1", "2016-04-01"),
        ("real_time_published", "real_time_published/1010/1010-1/canada.ca/2017-01-02", "2017-01-02"),
        ("real_time_observed", "real_time_observed/1010/-/2017-01-02T10:00:00+00:00", "2017-01-02"),
        ("report_requested", "report_requested/Q1", None),
        ("exclusion_documented", "exclusion_documented/1010/7.10", None),
        ("exemption_granted", "exemption_granted/M1/2016-01-01", "2016-01-01"),
    ],
)
def test_a_record_is_known_by_what_tells_it_from_others_of_its_kind(kind: str, record_id: str, day: str | None) -> None:
    said = record_stewardship(reported(kind), None)
    assert (said.record_id, said.on and said.on.isoformat()) == (record_id, day)


def test_two_feedback_mechanisms_of_one_day_are_two_records() -> None:
    kind = "feedback_mechanism_published"
    ids = {reported(kind, channels=channels).root.record_id for channels in (["ONL"], ["TEL"], ["ONL", "TEL"])}
    assert len(ids) == 3
    assert reported(kind, accessible=False).root.record_id == reported(kind).root.record_id


def test_oversight_alone_reports_what_it_asks_and_grants() -> None:
    alone = {kind for kind in WHOLE if reported(kind).root.OVERSIGHT}
    assert alone == {"mandatory_service_listed", "exemption_granted", "report_requested"}
