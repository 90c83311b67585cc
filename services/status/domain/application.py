"""An application: its history, its state, and how its service standards stand. Values in, values out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache

from services.status.domain import refusals
from shared.calendars import calendar
from shared.clock import Moment, Reading, effective, in_order, read
from shared.contracts.measure import Measure
from shared.contracts.reported.status import ApplicationState, ApplicationStatusReported, Channel
from shared.contracts.status import ApplicationStateChanged, Clock, StandardChange
from shared.decoding import Received
from shared.language import Bilingual
from shared.problems import Problem

# A case is read whole with each report; no real one comes near this, and a runaway sender must not stall its neighbours.
MOST_REPORTS = 200


@dataclass(frozen=True, slots=True)
class Step:
    """One report in an application's history."""

    source: str
    event_id: str
    state: ApplicationState
    occurred_at: datetime
    sequence: int | None
    channel: Channel | None
    outcome: str | None
    expected_at: datetime | None

    def moment(self) -> Moment:
        return Moment(self.state, self.occurred_at, self.sequence, f"{self.source} {self.event_id}")


@dataclass(frozen=True, slots=True)
class Standard:
    """One version of a service standard, valid from a day until the next version's."""

    standard_id: str
    valid_from: date
    name: Bilingual
    channel: Channel | None
    measure: Measure | None


@dataclass(frozen=True, slots=True)
class Application:
    org_id: str
    application_id: str
    service_id: str
    state: ApplicationState
    version: int
    channel: Channel | None
    expected_at: datetime | None
    history: tuple[Step, ...]
    clocks: Mapping[str, Clock]

    @property
    def key(self) -> tuple[str, str]:
        return self.org_id, self.application_id


@dataclass(frozen=True, slots=True)
class Change:
    """An application after a report, and what is published of it."""

    application: Application
    published: ApplicationStateChanged
    warnings: list[Problem]


def report(
    before: Application | None, event: Received, standards: Sequence[Standard], now: datetime
) -> Change | Problem:
    """Take one report into an application's history; the order of arrival makes no difference to the result."""
    data: ApplicationStatusReported = event.data
    if before is not None and (refusal := _refusal(before, event, data)):
        return refusal
    step = Step(
        event.source, event.id, data.state, event.time, data.sequence, data.channel, data.outcome, data.expected_at
    )
    history = (*(before.history if before else ()), step)
    after, counted = _told_by(event.org_id, data, history)
    warnings = [] if step.moment() in counted else [refusals.after_final(data)]
    return _changed(before, after, standards, now, warnings)


def _refusal(before: Application, event: Received, data: ApplicationStatusReported) -> Problem | None:
    if before.service_id != data.service_id:
        return refusals.other_service(before.application_id, before.service_id, data)
    if any(step.event_id == event.id and step.source == event.source for step in before.history):
        return refusals.known_step(event)
    return refusals.too_many(before.application_id, MOST_REPORTS) if len(before.history) >= MOST_REPORTS else None


def measure_again(before: Application, standards: Sequence[Standard], now: datetime) -> Change | None:
    """The same history under other standards; None where that changes nothing."""
    change = _changed(before, replace(before, version=before.version + 1), standards, now, [])
    return change if any(_differs(each) for each in change.published.standards) else None


def _told_by(
    org_id: str, data: ApplicationStatusReported, history: tuple[Step, ...]
) -> tuple[Application, list[Moment]]:
    """What a history says, whatever order it came in (clock rule 7), and the moments in it that count."""
    steps = {step.moment(): step for step in history}
    counted = effective(in_order(steps))
    told = [steps[moment] for moment in counted]
    application = Application(
        org_id=org_id,
        application_id=data.application_id,
        service_id=data.service_id,
        state=told[-1].state,
        version=len(history),
        channel=next((step.channel for step in told if step.channel), None),
        expected_at=next((step.expected_at for step in reversed(told) if step.expected_at), None),
        history=history,
        clocks={},
    )
    return application, counted


