"""Reviews of services: how long ago, of what, and what was decided of their recommendations."""

from collections.abc import Sequence
from datetime import date

from services.reporting.domain.compliance.facts import Facts, Record
from services.reporting.domain.compliance.population import Service
from services.reporting.domain.compliance.settings import Settings
from services.reporting.domain.compliance.verdict import Outcome, Unit
from services.reporting.domain.compliance.years import first_day, years_after

# The four opportunities of 7.4: redesign, usability, channel integration, mobile optimization.
AREAS = frozenset({"redesign", "usability", "channel_integration", "mobile"})


def reviewed(
    facts: Facts, services: Sequence[Service], areas: frozenset[str], since: date, as_of: date, settings: Settings
) -> list[Unit]:
    """Each service by its reviews in the interval: all `areas` looked at, every recommendation decided.

    Never reviewed is not known until a first interval after `since` has passed, and a failure from then on.
    """
    return [_unit(facts, service, areas, since, as_of, settings) for service in services]


def _unit(facts: Facts, service: Service, areas: frozenset[str], since: date, as_of: date, settings: Settings) -> Unit:
    done = facts.about(service.service_id, "service_review_completed", as_of)
    valid = [each for each in done if each.on and as_of <= years_after(each.on, settings.review_years)]
    refs = (service.ref, *(each.ref for each in done))
    if not valid:
        last = max((each.on for each in done if each.on), default=None)
        due = years_after(last or since, settings.review_years)
        return Unit(service.service_id, "failed" if last or as_of > due else "unknown", refs, due)
    decisions = facts.about(service.service_id, "recommendation_decided", as_of)
    due = years_after(max(each.on for each in valid if each.on), settings.review_years)
    outcome = _outcome(valid, decisions, areas)
    return Unit(service.service_id, outcome, (*refs, *(each.ref for each in decisions)), due)


def _outcome(reviews: Sequence[Record], decisions: Sequence[Record], areas: frozenset[str]) -> Outcome:
    seen = {area for each in reviews for area in each.fields.get("areas") or ()}
    asked = {said["id"] for each in reviews for said in each.fields.get("recommendations") or ()}
    decided = {each.fields.get("recommendation_id") for each in decisions}
    return "met" if areas <= seen and asked <= decided else "partial"


def declared(service: Service, as_of: date, settings: Settings) -> date | None:
    """The first day of the year of the last review that the inventory declares, where it is within the interval."""
    year = service.fields.get("last_service_review")
    if year is None or as_of > years_after(first_day(year), settings.review_years + 1):
        return None
    return first_day(year) if first_day(year) <= as_of else None
