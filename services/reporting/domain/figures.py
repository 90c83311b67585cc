"""From cells to what is said of a service standard. Nothing unknown is ever shown as 0 % or 100 %."""

import base64
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Any, Literal

import orjson

from services.reporting.domain.fold import value_of
from shared.intervals import wilson
from shared.language import Bilingual

Verdict = Literal["met", "not_met", "not_applicable", "no_data", "undetermined"]
Source = Literal["applications", "reported_results", "applications_and_reported_results"]
FEWEST_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Window:
    """Days from `first` to `last`, both included, local to the matter; `name` as it was asked for."""

    name: str
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Tally:
    """The sums of one standard and channel in a window; `durations` are (bucket, cases) pairs, in order."""

    org_id: str
    service_id: str
    standard_id: str
    channel: str | None
    met: int
    total: int
    withdrawn: int
    closed_undecided: int
    events: int
    open: int
    open_late: int
    not_started: int
    oldest_open: date | None
    unit: str | None
    durations: Sequence[tuple[int, int]]
    # Of `total`, those that applications show; the others were reported as results of a period.
    timed: int = 0


@dataclass(frozen=True, slots=True)
class Standard:
    service_id: str
    standard_id: str
    name: Bilingual
    target: float | None
    kind: str | None = None
    measure: Mapping[str, Any] | None = None


def window(name: str, today: date) -> Window:
    """The window of a name: `7d`, `28d`, `fiscal_year`, or `<from>/<to>`. Raises ValueError on any other."""
    if name in {"7d", "28d"}:
        return Window(name, today - timedelta(days=int(name[:-1]) - 1), today)
    if name == "fiscal_year":
        return Window(name, date(today.year - (today.month < 4), 4, 1), today)
    first, _, last = name.partition("/")
    found = Window(name, date.fromisoformat(first), date.fromisoformat(last))
    if found.last < found.first:
        raise ValueError("a window's first day comes before its last")
    return found


def verdict(met: int, total: int, target: float | None) -> Verdict:
    """Whether the standard's target was met, compared exactly (policy 2.3; not rounded first)."""
    if target is None or target == 0:
        return "not_applicable"
    if total == 0:
        return "no_data"
    return "met" if met >= Fraction(str(target)) * total else "not_met"


def percentile(durations: Sequence[tuple[int, int]], share: float) -> float | None:
    """The duration that `share` of the cases did not exceed (nearest rank)."""
    cases = sum(n for _, n in durations)
    if cases <= 0:
        return None
    rank = max(1, math.ceil(share * cases))
    for bucket, n in durations:
        rank -= n
        if rank <= 0:
            return value_of(bucket)
    return None


def total_shown(parts: Sequence[int]) -> int:
    """A total over figures of which those under 10 are hidden: the hidden ones are in it unless that would show them."""
    hidden = sum(part for part in parts if part < FEWEST_SHOWN)
    return sum(parts) if hidden >= FEWEST_SHOWN else sum(parts) - hidden


def figure(tally: Tally, standard: Standard | None, span: Window, position: int, *, public: bool) -> dict[str, object]:
    """One figure as it is answered; to the public, nothing on fewer than 10 cases."""
    target = standard.target if standard else None
    few = public and 0 < tally.total < FEWEST_SHOWN
    few_open = public and 0 < tally.open < FEWEST_SHOWN
    aside = (tally.withdrawn, tally.closed_undecided, tally.not_started)
    few_aside = public and any(0 < cases < FEWEST_SHOWN for cases in aside)
    interval = None if few else wilson(tally.met, tally.total)
    # More that met than there were cannot be: it is told as it is, and nothing is concluded from it.
    doubtful = tally.met > tally.total
    outcome = "undetermined" if standard is None or doubtful else verdict(tally.met, tally.total, target)
    return {
        "org_id": tally.org_id,
        "service_id": tally.service_id,
        "standard_id": tally.standard_id,
        "name": standard.name.model_dump() if standard else None,
        "kind": standard.kind if standard else None,
        "channel": tally.channel,
        "source": None if few or few_open else source(tally),
        "target": target,
        "window": {"name": span.name, "from": span.first, "to": span.last},
        "met": None if few else tally.met,
        "total": None if few else tally.total,
        "share": None if few or doubtful or tally.total == 0 else tally.met / tally.total,
        "interval": interval,
        "certain": None if interval is None or target is None else not interval[0] <= target <= interval[1],
        "verdict": None if few else outcome,
        "percentiles": None if few or not tally.durations else _percentiles(tally),
        "open": None if few_open else tally.open,
        "open_late": None if few_open else tally.open_late,
        "oldest_open": None if few_open else tally.oldest_open,
        "excluded": None if few else _excluded(tally, public=public),
        "events": None if few or few_aside else tally.events,
        "figure_id": _figure_id(tally, span, position),
        "suppressed": few or few_open or few_aside,
    }


def source(tally: Tally) -> Source | None:
    """Where a figure comes from; None where there is none."""
    reported = tally.total > tally.timed
    if tally.timed or tally.open or tally.not_started:
        return "applications_and_reported_results" if reported else "applications"
    return "reported_results" if reported else None


def _excluded(tally: Tally, *, public: bool) -> dict[str, int | None]:
    def shown(cases: int) -> int | None:
        return None if public and 0 < cases < FEWEST_SHOWN else cases

    return {
        "withdrawn": shown(tally.withdrawn),
        "closed_undecided": shown(tally.closed_undecided),
        "not_started": shown(tally.not_started),
    }


def _percentiles(tally: Tally) -> dict[str, object]:
    values = {f"p{share}": percentile(tally.durations, share / 100) for share in (50, 80, 90, 95)}
    exact = all(bucket <= 100 for bucket, _ in tally.durations)
    return {**values, "unit": tally.unit, "exact": exact}


def _figure_id(tally: Tally, span: Window, position: int) -> str:
    named = [tally.service_id, tally.standard_id, tally.channel, span.first, span.last, position]
    return "f_" + base64.urlsafe_b64encode(orjson.dumps(named)).decode().rstrip("=")
