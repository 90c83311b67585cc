"""The Policy (PSD) and the Directive (DSD) on Service and Digital, in force from 1 April 2020.

What they ask of services, by the clauses that took the place of those of 2014; the same facts, no priority services and no
yearly growth. The functions are as those of `policy_2014`.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date

from services.reporting.domain.compliance import answering, inventorying, online, overseeing, publishing, stewardship
from services.reporting.domain.compliance.cycles import annual, last_of
from services.reporting.domain.compliance.facts import Facts, Standard
from services.reporting.domain.compliance.population import Population, Service, population
from services.reporting.domain.compliance.reviewing import declared, reviewed
from services.reporting.domain.compliance.saying import (
    about_assessment,
    about_learning,
    about_mandatory,
    about_publication,
    about_reviews,
    about_steps,
    about_strategy,
    about_timeliness,
)
from services.reporting.domain.compliance.settings import Settings
from services.reporting.domain.compliance.standing import Rule, RuleOnVerdicts, Terms, moment_of
from services.reporting.domain.compliance.verdict import Judged, State, Unit, Verdict, verdict
from services.reporting.domain.compliance.words import (
    DEPARTMENT,
    FINDINGS,
    MANDATORY,
    NEW_ONLINE,
    PROVIDERS,
    SERVICES,
    rows_used,
)

FROM = date(2020, 4, 1)
_FIRST_YEAR = "2020-2021"
TERMS = Terms(first=FROM, last=None, not_for_agents=frozenset({"PSD-4.1.7", "PSD-4.1.27", "PSD-4.3", "PSD-7.1"}))
_CHANNELS = {
    "num_applications_by_phone": "TEL",
    "num_applications_online": "ONL",
    "num_applications_in_person": "PERSON",
    "num_applications_by_mail": "POST",
    "num_applications_by_email": "EML",
    "num_applications_by_fax": "FAX",
    "num_applications_by_other": "OTH",
}


def integrated_plan(facts: Facts, as_of: date, settings: Settings) -> Verdict:
    """PSD 4.1.7: an integrated plan of three years, approved yearly, with a report of progress (2014: 7.5)."""
    outcome, record, lacking, due = stewardship.strategy(facts, as_of, settings)
    measured = stewardship.progress_of(facts, record, as_of) if record else []
    unit = Unit(facts.body.org_id, outcome, tuple(each.ref for each in ([record] if record else []) + measured), due)
    return verdict("PSD-4.1.7", Judged([unit], DEPARTMENT, about_strategy(outcome, record, lacking, due)))


def end_to_end(facts: Facts, as_of: date, _settings: Settings) -> Verdict:
    """PSD 4.1.11: the online end-to-end availability of services is maximized (2014: 7.9, 7.10)."""
    found = population(facts, as_of)
    return _of_services("PSD-4.1.11", found, online.e_services(found.in_scope, {}))


def inventory(facts: Facts, as_of: date, settings: Settings) -> Verdict:
    """PSD 4.1.12, DSD 4.6.3: the service inventory and its annual updates are approved (2014: 7.1)."""
    return verdict("PSD-4.1.12", inventorying.kept_up(facts, FROM, as_of, settings))


def standards(facts: Facts, as_of: date, _settings: Settings) -> Verdict:
    """PSD 4.1.13, DSD 4.6.5: service standards, targets and performance information for all services and all channels in
    use (2014: 7.7).
    """
    found = population(facts, as_of)
    return _of_services("PSD-4.1.13", found, [_standards(facts, each, as_of) for each in found.in_scope])


def _standards(facts: Facts, service: Service, as_of: date) -> Unit:
    newest = {each.standard_id: each for each in facts.standards_of(service.service_id, as_of)}.values()
    refs = (service.ref, *(each.ref for each in newest))
    if not newest:
        return Unit(service.service_id, "failed" if facts.standards else "unknown", refs)
    whole = [each for each in newest if each.fields.get("target") is not None and _has_result(facts, each)]
    covered = {each.fields.get("channel") for each in whole}
    used = {channel for volume, channel in _CHANNELS.items() if _is_some(service.fields.get(volume))}
    return Unit(service.service_id, "met" if whole and (None in covered or used <= covered) else "partial", refs)


def _is_some(volume: object) -> bool:
    return isinstance(volume, int) and volume > 0


def _has_result(facts: Facts, standard: Standard) -> bool:
    """Whether the filed row or a reported result of a standard tells how much there was."""
    key = standard.service_id, standard.standard_id
    reported = any((each.service_id, each.standard_id) == key and each.total is not None for each in facts.results)
    return reported or isinstance(standard.fields.get("total_volume"), int)


def enterprise_services(facts: Facts, as_of: date, _settings: Settings) -> Verdict:
    """PSD 4.1.27: enterprise services are used where they are available (2014: 7.8)."""
    units, on_list = stewardship.adopted(facts, as_of), stewardship.listed(facts, as_of)
    empty: State = "not_applicable" if on_list else "insufficient_evidence"
    judged = Judged(units, MANDATORY, about_mandatory(units, on_list), empty=empty, refs=[each.ref for each in on_list])
    return verdict("PSD-4.1.27", judged)


def workforce(facts: Facts, as_of: date, settings: Settings) -> Verdict:
    """PSD 4.1.33: the workforce is capable of service (2014: 7.2, by whose measure it is judged)."""
    units = stewardship.offered(facts, FROM, as_of, settings)
    return verdict("PSD-4.1.33", Judged(units, PROVIDERS, about_learning(units, settings)))


def feedback_used(facts: Facts, as_of: date, settings: Settings) -> Verdict:
    """DSD 4.6.1: client feedback is collected and used to improve services (2014: 7.3)."""
    found = population(facts, as_of)
    better = {each.fields.get("service_id"): each.ref for each in facts.improvements if (each.on or as_of) <= as_of}
    units = [
        _used(unit, each, better) for unit, each in zip(_reachable(facts, found, as_of), found.in_scope, strict=True)
    ]
    timely = answering.timeliness(facts, moment_of(facts, as_of), settings)
    return _of_services("DSD-4.6.1", found, units, about_timeliness(timely, settings))


def _reachable(facts: Facts, found: Population, as_of: date) -> list[Unit]:
    return answering.reachable(facts, found.in_scope, as_of)


def _used(unit: Unit, service: Service, better: Mapping[object, tuple[str, int]]) -> Unit:
    if unit.outcome != "met":
        return unit
    reported = better.get(service.service_id)
    improved = reported is not None or service.fields.get("last_service_improvement") is not None
    return Unit(unit.name, "met" if improved else "partial", (*unit.refs, *([reported] if reported else [])))


def status_of_new(facts: Facts, as_of: date, settings: Settings) -> Verdict:
    """DSD 4.6.2: newly designed or redesigned online services give real-time application status (2014: 7.10). New: first in
    the inventory of 2020-2021 or later, of a department that has one of an earlier year.
    """
    found = population(facts, as_of)
    first = {row.service_id: row.year for row in sorted(facts.rows, key=lambda row: row.year, reverse=True)}
    new = [each for each in found.in_scope if first[each.service_id] >= _FIRST_YEAR]
    known = any(year < _FIRST_YEAR for year in first.values())
    asked = [each for each in new if known and "Y" in str(each.fields.get("os_application"))]
    units = [_status(facts, each, as_of, settings) for each in asked]
    empty: State = "not_applicable" if known else "insufficient_evidence"
    return verdict("DSD-4.6.2", Judged(units, NEW_ONLINE, rows_used(found), empty=empty, refs=found.refs))


def _status(facts: Facts, service: Service, as_of: date, settings: Settings) -> Unit:
    refs = publishing.status_shown(facts, service, as_of, settings)
    return Unit(service.service_id, "met" if refs else "failed", (service.ref, *refs))


def open_inventory(facts: Facts, as_of: date, _settings: Settings) -> Verdict:
    """DSD 4.6.4: the inventory is published on the open government portal: what came from the portal's file is."""
    found = population(facts, as_of)
    units = [
        Unit(each.service_id, "met" if each.fields.get("dialect") == "portal" else "unknown", (each.ref,))
        for each in found.in_scope
    ]
    return _of_services("DSD-4.6.4", found, units)


