"""The requirements of the Policy on Service, one by one: what makes each state, and the numbers beside it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.reporting.domain.compliance import evaluate, requirements, rule_of, rule_version, rules_in_force
from services.reporting.domain.compliance.facts import Body, Live
from services.reporting.domain.compliance.settings import REASONS, Settings
from services.reporting.domain.compliance.titles import TITLES
from services.reporting.domain.compliance.verdict import Verdict
from tests.unit.evidence import LATER, Log, judge

ALL = [
    "7.1",
    "7.2",
    "7.3",
    "7.4",
    "7.5",
    "7.6",
    "7.7",
    "7.8",
    "7.9",
    "7.10",
    "8.1a",
    "8.1b",
    "8.2",
    "9.1",
    "9.2",
    "9.3",
]
URL = {"en": "https://www.canada.ca/en/s", "fr": "https://www.canada.ca/fr/s"}
OURS = {"en": "https://guichet.example/en/services/S", "fr": "https://guichet.example/fr/services/S"}
PRIORITY = {"priority": {"designated": True}}


def numbers(found: Verdict) -> tuple[str, int, int, int]:
    return found.state, found.numerator, found.denominator, found.excluded


@pytest.fixture
def log() -> Log:
    return Log()


def test_all_sixteen_requirements_are_always_answered_also_without_any_event(log: Log) -> None:
    for day in ("2010-01-01", "2014-10-01", "2018-03-31", "2020-03-31"):
        assert list(judge(log.facts(), day)) == ALL
    assert list(judge(log.facts(), "2024-03-31", rules="policy-2014")) == ALL
    assert requirements("policy-2014") == ALL


def test_without_any_event_nothing_is_passed_or_failed(log: Log) -> None:
    assert {each.state for each in judge(log.facts(), "2019-03-31").values()} == {"insufficient_evidence"}


@pytest.mark.parametrize(
    ("requirement", "first"),
    [
        ("7.1", "2014-10-01"),
        ("7.2", "2014-10-01"),
        ("7.3", "2015-10-01"),
        ("7.8", "2015-10-01"),
        ("7.9", "2016-10-01"),
        ("7.10", "2017-10-01"),
        ("8.1a", "2014-10-01"),
        ("9.3", "2014-10-01"),
    ],
)
def test_a_requirement_is_in_force_from_its_day_on_and_not_the_day_before(
    requirement: str, first: str, log: Log
) -> None:
    before = (datetime.fromisoformat(first) - timedelta(days=1)).date().isoformat()
    found = log.verdict(requirement, before)
    assert found.state == "not_yet_in_force"
    assert str(found.due_on) == first
    assert first in found.explanation.en
    assert first in found.explanation.fr
    assert log.verdict(requirement, first).state == "insufficient_evidence"


def test_after_its_last_day_the_policy_of_2014_is_superseded_unless_asked_as_if_in_force(log: Log) -> None:
    assert judge(log.facts(), "2020-03-31", rules="policy-2014")["7.1"].state == "insufficient_evidence"
    assert {v.state for v in judge(log.facts(), "2020-04-01", rules="policy-2014").values()} == {"superseded"}
    assert judge(log.facts(), "2020-04-01", rules="policy-2014", as_if=True)["7.1"].state == "insufficient_evidence"
    assert rules_in_force(datetime(2020, 3, 31, tzinfo=UTC).date()) == "policy-2014"
    assert rules_in_force(datetime(2020, 4, 1, tzinfo=UTC).date()) == "policy-2020"


def test_an_excluded_body_is_not_judged_and_agents_of_parliament_monitor_themselves(log: Log) -> None:
    excluded = judge(log.facts(Body("2", "EXCLUDED_2_1")), "2019-03-31")
    assert {each.state for each in excluded.values()} == {"not_applicable"}
    agent = judge(log.facts(Body("238", "AGENT_OF_PARLIAMENT_2_2")), "2019-03-31")
    assert {name for name, each in agent.items() if each.state == "not_applicable"} == {"8.1b", "8.2", "9.2", "9.3"}


def test_a_voluntary_body_is_judged_and_said_to_be_one(log: Log) -> None:
    found = judge(log.facts(Body("46", "IN_SCOPE", voluntary=True)), "2019-03-31")["7.1"]
    assert found.state == "insufficient_evidence"
    assert "voluntarily" in found.explanation.en
    assert "volontairement" in found.explanation.fr


# 7.1


def test_an_inventory_that_is_whole_and_confirmed_in_its_year_is_compliant_until_the_next_is_due(log: Log) -> None:
    log.service("S")
    log.record("inventory_confirmed", "2018-03-15", fiscal_year="2017-2018")
    found = log.verdict("7.1", "2018-03-31")
    assert numbers(found) == ("compliant", 1, 1, 0)
    assert str(found.due_on) == "2019-03-16"
    log.service("S", "2018-2019")
    assert log.verdict("7.1", "2019-03-16").state == "compliant"
    assert log.verdict("7.1", "2019-03-17").state == "insufficient_evidence"  # rows of the year, nobody confirmed them


def test_an_inventory_that_nobody_updates_any_more_is_not_compliant(log: Log) -> None:
    log.service("S", "2015-2016")
    assert log.verdict("7.1", "2017-03-31").state == "insufficient_evidence"
    assert log.verdict("7.1", "2017-04-01").state == "non_compliant"
    log.record("inventory_confirmed", "2016-03-15", fiscal_year="2015-2016")
    assert log.verdict("7.1", "2017-03-31").state == "non_compliant"


def test_a_missing_element_makes_an_inventory_partial_and_is_named(log: Log) -> None:
    log.service("S")
    log.service("T", service_fee="ND")
    log.service("U", points="YY-YYY", priority=None)
    log.record("inventory_confirmed", "2018-03-15", fiscal_year="2017-2018")
    found = log.verdict("7.1", "2018-03-31")
    assert numbers(found) == ("partially_compliant", 1, 3, 0)
    assert "service fee (1)" in found.explanation.en
    assert "désignation prioritaire (1)" in found.explanation.fr


def test_an_element_that_the_file_of_a_row_has_no_column_for_is_not_missing(log: Log) -> None:
    unnamed = {"program_name_en": None, "program_name_fr": None}
    log.service("S")  # the collection files have no program code, but its name
    log.service("T", dialect="portal", program_id=["BWN01"], priority=None)  # the portal has no priority designation
    log.service("U", dialect=None, program_id=["BWN01"], **unnamed)
    log.service("V", dialect=None, **unnamed)
    log.service("W", program_name_fr=None)
    log.record("inventory_confirmed", "2018-03-15", fiscal_year="2017-2018")
    assert numbers(log.verdict("7.1", "2018-03-31")) == ("partially_compliant", 3, 5, 0)


def test_internal_services_are_out_of_scope(log: Log) -> None:
    log.service("S", service_scope=["INTERN"])
    log.record("inventory_confirmed", "2018-03-15", fiscal_year="2017-2018")
    assert numbers(log.verdict("7.1", "2018-03-31")) == ("not_applicable", 0, 0, 0)
    log.service("T", service_scope=["ENTERPRISE", "INTERN"])
    assert numbers(log.verdict("7.1", "2018-03-31")) == ("compliant", 1, 1, 0)


# 7.2


def test_a_provider_is_offered_both_subjects_at_the_commencement_and_every_year(log: Log) -> None:
    log.record("provider_appointed", "2016-01-10", provider_id="P")
    assert numbers(log.verdict("7.2", "2016-02-09")) == ("insufficient_evidence", 0, 0, 1)
    assert log.verdict("7.2", "2016-02-10").state == "non_compliant"
    log.record("learning_offered", "2016-01-20", provider_id="P", topic="service_knowledge", form="formal")
    assert log.verdict("7.2", "2016-02-10").state == "non_compliant"
    log.record("learning_offered", "2016-01-25", provider_id="P", topic="client_service_excellence", form="informal")
    assert numbers(log.verdict("7.2", "2016-02-10")) == ("compliant", 1, 1, 0)
    assert log.verdict("7.2", "2017-01-20").state == "compliant"
    assert log.verdict("7.2", "2017-01-21").state == "non_compliant"
    log.record("provider_left", "2017-01-15", provider_id="P")
    assert numbers(log.verdict("7.2", "2017-01-21")) == ("insufficient_evidence", 0, 0, 0)


def test_whoever_was_there_before_the_policy_is_offered_them_in_its_first_year(log: Log) -> None:
    log.record("provider_appointed", "2010-01-10", provider_id="P")
    assert numbers(log.verdict("7.2", "2015-10-01")) == ("insufficient_evidence", 0, 0, 1)
    assert log.verdict("7.2", "2015-10-02").state == "non_compliant"


def test_providers_stand_in_the_order_of_their_names_not_of_who_was_appointed_first(log: Log) -> None:
    """Else one that was appointed twice would change its place where the first time, which nothing rests on, is left out."""
    for provider in ("T", "S", "T"):
        log.record("provider_appointed", "2016-01-10", provider_id=provider)
    assert [each.name for each in log.verdict("7.2", "2016-02-01").units] == ["S", "T"]


# 7.3


def mechanism(log: Log, on: str = "2016-01-01", **said: Any) -> None:
    fields = {"services": "all", "channels": ["ONL"], "url": URL, "accessible": True, **said}
    log.record("feedback_mechanism_published", on, **fields)


def case(log: Log, name: str, received: str, resolved: str | None = None, kind: str = "complaint", **said: Any) -> None:
    data = {"feedback_id": name, "service_id": "S", "kind": kind, "received_at": f"{received}T15:00:00Z", **said}
    log.add("FeedbackRecorded", data, service="feedback")
    if resolved:
        step(log, name, "received", "resolved", resolved)


def step(log: Log, name: str, before: str, after: str, day: str, **said: Any) -> None:
    data = {"feedback_id": name, "from_state": before, "to_state": after, "changed_at": f"{day}T15:00:00Z", **said}
    log.add("FeedbackStateChanged", data, service="feedback")


def test_a_mechanism_without_any_issue_to_settle_does_not_show_that_they_are_settled_in_time(log: Log) -> None:
    log.service("S")
    assert numbers(log.verdict("7.3", "2018-03-31")) == ("insufficient_evidence", 0, 1, 0)
    mechanism(log)
    assert numbers(log.verdict("7.3", "2018-03-31")) == ("insufficient_evidence", 0, 1, 0)
    case(log, "F", "2018-01-05", "2018-01-20")
    assert numbers(log.verdict("7.3", "2018-03-31")) == ("compliant", 1, 1, 0)


def test_open_and_overdue_issues_count_against_and_redirected_ones_do_not(log: Log) -> None:
    log.service("S")
    mechanism(log)
    case(log, "F", "2018-01-05", "2018-01-20")
    case(log, "G", "2018-01-05")
    assert log.verdict("7.3", "2018-02-04").state == "compliant"  # the thirtieth day
    found = log.verdict("7.3", "2018-02-05")
    assert numbers(found) == ("partially_compliant", 0, 1, 0)
    assert "1 of 2 service issues" in found.explanation.en
    step(log, "G", "received", "redirected", "2018-02-01")
    assert log.verdict("7.3", "2018-02-05").state == "compliant"
    case(log, "H", "2018-01-05", kind="compliment")
    assert log.verdict("7.3", "2018-03-31").state == "compliant"


def test_an_issue_that_is_closed_without_being_resolved_is_not_settled(log: Log) -> None:
    log.service("S")
    mechanism(log)
    case(log, "F", "2018-01-05")
    step(log, "F", "received", "closed", "2018-01-06")
    assert log.verdict("7.3", "2018-03-31").state == "partially_compliant"


def promised(due: str, stopped: str | None = None, *, own: bool = True, target: float = 0.5) -> dict[str, Any]:
    """As feedback measures a case; `due` the day after the last in time."""
    stop = stopped and f"{stopped}T15:00:00Z"
    clock = {"within": "P2D", "days": "business", "due_on": due, "due_at": f"{due}T04:00:00Z", "own": own}
    return {"target": target, "resolve": {**clock, "stopped_at": stop, "met": stopped < due if stopped else None}}


def timed(log: Log, name: str, received: str, due: str, stopped: str, **changed: Any) -> None:
    case(log, name, received, promises=promised(due))
    step(log, name, "received", "resolved", stopped, promises=promised(due, stopped), **changed)


def test_an_issue_is_judged_by_the_department_s_own_time_as_feedback_measured_it(log: Log) -> None:
    log.service("S")
    mechanism(log)
    timed(log, "F", "2018-03-29", "2018-04-05", "2018-04-04")  # Good Friday and Easter Monday lie between
    assert log.verdict("7.3", "2018-04-30").state == "compliant"
    timed(log, "G", "2018-04-03", "2018-04-06", "2018-04-07")
    assert log.verdict("7.3", "2018-04-30").state == "compliant"  # one of two, and a target of half
    timed(log, "H", "2018-04-03", "2018-04-06", "2018-04-07")
    assert "the department's own time" in log.verdict("7.3", "2018-04-30").explanation.en
    assert log.verdict("7.3", "2018-04-30").state == "partially_compliant"
    assert log.verdict("7.3", "2018-04-05").state == "compliant"


def test_what_turned_out_to_be_an_appeal_is_no_feedback(log: Log) -> None:
    log.service("S")
    mechanism(log)
    timed(log, "F", "2018-03-29", "2018-04-05", "2018-04-09")
    assert log.verdict("7.3", "2018-04-30").state == "partially_compliant"
    step(log, "F", "resolved", "redirected", "2018-04-10", promises=promised("2018-04-05"), recourse="appeal")
    assert log.verdict("7.3", "2018-04-30").state == "insufficient_evidence"


def test_where_the_department_set_no_time_the_settings_hold(log: Log) -> None:
    log.service("S")
    mechanism(log)
    case(log, "F", "2018-01-05", promises=promised("2018-02-05", own=False))
    step(log, "F", "received", "resolved", "2018-01-20", promises=promised("2018-02-05", "2018-01-20", own=False))
    assert log.verdict("7.3", "2018-03-31").state == "compliant"
    assert log.verdict("7.3", "2018-03-31", resolve_days=10).state == "partially_compliant"


def test_what_was_settled_after_the_day_asked_was_open_on_that_day(log: Log) -> None:
    log.service("S")
    mechanism(log)
    case(log, "F", "2018-01-05", "2018-03-15")
    assert "0 of 1 service issues" in log.verdict("7.3", "2018-03-01").explanation.en
    assert "0 of 1 service issues" in log.verdict("7.3", "2018-03-31").explanation.en


def test_a_mechanism_that_not_everyone_can_use_is_a_part_and_one_withdrawn_is_none(log: Log) -> None:
    log.service("S")
    case(log, "F", "2018-01-05", "2018-01-20")
    mechanism(log, accessible=False)
    assert log.verdict("7.3", "2018-03-31").state == "partially_compliant"
    mechanism(log, "2018-02-01", services=["S"])
    assert log.verdict("7.3", "2018-03-31").state == "compliant"
    log.record("feedback_mechanism_withdrawn", "2018-03-01", services="all")
    assert log.verdict("7.3", "2018-03-31").state == "non_compliant"


def test_a_service_that_says_that_it_takes_no_feedback_fails(log: Log) -> None:
    log.service("S", client_feedback_channel=["NON"])
    assert numbers(log.verdict("7.3", "2018-03-31")) == ("non_compliant", 0, 1, 0)


# 7.4

AREAS = ["redesign", "usability", "channel_integration", "mobile"]


def test_a_priority_service_is_reviewed_in_all_areas_and_its_recommendations_are_decided(log: Log) -> None:
    log.service("S", **PRIORITY)
    log.service("T")
    assert numbers(log.verdict("7.4", "2018-03-31")) == ("insufficient_evidence", 0, 1, 0)
    log.record(
        "service_review_completed", "2017-05-01", "S/1", service_id="S", areas=AREAS[:3], recommendations=[{"id": "R"}]
    )
    assert numbers(log.verdict("7.4", "2018-03-31")) == ("partially_compliant", 0, 1, 0)
    log.record("service_review_completed", "2017-06-01", "S/2", service_id="S", areas=["mobile"])
    assert numbers(log.verdict("7.4", "2018-03-31")) == ("partially_compliant", 0, 1, 0)
    log.record("recommendation_decided", "2017-07-01", service_id="S", recommendation_id="R", decision="rejected")
    assert numbers(log.verdict("7.4", "2018-03-31")) == ("compliant", 1, 1, 0)
    assert log.verdict("7.4", "2017-06-30").state == "partially_compliant"


def test_a_review_is_too_old_after_its_interval_and_never_reviewed_fails_after_the_first(log: Log) -> None:
    log.service("S", "2019-2020", **PRIORITY)
    assert log.verdict("7.4", "2019-06-01", review_years=3).state == "non_compliant"
    assert log.verdict("7.4", "2019-06-01").state == "insufficient_evidence"
    assert judge(log.facts(), "2020-10-02", rules="policy-2014", as_if=True)["7.4"].state == "non_compliant"
    log.record("service_review_completed", "2014-05-31", service_id="S", areas=AREAS)
    assert log.verdict("7.4", "2019-05-31").state == "compliant"
    assert log.verdict("7.4", "2019-06-01").state == "non_compliant"


def test_a_department_that_names_no_priority_service_is_not_compliant_but_out_of_question_with_a_warning(
    log: Log,
) -> None:
    log.service("S")
    for requirement in ("7.4", "7.7", "7.10"):
        found = log.verdict(requirement, "2018-03-31")
        assert numbers(found) == ("not_applicable", 0, 0, 0)
        assert "Warning" in found.explanation.en
        assert "Attention" in found.explanation.fr
    log.service("T", priority=None)
    assert log.verdict("7.4", "2018-03-31").state == "insufficient_evidence"


# 7.5, 7.6

PARTS = ["objectives", "governance", "risks", "priorities", "alignment"]


def approved(log: Log, first: str = "2016-04-01", last: str = "2019-03-31", **said: Any) -> None:
    fields = {"strategy_id": "X", "from": first, "to": last, "parts": PARTS, **said}
    log.record("strategy_approved", first, fields["strategy_id"], **fields)


def test_a_strategy_holds_has_its_parts_and_is_measured_every_year(log: Log) -> None:
    approved(log)
    assert numbers(log.verdict("7.5", "2017-03-31")) == ("compliant", 1, 1, 0)
    assert log.verdict("7.5", "2017-04-02").state == "partially_compliant"
    log.record("strategy_progress_measured", "2017-03-20", strategy_id="X", fiscal_year="2016-2017")
    assert log.verdict("7.5", "2017-04-02").state == "compliant"
    assert log.verdict("7.5", "2018-03-21").state == "compliant"
    assert log.verdict("7.5", "2018-03-22").state == "partially_compliant"


def test_a_gap_between_two_strategies_is_not_compliant(log: Log) -> None:
    approved(log, "2014-04-01", "2016-03-31")
    approved(log, "2016-10-01", "2019-09-30", strategy_id="Y")
    assert log.verdict("7.5", "2016-04-01").state == "non_compliant"
    assert log.verdict("7.5", "2016-10-01").state == "compliant"


def test_a_strategy_without_a_part_or_of_one_year_is_a_part(log: Log) -> None:
    approved(log, parts=PARTS[1:])
    found = log.verdict("7.5", "2016-06-01")
    assert found.state == "partially_compliant"
    assert "annual objectives and results" in found.explanation.en
    assert "objectifs et résultats annuels" in found.explanation.fr
    approved(log, last="2017-03-31")
    assert log.verdict("7.5", "2016-06-01").state == "partially_compliant"
    approved(log, last="2018-03-31")
    assert log.verdict("7.5", "2016-06-01").state == "compliant"


def test_an_engagement_approach_has_its_elements_and_is_not_asked_of_who_has_no_e_service(log: Log) -> None:
    log.service("S", points="NYYYYY")
    assert log.verdict("7.6", "2018-03-31").state == "not_applicable"
    log.service("T")
    assert log.verdict("7.6", "2018-03-31").state == "insufficient_evidence"
    said = {"from": "2017-01-01", "to": "2018-12-31"}
    log.record("engagement_approach_published", "2017-01-01", "A", elements=["awareness", "how_to"], **said)
    assert log.verdict("7.6", "2018-03-31").state == "partially_compliant"
    log.record(
        "engagement_approach_published", "2017-01-01", "A", elements=["awareness", "how_to", "measurement"], **said
    )
    assert numbers(log.verdict("7.6", "2018-03-31")) == ("compliant", 1, 1, 0)
    assert log.verdict("7.6", "2019-01-01").state == "non_compliant"


# 7.7


def standard_shown(log: Log, venue: str = "canada.ca", on: str = "2017-06-01") -> None:
    log.record("standard_published", on, service_id="S", service_standard_id="S-1", venue=venue, url=URL)


def real_time(log: Log, venue: str = "canada.ca", on: str = "2018-01-01", **said: Any) -> None:
    fields = {"service_id": "S", "venue": venue, "url": URL, "cadence": "P1D", **said}
    log.record("real_time_published", on, **fields)


def observed(log: Log, as_of: str) -> None:
    log.record("real_time_observed", as_of[:10], as_of, service_id="S", as_of=as_of, value=0.9)


def test_a_standard_alone_is_a_part_and_with_fresh_real_time_information_it_is_all(log: Log) -> None:
    log.service("S", **PRIORITY)
    assert log.verdict("7.7", "2018-03-31").state == "insufficient_evidence"
    log.standard("S", "S-1")
    assert log.verdict("7.7", "2018-03-31").state == "insufficient_evidence"
    standard_shown(log)
    assert numbers(log.verdict("7.7", "2018-03-31")) == ("partially_compliant", 0, 1, 0)
    real_time(log)
    observed(log, "2018-03-31T12:00:00Z")
    assert numbers(log.verdict("7.7", "2018-03-31")) == ("compliant", 1, 1, 0)
    assert log.verdict("7.7", "2018-04-02").state == "non_compliant"  # 60 hours old, where 36 are allowed
    assert log.verdict("7.7", "2018-04-02", freshness_percent=300).state == "compliant"
    log.record("standard_unpublished", "2018-03-30", service_id="S", service_standard_id="S-1", venue="canada.ca")
    assert log.verdict("7.7", "2018-03-31").state == "partially_compliant"


def test_what_is_declared_and_never_seen_is_no_real_time_information(log: Log) -> None:
    log.service("S", **PRIORITY)
    log.standard("S", "S-1")
    standard_shown(log)
    real_time(log, on="2018-03-31")
    assert log.verdict("7.7", "2018-03-31").state == "partially_compliant"
    assert log.verdict("7.7", "2018-04-30").state == "non_compliant"


def test_an_external_service_is_published_on_canada_ca_an_enterprise_service_internally_and_one_that_is_both_on_both(
    log: Log,
) -> None:
    log.service("S", service_scope=["EXTERN", "ENTERPRISE"], **PRIORITY)
    log.standard("S", "S-1")
    standard_shown(log)
    real_time(log)
    observed(log, "2018-03-31T12:00:00Z")
    assert log.verdict("7.7", "2018-03-31").state == "partially_compliant"
    standard_shown(log, "internal")
    real_time(log, "internal")
    assert log.verdict("7.7", "2018-03-31").state == "compliant"
    log.service("S", service_scope=["ENTERPRISE"], **PRIORITY)
    log.record("standard_unpublished", "2018-03-01", service_id="S", service_standard_id="S-1", venue="canada.ca")
    assert log.verdict("7.7", "2018-03-31").state == "compliant"


def test_our_own_live_page_counts_while_it_is_fresh_and_only_where_it_is_the_one_declared(log: Log) -> None:
    log.service("S", **PRIORITY)
    log.standard("S", "S-1")
    standard_shown(log)
    live = {"S": Live(datetime(2018, 3, 31, 12, tzinfo=UTC), ("status", 7))}
    assert judge(log.facts(live=live), "2018-03-31")["7.7"].state == "partially_compliant"
    real_time(log)
    assert judge(log.facts(live=live), "2018-03-31")["7.7"].state == "non_compliant"
    real_time(log, url=OURS)
    found = judge(log.facts(live=live), "2018-03-31")["7.7"]
    assert found.state == "compliant"
    assert ("status", 7) in found.inputs
    assert judge(log.facts(live=live), "2018-04-02")["7.7"].state == "non_compliant"


def test_a_service_without_any_standard_fails_where_the_department_has_reported_standards(log: Log) -> None:
    log.service("S", **PRIORITY)
    log.standard("T", "T-1")
    assert log.verdict("7.7", "2018-03-31").state == "non_compliant"


# 7.8


def on_the_list(log: Log, name: str = "M", **said: Any) -> None:
    fields = {"mandatory_service_id": name, "provider_org": "83", "basis": "policy", "from": "2016-01-01"}
    log.record("mandatory_service_listed", "2016-01-01", name, org="139", **{**fields, "applies_to": "all", **said})


def test_a_mandatory_service_is_adopted_or_exempted_and_no_statute_can_be_exempted_from(log: Log) -> None:
    assert log.verdict("7.8", "2018-03-31").state == "insufficient_evidence"
    on_the_list(log, "O", applies_to=["12"])
    assert log.verdict("7.8", "2018-03-31").state == "not_applicable"
    on_the_list(log)
    assert numbers(log.verdict("7.8", "2018-03-31")) == ("non_compliant", 0, 1, 0)
    exempt = {"mandatory_service_id": "M", "from": "2017-01-01", "expires_on": "2018-12-31"}
    log.record("exemption_granted", "2017-01-01", "M", **exempt)
    found = log.verdict("7.8", "2018-03-31")
    assert numbers(found) == ("excepted", 0, 0, 1)
    assert str(found.due_on) == "2018-12-31"
    assert log.verdict("7.8", "2019-01-01").state == "non_compliant"
    on_the_list(log, basis="statute")
    assert log.verdict("7.8", "2018-03-31").state == "non_compliant"
    log.record("mandatory_service_adopted", "2018-02-01", mandatory_service_id="M")
    assert numbers(log.verdict("7.8", "2018-03-31")) == ("compliant", 1, 1, 0)


# 7.9


def years(log: Log, before: str, now: str) -> None:
    """Services of two years by their letters: `Y` an e-service, `N` none, `?` not said, `x` excluded."""
    for year, letters in (("2016-2017", before), ("2017-2018", now)):
        for n, letter in enumerate(letters):
            log.service(
                f"S{n}", year, points={"?": "Y-YYYY", "x": "NNNNNN", "A": "AAAAAA"}.get(letter, letter + "YYYYY")
            )
            if letter == "x":
                log.record("exclusion_documented", None, f"S{n}", service_id=f"S{n}", requirement="7.9", basis="law")


@pytest.mark.parametrize(
    ("before", "now", "state"),
    [
        ("YNN", "YYN", "compliant"),
        ("YNN", "YNN", "non_compliant"),
        ("YYN", "YNN", "non_compliant"),
        ("YN", "YYNN", "partially_compliant"),
        ("YN", "YYNNN", "partially_compliant"),
        ("YY", "YY", "compliant"),
        ("NN", "NN", "non_compliant"),
        ("YNN", "Y?N", "insufficient_evidence"),
        ("?NN", "YYN", "compliant"),
        ("??N", "YNN", "insufficient_evidence"),
        ("YAN", "YAN", "non_compliant"),
    ],
)
def test_the_proportion_of_e_services_rises_from_one_year_to_the_next(
    before: str, now: str, state: str, log: Log
) -> None:
    years(log, before, now)
    found = log.verdict("7.9", "2018-03-31")
    assert numbers(found) == (state, now.count("Y"), len(now), 0)


def test_the_first_year_is_the_baseline_and_a_year_without_the_one_before_cannot_be_told(log: Log) -> None:
    log.service("S", "2016-2017")
    assert log.verdict("7.9", "2017-03-31").state == "insufficient_evidence"
    assert "baseline" in log.verdict("7.9", "2017-03-31").explanation.en
    log.service("S", "2018-2019")
    assert log.verdict("7.9", "2019-03-31").state == "insufficient_evidence"


def test_an_excluded_service_is_in_neither_number_until_its_exclusion_ends(log: Log) -> None:
    years(log, "YNx", "YYx")
    assert numbers(log.verdict("7.9", "2018-03-31")) == ("compliant", 2, 2, 1)
    log.record(
        "exclusion_documented", None, "S2", service_id="S2", requirement="7.9", basis="law", expires_on="2017-12-31"
    )
    assert numbers(log.verdict("7.9", "2018-03-31")) == ("compliant", 2, 3, 0)


# 7.10


def test_a_priority_external_service_is_online_end_to_end_with_its_status_shown(log: Log) -> None:
    log.service("S", **PRIORITY)
    log.service("T", service_scope=["ENTERPRISE"], **PRIORITY)
    log.service("U", points="YAYYYY", **PRIORITY)  # no authentication
    log.service("V", points="YAYYYY", authentication={"required": True, "level": 2}, **PRIORITY)
    found = log.verdict("7.10", "2018-03-31")
    assert numbers(found) == ("partially_compliant", 0, 2, 0)
    status = {"url": URL, "cadence": "PT1H"}
    log.record("status_access_published", "2017-11-01", service_id="S", **status)
    assert numbers(log.verdict("7.10", "2018-03-31")) == ("partially_compliant", 1, 2, 0)
    log.record("status_access_published", "2017-11-01", service_id="V", **{**status, "cadence": "P7D"})
    assert numbers(log.verdict("7.10", "2018-03-31")) == ("partially_compliant", 1, 2, 0)
    log.record("status_access_published", "2017-12-01", service_id="V", **status)
    assert numbers(log.verdict("7.10", "2018-03-31")) == ("compliant", 2, 2, 0)
    assert log.verdict("7.10", "2017-11-30").state == "partially_compliant"
    log.service("W", points="YYNYYY", **PRIORITY)
    assert numbers(log.verdict("7.10", "2018-03-31")) == ("partially_compliant", 2, 3, 0)
    log.record("exclusion_documented", None, "W", service_id="W", requirement="7.10", basis="security")
    assert numbers(log.verdict("7.10", "2018-03-31")) == ("compliant", 2, 2, 1)


def test_the_french_reading_of_7_10_stands_beside_as_a_check(log: Log) -> None:
    log.service("S", points="YYNYYY", **PRIORITY)
    log.record("status_access_published", "2017-11-01", service_id="S", url=URL, cadence="PT1H")
    found = log.verdict("7.10", "2018-03-31")
    assert found.state == "non_compliant"
    (check,) = found.checks
    assert (check.name, check.state, check.numerator, check.denominator) == (
        "electronic_authentication", "compliant", 1, 1,
    )  # fmt: skip


def test_a_department_whose_only_such_service_is_excluded_is_excepted(log: Log) -> None:
    log.service("S", points="NNNNNN", **PRIORITY)
    log.record("exclusion_documented", None, "S", service_id="S", requirement="7.10", basis="law")
    assert numbers(log.verdict("7.10", "2018-03-31")) == ("excepted", 0, 0, 1)


# 8, 9


def test_compliance_is_assessed_every_year_and_findings_need_their_corrective_action(log: Log) -> None:
    log.record("assessment_completed", "2018-02-01", fiscal_year="2017-2018")
    assert numbers(log.verdict("8.1a", "2018-03-31")) == ("compliant", 1, 1, 0)
    assert log.verdict("8.1a", "2019-02-03").state == "non_compliant"
    log.service("S", client_feedback_channel=["NON"])
    assert log.verdict("8.1a", "2018-03-31").state == "insufficient_evidence"  # nothing records actions yet
    for requirement in ("8.2", "9.1", "9.2", "9.3"):
        assert numbers(log.verdict(requirement, "2018-03-31")) == ("insufficient_evidence", 0, 1, 0)


STEPS = {
    "policy-2014": ("2018-03-31", "7.3", {"8.2": ["8.2"], "9.2": ["9.2"], "9.3": ["9.3"]}),
    "policy-2020": ("2021-06-30", "DSD-4.6.1", {"PSD-4.3": ["8.2"], "PSD-7.1": ["9.1", "9.2", "9.3"]}),
}


@pytest.mark.parametrize("rules", STEPS)
def test_a_finding_is_answered_by_a_step_under_the_clause_that_the_requirement_stands_for(log: Log, rules: Any) -> None:
    as_of, about, clauses = STEPS[rules]
    log.service("S", "2017-2018" if rules == "policy-2014" else "2020-2021", client_feedback_channel=["NON"])
    assert judge(log.facts(), as_of, rules=rules)[about].state == "non_compliant"
    for requirement, under in clauses.items():
        found = judge(log.facts(), as_of, rules=rules)[requirement]
        assert (found.state, found.numerator) == ("insufficient_evidence", 0)
        assert "No step or action of this kind" in found.explanation.en
        assert "Aucune étape ni mesure de ce genre" in found.explanation.fr
        said = {"step_id": under[-1], "clause": under[-1], "requirement": about, "taken_on": as_of}
        log.add("OversightStepTaken", said, service="reporting")
        answered = judge(log.facts(), as_of, rules=rules)[requirement]
        findings = answered.denominator
        assert answered.numerator == 1
        assert f"recorded: 1 of {findings}." in answered.explanation.en
        assert f"consignée : 1 sur {findings}." in answered.explanation.fr


def test_a_report_that_was_requested_is_provided_by_its_day(log: Log) -> None:
    assert log.verdict("8.1b", "2018-03-31").state == "insufficient_evidence"
    log.record("report_requested", None, "Q", request_id="Q", due_on="2018-06-30")
    assert numbers(log.verdict("8.1b", "2018-03-31")) == ("insufficient_evidence", 0, 0, 1)
    assert numbers(log.verdict("8.1b", "2018-07-01")) == ("non_compliant", 0, 1, 0)
    log.record("report_provided", "2018-06-30", "Q", request_id="Q")
    assert numbers(log.verdict("8.1b", "2018-07-01")) == ("compliant", 1, 1, 0)
    log.record("report_provided", "2018-07-05", "Q", request_id="Q")
    assert numbers(log.verdict("8.1b", "2018-07-31")) == ("non_compliant", 0, 1, 0)


# Populations


def test_where_a_year_has_no_row_the_newest_year_before_is_used_and_said(log: Log) -> None:
    log.service("S", "2016-2017", **PRIORITY)
    found = log.verdict("7.4", "2018-03-31")
    assert found.denominator == 1
    assert "2016-2017" in found.explanation.en
    assert "2017-2018" in found.explanation.fr
    log.service("T", "2017-2018")
    assert log.verdict("7.4", "2018-03-31").denominator == 0
    assert log.verdict("7.4", "2017-03-31").denominator == 1
    assert log.verdict("7.4", "2016-03-31").state == "insufficient_evidence"


def test_a_retired_service_is_in_no_number_from_its_day_on(log: Log) -> None:
    log.service("S", **PRIORITY)
    retired = log.add("ServiceRetired", {"service_id": "S", "on": "2018-01-01"})
    assert log.verdict("7.4", "2017-12-31").denominator == 1
    assert retired.ref not in log.verdict("7.4", "2017-12-31").inputs
    for requirement in ("7.1", "7.3", "7.4", "7.7", "7.9", "7.10"):
        found = log.verdict(requirement, "2018-01-01")
        assert found.denominator == 0
        assert retired.ref in found.inputs


def test_a_transferred_service_belongs_to_its_new_owner_from_the_day_on_with_its_history(log: Log) -> None:
    log.service("S", **PRIORITY)
    log.record("service_review_completed", "2017-05-01", service_id="S", areas=AREAS)
    log.add("ServiceTransferred", {"service_id": "S", "on": "2018-01-01", "from_org": "9001", "to_org": "9002"})
    theirs = log.facts(Body("9002"))
    assert log.verdict("7.4", "2017-12-31").denominator == 1
    assert log.verdict("7.4", "2018-01-01").denominator == 0
    assert judge(theirs, "2017-12-31")["7.4"].denominator == 0
    assert numbers(judge(theirs, "2018-01-01")["7.4"]) == ("compliant", 1, 1, 0)


# All of them


def test_every_setting_has_its_reason_and_every_rule_its_clause_in_words() -> None:
    assert set(REASONS) == set(Settings.__dataclass_fields__)
    for rules in ("policy-2014", "policy-2020"):
        assert all(len(rule_of(rules, each)) > 40 for each in requirements(rules))
        assert rule_version(rules).startswith(f"{rules}+")
    assert set(TITLES) == {each for rules in ("policy-2014", "policy-2020") for each in requirements(rules)}


def test_the_two_rule_sets_have_versions_of_their_own() -> None:
    assert rule_version("policy-2014").partition("+")[2] != rule_version("policy-2020").partition("+")[2]


def test_the_second_rule_set_judges_all_services_and_knows_no_priority(log: Log) -> None:
    log.service("S", "2020-2021", dialect="portal", program_id=["X"], last_service_review="2019-2020")
    log.service("T", "2020-2021", points="NNYYYY")
    found = judge(log.facts(), "2021-03-31")
    assert list(found) == requirements("policy-2020")
    assert numbers(found["PSD-4.1.11"]) == ("partially_compliant", 1, 2, 0)
    assert numbers(found["DSD-4.6.4"]) == ("insufficient_evidence", 1, 2, 0)
    assert numbers(found["DSD-4.6.7"]) == ("insufficient_evidence", 1, 2, 0)
    early = judge(log.facts(), "2019-03-31", rules="policy-2020")
    assert {each.state for each in early.values()} == {"not_yet_in_force"}


def test_the_same_question_gives_the_same_answer(log: Log) -> None:
    log.service("S", **PRIORITY)
    day = datetime(2018, 3, 31, tzinfo=UTC).date()
    assert evaluate("policy-2014", log.facts(), day, Settings()) == evaluate(
        "policy-2014", log.facts(known_to=LATER), day, Settings()
    )
