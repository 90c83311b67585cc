"""What went wrong in comparable systems and must not here, as far as it concerns compliance: lessons, part 5."""

from datetime import date
from fractions import Fraction

from services.reporting.domain.compliance import evaluate, rule_version
from services.reporting.domain.compliance.facts import Body
from services.reporting.domain.compliance.folding import fold
from services.reporting.domain.compliance.online import e_services, proportion
from services.reporting.domain.compliance.population import population
from services.reporting.domain.compliance.saying import percent
from services.reporting.domain.compliance.settings import Settings
from tests.unit.evidence import LATER, Log, judge

PRIORITY = {"priority": {"designated": True}}
DAY = date(2018, 3, 31)


def test_5_1_nothing_to_judge_is_neither_all_nor_none_of_it() -> None:
    log = Log()
    assert all(
        each.state == "insufficient_evidence" and not each.explanation.en.startswith("100")
        for each in judge(log.facts(), "2018-03-31").values()
    )
    log.service("S")
    found = log.verdict("7.4", "2018-03-31")
    assert (found.state, found.numerator, found.denominator) == ("not_applicable", 0, 0)
    assert percent(None) == ("no data", "aucune donnée")
    assert percent(Fraction(1999, 2000)) == ("99.9%", "99,9 %")
    assert percent(Fraction(1, 5000)) == ("0.1%", "0,1 %")


def test_5_2_not_applicable_no_data_blank_and_no_are_four_things() -> None:
    log = Log()
    for name, points in (("NA", "YAYYYY"), ("N", "YNYYYY"), ("blank", "Y-YYYY")):
        log.service(name, points=points)
    log.service("ND", os_authentication="ND")
    found = {unit.name: unit.outcome for unit in log.verdict("7.9", "2018-03-31").units}
    assert found == {"NA": "met", "N": "failed", "blank": "unknown", "ND": "unknown"}
    log.service("all", points="AAAAAA")  # nothing of it is online, and it stays in the denominator
    found = {unit.name: unit.outcome for unit in log.verdict("7.9", "2018-03-31").units}
    assert found["all"] == "failed"


def test_5_3_and_5_5_one_proportion_of_whole_numbers_and_one_formula_for_it() -> None:
    log = Log()
    log.service("S", "2016-2017", points="NYYYYY")
    log.service("S", points="YYYYYY")
    log.service("T", points="NYYYYY")
    now = population(log.facts(), DAY)
    found = proportion("2017-2018", now.in_scope, e_services(now.in_scope, {}))
    assert found.least == Fraction(1, 2)
    verdict = log.verdict("7.9", "2018-03-31")
    assert (verdict.numerator, verdict.denominator) == (found.yes, found.total)
    assert "1 of 2 (50.0%)" in verdict.explanation.en
    assert "1 sur 2 (50,0 %)" in verdict.explanation.fr


def test_5_4_a_numerator_never_exceeds_its_denominator_however_often_a_thing_is_reported() -> None:
    log = Log()
    for _ in range(3):
        log.service("S", "2016-2017", points="NNNNNN")
        log.service("S")
        log.record("mandatory_service_listed", "2016-01-01", "M", mandatory_service_id="M", applies_to="all")
        log.record("mandatory_service_adopted", "2016-01-01", "M", mandatory_service_id="M")
    for requirement in ("7.8", "7.9"):
        found = log.verdict(requirement, "2018-03-31")
        assert (found.state, found.numerator, found.denominator) == ("compliant", 1, 1)


def test_5_7_a_new_standard_or_row_rewrites_no_year_before_it() -> None:
    log = Log()
    log.service("S", "2016-2017", points="NYYYYY", **PRIORITY)
    before = judge(log.facts(), "2017-03-31")
    log.service("S", "2017-2018", **PRIORITY)
    log.standard("S", "S-1", "2017-2018")
    assert judge(log.facts(), "2017-03-31")["7.10"] == before["7.10"]
    assert [unit.outcome for unit in judge(log.facts(), "2017-03-31")["7.9"].units] == ["failed"]


def test_5_10_nothing_outside_the_year_before_the_day_counts_as_timely() -> None:
    log = Log()
    log.service("S")
    log.record(
        "feedback_mechanism_published", "2016-01-01", services="all", url={"en": "e", "fr": "f"}, accessible=True
    )
    case = {"feedback_id": "F", "service_id": "S", "kind": "issue", "received_at": "2016-05-01T15:00:00Z"}
    log.add("FeedbackRecorded", case, service="feedback")
    settled = {"feedback_id": "F", "from_state": "received", "to_state": "resolved"}
    log.add("FeedbackStateChanged", {**settled, "changed_at": "2016-05-20T15:00:00Z"}, service="feedback")
    assert log.verdict("7.3", "2018-03-31").state == "insufficient_evidence"
    assert judge(log.facts(), "2017-03-31")["7.3"].state == "insufficient_evidence"  # no row of that year or before
    log.service("S", "2016-2017")
    assert log.verdict("7.3", "2017-03-31").state == "compliant"


def test_5_14_verdicts_folded_anew_are_the_same_and_hold_nothing_that_was_withdrawn() -> None:
    log = Log()
    log.service("S", **PRIORITY)
    log.service("T", **PRIORITY)
    log.service("T", withdrawn=True, **PRIORITY)
    first = evaluate("policy-2014", log.facts(), DAY, Settings())
    again = evaluate("policy-2014", fold(Body("9001"), reversed(log.entries), LATER), DAY, Settings())
    assert first == again
    assert {unit.name for each in first for unit in each.units} & {"S", "T"} == {"S"}


def test_5_18_a_verdict_on_one_thing_says_that_it_is_one() -> None:
    log = Log()
    log.service("S", "2016-2017", points="NNNNNN")
    log.service("S")
    found = log.verdict("7.9", "2018-03-31")
    assert found.state == "compliant"
    assert "1 of 1" in found.explanation.en


def test_5_19_a_service_that_was_transferred_keeps_its_id_and_is_counted_once() -> None:
    log = Log()
    log.service("S", **PRIORITY)
    log.add("ServiceTransferred", {"service_id": "S", "on": "2018-01-01", "from_org": "9001", "to_org": "9002"})
    log.service("S", org="9002", **PRIORITY)
    for day in ("2017-12-31", "2018-01-01"):
        counted = [
            sum(unit.name == "S" for unit in judge(log.facts(Body(org)), day)["7.9"].units) for org in ("9001", "9002")
        ]
        assert sorted(counted) == [0, 1], day


def test_5_20_a_record_reported_again_is_a_new_version_of_one_record_and_no_second_one() -> None:
    log = Log()
    log.record("assessment_completed", "2018-02-01", "2017-2018", fiscal_year="2017-2018")
    log.record("assessment_completed", "2016-02-01", "2017-2018", fiscal_year="2017-2018")
    assert log.verdict("8.1a", "2018-03-31").state == "non_compliant"
    log.record("assessment_completed", "2018-03-01", "2017-2018", fiscal_year="2017-2018")
    assert log.verdict("8.1a", "2018-03-31").state == "compliant"


def test_a_verdict_carries_the_version_of_its_rules() -> None:
    """As Open Policy Agent's users asked for: without it no decision can be repeated."""
    assert rule_version("policy-2014") == rule_version("policy-2014")
    assert len(rule_version("policy-2014").partition("+")[2]) == 16
