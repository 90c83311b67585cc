"""Feedback: whether clients of each service can give it, and whether their issues are settled in the department's time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction

from services.reporting.domain.compliance.facts import Case, Change, Facts, Record, Ref, Timing
from services.reporting.domain.compliance.population import Service, codes
from services.reporting.domain.compliance.settings import Settings
from services.reporting.domain.compliance.verdict import Outcome, Unit
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
    """Open cases that are overdue count; those that are no feedback, as decisions and appeals are, do not.

    A department's own time and target are feedback's to measure; where it set none, those of the settings hold.
    """
    found = [_judged(case, moment, settings) for case in facts.cases if case.kind in ISSUES]
    since = moment - timedelta(days=settings.annual_days)
    counted = [each for each in found if each is not None and since < each.at <= moment]
    if not counted:
        return Timeliness(0, 0, "unknown", own=False, refs=())
    enough = all(_is_enough([each for each in counted if each.kind == kind]) for kind in ISSUES)
    settled = sum(each.settled for each in counted)
    own, refs = any(each.own for each in counted), {ref for each in counted for ref in each.refs}
    return Timeliness(settled, len(counted), "met" if enough else "failed", own, tuple(sorted(refs)))


@dataclass(frozen=True, slots=True)
class _Judged:
    kind: str
    at: datetime
    settled: bool
    target: Fraction
    own: bool
    refs: tuple[Ref, ...]


def _judged(case: Case, moment: datetime, settings: Settings) -> _Judged | None:
    """When it became known whether a case was settled in time; None while it is not, or where it is not to be."""
    if case.received_at > moment:
        return None
    known = [each for each in case.timings if each.at <= moment]
    if known and known[-1].own:
        return _by_own_time(case, known[-1], moment)
    return _by_default(case, known[-1] if known else None, moment, settings)


def _by_own_time(case: Case, timing: Timing, moment: datetime) -> _Judged | None:
    refs, target = tuple(sorted({case.ref, timing.ref})), Fraction(str(timing.target))
    stopped = timing.stopped_at is not None and timing.stopped_at <= moment
    if timing.recourse or not (stopped or timing.due_at < moment):
        return None
    at = timing.stopped_at if stopped and timing.stopped_at else timing.due_at
    return _Judged(case.kind, at, stopped and bool(timing.met), target, own=True, refs=refs)


def _by_default(case: Case, timing: Timing | None, moment: datetime, settings: Settings) -> _Judged | None:
    """By the settings' time. What was recorded before cases were timed says by its changes when it was settled."""
    moved = [each for each in case.changes if each.at <= moment]
    if timing.recourse if timing else moved and moved[-1].state == "redirected":
        return None
    settled_at = timing.stopped_at if timing else _settled_at(moved)
    refs = (case.ref, *(each.ref for each in moved), *([timing.ref] if timing else []))
    due, target = _due(case.received_at, settings), Fraction(settings.resolve_target_percent, 100)
    if settled_at is not None and settled_at <= min(due, moment):
        return _Judged(case.kind, settled_at, settled=True, target=target, own=False, refs=refs)
    return _Judged(case.kind, due, settled=False, target=target, own=False, refs=refs) if due < moment else None


def _settled_at(moved: Sequence[Change]) -> datetime | None:
    """When a case was resolved and not reopened since. A case closed without being resolved is not settled."""
    settled = None
    for change in moved:
        if change.state == "resolved":
            settled = change.at
        elif change.state != "closed":
            settled = None
    return settled


def _due(received_at: datetime, settings: Settings) -> datetime:
    """The end of the last day in time, as the service-standard clock counts it."""
    scale, canada = scale_of(f"P{max(settings.resolve_days, 1)}D", "calendar"), calendar("CA")
    start = scale.mark(received_at, canada)
    return scale.due(start + scale.limit_from(start), canada)[1]


def _is_enough(cases: Sequence[_Judged]) -> bool:
    """By the highest target that any of them was promised."""
    if not cases:
        return True
    return sum(each.settled for each in cases) >= max(each.target for each in cases) * len(cases)
