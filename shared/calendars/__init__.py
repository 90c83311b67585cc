"""Working calendars of Canada: which days are business days, what the others are called, and in which time zone.

Holidays are data, in versions (`shared.calendars.versions`): a new release of a package moves nobody's due date.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from functools import cache, lru_cache
from hashlib import sha256
from itertools import accumulate
from typing import Final
from zoneinfo import ZoneInfo

from shared.calendars.canada import FIRST_YEAR, LAST_YEAR, ZONES
from shared.calendars.exceptions import ExceptionDay, in_force
from shared.calendars.versions import versions
from shared.language import Bilingual

__all__ = ["FIRST_YEAR", "LAST_YEAR", "Calendar", "ExceptionDay", "calendar", "excepting", "in_force"]

_FIRST: Final = date(FIRST_YEAR, 1, 1).toordinal()
_LAST: Final = date(LAST_YEAR, 12, 31).toordinal()


class Calendar:
    """Business days: Monday to Friday less holidays (clock rule 1). Never changes once made.

    Holidays are known from 2000 to 2060; outside these years every Monday to Friday is a business day.
    """

    __slots__ = ("_counts", "_holidays", "name", "version", "zone")

    def __init__(self, name: str, version: str, zone: ZoneInfo, holidays: Mapping[date, Bilingual]) -> None:
        self.name = name
        self.version = version
        self.zone = zone
        self._holidays = dict(holidays)
        closed = {day.toordinal() for day in self._holidays}
        self._counts = list(accumulate(_is_weekday(n) and n not in closed for n in range(_FIRST, _LAST + 1)))

    def __repr__(self) -> str:
        return f"Calendar({self.name!r}, version={self.version!r})"

    def is_business_day(self, day: date) -> bool:
        return day.weekday() < 5 and day not in self._holidays

    def holiday(self, day: date) -> Bilingual | None:
        """The name of a holiday or exception day; None for other days, plain Saturdays and Sundays among them."""
        return self._holidays.get(day)

    def count(self, day: date) -> int:
        """Business days from the first of 2000 to `day`, both included; negative before. In constant time."""
        ordinal = day.toordinal()
        if ordinal < _FIRST:
            return _weekdays(ordinal) - _weekdays(_FIRST - 1)
        if ordinal > _LAST:
            return self._counts[-1] + _weekdays(ordinal) - _weekdays(_LAST)
        return self._counts[ordinal - _FIRST]

    def day_of(self, count: int) -> date:
        """The business day which `count` gives this number for."""
        if count < 1:
            return _weekday_of(_weekdays(_FIRST - 1) + count)
        if count > self._counts[-1]:
            return _weekday_of(_weekdays(_LAST) + count - self._counts[-1])
        return date.fromordinal(_FIRST + bisect_left(self._counts, count))

    def business_days_between(self, start: date, end: date) -> int:
        """Number of business days d with start < d <= end."""
        return self.count(end) - self.count(start)

    def add_business_days(self, day: date, days: int) -> date:
        """The `days`-th business day after `day` (the day itself for 0). Raises ValueError for a negative number."""
        if days < 0:
            raise ValueError("business days are added, never taken away")
        return self.day_of(self.count(day) + days) if days else day

    def with_exceptions(self, days: Mapping[date, Bilingual]) -> "Calendar":
        """Less a department's exception days, each with its public note; another version."""
        noted = "\n".join(f"{day} {note.en} {note.fr}" for day, note in sorted(days.items()))
        version = f"{self.version}+{sha256(noted.encode()).hexdigest()[:8]}" if days else self.version
        return Calendar(self.name, version, self.zone, {**self._holidays, **days})


@lru_cache(maxsize=4096)
def calendar(name: str, on: date | None = None) -> Calendar:
    """The calendar `CA` (federal) or `CA-<province>`, in the version valid for a case that starts on a day.

    Without a day, the newest version. Raises KeyError for another name. Made at the first call.
    """
    made = _made(name)
    if on is None:
        return made[-1][1]
    return next((each for valid_from, each in reversed(made) if valid_from <= on), made[0][1])


def excepting(base: Calendar, exceptions: Iterable[ExceptionDay], at: datetime) -> Calendar:
    """A calendar less those of a department's exception days that stood at an instant (aware)."""
    days = in_force(exceptions, base.name, at)
    return _less(base, tuple(sorted(days.items()))) if days else base


@lru_cache(maxsize=64)
def _less(base: Calendar, days: tuple[tuple[date, Bilingual], ...]) -> Calendar:
    return base.with_exceptions(dict(days))


@cache
def _made(name: str) -> list[tuple[date, Calendar]]:
    """Its versions by the start date they are valid from."""
    zone = ZoneInfo(ZONES[name])
    return [(each.valid_from, Calendar(name, each.version, zone, each.holidays_of(name))) for each in versions()]


def _is_weekday(ordinal: int) -> bool:
    return ordinal % 7 in {1, 2, 3, 4, 5}


def _weekdays(ordinal: int) -> int:
    """Mondays to Fridays up to a proleptic ordinal; day 1 is a Monday."""
    weeks, days = divmod(ordinal, 7)
    return 5 * weeks + min(days, 5)


def _weekday_of(count: int) -> date:
    weeks, days = divmod(count - 1, 5)
    return date.fromordinal(7 * weeks + days + 1)
