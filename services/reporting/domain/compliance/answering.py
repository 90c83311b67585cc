"""Feedback: whether clients of each service can give it, and whether their issues are settled in the department's time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction

from services.reporting.domain.compliance.facts import Case, Facts, Record, Ref, ResolutionTime
from services.reporting.domain.compliance.population import Service, codes
from services.reporting.domain.compliance.settings import Settings
from services.reporting.domain.compliance.verdict import Outcome, Unit
from services.reporting.domain.compliance.years import day_of
from shared.calendars import calendar
from shared.clock.scales import scale_of

# Compliments and suggestions ask for no solution.
ISSUES = frozenset({"complaint", "issue"})
_EVERY = frozenset({"any"})


def reachable(facts: Facts, services: Sequence[Service], as_of: date) -> list[Unit]:
    """Each service: a mechanism in both languages that people with disabilities can use, or word that there is none."""
    said = facts.of("feedback_mechanism_published", as_of) + facts.of("feedback_mechanism_withdrawn", as_of)
    in_order = sorted(said, key=lambda each: (each.on or date.min, each.ref))
    return [_unit(service, [each for each in in_order if _covers(each, service)]) for service in services]


def _covers(record: Record, service: Service) -> bool:
    which = record.fields.get("services")
    return which == "all" or service.service_id in (which or ())


def _unit(service: Service, said: Sequence[Record]) -> Unit:
    refs = (service.ref, *(each.ref for each in said))
    if not said:
        none = codes(service.fields, "client_feedback_channel") == {"NON"}
        return Unit(service.service_id, "failed" if none else "unknown", refs)
    open_, usable = _open(said)
    return Unit(service.service_id, ("met" if usable else "partial") if open_ else "failed", refs)


def _open(said: Sequence[Record]) -> tuple[frozenset[str], bool]:
    """The channels still open after all that was said, and whether the mechanism said last is whole."""
    channels: frozenset[str] = frozenset()
    usable = False
    for each in said:
        named = frozenset(each.fields.get("channels") or ())
        if each.kind == "feedback_mechanism_published":
            channels |= named or _EVERY
            url = each.fields.get("url") or {}
            usable = bool(each.fields.get("accessible")) and bool(url.get("en")) and bool(url.get("fr"))
        else:
            channels = channels - named if named else frozenset()
    return channels, usable


@dataclass(frozen=True, slots=True)
class Timeliness:
    """Of the issues whose answer was due or given in a year: how many were settled in time, and whether they are enough."""

    settled: int
    due: int
    outcome: Outcome
    own: bool
    refs: tuple[Ref, ...]


def timeliness(facts: Facts, moment: datetime, settings: Settings) -> Timeliness:
    """Open cases that are overdue count; those redirected elsewhere, as decisions and appeals are, do not."""
    found = [_judged(facts, case, moment, settings) for case in facts.cases if case.kind in ISSUES]
    since = moment - timedelta(days=settings.annual_days)
    counted = [each for each in found if each is not None and since < each.at <= moment]
    own = any(each.time is not None for each in counted)
    refs = {ref for each in counted for ref in each.refs}
    if not counted:
        return Timeliness(0, 0, "unknown", own=False, refs=())
    enough = all(_is_enough([each for each in counted if each.kind == kind], settings) for kind in ISSUES)
    settled = sum(each.settled for each in counted)
    return Timeliness(settled, len(counted), "met" if enough else "failed", own, tuple(sorted(refs)))


@dataclass(frozen=True, slots=True)
class _Judged:
    kind: str
    at: datetime
    settled: bool
    time: ResolutionTime | None
    refs: tuple[Ref, ...]


def _judged(facts: Facts, case: Case, moment: datetime, settings: Settings) -> _Judged | None:
    """When it became known whether a case was settled in time; None while it is not, or where it was redirected."""
    moved = [each for each in case.changes if each.at <= moment]
    if case.received_at > moment or (moved and moved[-1].state == "redirected"):
        return None
    time = _time_of(facts.resolution_times, case)
    due = _due(case.received_at, time, settings)
    settled_at = _settled_at(case, moment)
    refs = (case.ref, *(each.ref for each in moved), *([time.ref] if time else []))
    if settled_at is not None and settled_at <= due:
        return _Judged(case.kind, settled_at, settled=True, time=time, refs=refs)
    return _Judged(case.kind, due, settled=False, time=time, refs=refs) if due < moment else None


def _settled_at(case: Case, moment: datetime) -> datetime | None:
    """When a case was resolved and not reopened since. A case closed without being resolved is not settled."""
    settled = None
    for change in case.changes:
        if change.at > moment:
            break
        if change.state == "resolved":
            settled = change.at
        elif change.state != "closed":
            settled = None
    return settled


def _time_of(times: Iterable[ResolutionTime], case: Case) -> ResolutionTime | None:
    """The department's own time that held when a case was received."""
    day = day_of(case.received_at)
    held = [each for each in times if each.kind == case.kind and each.first <= day]
    return max(held, key=lambda each: each.first, default=None)


def _due(received_at: datetime, time: ResolutionTime | None, settings: Settings) -> datetime:
    """The end of the last day in time, as the service-standard clock counts it."""
    scale = scale_of(time.limit, time.days) if time else scale_of(f"P{settings.resolve_days}D", "calendar")
    canada = calendar("CA")
    start = scale.mark(received_at, canada)
    return scale.due(start + scale.limit_from(start), canada)[1]


def _is_enough(cases: Sequence[_Judged], settings: Settings) -> bool:
    if not cases:
        return True
    targets = [each.time.target for each in cases if each.time and each.time.target is not None]
    target = Fraction(str(max(targets))) if targets else Fraction(settings.resolve_target_percent, 100)
    return sum(each.settled for each in cases) >= target * len(cases)
