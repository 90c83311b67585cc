"""Sections 8 and 9 of the Policy on Service: monitoring, oversight, and what follows from non-compliance."""

from collections.abc import Sequence
from datetime import date

from services.reporting.domain.compliance import overseeing
from services.reporting.domain.compliance.cycles import annual, last_of
from services.reporting.domain.compliance.facts import Facts
from services.reporting.domain.compliance.saying import (
    about_assessment,
    about_steps,
)
from services.reporting.domain.compliance.settings import Settings
from services.reporting.domain.compliance.verdict import Judged, Unit, Verdict, verdict
from services.reporting.domain.compliance.words import (
    DEPARTMENT,
    FINDINGS,
    NEVER_REPORTED,
    REQUESTS,
)
from services.reporting.domain.compliance.years import fiscal_year, year_before

_FROM = date(2014, 10, 1)


def monitoring(facts: Facts, as_of: date, settings: Settings, verdicts: Sequence[Verdict]) -> Verdict:
    """8.1a: deputy heads monitor compliance in the department, and see that corrective action is taken."""
    last = last_of(facts, "assessment_completed", as_of)
    outcome, due = annual(last.on if last else None, _FROM, as_of, settings)
    found = overseeing.findings(verdicts)
    acted = overseeing.answered(found, facts.actions, as_of)
    unit = Unit(facts.body.org_id, overseeing.assessed(outcome, acted), (last.ref,) if last else (), due)
    notes = about_assessment(last, outcome, due, len(found), sum(unit.outcome == "met" for unit in acted))
    return verdict("8.1a", Judged([unit], DEPARTMENT, notes))


def reporting(facts: Facts, as_of: date, _settings: Settings, _verdicts: Sequence[Verdict]) -> Verdict:
    """8.1b: deputy heads give the reports and information that the Treasury Board Secretariat requests, by their day, or
    the annual confirmation.
    """
    units = overseeing.requests(facts, as_of)
    year = fiscal_year(as_of)
    confirmed = [each for each in facts.confirmations if each.fields.get("fiscal_year") in {year, year_before(year)}]
    if not any(unit.outcome != "pending" for unit in units) and confirmed:
        units = [Unit(facts.body.org_id, "met", (confirmed[-1].ref,))]
    return verdict("8.1b", Judged(units, REQUESTS, [] if units else [NEVER_REPORTED]))


def oversight(facts: Facts, as_of: date, _settings: Settings, verdicts: Sequence[Verdict]) -> Verdict:
    """8.2: the Secretariat oversees compliance and recommends corrective action: every finding has its decision."""
    return _stepped("8.2", facts, as_of, verdicts)


def investigation(facts: Facts, as_of: date, _settings: Settings, verdicts: Sequence[Verdict]) -> Verdict:
    """9.1: deputy heads investigate and act where there is non-compliance: every finding has its corrective action."""
    found = overseeing.findings(verdicts)
    units = overseeing.answered(found, facts.actions, as_of)
    empty = overseeing.nothing_found(verdicts)
    return verdict("9.1", Judged(units, FINDINGS, about_steps(units, empty), empty=empty))


def request_of_secretary(facts: Facts, as_of: date, _settings: Settings, verdicts: Sequence[Verdict]) -> Verdict:
    """9.2: the Secretary may request a review, an audit or corrective actions, and a report of their results."""
    return _stepped("9.2", facts, as_of, verdicts)


def recommendation_to_board(facts: Facts, as_of: date, _settings: Settings, verdicts: Sequence[Verdict]) -> Verdict:
    """9.3: the Secretary may recommend to the Treasury Board to limit spending authority, or another measure."""
    return _stepped("9.3", facts, as_of, verdicts)


def _stepped(requirement: str, facts: Facts, as_of: date, verdicts: Sequence[Verdict]) -> Verdict:
    steps = [each for each in facts.steps if each.fields.get("clause") == requirement]
    units = overseeing.answered(overseeing.findings(verdicts), steps, as_of)
    empty = overseeing.nothing_found(verdicts)
    return verdict(requirement, Judged(units, FINDINGS, about_steps(units, empty), empty=empty))
