"""What is published of services: standards and real-time performance at the right place, and real-time application status."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal

from services.reporting.domain.compliance.facts import Facts, Record, Ref
from services.reporting.domain.compliance.population import Service
from services.reporting.domain.compliance.settings import Settings
from services.reporting.domain.compliance.verdict import Outcome, Unit
from services.reporting.domain.compliance.years import end_of, plausible

Freshness = Literal["fresh", "stale", "none"]
_CADENCE = re.compile(r"P(?:(\d+)D|(\d+)W|T(\d+)H|T(\d+)M)")


def cadence(text: str | None) -> timedelta | None:
    """A declared cadence (`PT1H`, `P1D`, `P7D`) as a length of time; None where there is none."""
    found = _CADENCE.fullmatch(text or "")
    if found is None:
        return None
    days, weeks, hours, minutes = (int(each or 0) for each in found.groups())
    return timedelta(days=days + 7 * weeks, hours=hours, minutes=minutes)


def venues(service: Service) -> list[str]:
    """Where its clients look: external services on canada.ca, internal enterprise services on internal tools (7.7)."""
    return [venue for scope, venue in (("EXTERN", "canada.ca"), ("ENTERPRISE", "internal")) if scope in service.scopes]


def published(
    facts: Facts, services: Sequence[Service], as_of: date, moment: datetime, settings: Settings
) -> list[Unit]:
    """Each service: a standard in force published, and real-time information no older than its cadence allows."""
    return [_unit(facts, service, as_of, moment, settings) for service in services]


def _unit(facts: Facts, service: Service, as_of: date, moment: datetime, settings: Settings) -> Unit:
    standards, standard_refs = standards_in_force(facts, service.service_id, as_of)
    shown, refs = _standards_shown(facts, service, standards, as_of)
    found = [
        _real_time(facts, service, venue, _Then(as_of, moment, settings.freshness_percent)) for venue in venues(service)
    ]
    fresh = [each for each, _ in found]
    outcome = _outcome(facts, bool(standards), shown, fresh, said=bool(refs))
    real_time_refs = [ref for _, some in found for ref in some]
    return Unit(service.service_id, outcome, (service.ref, *standard_refs, *refs, *real_time_refs))


def _outcome(facts: Facts, has_standard: bool, shown: list[bool], fresh: list[Freshness], *, said: bool) -> Outcome:
    """A standard alone is a part; information that went stale is a failure; a service nobody spoke of is not known."""
    if not has_standard:
        return "failed" if facts.standards else "unknown"
    if "stale" in fresh:
        return "failed"
    if all(shown) and all(each == "fresh" for each in fresh):
        return "met"
    if any(shown) or "fresh" in fresh:
        return "partial"
    return "failed" if said else "unknown"


def standards_in_force(facts: Facts, service_id: str, as_of: date) -> tuple[set[str], list[Ref]]:
    """The ids of a service's standards by a day, and the events that say so."""
    newest = {each.standard_id: each.ref for each in facts.standards_of(service_id, as_of)}
    return set(newest), list(newest.values())


def _standards_shown(facts: Facts, service: Service, standards: set[str], as_of: date) -> tuple[list[bool], list[Ref]]:
    """Of each venue, whether a standard in force is published there in both languages."""
    said = _about(facts, service, ("standard_published", "standard_unpublished"), as_of)
    open_ = _still_open(said, "standard_published")
    right = [each for each in open_ if each.fields.get("service_standard_id") in standards and _in_both(each)]
    there = {each.fields.get("venue") for each in right}
    return [venue in there for venue in venues(service)], [each.ref for each in said]


def _about(facts: Facts, service: Service, kinds: Iterable[str], as_of: date) -> list[Record]:
    found = [each for kind in kinds for each in facts.about(service.service_id, kind, as_of)]
    return sorted(found, key=lambda each: (each.on or date.min, each.ref))


def _still_open(said: Sequence[Record], kind: str) -> list[Record]:
    """What was published and not taken back since, of each standard and venue."""
    open_: dict[tuple[Any, Any], Record] = {}
    for each in said:
        place = each.fields.get("service_standard_id"), each.fields.get("venue")
        if each.kind == kind:
            open_[place] = each
        else:
            open_.pop(place, None)
    return list(open_.values())


