"""Section 7 of the Policy on Service: what deputy heads are responsible for in the management of services."""

from collections.abc import Sequence
from datetime import date

from services.reporting.domain.compliance import answering, inventorying, online, publishing, stewardship
from services.reporting.domain.compliance.facts import Facts, Ref
from services.reporting.domain.compliance.population import Population, Service, of_year, population
from services.reporting.domain.compliance.reviewing import AREAS, reviewed
from services.reporting.domain.compliance.saying import (
    about_engagement,
    about_growth,
    about_learning,
    about_mandatory,
    about_publication,
    about_reviews,
    about_strategy,
    about_timeliness,
    baseline,
    no_year_before,
)
from services.reporting.domain.compliance.settings import Settings
from services.reporting.domain.compliance.standing import moment_of
from services.reporting.domain.compliance.verdict import Judged, State, Unit, Verdict, Words, verdict
from services.reporting.domain.compliance.words import (
    AUTHENTICATED,
    DEPARTMENT,
    MANDATORY,
    PRIORITY,
    PROVIDERS,
    SERVICES,
    listed,
    priorities,
    rows_used,
)
from services.reporting.domain.compliance.years import fiscal_year, last_day, year_before

FROM, SECOND_PHASE = date(2014, 10, 1), date(2015, 10, 1)
BASELINE = "2016-2017"


def service_inventory(facts: Facts, as_of: date, settings: Settings) -> Verdict:
    """7.1: a service inventory is developed and updated annually; key elements as in the Guideline on Service Management,
    table 5, as far as the official file that a row came from has them; priority services are identified in it.
    """
    return verdict("7.1", inventorying.kept_up(facts, FROM, as_of, settings))


def learning(facts: Facts, as_of: date, settings: Settings) -> Verdict:
    """7.2: service providers are offered learning opportunities on service-related knowledge and on client-service
    excellence, at the commencement of employment and on a regular basis. Offered is enough.
    """
    units = stewardship.offered(facts, FROM, as_of, settings)
    return verdict("7.2", Judged(units, PROVIDERS, about_learning(units, settings)))


def feedback(facts: Facts, as_of: date, settings: Settings) -> Verdict:
    """7.3: clients have a mechanism to give feedback and to have service issues addressed in a timely manner: in the
    department's own time (Guideline on Service Management, 2.3). Decisions and appeals are no service issues.
    """
    found = population(facts, as_of)
    timely = answering.timeliness(facts, moment_of(facts, as_of), settings)
    units = [
        Unit(each.name, "partial" if timely.outcome == "failed" else timely.outcome, each.refs)
        if each.outcome == "met" and timely.outcome != "met"
        else each
        for each in answering.reachable(facts, found.in_scope, as_of)
    ]
    notes = [*rows_used(found), about_timeliness(timely, settings)]
    refs = (*found.refs, *timely.refs)
    return verdict("7.3", Judged(units, SERVICES, notes, empty=_none_in_scope(found), refs=refs))


def priority_reviews(facts: Facts, as_of: date, settings: Settings) -> Verdict:
    """7.4: priority services are reviewed regularly, for redesign, usability, channel integration and mobile optimization
    (Guideline on Service Management, 2.4); what each review recommends is decided.
    """
    found = population(facts, as_of)
    units = reviewed(facts, found.priority, AREAS, SECOND_PHASE, as_of, settings)
    notes = [*priorities(found), *about_reviews(units, settings)]
    return verdict("7.4", Judged(units, PRIORITY, notes, empty=_none_priority(found), refs=found.refs))


def strategy(facts: Facts, as_of: date, settings: Settings) -> Verdict:
    """7.5: a multi-year departmental service management strategy, with the parts of its definition and in line with the
    Government of Canada service direction; its progress is measured annually.
    """
    outcome, record, lacking, due = stewardship.strategy(facts, as_of, settings)
    measured = stewardship.progress_of(facts, record, as_of) if record else []
    refs = (*([record.ref] if record else []), *(each.ref for each in measured))
    unit = Unit(facts.body.org_id, outcome, refs, due)
    return verdict("7.5", Judged([unit], DEPARTMENT, about_strategy(outcome, record, lacking, due)))


def user_engagement(facts: Facts, as_of: date, _settings: Settings) -> Verdict:
    """7.6: a user engagement approach promotes awareness and uptake of e-services; with guidance to clients and a plan to
    measure it (Guideline on Service Management, 2.6). A department without an e-service has nothing to promote.
    """
    found = population(facts, as_of)
    outcome, record, lacking = stewardship.engagement(facts, as_of)
    unit = Unit(facts.body.org_id, outcome, (record.ref,) if record else ())
    known = bool(found.services) and not found.unscoped and all(each.online is False for each in found.in_scope)
    notes = [*rows_used(found), *about_engagement(outcome, record, lacking, known=known)]
    state: State | None = "not_applicable" if known and outcome == "unknown" else None
    return verdict("7.6", Judged([unit], DEPARTMENT, notes, state=state, refs=found.refs if known else ()))


