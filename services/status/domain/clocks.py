"""The service standards an application is judged by, and how each one's clock stands. Values in, values out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from shared.calendars import calendar
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


def clocks_under(
    history: Sequence[Moment], channel: Channel | None, standards: Sequence[Standard], now: datetime
) -> dict[str, Clock]:
    """The clock of each standard that a history (of an application of this channel) is judged by: in force on its start date."""
    clocks = {}
    for standard_id, versions in _by_standard(standards).items():
        standard = _in_force(versions, history)
        if standard is None or standard.measure is None:
            continue
        if standard.channel and channel and standard.channel != channel:
            continue
        reading = read(standard.measure, calendar(standard.measure.calendar), history, now)
        clocks[standard_id] = _clock(reading, channel)
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
