"""An application: its history, its state, and how its service standards stand. Values in, values out."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from services.status.domain import refusals
from services.status.domain.clocks import Rules, Standard, clocks_under, standards_under
from shared.clock import Moment, effective, in_order
from shared.contracts.reported.status import ApplicationState, ApplicationStatusReported, Channel
from shared.contracts.status import ApplicationStateChanged, Clock, StandardChange
from shared.decoding import Received
from shared.ownership import keeps_its_key
from shared.problems import Problem

# A case is read whole with each report; no real one comes near this, and a runaway sender must not stall its neighbours.
MOST_REPORTS = 200
DECIDED: Final = frozenset({"decided", "issued"})


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
    # The source and id of reports that others took the place of.
    superseded: frozenset[tuple[str, str]] = frozenset()

    @property
    def void(self) -> bool:
        """Every report of it was withdrawn."""
        return not self.history

    @property
    def key(self) -> tuple[str, str]:
        return self.org_id, self.application_id


@dataclass(frozen=True, slots=True)
class Change:
    """An application after a report, and what is published of it."""

    application: Application
    published: ApplicationStateChanged
    warnings: list[Problem]
    # The report is the last of those that count: what it says is news.
    newest: bool = True


def report(before: Application | None, event: Received, rules: Rules, now: datetime) -> Change | Problem:
    """Take one report into an application's history; the order of arrival makes no difference to the result."""
    data: ApplicationStatusReported = event.data
    if before is not None and (refusal := _refusal(before, event, data)):
        return refusal
    step = _step(event)
    history = (*(before.history if before else ()), step)
    version = before.version + 1 if before else 1
    after, counted = _told_by((event.org_id, data.application_id), data.service_id, history, version, rules, now)
    warnings = [] if step.moment() in counted else [refusals.after_final(data)]
    return replace(_changed(before, after, warnings), newest=counted[-1] == step.moment())


def correct(before: Application, event: Received, rules: Rules, now: datetime) -> Change | Problem:
    """Put a report in the place of an earlier one, or take that one away, and tell the history anew."""
    data: ApplicationStatusReported | None = event.data
    corrected = event.source, event.corrects.event_id if event.corrects else ""
    if data is not None and (refusal := _elsewhere(before, data)):
        return refusal
    history = tuple(step for step in before.history if (step.source, step.event_id) != corrected)
    if data is not None:
        history = (*history, _step(event))
    version = before.version + 1
    if not history:
        void = replace(before, version=version, history=(), channel=None, expected_at=None, clocks={})
        return _changed(before, void, [])
    after, counted = _told_by(before.key, before.service_id, history, version, rules, now)
    counts = data is None or history[-1].moment() in counted
    return _changed(before, after, [] if counts or data is None else [refusals.after_final(data)])


def _step(event: Received) -> Step:
    data: ApplicationStatusReported = event.data
    return Step(
        event.source, event.id, data.state, event.time, data.sequence, data.channel, data.outcome, data.expected_at
    )


def _elsewhere(before: Application, data: ApplicationStatusReported) -> Problem | None:
    if data.application_id != before.application_id:
        return keeps_its_key("application_id", data.application_id, before.application_id)
    if data.service_id != before.service_id:
        return keeps_its_key("service_id", data.service_id, before.service_id)
    return None


def _refusal(before: Application, event: Received, data: ApplicationStatusReported) -> Problem | None:
    if before.service_id != data.service_id and not before.void:
        return refusals.other_service(before.application_id, before.service_id, data)
    known = {(step.source, step.event_id) for step in before.history} | before.superseded
    if (event.source, event.id) in known:
        return refusals.known_step(event)
    return refusals.too_many(before.application_id, MOST_REPORTS) if len(before.history) >= MOST_REPORTS else None


