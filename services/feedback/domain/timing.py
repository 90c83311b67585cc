"""In what time a department means to acknowledge and to resolve feedback, and how a case stands against it.

The policy asks for timeliness and sets no number of days (7.3; Guideline on Service Management 2.3.5): each department sets
its own with ResolutionTimeReported. Until it does, the default is what federal departments that publish theirs promise:
two business days to acknowledge, 30 calendar days to resolve, for 80 of 100 cases (policy.md 6).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from services.feedback.domain.cases import Case
from shared.calendars import calendar
from shared.clock import Moment, Reading, read
from shared.clock.scales import local_date
from shared.contracts.feedback import Promise, Promises
from shared.contracts.measure import CalendarName, Measure
from shared.contracts.reported.feedback import Days, FeedbackKind

DEFAULT_TARGET = 0.8
_ENDED = frozenset({"resolved", "closed", "redirected"})


@dataclass(frozen=True, slots=True)
class ResolutionTime:
    """What holds for feedback of one kind from a day on; `own` is false for the default."""

    kind: FeedbackKind
    from_date: date
    resolve_within: str
    acknowledge_within: str | None = None
    days: Days = "calendar"
    calendar: CalendarName = "CA"
    target: float | None = None
    own: bool = True


def in_force(times: Sequence[ResolutionTime], kind: FeedbackKind, on: date) -> ResolutionTime:
    """The department's newest time for this kind that holds on a day, or the default."""
    own = [each for each in times if each.kind == kind and each.from_date <= on]
    if own:
        return max(own, key=lambda each: each.from_date)
    return ResolutionTime(kind, date.min, "P30D", target=DEFAULT_TARGET, own=False)


def promises(case: Case, times: Sequence[ResolutionTime], now: datetime) -> Promises | None:
    """Both clocks of a case, under what held on the day it was received; None while the case itself is not reported.

    A case that was redirected as no feedback keeps its due dates and is judged by neither.
    """
    if case.kind is None or case.received_at is None:
        return None
    time = in_force(times, case.kind, local_date(case.received_at, calendar("CA", case.received_at.date())))
    acknowledged, resolved = _first_answer(case), _end(case)
    judged = case.recourse is None
    return Promises(
        acknowledge=_promise(_acknowledging(time), time.own, case.received_at, acknowledged, now, judged),
        resolve=_promise(_resolving(time), time.own, case.received_at, resolved, now, judged),
        target=DEFAULT_TARGET if time.target is None else time.target,
    )


def _acknowledging(time: ResolutionTime) -> Measure:
    if time.acknowledge_within is None:
        return Measure(limit="P2D", days="business", calendar=time.calendar)
    return Measure(limit=time.acknowledge_within, days=time.days, calendar=time.calendar)


def _resolving(time: ResolutionTime) -> Measure:
    return Measure(limit=time.resolve_within, days=time.days, calendar=time.calendar)


def _first_answer(case: Case) -> datetime | None:
    """When the department first did anything about it that the client is told of."""
    answers = [step.occurred_at for step in case.steps if step.state not in {"received", "assigned", "reopened"}]
    return min(answers, default=None)


def _end(case: Case) -> datetime | None:
    """When the case ended, if it has: after a reopening the clock goes on as if it had never stopped (clock rule 7)."""
    if case.state not in _ENDED:
        return None
    ended: datetime | None = None
    for step in sorted(case.steps):
        if step.state in _ENDED:
            ended = ended or step.occurred_at
        elif step.state == "reopened":
            ended = None
    return ended


def _promise(
    measure: Measure, own: bool, start: datetime, stop: datetime | None, now: datetime, judged: bool
) -> Promise:
    history = [Moment("submitted", start, None, "")]
    if stop is not None:
        history.append(Moment("decided", max(start, stop), None, ""))
    reading: Reading = read(measure, calendar(measure.calendar, start.date()), history, max(now, start))
    assert reading.due_on is not None and reading.due_at is not None  # noqa: S101, PT018 - limits are in days, and no clock is paused
    return Promise(
        within=measure.limit,
        days=measure.days,
        own=own,
        due_on=reading.due_on,
        due_at=reading.due_at,
        stopped_at=reading.stopped_at,
        met=reading.met if judged else None,
    )


def overdue(found: Promises | None, now: datetime) -> bool:
    """Whether a case is still to be resolved and its day has passed."""
    return found is not None and found.resolve.stopped_at is None and now >= found.resolve.due_at
