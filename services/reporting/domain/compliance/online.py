"""E-services: which services can be completed online, their proportion from one year to the next, and what was left out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from services.reporting.domain.compliance.facts import Facts, Record, Ref
from services.reporting.domain.compliance.population import Population, Service
from services.reporting.domain.compliance.publishing import status_shown
from services.reporting.domain.compliance.settings import Settings
from services.reporting.domain.compliance.stewardship import until
from services.reporting.domain.compliance.verdict import Check, Outcome, State, Unit, combined, count


def exclusions(facts: Facts, requirement: str, as_of: date) -> dict[str, Record]:
    """The documented exclusions by law or security that hold on a day, by service; they say when they end, not when they
    began.
    """
    documented = facts.records.get("exclusion_documented", ())
    found = [each for each in documented if each.fields.get("requirement") == requirement]
    return {each.fields["service_id"]: each for each in found if as_of <= until(each, "expires_on")}


def e_services(services: Sequence[Service], left_out: dict[str, Record]) -> list[Unit]:
    """Each service: an e-service or not; what its interaction points do not say is not known."""
    return [_e_service(each, left_out.get(each.service_id)) for each in services]


def _e_service(service: Service, exclusion: Record | None) -> Unit:
    if exclusion is not None:
        end = until(exclusion, "expires_on")
        return Unit(service.service_id, "excepted", (service.ref, exclusion.ref), end if end < date.max else None)
    outcome: Outcome = "unknown" if service.online is None else "met" if service.online else "failed"
    return Unit(service.service_id, outcome, (service.ref,))


@dataclass(frozen=True, slots=True)
class Proportion:
    """The e-services of a fiscal year: how many are, how many are not known to be or not, and of how many."""

    year: str
    yes: int
    unknown: int
    total: int
    points_online: Fraction | None

    @property
    def least(self) -> Fraction:
        return Fraction(self.yes, self.total)

    @property
    def most(self) -> Fraction:
        return Fraction(self.yes + self.unknown, self.total)


def proportion(year: str, services: Sequence[Service], units: Sequence[Unit]) -> Proportion:
    """The proportion of e-services of a year, and the mean share of interaction points online (2.9.4 of the guideline)."""
    kept = {unit.name for unit in units if unit.outcome != "excepted"}
    points = [each.points() for each in services if each.service_id in kept]
    shares = [Fraction(online, all_) for online, all_ in points if all_]
    mean = sum(shares, Fraction(0)) / len(shares) if shares else None
    total = count(units, "met", "failed", "unknown")
    return Proportion(year, count(units, "met"), count(units, "unknown"), total, mean)


def grown(now: Proportion, before: Proportion) -> State:
    """Whether a proportion rose from one year to the next; what is not known is taken either way.

    All online in both years is as far as it goes. More e-services in a lower or equal proportion are a part.
    """
    if now.least > before.most or (now.least == 1 and before.least == 1):
        return "compliant"
    if now.most <= before.least and now.most < 1:
        more, no_more = now.yes > before.yes + before.unknown, now.yes + now.unknown <= before.yes
        return "partially_compliant" if more else "non_compliant" if no_more else "insufficient_evidence"
    return "insufficient_evidence"


def cohort(now: Population, before: Population) -> tuple[int, int, int]:
    """Of the services that both years have: how many, and how many e-services in the year before and now."""
    then = {each.service_id: each for each in before.in_scope}
    both = [(then[each.service_id], each) for each in now.in_scope if each.service_id in then]
    return len(both), sum(bool(old.online) for old, _ in both), sum(bool(new.online) for _, new in both)


def with_status(facts: Facts, services: Sequence[Service], as_of: date, settings: Settings) -> list[Unit]:
    """Each service: online end to end, and evidence that clients see their application's status in real time."""
    left_out = exclusions(facts, "7.10", as_of)
    return [_with_status(facts, each, left_out.get(each.service_id), as_of, settings) for each in services]


def _with_status(facts: Facts, service: Service, exclusion: Record | None, as_of: date, settings: Settings) -> Unit:
    unit = _e_service(service, exclusion)
    if unit.outcome != "met":
        return unit
    refs: list[Ref] = status_shown(facts, service, as_of, settings)
    return Unit(unit.name, "met" if refs else "partial", (*unit.refs, *refs))


def authentication_online(facts: Facts, services: Sequence[Service], as_of: date, settings: Settings) -> Check:
    """The French text of 7.10: clients can authenticate online, and see their application's status in real time."""
    left_out = exclusions(facts, "7.10", as_of)
    kept = [each for each in services if each.service_id not in left_out]
    units = [Unit(each.service_id, _authenticates(facts, each, as_of, settings)) for each in kept]
    state = combined(units, "excepted" if left_out and services else "not_applicable")
    return Check("electronic_authentication", state, count(units, "met"), len(units))


def _authenticates(facts: Facts, service: Service, as_of: date, settings: Settings) -> Outcome:
    point = service.fields.get("os_authentication")
    said = set(point) if isinstance(point, list | tuple) else {point}
    if "N" in said:
        return "failed"
    if "Y" not in said:
        return "unknown"
    return "met" if status_shown(facts, service, as_of, settings) else "partial"
