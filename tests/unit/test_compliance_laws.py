"""What holds of every verdict, whatever was recorded and in whatever order it came."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reporting.domain.compliance import Rules, evaluate
from services.reporting.domain.compliance.changing import differ, differences
from services.reporting.domain.compliance.facts import Body, Entry
from services.reporting.domain.compliance.folding import Folding, fold
from services.reporting.domain.compliance.online import Proportion, grown
from services.reporting.domain.compliance.settings import Settings, changed
from services.reporting.domain.compliance.verdict import Unit, Verdict, combined
from tests.unit.evidence import BEGIN, LATER, Log

URL = {"en": "https://canada.ca/en", "fr": "https://canada.ca/fr"}
YEARS = ("2015-2016", "2016-2017", "2017-2018", "2018-2019", "2019-2020")
DAYS = st.sampled_from([date(2018, 3, 31)]) | st.dates(date(2014, 10, 1), date(2021, 3, 31))
Write = Callable[[Log], Any]


def day(number: int) -> str:
    return (date(2014, 10, 1) + timedelta(days=number)).isoformat()


def service(draw: st.DrawFn) -> Write:
    said: dict[str, Any] = {
        "points": draw(st.text("YNA-", min_size=6, max_size=6)),
        "service_scope": draw(
            st.sampled_from([["EXTERN"], ["ENTERPRISE"], ["EXTERN", "ENTERPRISE"], ["INTERN"], None])
        ),
        "priority": draw(st.sampled_from([{"designated": True}, {"designated": False}, None])),
        "client_feedback_channel": draw(st.sampled_from([["NON"], ["ONL"], None])),
        "withdrawn": draw(st.booleans()) and draw(st.booleans()),
    }
    which, year = draw(st.sampled_from("STU")), draw(st.sampled_from(YEARS))
    return lambda log: log.service(which, year, **said)


def standard(draw: st.DrawFn) -> Write:
    which, year = draw(st.sampled_from("STU")), draw(st.sampled_from(YEARS))
    return lambda log: log.standard(which, f"{which}-1", year, target=0.8)


def record(draw: st.DrawFn) -> Write:
    kind, fields = draw(st.sampled_from(RECORDS))
    which, at, withdrawn = draw(st.sampled_from("STU")), draw(st.integers(0, 2200)), draw(st.integers(0, 9)) == 0
    words = {"which": which, "day": day(at), "later": day(at + 1200)}
    dated = {name: value.format(**words) if isinstance(value, str) else value for name, value in fields.items()}
    on = None if kind == "exclusion_documented" else dated.get("from", day(at))
    return lambda log: log.record(kind, on, withdrawn=withdrawn, **dated)


RECORDS: list[tuple[str, dict[str, Any]]] = [
    ("inventory_confirmed", {"fiscal_year": "2017-2018"}),
    ("provider_appointed", {"provider_id": "{which}"}),
    ("provider_left", {"provider_id": "{which}"}),
    ("learning_offered", {"provider_id": "{which}", "topic": "service_knowledge"}),
    ("learning_offered", {"provider_id": "{which}", "topic": "client_service_excellence"}),
    ("feedback_mechanism_published", {"services": "all", "channels": ["ONL"], "url": URL, "accessible": True}),
    ("feedback_mechanism_withdrawn", {"services": "all"}),
    ("service_review_completed", {"service_id": "{which}", "areas": ["redesign", "usability", "channel_integration", "mobile"]}),
    ("strategy_approved", {"strategy_id": "{which}", "from": "{day}", "to": "{later}", "parts": ["objectives", "governance", "risks", "priorities", "alignment"]}),
    ("strategy_progress_measured", {"strategy_id": "{which}", "fiscal_year": "2017-2018"}),
    ("engagement_approach_published", {"from": "{day}", "elements": ["awareness", "how_to", "measurement"]}),
    ("standard_published", {"service_id": "{which}", "service_standard_id": "{which}-1", "venue": "canada.ca", "url": URL}),
    ("real_time_published", {"service_id": "{which}", "venue": "canada.ca", "url": URL, "cadence": "P7D"}),
    ("real_time_observed", {"service_id": "{which}", "as_of": "{day}", "value": 1}),
    ("status_access_published", {"service_id": "{which}", "url": URL, "cadence": "PT1H"}),
    ("exclusion_documented", {"service_id": "{which}", "requirement": "7.9", "basis": "law"}),
    ("exclusion_documented", {"service_id": "{which}", "requirement": "7.10", "basis": "law"}),
    ("mandatory_service_listed", {"mandatory_service_id": "{which}", "from": "{day}", "applies_to": "all", "basis": "policy"}),
    ("mandatory_service_adopted", {"mandatory_service_id": "{which}"}),
    ("exemption_granted", {"mandatory_service_id": "{which}", "from": "{day}", "expires_on": "{later}"}),
    ("assessment_completed", {"fiscal_year": "2017-2018"}),
    ("report_requested", {"request_id": "{which}", "due_on": "{day}"}),
    ("report_provided", {"request_id": "{which}"}),
]  # fmt: skip


def ownership(draw: st.DrawFn) -> Write:
    which, at, withdrawn = draw(st.sampled_from("STU")), draw(st.integers(0, 2200)), draw(st.booleans())
    gone = {"service_id": which, "on": day(at), "withdrawn": withdrawn}
    if draw(st.booleans()):
        return lambda log: log.add("ServiceRetired", gone)
    return lambda log: log.add("ServiceTransferred", {**gone, "from_org": "9001", "to_org": "9002"})


def feedback(draw: st.DrawFn) -> Write:
    which, at = draw(st.sampled_from("FGH")), draw(st.integers(0, 2200))
    kind = draw(st.sampled_from(["complaint", "issue", "compliment"]))
    moment = f"{day(at)}T15:00:00Z"
    case: dict[str, Any] = {"feedback_id": which, "service_id": "S", "kind": kind, "received_at": moment}
    case["withdrawn"] = draw(st.sampled_from([False, False, True]))
    before, after = draw(st.permutations(["received", "resolved", "redirected", "closed"]))[:2]
    change = {"feedback_id": which, "from_state": before, "to_state": after, "changed_at": moment}
    if draw(st.booleans()):
        stopped = draw(st.none() | st.just(f"{day(at + 20)}T15:00:00Z"))
        clock = {"due_at": f"{day(at + 30)}T04:00:00Z", "stopped_at": stopped, "met": stopped and True}
        timed = {"promises": {"target": 0.5, "resolve": {**clock, "own": draw(st.booleans())}}}
        case, change = {**case, **timed}, {**change, **timed, "recourse": draw(st.sampled_from([None, "appeal"]))}
    if draw(st.booleans()):
        return lambda log: log.add("FeedbackRecorded", case, service="feedback")
    return lambda log: log.add("FeedbackStateChanged", change, service="feedback")


AREAS = ["redesign", "usability", "channel_integration", "mobile"]
PARTS = ["objectives", "governance", "risks", "priorities", "alignment"]
SERVICE = {"service_id": "S"}
WELL_MANAGED: list[Write] = [
    lambda log: log.service("S", "2016-2017", points="NYYYYY", priority={"designated": True}),
    lambda log: log.service("S", "2017-2018", points="YYYYYY", priority={"designated": True}),
    lambda log: log.standard("S", "S-1", "2017-2018", target=0.8),
    lambda log: log.record("inventory_confirmed", "2018-03-01", fiscal_year="2017-2018"),
    lambda log: log.record("provider_appointed", "2017-01-01", provider_id="S"),
    lambda log: log.record("learning_offered", "2017-12-01", provider_id="S", topic="service_knowledge"),
    lambda log: log.record("learning_offered", "2017-12-01", provider_id="S", topic="client_service_excellence"),
    lambda log: log.record("feedback_mechanism_published", "2017-01-01", services="all", url=URL, accessible=True),
    lambda log: log.add("FeedbackRecorded", CASE, service="feedback"),
    lambda log: log.add("FeedbackStateChanged", SETTLED, service="feedback"),
    lambda log: log.record("service_review_completed", "2017-05-01", areas=AREAS, **SERVICE),
    lambda log: log.record("strategy_approved", "2017-04-01", "S", **{"from": "2017-04-01", "to": "2020-03-31"}, strategy_id="S", parts=PARTS),
    lambda log: log.record("standard_published", "2017-05-01", service_standard_id="S-1", venue="canada.ca", url=URL, **SERVICE),
    lambda log: log.record("real_time_published", "2017-05-01", venue="canada.ca", url=URL, cadence="P7D", **SERVICE),
    lambda log: log.record("real_time_observed", "2018-03-28", as_of="2018-03-28", value=1, **SERVICE),
    lambda log: log.record("status_access_published", "2017-11-01", url=URL, cadence="PT1H", **SERVICE),
    lambda log: log.record("assessment_completed", "2018-03-01", fiscal_year="2017-2018"),
]  # fmt: skip
CASE = {"feedback_id": "F", "service_id": "S", "kind": "complaint", "received_at": "2018-01-05T15:00:00Z"}
SETTLED = {"feedback_id": "F", "from_state": "received", "to_state": "resolved", "changed_at": "2018-01-20T15:00:00Z"}


@st.composite
def logs(draw: st.DrawFn) -> list[Entry]:
    """What the services recorded of one organisation, in the order of their logs: often well managed, never quite known."""
    log = Log()
    if draw(st.booleans()):
        missing = draw(st.sets(st.integers(0, len(WELL_MANAGED) - 1), max_size=3))
        for n, write in enumerate(WELL_MANAGED):
            if n not in missing:
                write(log)
    for _ in range(draw(st.integers(0, 30))):
        draw(st.sampled_from([service, service, standard, record, record, record, ownership, feedback]))(draw)(log)
    return log.entries


def verdicts(
    entries: list[Entry], as_of: date, *, rules: Rules = "policy-2014", org: str = "9001"
) -> tuple[Verdict, ...]:
    return evaluate(rules, fold(Body(org), entries, LATER), as_of, Settings(), as_if_in_force=True)


@given(logs(), DAYS, st.data())
def test_neither_order_nor_repetition_nor_batches_change_a_verdict(
    entries: list[Entry], as_of: date, data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(entries))
    repeated = data.draw(st.lists(st.sampled_from(entries))) if entries else []
    for rules in ("policy-2014", "policy-2020"):
        assert verdicts(entries, as_of, rules=rules) == verdicts([*shuffled, *repeated], as_of, rules=rules)


@given(logs(), st.data())
def test_facts_that_are_kept_and_added_to_are_those_of_all_at_once(entries: list[Entry], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(entries))
    repeated = data.draw(st.lists(st.sampled_from(entries))) if entries else []
    come, folding = [*shuffled, *repeated], Folding(Body("9001"))
    while come:
        some = data.draw(st.integers(1, len(come)))
        folding.add(come[:some])
        come = come[some:]
        assert folding.facts(LATER) == fold(Body("9001"), [*shuffled, *repeated][: -len(come) or None], LATER)


def test_a_case_that_is_withdrawn_is_no_fact_any_more_also_where_it_was_one() -> None:
    log, folding = Log(), Folding(Body("9001"))
    log.add("FeedbackRecorded", CASE, service="feedback")
    log.add("FeedbackRecorded", {**CASE, "withdrawn": True}, service="feedback")
    for entries, cases in ((log.entries[:1], 1), (log.entries[1:], 0), (log.entries[:1], 0)):
        folding.add(entries)
        assert len(folding.facts(LATER).cases) == cases


@given(logs(), DAYS, st.integers(0, 40))
def test_what_is_recorded_later_changes_nothing_that_was_known_before(
    entries: list[Entry], as_of: date, minutes: int
) -> None:
    known_at = BEGIN + timedelta(minutes=minutes)
    then = [entry for entry in entries if entry.recorded_at <= known_at]
    assert verdicts(then, as_of) == verdicts([e for e in entries if e.position <= minutes], as_of)
    for found in verdicts(then, as_of):
        assert all(position <= minutes for _, position in found.inputs)


@given(logs(), DAYS)
def test_numbers_and_state_agree(entries: list[Entry], as_of: date) -> None:
    for rules in ("policy-2014", "policy-2020"):
        for found in verdicts(entries, as_of, rules=rules):
            assert 0 <= found.numerator <= found.denominator, found
            outcomes = Counter(unit.outcome for unit in found.units)
            assert found.excluded == outcomes["excepted"] + outcomes["pending"]
            assert found.numerator == outcomes["met"]
            if found.state == "compliant" and found.requirement != "7.9":
                assert found.numerator == found.denominator > 0, found
            if found.state == "non_compliant" and found.requirement not in {"7.1", "7.9", "PSD-4.1.12"}:
                assert found.numerator == 0 < found.denominator, found
            assert found.explanation.en
            assert found.explanation.fr


@given(logs(), DAYS)
def test_nothing_is_compliant_without_evidence_and_what_nobody_spoke_of_is_neither_passed_nor_failed(
    entries: list[Entry], as_of: date
) -> None:
    for found in verdicts(entries, as_of):
        if found.state in {"compliant", "partially_compliant", "non_compliant"}:
            assert found.inputs, found
        if found.state == "compliant":
            assert not any(unit.outcome in {"unknown", "failed"} for unit in found.units) or found.requirement == "7.9"
        if found.units and all(unit.outcome == "unknown" for unit in found.units) and found.requirement != "7.6":
            assert found.state == "insufficient_evidence", found


@given(logs(), DAYS)
def test_an_excluded_or_pending_thing_is_in_no_numerator(entries: list[Entry], as_of: date) -> None:
    for found in verdicts(entries, as_of):
        # Two requests for a report may have the same name: each rests on a record of its own.
        left_out = {(unit.name, unit.refs) for unit in found.units if unit.outcome in {"excepted", "pending"}}
        counted = {(unit.name, unit.refs) for unit in found.units if unit.outcome == "met"}
        assert not left_out & counted
        assert found.denominator + len(left_out) == len(found.units)


@given(logs(), DAYS)
def test_a_service_is_in_one_organisation_s_numbers_on_a_day_and_in_no_other_s(
    entries: list[Entry], as_of: date
) -> None:
    first, second = (
        {unit.name for found in verdicts(entries, as_of, org=org) if found.requirement == "7.9" for unit in found.units}
        for org in ("9001", "9002")
    )
    assert not first & second


@given(logs(), DAYS)
def test_a_difference_between_two_states_of_knowledge_names_events_that_one_of_them_has(
    entries: list[Entry], as_of: date
) -> None:
    old = entries[: len(entries) // 2]
    before, now = verdicts(old, as_of), verdicts(entries, as_of)
    found = differences(before, now, old, entries)
    changed = [one.requirement for one, other in zip(before, now, strict=True) if differ(one, other)]
    assert [each.requirement for each in found] == changed
    came = {entry.ref for entry in entries} - {entry.ref for entry in old}
    for each in found:
        assert each.events
        assert set(each.events) <= came


@given(logs(), DAYS)
def test_leaving_out_what_a_verdict_does_not_rest_on_leaves_the_verdict(entries: list[Entry], as_of: date) -> None:
    """Inputs are all there is to know: the same requirement judged from them alone, where all other facts are gone."""
    for found in verdicts(entries, as_of):
        if found.requirement in {"7.2", "7.5", "7.8", "8.1b"}:
            rest = [entry for entry in entries if entry.ref in set(found.inputs)]
            again = next(each for each in verdicts(rest, as_of) if each.requirement == found.requirement)
            assert replace(again, inputs=found.inputs) == replace(found, inputs=found.inputs)


@pytest.mark.parametrize("extreme", ["0001-01-01", "1899-12-31", "9999-12-31"])
@pytest.mark.parametrize("settings_", [Settings(), changed(Settings(), {"review_years": 100, "annual_days": 100_000})])
def test_no_day_that_anybody_reports_is_too_much(extreme: str, settings_: Settings) -> None:
    log = Log()
    for write in WELL_MANAGED:
        write(log)
    words = {"which": "S", "day": extreme, "later": extreme}
    for kind, fields in RECORDS:
        said = {name: value.format(**words) if isinstance(value, str) else value for name, value in fields.items()}
        log.record(kind, extreme, **said)
    log.add("ServiceTransferred", {"service_id": "T", "on": extreme, "from_org": "9001", "to_org": "9002"})
    log.add("ServiceRetired", {"service_id": "U", "on": extreme})
    for rules in ("policy-2014", "policy-2020"):
        for as_of in (date(2000, 1, 1), date(2018, 3, 31), date(2100, 12, 31)):
            assert evaluate(rules, log.facts(), as_of, settings_, as_if_in_force=True)


OUTCOMES = st.sampled_from(["met", "partial", "failed", "unknown", "excepted", "pending"])


@given(st.lists(OUTCOMES, max_size=8), st.lists(st.sampled_from(["met", "partial", "failed"]), min_size=8, max_size=8))
def test_a_state_is_given_only_where_nothing_that_may_turn_out_could_give_another(
    outcomes: list[Any], turned_out: list[Any]
) -> None:
    units = [Unit(str(n), outcome) for n, outcome in enumerate(outcomes)]
    known = [
        replace(unit, outcome=turned_out[n]) if unit.outcome == "unknown" else unit for n, unit in enumerate(units)
    ]
    state = combined(units, "insufficient_evidence")
    assert state in {"insufficient_evidence", combined(known, "insufficient_evidence")}


def test_a_proportion_has_risen_or_not_only_where_nothing_that_may_turn_out_could_say_otherwise() -> None:
    """Every two years of up to three services that are, may be and are not online, and every way they may turn out."""

    def year(yes: int, unknown: int, no: int) -> Proportion:
        return Proportion("", yes, unknown, yes + unknown + no, None)

    def turned_out(yes: int, unknown: int, no: int) -> list[Proportion]:
        return [year(yes + up, 0, no + unknown - up) for up in range(unknown + 1)]

    counts = [each for each in product(range(4), repeat=3) if sum(each)]
    for now, before in product(counts, repeat=2):
        state = grown(year(*now), year(*before))
        for new, old in product(turned_out(*now), turned_out(*before)):
            assert state in {"insufficient_evidence", grown(new, old)}, (now, before)
