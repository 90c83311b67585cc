"""How fast cases go: when a department works, and when a case has used so much of its standard's limit."""

import math
from datetime import date, datetime, time, timedelta
from functools import cache, lru_cache
from random import Random
from statistics import NormalDist

from shared.calendars import Calendar, calendar
from shared.clock.scales import scale_of
from shared.contracts.measure import Measure

OPENS, CLOSES = 8 * 3600, 17 * 3600  # seconds of a local business day
_NORMAL = NormalDist()
_SPREAD = 0.5
_DAYS = {"D": 1.0, "W": 7.0, "M": 30.4}
_SECONDS = {"H": 3600, "M": 60, "S": 1}


def slowness(rng: Random, share: float) -> float:
    """How much of the limit a case takes: log-normal, at most 1 with the probability `share`."""
    return math.exp(_SPREAD * (_NORMAL.inv_cdf(max(rng.random(), 1e-9)) - _at_limit(share)))


@cache
def _at_limit(share: float) -> float:
    return _NORMAL.inv_cdf(min(max(share, 0.01), 0.999))


@cache
def days_of(measure: Measure) -> float:
    """The limit in calendar days, about."""
    number, part = int(measure.limit[1:-1].removeprefix("T")), measure.limit[-1]
    if measure.limit.startswith("PT"):
        return number * _SECONDS[part] / 86_400
    return number * _DAYS[part] * (1.4 if measure.days == "business" else 1)


def office(rng: Random, of: Calendar, day: date, after: datetime) -> datetime:
    """A moment of office hours on `day`, or as soon as possible after `after`."""
    after = after.astimezone(of.zone)
    day = max(day, after.date())
    opens = OPENS
    if day == after.date():
        opens = max(opens, after.hour * 3600 + after.minute * 60 + after.second + 60)
    if opens >= CLOSES or not of.is_business_day(day):
        day, opens = of.add_business_days(day, 1), OPENS
    return midnight(day, of) + timedelta(seconds=opens + int(0.6 * rng.random() * (CLOSES - opens)))


@lru_cache(maxsize=4096)
def midnight(day: date, of: Calendar) -> datetime:
    return datetime.combine(day, time(), of.zone)


class Line:
    """The moments of one case, in order, on the scale of its standard: days at office hours, seconds at any hour."""

    def __init__(self, rng: Random, measure: Measure, start: datetime) -> None:
        self.rng, self.last = rng, start
        self.calendar = calendar(measure.calendar)
        self._measure, self._scale = measure, scale_of(measure.limit, measure.days)
        self.start(start)

    def start(self, at: datetime) -> None:
        """The clock starts."""
        self._first, self._paused, self.last = self._scale.mark(at, self.calendar), 0, at
        self.limit = self._scale.limit_from(self._first)

    def used(self, part: float) -> datetime:
        """When the case has used this part of its limit."""
        units = part * self.limit
        if self._scale.unit == "second":
            return self._move(self._due(round(units))[1])
        return self._on(self._due(math.ceil(units - 0.3))[0], in_time=part <= 1)

    def paused(self) -> datetime:
        """When what is asked for now is received: in some days, or some hours."""
        asked = self.last
        days = self.rng.uniform(0.1, 2) if self._scale.unit == "second" else self.rng.uniform(2, 12)
        received = self.later(days)
        self._paused += self._scale.mark(received, self.calendar) - self._scale.mark(asked, self.calendar)
        return received

    def later(self, days: float) -> datetime:
        """Some days on, whatever the limit."""
        if self._scale.unit == "second":
            return self._move(self.last + timedelta(days=days))
        day = self.last.astimezone(self.calendar.zone).date() + timedelta(days=int(days))
        return self._move(office(self.rng, self.calendar, day, self.last))

    def _due(self, units: int) -> tuple[date, datetime]:
        day, at = self._scale.due(self._first + self._paused + units, self.calendar)
        return day or at.date(), at

    def _on(self, day: date, *, in_time: bool) -> datetime:
        """At office hours of the day; where it is none of business, before it if that keeps a case in time."""
        if in_time and not self.calendar.is_business_day(day):
            day = self.calendar.day_of(self.calendar.count(day))
        return self._move(office(self.rng, self.calendar, day, self.last))

    def _move(self, at: datetime) -> datetime:
        self.last = max(at, self.last + timedelta(milliseconds=1))
        return self.last
