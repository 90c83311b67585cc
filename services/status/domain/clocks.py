"""The service standards an application is judged by, and how each one's clock stands. Values in, values out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from operator import attrgetter
from typing import NamedTuple

from shared.calendars import ExceptionDay, calendar, in_force
from shared.clock import Moment, Reading, read
from shared.contracts.measure import Measure
from shared.contracts.reported.status import Channel
from shared.contracts.status import Clock
from shared.language import Bilingual


@dataclass(frozen=True, slots=True)
class Standard:
    """One version of a service standard, valid from a day until the next version's."""

    standard_id: str
    valid_from: date
    name: Bilingual
    channel: Channel | None
    measure: Measure | None


class Rules(NamedTuple):
    """What an application's clocks are read by: its service's standards, its department's exception days."""

    standards: Sequence[Standard] = ()
    exceptions: Sequence[ExceptionDay] = ()


class _Judging(NamedTuple):
    """The version of a standard that a case is judged by, its measure, and the case's start date under it."""

    standard: Standard
    measure: Measure
    started_on: date


def clocks_under(history: Sequence[Moment], channel: Channel | None, rules: Rules, now: datetime) -> dict[str, Clock]:
    """The clock of each standard that a history (of an application of this channel) is judged by: standard and calendar are
    those valid on its start date.
    """
    clocks = {}
    for standard_id, (_, measure, started_on) in _judging(history, channel, rules).items():
        valid = calendar(measure.calendar, started_on)
        clocks[standard_id] = _clock(read(measure, valid, history, now, rules.exceptions), channel)
    return clocks


def standards_under(history: Sequence[Moment], channel: Channel | None, rules: Rules) -> dict[str, Standard]:
    """The version of each standard that a history is judged by."""
    return {standard_id: each.standard for standard_id, each in _judging(history, channel, rules).items()}


def _judging(history: Sequence[Moment], channel: Channel | None, rules: Rules) -> dict[str, _Judging]:
    found = {}
    for standard_id, versions in _by_standard(rules.standards).items():
        standard, started_on = _in_force(versions, history)
        if standard is None or started_on is None or standard.measure is None:
            continue
        if standard.channel and channel and standard.channel != channel:
            continue
        found[standard_id] = _Judging(standard, standard.measure, started_on)
    return found


def within(rules: Rules, standard_id: str, elapsed: int, history: Sequence[Moment], now: datetime) -> Reading | None:
    """A running clock of a standard as if its limit were so many of its units."""
    versions = [each for each in rules.standards if each.standard_id == standard_id]
    standard, started_on = _in_force(versions, history)
    if standard is None or standard.measure is None:
        return None
    valid = calendar(standard.measure.calendar, started_on)
    unit = read(standard.measure, valid, history, now).unit
    limit = f"PT{max(1, elapsed)}S" if unit == "second" else f"P{max(1, elapsed)}D"
    return read(standard.measure.model_copy(update={"limit": limit}), valid, history, now, rules.exceptions)


def days_off(rules: Rules, standard_id: str, clock: Clock, now: datetime) -> dict[date, Bilingual]:
    """The exception days, with their notes, that an open clock in business days was moved by: from its start to its due date,
    or to today.
    """
    calendars = {each.measure.calendar for each in rules.standards if each.standard_id == standard_id and each.measure}
    if clock.unit != "business_day" or clock.started_on is None or clock.state not in {"running", "paused"}:
        return {}
    until = clock.due_on or now.astimezone(calendar("CA").zone).date()
    days = {day: note for name in calendars for day, note in in_force(rules.exceptions, name, now).items()}
    return {day: days[day] for day in sorted(days) if clock.started_on < day <= until and day.weekday() < 5}


def _by_standard(standards: Sequence[Standard]) -> dict[str, list[Standard]]:
    groups: dict[str, list[Standard]] = {}
    for standard in standards:
        groups.setdefault(standard.standard_id, []).append(standard)
    return groups


def _in_force(versions: Sequence[Standard], history: Sequence[Moment]) -> tuple[Standard | None, date | None]:
    """The version valid on the case's start date, and that date (before its start: the day of its first report)."""
    for standard in sorted(versions, key=attrgetter("valid_from"), reverse=True):
        started_on = _start_date(standard.measure, history)
        if standard.valid_from <= started_on:
            return standard, started_on
    return None, None


def _start_date(measure: Measure | None, history: Sequence[Moment]) -> date:
    if measure is None:
        return history[0].at.astimezone(calendar("CA").zone).date()
    started = next((moment for moment in history if moment.state == measure.starts), history[0])
    return started.at.astimezone(calendar(measure.calendar).zone).date()


def _clock(reading: Reading, channel: Channel | None) -> Clock:
    return Clock(
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
