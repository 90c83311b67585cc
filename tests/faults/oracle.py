"""What the views must hold, folded from the history by other code than the product's: plainly, one case at a time.

The clock's rules are those of the design's page on the service-standard clock, for what the departments here report.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.faults.departments import STANDARDS, Case, Result, Said
from tests.faults.history import Event

TORONTO = ZoneInfo("America/Toronto")
# Federal holidays on weekdays from January to July 2025, Easter Monday with them.
HOLIDAYS = frozenset(date(2025, *day) for day in ((1, 1), (4, 18), (4, 21), (5, 19), (7, 1), (8, 4), (9, 1)))

Cell = tuple[str, ...]


class Oracle:
    """The cells of every view; `counts` by (org, service, standard, channel, day)."""

    def __init__(self) -> None:
        self.met: Counter[Cell] = Counter()
        self.total: Counter[Cell] = Counter()
        self.excluded: Counter[Cell] = Counter()
        self.open: Counter[Cell] = Counter()
        self.durations: Counter[tuple[Any, ...]] = Counter()
        self.results: dict[Cell, dict[str, tuple[int, int] | None]] = {}  # by the id of each, in order
        self.versions: dict[
            tuple[str, str, str], int
        ] = {}  # (service, org, case) -> events of it, of those folded last

    def fold(self, events: Iterable[Event]) -> None:
        """Take in events that had to be accepted: all of each case they belong to."""
        cases: dict[int, tuple[str, Case]] = {}
        said: dict[int, list[tuple[str, Said]]] = {}
        for event in events:
            if isinstance(event.about, Result):
                _result(self, event)
            elif isinstance(event.about, Said):
                cases[id(event.about.case)] = event.service, event.about.case
                said.setdefault(id(event.about.case), []).append((event.id, event.about))
        self.versions = {}
        for key, (service, case) in cases.items():
            self.versions[service, case.org_id, case.case_id] = len(said[key])
            if service == "status":
                _application(self, case, _told(said[key]))


def _result(oracle: Oracle, event: Event) -> None:
    """The last one reported of the same days and channel holds, a correction in the place of what it corrects.

    Each comes by one door only, so that their order is known.
    """
    result: Result = event.about
    cell = (event.org_id, result.service_id, result.standard_id, result.channel, result.day)
    places = oracle.results.setdefault((*cell, result.first), {})
    met, total = _holding(places)
    places[result.corrects or event.id] = None if result.withdrawn else (result.met, result.total)
    new_met, new_total = _holding(places)
    oracle.met[cell] += new_met - met
    oracle.total[cell] += new_total - total


def _holding(places: Mapping[str, tuple[int, int] | None]) -> tuple[int, int]:
    return next((each for each in reversed(places.values()) if each is not None), (0, 0))


def _told(said: Sequence[tuple[str, Said]]) -> list[tuple[str, datetime]]:
    """The history of a case, by time; what was corrected stands as it was corrected."""
    told = {event_id: (each.state, each.at) for event_id, each in said if each.corrects is None}
    for _, each in said:
        if each.corrects is not None:
            told.pop(each.corrects)
            if each.state is not None:
                told[f"{each.corrects}-c"] = each.state, each.at
    return sorted(((str(state), at) for state, at in told.values()), key=lambda each: each[1])


def _application(oracle: Oracle, case: Case, told: Sequence[tuple[str, datetime]]) -> None:
    for suffix, measure, channel in STANDARDS:
        if measure is None or (channel and channel != case.channel):
            continue
        where = (case.org_id, case.service_id, f"{case.service_id}-{suffix}", case.channel)
        start = next((at for state, at in told if state == measure.get("starts", "submitted")), None)
        end = next((each for each in told if each[0] in {measure.get("ends", "decided"), "withdrawn", "closed"}), None)
        if start is None or (end is not None and end[1] < start):
            oracle.open[(*where, "not_started")] += 1
        elif end is None:
            asked = [state for state, at in told if state.startswith("information") and at >= start]
            paused = bool(asked) and asked[-1] == "information_requested"
            oracle.open[(*where, "paused" if paused else "running")] += 1
        elif end[0] in {"withdrawn", "closed"}:
            oracle.excluded[(*where, _day(end[1]).isoformat())] += 1
        else:
            _stopped(oracle, where, measure, told, start, end[1])


def _stopped(
    oracle: Oracle, where: Cell, measure: dict[str, Any], told: Sequence[tuple[str, datetime]], start: datetime,
    stop: datetime,
) -> None:  # fmt: skip
    elapsed = _between(measure, start, stop, start) - _paused(measure, told, start, stop)
    limit = int("".join(filter(str.isdigit, measure["limit"]))) * (3600 if "T" in measure["limit"] else 1)
    cell = (*where, _day(stop).isoformat())
    oracle.met[cell] += elapsed <= limit
    oracle.total[cell] += 1
    oracle.durations[(*cell, bucket(elapsed))] += 1


def _paused(measure: dict[str, Any], told: Sequence[tuple[str, datetime]], start: datetime, stop: datetime) -> int:
    paused, asked = 0, None
    for state, at in told:
        if at < start or at > stop:
            continue
        if state == "information_requested":
            asked = asked or at
        elif state == "information_received" and asked is not None:
            paused += _between(measure, asked, at)
            asked = None
    return paused + (_between(measure, asked, stop, start) if asked else 0)


def _between(measure: dict[str, Any], first: datetime, last: datetime, start: datetime | None = None) -> int:
    """Units from one moment to another; a stop (`start` is given) on no business day counts as the next one."""
    if "T" in measure["limit"]:
        return int(last.timestamp()) - int(first.timestamp())
    from_day, to_day = _day(first), _day(last)
    if measure["days"] == "calendar":
        return (to_day - from_day).days
    days = sum(_is_business(from_day + timedelta(days=n)) for n in range(1, (to_day - from_day).days + 1))
    moved = start is not None and not _is_business(to_day) and to_day != _day(start)
    return days + moved


def _day(at: datetime) -> date:
    return at.astimezone(TORONTO).date()


def _is_business(day: date) -> bool:
    return day.weekday() < 5 and day not in HOLIDAYS


def bucket(elapsed: int) -> int:
    """Exact to 100, then logarithmic buckets of 1 % relative error."""
    return max(elapsed, 0) if elapsed <= 100 else 100 + math.ceil(math.log(elapsed / 100) / math.log(1.01 / 0.99))
