"""What a department does to manage its services: learning, strategy, user engagement, mandatory services."""

from collections.abc import Sequence
from datetime import date, timedelta

from services.reporting.domain.compliance.cycles import due_after, first_due
from services.reporting.domain.compliance.facts import Facts, Record
from services.reporting.domain.compliance.settings import Settings
from services.reporting.domain.compliance.verdict import Outcome, Unit
from services.reporting.domain.compliance.years import fiscal_year, last_day, years_after, years_between

TOPICS = ("service_knowledge", "client_service_excellence")
PARTS = frozenset({"objectives", "governance", "risks", "priorities", "alignment"})
ELEMENTS = frozenset({"awareness", "how_to", "measurement"})


def until(record: Record, name: str = "to") -> date:
    """The last day that a record holds; the last of all where it has no end."""
    end = record.fields.get(name)
    return date.fromisoformat(end) if end else date.max


# Learning


def offered(facts: Facts, since: date, as_of: date, settings: Settings) -> list[Unit]:
    """Each service provider in office: both topics offered within the interval, first at the commencement."""
    gone = {each.fields["provider_id"]: each for each in facts.of("provider_left", as_of)}
    appointed = {each.fields["provider_id"]: each for each in facts.of("provider_appointed", as_of)}
    there = [appointed[name] for name in sorted(appointed) if not _has_left(appointed[name], gone.get(name))]
    return [_provider(facts, each, since, as_of, settings) for each in there]


def _has_left(appointed: Record, left: Record | None) -> bool:
    return left is not None and (left.on or date.min) >= (appointed.on or date.min)


def _provider(facts: Facts, appointed: Record, since: date, as_of: date, settings: Settings) -> Unit:
    provider, start = appointed.fields["provider_id"], appointed.on or date.min
    offers = [each for each in facts.of("learning_offered", as_of) if each.fields["provider_id"] == provider]
    last = {each.fields["topic"]: each for each in offers}
    days = [each.on for topic, each in last.items() if topic in TOPICS and each.on is not None]
    due = first_due(since, settings) if start <= since else start + timedelta(days=settings.commencement_days)
    outcome: Outcome = "pending" if as_of <= due else "failed"
    if len(days) == len(TOPICS) and as_of <= (again := min(days) + timedelta(days=settings.learning_days)):
        outcome, due = "met", again
    return Unit(provider, outcome, (appointed.ref, *(each.ref for each in last.values())), due)


# Strategy


def in_force(facts: Facts, kind: str, as_of: date) -> Record | None:
    """The newest record of a kind that holds on a day."""
    return next((each for each in reversed(facts.of(kind, as_of)) if as_of <= until(each)), None)


def strategy(facts: Facts, as_of: date, settings: Settings) -> tuple[Outcome, Record | None, list[str], date | None]:
    """How the strategy stands: the outcome, the strategy, what it lacks, and when something is due next.

    Lacking: parts by name; `years` where it is too short; `progress` where a year's measurement is missing.
    """
    found = in_force(facts, "strategy_approved", as_of)
    if found is None or found.on is None:
        begun = facts.of("strategy_approved", as_of)
        ended = max((until(each) for each in begun), default=None)
        return ("failed" if begun else "unknown"), (begun[-1] if begun else None), [], ended
    lacking = sorted(PARTS - set(found.fields.get("parts") or ()))
    if until(found) < years_after(found.on, settings.strategy_years) - timedelta(days=1):
        lacking.append("years")
    measured, due = _progress(facts, found, as_of, settings)
    if not measured:
        lacking.append("progress")
    return ("partial" if lacking else "met"), found, lacking, min(due, until(found))


def progress_of(facts: Facts, found: Record, as_of: date) -> list[Record]:
    measured = facts.of("strategy_progress_measured", as_of)
    return [each for each in measured if each.fields.get("strategy_id") == found.fields.get("strategy_id")]


def _progress(facts: Facts, found: Record, as_of: date, settings: Settings) -> tuple[bool, date]:
    """Whether progress was measured in each whole fiscal year, and within a year of the last time; and when next."""
    start = found.on or as_of
    records = progress_of(facts, found, as_of)
    years = {each.fields.get("fiscal_year") for each in records}
    whole = years_between(start, as_of)
    days = [each.on for each in records if each.on is not None]
    due = due_after(max(days), settings) if days else max(_year_on(start), last_day(fiscal_year(start)))
    return set(whole[:-1] if _is_first_day_after(whole, as_of) else whole) <= years and as_of <= due, due


def _year_on(start: date) -> date:
    return years_after(start, 1)


def _is_first_day_after(whole: Sequence[str], as_of: date) -> bool:
    """On its very last day a year's progress is not late."""
    return bool(whole) and last_day(whole[-1]) == as_of


# User engagement


def engagement(facts: Facts, as_of: date) -> tuple[Outcome, Record | None, list[str]]:
    """How the user engagement approach stands, the approach, and the elements that it lacks."""
    found = in_force(facts, "engagement_approach_published", as_of)
    if found is None:
        ended = facts.of("engagement_approach_published", as_of)
        return ("failed" if ended else "unknown"), (ended[-1] if ended else None), []
    lacking = sorted(ELEMENTS - set(found.fields.get("elements") or ()))
    return ("partial" if lacking else "met"), found, lacking


# Mandatory services


def adopted(facts: Facts, as_of: date) -> list[Unit]:
    """Each mandatory service that is available to the department: adopted, or exempted while that lasts."""
    return [_mandatory(facts, each, as_of) for each in listed(facts, as_of) if _concerns(facts, each)]


def listed(facts: Facts, as_of: date) -> list[Record]:
    """The mandatory services on the list on a day, each by its newest listing."""
    newest = {each.fields["mandatory_service_id"]: each for each in facts.of("mandatory_service_listed", as_of)}
    return [newest[name] for name in sorted(newest) if as_of <= until(newest[name])]


def _concerns(facts: Facts, listing: Record) -> bool:
    to, org_id = listing.fields.get("applies_to"), facts.body.org_id
    return listing.fields.get("provider_org") != org_id and (to == "all" or org_id in (to or ()))


def _mandatory(facts: Facts, listing: Record, as_of: date) -> Unit:
    """A service that is mandatory by statute cannot be exempted (Common Services Policy, 5.5)."""
    name = listing.fields["mandatory_service_id"]
    taken = [each for each in facts.of("mandatory_service_adopted", as_of) if _names(each, name)]
    if taken:
        return Unit(name, "met", (listing.ref, taken[-1].ref))
    exempt = [each for each in facts.of("exemption_granted", as_of) if _names(each, name)]
    valid = [each for each in exempt if as_of <= until(each, "expires_on")]
    refs = (listing.ref, *(each.ref for each in exempt))
    if valid and listing.fields.get("basis") != "statute":
        end = max(until(each, "expires_on") for each in valid)
        return Unit(name, "excepted", refs, end if end < date.max else None)
    return Unit(name, "failed", refs, listing.on)


def _names(record: Record, mandatory_service_id: str) -> bool:
    return bool(record.fields.get("mandatory_service_id") == mandatory_service_id)
