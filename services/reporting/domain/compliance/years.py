"""Fiscal years (1 April to 31 March, written `2018-2019`), and the moments of days in Ottawa."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

OTTAWA = ZoneInfo("America/Toronto")
_FIRST, _LAST = date(1900, 1, 1), date(2200, 12, 31)


def plausible(day: date) -> date:
    """A day that years can be added to and taken from: one of other centuries is as long ago, or as far off, as can be."""
    return min(max(day, _FIRST), _LAST)


def fiscal_year(day: date) -> str:
    """The fiscal year that holds a day."""
    first = day.year if day.month >= 4 else day.year - 1
    return f"{first}-{first + 1}"


def first_day(year: str) -> date:
    return date(int(year[:4]), 4, 1)


def last_day(year: str) -> date:
    return date(int(year[:4]) + 1, 3, 31)


def year_before(year: str) -> str:
    return fiscal_year(first_day(year) - timedelta(days=1))


def years_between(first: date, last: date) -> list[str]:
    """The fiscal years that lie whole between two days, both included."""
    found, day = [], first_day(fiscal_year(first))
    while last_day(fiscal_year(day)) <= last:
        if day >= first:
            found.append(fiscal_year(day))
        day = last_day(fiscal_year(day)) + timedelta(days=1)
    return found


def years_after(day: date, years: int) -> date:
    """The same day, so many years on; 28 February for 29 February."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def end_of(day: date) -> datetime:
    """The next midnight in Ottawa, in UTC, exclusive."""
    return datetime.combine(day + timedelta(days=1), time(), OTTAWA).astimezone(UTC)
