"""Early warning: whether a fiscal year's target will still be met, from what ended in it so far. Pure.

**Volume.** What is still to come is taken from the whole weeks of this year up to the day: their mean, with a 95 % prediction
interval for the sum of the weeks left (normal, from their spread; it holds the uncertainty of the mean itself). Where the year
before is recorded, what ended then in the same days is part of the range too, since years have seasons. With fewer than four
weeks, or fewer than 10 cases, nothing is said of what is to come.

**Performance.** Cases to come are taken to meet the standard as often as this year's have, with a 95 % prediction interval for
their number (binomial, spread as Pearson's dispersion of the weeks has it, never less than by chance alone); of those that come, as
many as are late already do not meet it. The interval of the year's share is the widest over the range of volumes.

**Certainty.** `unrecoverable`: even if every case still expected, at the most, met the standard, the target would be missed; a
target of 100 % is so with the first failure, whatever is still to come. `secured`: even if none of them did, it would be met. Both
are exact in whole numbers; nothing before the year's first day counts.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Final, Literal

from services.reporting.domain.compliance.years import first_day, fiscal_year, last_day, years_after
from services.reporting.domain.figures import FEWEST_SHOWN

State = Literal["secured", "on_track", "uncertain", "off_track", "unrecoverable"]
_Z: Final = 1.959963984540054  # 97.5 % of a normal distribution lie below
_FEWEST_WEEKS: Final = 4
_WEEK: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Day:
    """How many cases ended on a day, and how many of them met the standard."""

    day: date
    met: int
    total: int


@dataclass(frozen=True, slots=True)
class Range:
    low: int
    middle: int
    high: int


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a year has come to by a day, and what it is likely to: `expected` cases to come, the year's `share` with its
    `interval`; None where that is not known, and `reason` says why.
    """

    state: State | None
    reason: str | None
    year: str
    met: int
    total: int
    late: int
    expected: Range | None = None
    share: float | None = None
    interval: tuple[float, float] | None = None
    needed: int | None = None


def outlook(days: Sequence[Day], target: float | None, late: int, today: date, *, timed: bool) -> Outlook:
    """`days` of this fiscal year and the one before; `late`, cases open now that are late; `timed`, whether applications are
    counted one by one (results that are reported for a period say nothing of the weeks to come).
    """
    year = fiscal_year(today)
    own = [each for each in days if first_day(year) <= each.day <= today]
    met, total = sum(each.met for each in own), sum(each.total for each in own)
    so_far = Outlook(None, None, year, met, total, late)
    if not target:
        return _because(so_far, "no_target")
    if met > total:
        return _because(so_far, "met_exceeds_total")
    if total and target >= 1 and met < total:
        return _state(so_far, "unrecoverable")
    expected = _expected(days, own, today) if timed else None
    if expected is None or not (total or expected.high):
        return _because(so_far, _unknown(total, timed=timed, expected=expected))
    return _projected(so_far, Fraction(str(target)), expected, _dispersion(own, met, total, today))


def _unknown(total: int, *, timed: bool, expected: Range | None) -> str:
    """Why nothing is said of the weeks to come."""
    if timed and expected is None:
        return "volume_unknown"
    return "no_cases" if timed or not total else "reported_results"


def _because(found: Outlook, reason: str) -> Outlook:
    return Outlook(None, reason, found.year, found.met, found.total, found.late)


def _state(found: Outlook, state: State) -> Outlook:
    return Outlook(state, None, found.year, found.met, found.total, found.late)


def _weeks(own: Sequence[Day], today: date) -> list[list[Day]]:
    """The whole weeks of the year up to today, the newest first."""
    begun = first_day(fiscal_year(today))
    number = ((today - begun).days + 1) // 7
    weeks: list[list[Day]] = [[] for _ in range(number)]
    for each in own:
        if (ago := (today - each.day) // _WEEK) < number:
            weeks[ago].append(each)
    return weeks


def _expected(days: Sequence[Day], own: Sequence[Day], today: date) -> Range | None:
    """How many cases are still to come this year."""
    left = (last_day(fiscal_year(today)) - today).days
    if left == 0:
        return Range(0, 0, 0)
    totals = [sum(each.total for each in week) for week in _weeks(own, today)]
    if len(totals) < _FEWEST_WEEKS or sum(totals) < FEWEST_SHOWN:
        return None
    number, weeks = len(totals), left / 7
    mean = sum(totals) / number
    variance = sum((each - mean) ** 2 for each in totals) / (number - 1)
    spread = _Z * math.sqrt(variance * (weeks + weeks**2 / number))
    middle = round(mean * weeks)
    ends = [max(0, math.floor(mean * weeks - spread)), math.ceil(mean * weeks + spread), *_then(days, today)]
    return Range(min(ends), middle, max(ends))


def _then(days: Sequence[Day], today: date) -> list[int]:
    """What ended in the same days of the year before, where that year is recorded from before them on."""
    same = years_after(today, -1)
    last = years_after(last_day(fiscal_year(today)), -1)
    year = [each for each in days if first_day(fiscal_year(same)) <= each.day <= last]
    before, after = [each for each in year if each.day <= same], [each for each in year if each.day > same]
    enough = sum(each.total for each in before) >= FEWEST_SHOWN
    return [sum(each.total for each in after)] if enough else []


def _dispersion(own: Sequence[Day], met: int, total: int, today: date) -> float:
    """How much more the weeks differ than chance alone would have them (Pearson); 1 where that is not known."""
    weeks = [(sum(d.met for d in week), sum(d.total for d in week)) for week in _weeks(own, today)]
    weeks = [week for week in weeks if week[1]]
    share = met / total if total else 0.0
    if len(weeks) < 2 or not 0 < share < 1:
        return 1.0
    found = sum((m - share * n) ** 2 / (n * share * (1 - share)) for m, n in weeks) / (len(weeks) - 1)
    return max(1.0, found)


def _projected(so_far: Outlook, target: Fraction, expected: Range, dispersion: float) -> Outlook:
    met, total, most = so_far.met, so_far.total, expected.high
    ends = [_ends(so_far, number, dispersion) for number in (expected.low, expected.middle, expected.high)]
    interval = min(low for low, _, _ in ends), max(high for _, _, high in ends)
    share = ends[1][1]
    if met + most < target * (total + most):
        state: State = "unrecoverable"
    elif met >= target * (total + most):
        state = "secured"
    else:
        state = "on_track" if interval[0] >= target else "off_track" if interval[1] < target else "uncertain"
    needed = max(0, math.ceil(target * (total + expected.middle)) - met)
    known = (so_far.year, met, total, so_far.late)
    return Outlook(state, None, *known, expected, share, interval, needed)


def _ends(so_far: Outlook, number: int, dispersion: float) -> tuple[float, float, float]:
    """The year's share where so many cases are still to come: the least, the middle, the most."""
    met, total = so_far.met, so_far.total
    chance = (met + 0.5) / (total + 1)  # never certain, however few there were
    most = number - min(number, so_far.late)
    spread = _Z * math.sqrt(dispersion * chance * (1 - chance) * (number + number**2 / max(total, 1)))
    usual = number * met / total if total else number * chance
    low, middle, high = (min(max(each, 0.0), most) for each in (usual - spread, usual, usual + spread))
    whole = total + number
    return (met + low) / whole, (met + middle) / whole, (met + high) / whole
