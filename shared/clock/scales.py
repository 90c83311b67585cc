"""The lines of whole numbers a clock counts on: days, business days or seconds (clock rules 3 and 4).

On each of them elapsed time and pauses are differences of marks, and the due mark is start + limit + pauses.
"""

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import ClassVar, Final, Literal
from zoneinfo import ZoneInfo

from shared.calendars import Calendar

Unit = Literal["business_day", "day", "second"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DAY: Final = timedelta(days=1)
_SECOND: Final = timedelta(seconds=1)
_DAYS: Final = {"D": 1, "W": 7}
_SECONDS: Final = {"H": 3600, "M": 60, "S": 1}


class Scale:
    """Calendar days, marked by their proleptic ordinal; the other scales say where they differ."""

    unit: ClassVar[Unit] = "day"
    grace: ClassVar[timedelta] = timedelta(0)
    """From the due instant to the first late one."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.limit: int | None = number

    def limit_from(self, start: int) -> int:  # noqa: ARG002  # other scales need it
        return self.number

    def mark(self, at: datetime, calendar: Calendar) -> int:
        return local_date(at, calendar).toordinal()

    def mark_of_stop(self, at: datetime, started_on: date, calendar: Calendar) -> int:  # noqa: ARG002  # as above
        return self.mark(at, calendar)

    def due(self, mark: int, calendar: Calendar) -> tuple[date | None, datetime]:
        """The last day in time, and the instant (UTC) which ends it."""
        day = date.fromordinal(mark)
        return day, end_of(day, calendar.zone)


class _Months(Scale):
    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.limit = None

    def limit_from(self, start: int) -> int:
        return months_after(date.fromordinal(start), self.number).toordinal() - start


class _BusinessDays(Scale):
    """Marked by the calendar's count of business days."""

    unit = "business_day"

    def mark(self, at: datetime, calendar: Calendar) -> int:
        return calendar.count(local_date(at, calendar))

    def mark_of_stop(self, at: datetime, started_on: date, calendar: Calendar) -> int:
        """A stop on another day than a business day counts as the next one, but on the start day (rule 6)."""
        day = local_date(at, calendar)
        return calendar.count(day) + (day != started_on and not calendar.is_business_day(day))

    def due(self, mark: int, calendar: Calendar) -> tuple[date | None, datetime]:
        day = calendar.day_of(mark)
        return day, end_of(day, calendar.zone)


class _Seconds(Scale):
    """Around the clock, marked by seconds since 1970; fractions are cut off."""

    unit = "second"
    grace = _SECOND

    def mark(self, at: datetime, calendar: Calendar) -> int:  # noqa: ARG002  # no day, no zone
        return (at - _EPOCH) // _SECOND

    def due(self, mark: int, calendar: Calendar) -> tuple[date | None, datetime]:  # noqa: ARG002  # as above
        return None, _EPOCH + mark * _SECOND


@lru_cache(maxsize=4096)
def scale_of(limit: str, days: Literal["business", "calendar"]) -> Scale:
    """The scale of a measure's `limit` and `days`."""
    number, part = int(limit[1:-1].removeprefix("T")), limit[-1]
    if limit.startswith("PT"):
        return _Seconds(number * _SECONDS[part])
    if days == "business":
        return _BusinessDays(number)
    return _Months(number) if part == "M" else Scale(number * _DAYS[part])


def local_date(at: datetime, calendar: Calendar) -> date:
    return at.astimezone(calendar.zone).date()


def months_after(day: date, months: int) -> date:
    """The same day of the month, or its last (rule 3)."""
    years, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


@lru_cache(maxsize=4096)
def end_of(day: date, zone: ZoneInfo) -> datetime:
    """The next local midnight, in UTC, exclusive (rule 3)."""
    # Newfoundland put its clocks back at 00:01 until 2011, so midnight came twice: fold=1 is the one that ends the day.
    return datetime.combine(day + _DAY, time(fold=1), zone).astimezone(UTC)