def real_time(facts: Facts, as_of: date, settings: Settings) -> Verdict:
    """DSD 4.6.6: real-time performance of services is reported on the department's web presence (2014: 7.7)."""
    found = population(facts, as_of)
    units = publishing.published(facts, found.in_scope, as_of, moment_of(facts, as_of), settings)
    return _of_services("DSD-4.6.6", found, units, *about_publication(units, settings))


def reviews(facts: Facts, as_of: date, settings: Settings) -> Verdict:
    """PSD 4.1.14, DSD 4.6.7: each service is reviewed at least once every five years (2014: 7.4); the year that the
    inventory declares is evidence, as it is for the Secretariat.
    """
    found = population(facts, as_of)
    units = reviewed(facts, found.in_scope, frozenset(), FROM, as_of, settings)
    units = [_declared(unit, each, as_of, settings) for unit, each in zip(units, found.in_scope, strict=True)]
    return _of_services("DSD-4.6.7", found, units, *about_reviews(units, settings))


def _declared(unit: Unit, service: Service, as_of: date, settings: Settings) -> Unit:
    year = declared(service, as_of, settings)
    if unit.outcome not in {"unknown", "failed"} or year is None:
        return unit
    return Unit(unit.name, "met", unit.refs, unit.due_on)


def monitoring(facts: Facts, as_of: date, settings: Settings, verdicts: Sequence[Verdict]) -> Verdict:
    """PSD 4.1.37 to 4.1.39: compliance is monitored, significant issues are told, and remedied (2014: 8.1)."""
    last, found = last_of(facts, "assessment_completed", as_of), overseeing.findings(verdicts)
    outcome, due = annual(last.on if last else None, FROM, as_of, settings)
    acted = overseeing.answered(found, facts.actions, as_of)
    unit = Unit(facts.body.org_id, overseeing.assessed(outcome, acted), (last.ref,) if last else (), due)
    notes = about_assessment(last, outcome, due, len(found), sum(unit.outcome == "met" for unit in acted))
    return verdict("PSD-4.1.37", Judged([unit], DEPARTMENT, notes))