def _in_both(record: Record) -> bool:
    url = record.fields.get("url") or {}
    return bool(url.get("en")) and bool(url.get("fr"))


@dataclass(frozen=True, slots=True)
class _Then:
    as_of: date
    moment: datetime
    percent: int


def _real_time(facts: Facts, service: Service, venue: str, then: _Then) -> tuple[Freshness, list[Ref]]:
    """The freshest real-time information at a venue. Declared without ever being seen, it is none until it is stale."""
    said = _about(facts, service, ("real_time_published", "real_time_unpublished"), then.as_of)
    open_ = [each for each in _still_open(said, "real_time_published") if each.fields.get("venue") == venue]
    found = [_freshness(facts, service, each, then) for each in open_ if _in_both(each)]
    states = [each for each, _ in found]
    best: Freshness = "fresh" if "fresh" in states else "stale" if "stale" in states else "none"
    return best, [each.ref for each in said] + [ref for _, refs in found for ref in refs]


def _freshness(facts: Facts, service: Service, declared: Record, then: _Then) -> tuple[Freshness, list[Ref]]:
    every = cadence(declared.fields.get("cadence"))
    if every is None:
        return "none", []
    seen, refs = _last_seen(facts, service, declared, then)
    if (then.moment - seen) * 100 > every * then.percent:
        return "stale", refs
    return ("fresh" if refs else "none"), refs


def _last_seen(facts: Facts, service: Service, declared: Record, then: _Then) -> tuple[datetime, list[Ref]]:
    """When the information was last known to be right: by an observation, or by our own live page where it is the one
    declared. Without either: since its declaration, by no event.
    """
    seen = [(_moment_of(each.fields.get("as_of")), each.ref) for each in _observations(facts, service, declared, then)]
    live = facts.live.get(service.service_id)
    if live is not None and is_own_page(declared.fields.get("url") or {}, service.service_id):
        seen.append((live.at, live.ref))
    in_time = [(at, ref) for at, ref in seen if at <= then.moment]
    if in_time:
        at, ref = max(in_time)
        return at, [ref]
    return end_of(declared.on or then.as_of) - timedelta(days=1), []


def _observations(facts: Facts, service: Service, declared: Record, then: _Then) -> list[Record]:
    """The day of an observation is that of its own time zone: what came after the moment is left out by its moment."""
    wanted = declared.fields.get("service_standard_id")
    found = _about(facts, service, ("real_time_observed",), then.as_of + timedelta(days=1))
    return [each for each in found if wanted is None or each.fields.get("service_standard_id") in {None, wanted}]


def _moment_of(said: Any) -> datetime:
    """A moment, or the beginning of a day in Ottawa."""
    text = str(said)
    if len(text) > 10:
        return datetime.fromisoformat(text)
    return end_of(plausible(date.fromisoformat(text)) - timedelta(days=1))


def declared_live(facts: Facts) -> set[str]:
    """The services of which it was ever declared that our own live page has their real-time information."""
    return {
        each.fields["service_id"]
        for each in facts.records.get("real_time_published", ())
        if is_own_page(each.fields.get("url") or {}, each.fields["service_id"])
    }


def is_own_page(url: Mapping[str, str], service_id: str) -> bool:
    """Whether an address is that of our own live page of a service; on which host people reach it is the operator's affair."""
    paths = {language: (url.get(language) or "").partition("#")[0].partition("?")[0] for language in ("en", "fr")}
    return all(path.rstrip("/").endswith(f"/{language}/services/{service_id}") for language, path in paths.items())


def status_shown(facts: Facts, service: Service, as_of: date, settings: Settings) -> list[Ref]:
    """The events that say that clients see the status of their applications in real time; none where nothing does."""
    said = _about(facts, service, ("status_access_published",), as_of)
    longest = timedelta(minutes=settings.status_cadence_minutes)
    quick = [
        each for each in said if _in_both(each) and (every := cadence(each.fields.get("cadence"))) and every <= longest
    ]
    return [each.ref for each in quick[-1:]]