def publication(facts: Facts, as_of: date, settings: Settings) -> Verdict:
    """7.7: service standards and real-time service delivery performance information of priority services, on canada.ca for
    external services, by internal collaborative tools for internal enterprise services, both for both. Whether a target
    is met is another question.
    """
    found = population(facts, as_of)
    units = publishing.published(facts, found.priority, as_of, moment_of(facts, as_of), settings)
    notes = [*priorities(found), *about_publication(units, settings)]
    return verdict("7.7", Judged(units, PRIORITY, notes, empty=_none_priority(found), refs=found.refs))


def mandatory_services(facts: Facts, as_of: date, _settings: Settings) -> Verdict:
    """7.8: mandatory external and internal enterprise services are adopted where available (Common Services Policy,
    appendix E); an exemption is the Treasury Board's to give, and none from a statute (5.5).
    """
    units = stewardship.adopted(facts, as_of)
    on_list = stewardship.listed(facts, as_of)
    empty: State = "not_applicable" if on_list else "insufficient_evidence"
    refs = [each.ref for each in on_list]
    return verdict("7.8", Judged(units, MANDATORY, about_mandatory(units, on_list), empty=empty, refs=refs))


def e_services(facts: Facts, as_of: date, _settings: Settings) -> Verdict:
    """7.9: the proportion of external and internal enterprise services that are e-services is increased annually (formula:
    Guideline on Service Management, 2.9.4). The year that holds 2016-10-01 is the baseline.
    """
    now = population(facts, as_of)
    units = online.e_services(now.in_scope, online.exclusions(facts, "7.9", as_of))
    due = last_day(fiscal_year(as_of))
    if now.year is None or not any(unit.outcome != "excepted" for unit in units):
        judged = Judged(units, SERVICES, rows_used(now), empty=_none_in_scope(now), due_on=due, refs=now.refs)
        return verdict("7.9", judged)
    before = of_year(facts, year_before(now.year), last_day(year_before(now.year)))
    state, notes, refs = _growth(facts, now, units, before)
    notes, refs = [*rows_used(now), *notes], (*now.refs, *refs)
    return verdict("7.9", Judged(units, SERVICES, notes, state=state, due_on=due, refs=refs))


def _growth(
    facts: Facts, now: Population, units: Sequence[Unit], before: Population | None
) -> tuple[State | None, list[Words], tuple[Ref, ...]]:
    """The state of 7.9, and what there is to say of the two years."""
    year = now.year or now.asked
    if year <= BASELINE:
        return "insufficient_evidence", [baseline(year)], ()
    if before is None:
        return "insufficient_evidence", [no_year_before(year)], ()
    then = online.e_services(before.in_scope, online.exclusions(facts, "7.9", last_day(before.asked)))
    old, new = (
        online.proportion(each.asked if each is before else year, each.in_scope, some)
        for each, some in ((before, then), (now, units))
    )
    if not old.total:
        return "insufficient_evidence", [no_year_before(year)], before.refs
    return online.grown(new, old), about_growth(new, old, online.cohort(now, before)), before.refs


def priority_online(facts: Facts, as_of: date, settings: Settings) -> Verdict:
    """7.10: priority external services whose clients must authenticate are e-enabled, with real-time application status:
    all of them (Guideline on Service Management, 2.10). The French text asks for their authentication online instead;
    that reading stands beside, as a check.
    """
    found = population(facts, as_of)
    external = [each for each in found.priority if each.external]
    asked = [each for each in external if each.authenticated(settings)]
    units = online.with_status(facts, asked, as_of, settings)
    units += [Unit(each.service_id, "unknown", (each.ref,)) for each in _untold(external, settings)]
    check = online.authentication_online(facts, asked, as_of, settings)
    notes = [*priorities(found), *_partly(units)]
    judged = Judged(units, AUTHENTICATED, notes, empty=_none_priority(found), refs=found.refs, checks=(check,))
    return verdict("7.10", judged)


def _untold(services: Sequence[Service], settings: Settings) -> list[Service]:
    return [each for each in services if each.authenticated(settings) is None]


def _partly(units: Sequence[Unit]) -> list[Words]:
    return listed(
        "Online end to end, without evidence of real-time application status",
        "En ligne de bout en bout, sans preuve de l'état de la demande en temps réel",
        [unit.name for unit in units if unit.outcome == "partial"],
    )


def _none_in_scope(found: Population) -> State:
    return "not_applicable" if found.services and not found.unscoped else "insufficient_evidence"


def _none_priority(found: Population) -> State:
    return "not_applicable" if found.services and not found.undecided else "insufficient_evidence"