def _changed(
    before: Application | None,
    after: Application,
    standards: Sequence[Standard],
    now: datetime,
    warnings: list[Problem],
) -> Change:
    earlier = before.clocks if before else {}
    clocks = clocks_of(after, standards, now)
    if before is not None and after.version <= before.version:
        after = replace(after, version=before.version + 1)
    changes = [
        StandardChange(standard_id=each, before=earlier.get(each), after=clocks.get(each))
        for each in sorted({*earlier, *clocks})
    ]
    published = ApplicationStateChanged(
        application_id=after.application_id,
        service_id=after.service_id,
        from_state=before.state if before else None,
        to_state=after.state,
        version=after.version,
        channel=after.channel,
        standards=changes,
        expected_at=after.expected_at,
    )
    return Change(replace(after, clocks=clocks), published, warnings)


def clocks_of(application: Application, standards: Sequence[Standard], now: datetime) -> dict[str, Clock]:
    """The clock of each standard that the application is judged by: of its channel, in force on its start date."""
    history = effective(in_order(step.moment() for step in application.history))
    clocks = {}
    for standard_id, versions in _by_standard(standards).items():
        standard = _in_force(versions, history)
        if standard is None or standard.measure is None:
            continue
        if standard.channel and application.channel and standard.channel != application.channel:
            continue
        reading = read(standard.measure, calendar(standard.measure.calendar), history, now)
        clocks[standard_id] = _clock(reading, application.channel)
    return clocks


def _by_standard(standards: Sequence[Standard]) -> dict[str, list[Standard]]:
    groups: dict[str, list[Standard]] = {}
    for standard in standards:
        groups.setdefault(standard.standard_id, []).append(standard)
    return groups


def _in_force(versions: Sequence[Standard], history: Sequence[Moment]) -> Standard | None:
    """The version valid on the case's start date (before its start: on the day of its first report)."""
    for standard in sorted(versions, key=lambda version: version.valid_from, reverse=True):
        if standard.measure is None:
            if standard.valid_from <= history[0].at.date():
                return standard
            continue
        started = next((moment for moment in history if moment.state == standard.measure.starts), history[0])
        if standard.valid_from <= started.at.astimezone(calendar(standard.measure.calendar).zone).date():
            return standard
    return None


def _clock(reading: Reading, channel: Channel | None) -> Clock:
    return Clock.model_construct(
        state=reading.state,
        channel=channel,
        unit=reading.unit,
        limit=reading.limit,
        started_on=reading.started_on,
        stopped_on=reading.stopped_on,
        due_on=reading.due_on,
        due_at=reading.due_at,
        late_from=reading.late_from,
        elapsed=reading.elapsed,
        paused_for=reading.paused_for,
        met=reading.met,
        excluded_as=reading.excluded_as,
    )


def _differs(change: StandardChange) -> bool:
    """Whether anything but the time that has passed is other than before."""
    passing = {"elapsed", "paused_for"}
    before = change.before and change.before.model_dump(exclude=passing)
    after = change.after and change.after.model_dump(exclude=passing)
    return before != after


@lru_cache(maxsize=50_000)
def measure_from(text: str) -> Measure:
    """A measure from its JSON; the same few thousand come by again and again."""
    return Measure.model_validate_json(text)


def standard_shown(clocks: Mapping[str, Clock]) -> str | None:
    """The standard a client is told of: the first that is due; with none due, the first by id."""
    due = {each: clock.due_at for each, clock in clocks.items() if clock.due_at is not None}
    return min(due, key=lambda each: (due[each], each)) if due else min(clocks, default=None)


def expected(application: Application, clocks: Mapping[str, Clock]) -> datetime | None:
    """When a decision can be expected: the department's own date where given, else the standard's due date."""
    if application.expected_at is not None:
        return application.expected_at
    shown = standard_shown(clocks)
    return clocks[shown].due_at if shown and clocks[shown].state == "running" else None