def measure_again(before: Application, rules: Rules, now: datetime) -> Change | None:
    """The same history under other rules; None where that changes nothing."""
    after = replace(before, version=before.version + 1, clocks=clocks_of(before, rules, now))
    change = _changed(before, after, [])
    return change if any(_differs(each) for each in change.published.standards) else None


def _told_by(
    key: tuple[str, str],
    service_id: str,
    history: tuple[Step, ...],
    version: int,
    rules: Rules,
    now: datetime,
) -> tuple[Application, list[Moment]]:
    """What a history says, whatever order it came in (clock rule 7), and the moments in it that count."""
    counting = counted(history)
    moments, told = list(counting), list(counting.values())
    channel = next((step.channel for step in told if step.channel), None)
    application = Application(
        org_id=key[0],
        application_id=key[1],
        service_id=service_id,
        state=told[-1].state,
        version=version,
        channel=channel,
        expected_at=_date_given(told),
        history=history,
        clocks=clocks_under(moments, channel, rules, now),
    )
    return application, moments


def _date_given(told: Iterable[Step]) -> datetime | None:
    """The department's own date. Once a decision is reopened, what was given before was for that decision."""
    given, decided = None, False
    for step in told:
        if step.state == "reopened" and decided:
            given, decided = None, False
        given, decided = step.expected_at or given, decided or step.state in DECIDED
    return given


def _changed(before: Application | None, after: Application, warnings: list[Problem]) -> Change:
    earlier = before.clocks if before else {}
    changes = [
        StandardChange(standard_id=each, before=earlier.get(each), after=after.clocks.get(each))
        for each in sorted({*earlier, *after.clocks})
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
        void=after.void,
    )
    return Change(after, published, warnings)


def clocks_of(application: Application, rules: Rules, now: datetime) -> dict[str, Clock]:
    """The clock of each standard that the application is judged by."""
    history = list(counted(application.history))
    return clocks_under(history, application.channel, rules, now) if history else {}


def standards_of(application: Application, rules: Rules) -> dict[str, Standard]:
    """The version of each standard that the application is judged by."""
    history = list(counted(application.history))
    return standards_under(history, application.channel, rules) if history else {}


def _differs(change: StandardChange) -> bool:
    """Whether anything but the time that has passed is other than before."""
    passing = {"elapsed", "paused_for"}
    before = change.before and change.before.model_dump(exclude=passing)
    after = change.after and change.after.model_dump(exclude=passing)
    return before != after


def counted(history: Iterable[Step]) -> dict[Moment, Step]:
    """The steps that count, by their moments, in order: none between a final state and a `reopened` (clock rule 7)."""
    steps = {step.moment(): step for step in history}
    return {moment: steps[moment] for moment in effective(in_order(steps))}


def decision(application: Application) -> Step | None:
    """The decision that stands: the last `decided` that counts, or else `issued`; none once the application was reopened."""
    found: Step | None = None
    for step in counted(application.history).values():
        if step.state == "reopened":
            found = None
        elif step.state == "decided" or (step.state == "issued" and found is None):
            found = step
    return found


def standard_shown(clocks: Mapping[str, Clock]) -> str | None:
    """The standard a client is told of: the first due of those that run; else one that is paused; else the first that was due;
    with none due, the first by id.
    """
    due = {each: clock.due_at for each, clock in clocks.items() if clock.due_at is not None}
    running = {each: at for each, at in due.items() if clocks[each].state == "running"}
    paused = [each for each, clock in clocks.items() if clock.state == "paused"]
    if not running and paused:
        return min(paused)
    first = running or due
    return min(first, key=lambda each: (first[each], each)) if first else min(clocks, default=None)


def is_open_late(clock: Clock) -> bool:
    """Elapsed beyond its limit and not ended: running or paused, since a pause hides nothing (clock rule 6)."""
    return clock.state in {"running", "paused"} and clock.limit is not None and clock.elapsed > clock.limit


def is_late(clock: Clock) -> bool:
    """Late and open, or ended late."""
    return clock.met is False or is_open_late(clock)