def oversight(facts: Facts, as_of: date, _settings: Settings, verdicts: Sequence[Verdict]) -> Verdict:
    """PSD 4.3: the Secretariat monitors by risk and recommends corrective action (2014: 8.2)."""
    return _stepped("PSD-4.3", {"8.2"}, facts, as_of, verdicts)


def consequences(facts: Facts, as_of: date, _settings: Settings, verdicts: Sequence[Verdict]) -> Verdict:
    """PSD 7.1: consequences of non-compliance, by the Framework for the Management of Compliance (2014: 9)."""
    return _stepped("PSD-7.1", {"9.1", "9.2", "9.3"}, facts, as_of, verdicts)


def _stepped(
    requirement: str, clauses: AbstractSet[str], facts: Facts, as_of: date, verdicts: Sequence[Verdict]
) -> Verdict:
    """By the steps under these clauses of 2014, by which each step is recorded."""
    steps = [each for each in facts.steps if each.fields.get("clause") in clauses]
    units = overseeing.answered(overseeing.findings(verdicts), steps, as_of)
    empty = overseeing.nothing_found(verdicts)
    return verdict(requirement, Judged(units, FINDINGS, about_steps(units, empty), empty=empty))


def _of_services(requirement: str, found: Population, units: Sequence[Unit], *notes: tuple[str, str]) -> Verdict:
    empty: State = "not_applicable" if found.services and not found.unscoped else "insufficient_evidence"
    return verdict(requirement, Judged(units, SERVICES, [*rows_used(found), *notes], empty=empty, refs=found.refs))


RULES: Mapping[str, Rule] = {
    "PSD-4.1.7": integrated_plan,
    "PSD-4.1.11": end_to_end,
    "PSD-4.1.12": inventory,
    "PSD-4.1.13": standards,
    "PSD-4.1.27": enterprise_services,
    "PSD-4.1.33": workforce,
    "DSD-4.6.1": feedback_used,
    "DSD-4.6.2": status_of_new,
    "DSD-4.6.4": open_inventory,
    "DSD-4.6.6": real_time,
    "DSD-4.6.7": reviews,
}
RULES_ON_VERDICTS: Mapping[str, RuleOnVerdicts] = {
    "PSD-4.1.37": monitoring,
    "PSD-4.3": oversight,
    "PSD-7.1": consequences,
}
