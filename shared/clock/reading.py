"""Reading the clock of one case."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from shared.calendars import Calendar, ExceptionDay, excepting
from shared.clock.history import Moment, course
from shared.clock.scales import Scale, Unit, local_date, scale_of
from shared.contracts.measure import Measure

State = Literal["not_started", "running", "paused", "stopped", "excluded"]
Exclusion = Literal["withdrawn", "closed_undecided"]


@dataclass(frozen=True, slots=True)
class Reading:
    """What the clock says. `limit`, `elapsed` and `paused_for` are numbers of `unit`.

    `limit` of a measure in months is its length in days from this start, None before it.
    `stopped_at` is when the clock ended: its stop, or the withdrawal or closure which excluded the case.
    `due_at` (UTC) ends the local day `due_on`, exclusive; in seconds it is the exact instant and `due_on` is None.
    Both are moved by pauses (also by one that began after them), kept by a stopped clock, and None while paused or once
    excluded.
    `late_from` (UTC) is when an open case becomes or became late; while paused, None unless it already was.
    Only `elapsed` and `paused_for` of an open clock depend on the time of reading.
    """

    state: State
    unit: Unit
    limit: int | None
    started_at: datetime | None = None
    started_on: date | None = None
    stopped_at: datetime | None = None
    stopped_on: date | None = None
    due_on: date | None = None
    due_at: datetime | None = None
    late_from: datetime | None = None
    elapsed: int = 0
    paused_for: int = 0
    met: bool | None = None
    excluded_as: Exclusion | None = None


def read(
    measure: Measure,
    calendar: Calendar,
    history: Sequence[Moment],
    now: datetime,
    exceptions: Sequence[ExceptionDay] = (),
) -> Reading:
    """The clock of one case; `history` is effective, `now` aware (one before the last moment is read as that).

    `exceptions` are the department's: those that stand now count for a case that is open, those that stood at its end
    for one that has ended.
    """
    scale = scale_of(measure.limit, measure.days)
    found = course(measure, history)
    if found.start is None:
        return Reading("not_started", scale.unit, scale.limit)
    now = found.end.at if found.end else max(now, history[-1].at)
    if exceptions:
        calendar = excepting(calendar, exceptions, now)
    case = _Case(scale, calendar, found.start, found.pauses)
    if found.end is None:
        return case.paused(found.asked, now) if found.asked else case.running(now)
    if found.end.state == measure.ends:
        return case.stopped(found.asked, found.end.at)
    return case.excluded(found.asked, found.end)


class _Case:
    """A clock that has started: its marks on its scale, less the pauses which are over."""

    __slots__ = ("begun", "calendar", "first", "limit", "paused_for", "pauses", "scale", "started_on")

    def __init__(
        self, scale: Scale, calendar: Calendar, start: datetime, pauses: Sequence[tuple[datetime, datetime]]
    ) -> None:
        self.scale, self.calendar = scale, calendar
        self.started_on = local_date(start, calendar)
        self.first = scale.mark(start, calendar)
        self.limit = scale.limit_from(self.first)
        self.pauses = [(self._mark(asked), self._mark(received)) for asked, received in pauses]
        self.paused_for = sum(received - asked for asked, received in self.pauses)
        self.begun = (scale.unit, self.limit, start, self.started_on)

    def running(self, now: datetime) -> Reading:
        due_on, due_at = self.scale.due(self.first + self.limit + self.paused_for, self.calendar)
        elapsed = self._mark_of_stop(now) - self.first - self.paused_for
        late_from = due_at + self.scale.grace
        return Reading("running", *self.begun, None, None, due_on, due_at, late_from, elapsed, self.paused_for)

    def paused(self, asked: datetime, now: datetime) -> Reading:
        elapsed = self._mark(asked) - self.first - self.paused_for
        late_from = self._became_late() if elapsed > self.limit else None
        paused_for = self.paused_for + self._mark(now) - self._mark(asked)
        return Reading("paused", *self.begun, late_from=late_from, elapsed=elapsed, paused_for=paused_for)

    def stopped(self, asked: datetime | None, stop: datetime) -> Reading:
        elapsed, paused_for = self._at_end(asked, stop)
        due_on, due_at = self.scale.due(self.first + self.limit + paused_for, self.calendar)
        stopped_on = local_date(stop, self.calendar)
        met = elapsed <= self.limit
        return Reading("stopped", *self.begun, stop, stopped_on, due_on, due_at, None, elapsed, paused_for, met)

    def excluded(self, asked: datetime | None, end: Moment) -> Reading:
        elapsed, paused_for = self._at_end(asked, end.at)
        on = local_date(end.at, self.calendar)
        why: Exclusion = "withdrawn" if end.state == "withdrawn" else "closed_undecided"
        return Reading("excluded", *self.begun, end.at, on, None, None, None, elapsed, paused_for, None, why)

    def _at_end(self, asked: datetime | None, end: datetime) -> tuple[int, int]:
        """Elapsed and paused, where a pause still open ends with the clock (rule 5)."""
        last = self._mark_of_stop(end)
        paused_for = self.paused_for + (last - self._mark(asked) if asked else 0)
        return last - self.first - paused_for, paused_for

    def _became_late(self) -> datetime:
        """The first late instant; a pause that began after it did not move it."""
        due = self.first + self.limit
        for asked, received in self.pauses:
            if asked > due:
                break
            due += received - asked
        return self.scale.due(due, self.calendar)[1] + self.scale.grace

    def _mark(self, at: datetime) -> int:
        return self.scale.mark(at, self.calendar)

    def _mark_of_stop(self, at: datetime) -> int:
        return self.scale.mark_of_stop(at, self.started_on, self.calendar)
