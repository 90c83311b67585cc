"""The share within the limit with open cases counted in, beside the share of those that have ended. Pure.

Cells say of ended cases on which day they ended and how long they took, and of open ones when they became or become late. From
both follows which marks of the clock each passed within a period, which is what the estimate needs (`survival`). It is given for
the limit in force on the period's last day. Marks are whole days, business days or, for hours, seconds in buckets of 1 %.

What it cannot place is left out and counted: cases that are paused and not late, since what their clock had reached is not in the
cells; and cases that were late before the period began, which are of an earlier one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any, Final

from services.reporting.domain.compliance.saying import percent
from services.reporting.domain.figures import FEWEST_SHOWN, Window
from services.reporting.domain.fold import NEVER_LATE, bucket, value_of
from services.reporting.domain.survival import Estimate, Seen, estimate
from shared.calendars import Calendar, calendar
from shared.clock.scales import scale_of
from shared.contracts.measure import Measure
from shared.language import Bilingual

_MONTH_DAYS: Final = 30.4375
_DAY_SECONDS: Final = 86_400
_EXACT: Final = 100
Words = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Ended:
    """Cases that ended on a day, by how long they took (`fold.bucket`)."""

    day: date
    bucket: int
    cases: int


@dataclass(frozen=True, slots=True)
class Open:
    """Cases that have not ended, by the day they started on and the moment from which they are or would be late."""

    state: str
    started_on: date
    late_from: datetime
    cases: int


@dataclass(frozen=True, slots=True)
class Ruler:
    """How a measure's clock counts: its limit and unit, and how far it goes from one day to another."""

    limit: int
    unit: str
    exact: bool
    calendar: Calendar

    def between(self, first: date, last: date) -> int:
        """Units from one local day to another; negative where the other is before."""
        if self.unit == "business_day":
            return self.calendar.business_days_between(first, last)
        return (last - first).days * (_DAY_SECONDS if self.unit == "second" else 1)

    def reached(self, late_from: datetime, now: datetime) -> int:
        """The mark that a running case has reached that is late from a moment on."""
        if self.unit == "second":
            return self.limit + 1 + (now - late_from) // timedelta(seconds=1)
        due = (late_from - timedelta(microseconds=1)).astimezone(self.calendar.zone).date()
        return self.limit + self.between(due, now.astimezone(self.calendar.zone).date())


def ruler(measure: Measure) -> Ruler:
    """A limit in months is counted as so many mean months of days: its own length depends on the day it starts."""
    scale = scale_of(measure.limit, measure.days)
    limit = scale.limit if scale.limit is not None else round(scale.number * _MONTH_DAYS)
    return Ruler(limit, scale.unit, scale.limit is not None and limit <= _EXACT, calendar(measure.calendar))


@dataclass(frozen=True, slots=True)
class Counted:
    """An estimate, or None with `reason`; and how many cases were left out of it."""

    found: Estimate | None
    late_before: int
    paused: int
    not_started: int
    reason: str | None


def counted(rule: Ruler, ended: Sequence[Ended], open_: Sequence[Open], span: Window, now: datetime) -> Counted:
    """The estimate over a period, from cases that ended in it or since, and cases open now."""
    seen = [_ended(rule, each, span) for each in ended]
    placed = [each for each in open_ if each.state != "not_started" and each.late_from != NEVER_LATE]
    seen += [_open(rule, each, span, now) for each in placed]
    late_before = sum(each.cases for each in seen if each.entered > bucket(rule.limit))
    found = estimate(seen, bucket(rule.limit))
    within = any(each.entered <= min(each.left, bucket(rule.limit)) for each in seen)
    reason = None if found else "none_seen_that_long" if within else "no_cases"
    not_started = sum(each.cases for each in open_ if each.state == "not_started")
    paused = sum(each.cases for each in open_) - not_started - sum(each.cases for each in placed)
    return Counted(found, late_before, paused, not_started, reason)


def _ended(rule: Ruler, case: Ended, span: Window) -> Seen:
    """One that ended after the period was open at its end."""
    taken = round(value_of(case.bucket))
    entered = max(0, taken - rule.between(span.first, case.day))
    if case.day <= span.last:
        return Seen(bucket(entered), case.bucket, ended=True, cases=case.cases)
    return _censored(entered, taken - rule.between(span.last, case.day), case.cases)


def _open(rule: Ruler, case: Open, span: Window, now: datetime) -> Seen:
    """The day is not over: at the mark of today it may still end."""
    today = now.astimezone(rule.calendar.zone).date()
    reached = rule.reached(case.late_from, now)
    entered = 0 if case.started_on >= span.first else max(0, reached - rule.between(span.first, today))
    left = reached - 1 if span.last >= today else reached - rule.between(span.last, today)
    return _censored(entered, left, case.cases)


def _censored(entered: int, left: int, cases: int) -> Seen:
    # What left no mark within the period is at risk nowhere.
    return Seen(bucket(entered), bucket(left) if left >= 0 else -1, ended=False, cases=cases)


def answer(
    rule: Ruler | None,
    found: Counted | None,
    tally: tuple[int, int],
    span: Window,
    as_of: datetime | None,
    *,
    public: bool,
) -> dict[str, Any]:
    """What is said of it, beside `tally`: how many of the ended cases met the standard, of how many. To the public, nothing on
    fewer than 10 cases.
    """
    if rule is None or found is None:
        return _said(None, None, "no_clock", as_of, _NO_CLOCK)
    if public and _few(found, tally):
        return {**_said(rule, None, "suppressed", as_of, _SUPPRESSED), "suppressed": True}
    words = _words(found, tally, span)
    body = _said(rule, found.found, found.reason, as_of, words)
    excluded = {"late_before": found.late_before, "paused": found.paused, "not_started": found.not_started}
    return {**body, "excluded": excluded}


def _few(found: Counted, tally: tuple[int, int]) -> bool:
    each = found.found
    parts = [tally[1], found.late_before, found.paused, found.not_started]
    parts += [each.at_risk, each.censored, each.passed] if each else []
    return any(0 < part < FEWEST_SHOWN for part in parts)


def _said(rule: Ruler | None, found: Estimate | None, reason: str | None, as_of: Any, words: Words) -> dict[str, Any]:
    return {
        "method": "kaplan_meier",
        "share": found and found.share,
        "interval": found and found.interval,
        "limit": rule and {"value": rule.limit, "unit": rule.unit},
        "exact": rule and rule.exact,
        "at_risk": found and found.at_risk,
        "ended": found and found.ended,
        "censored": found and found.censored,
        "passed": found and found.passed,
        "excluded": None,
        "reason": reason,
        "as_of": as_of,
        "suppressed": False,
        "explanation": Bilingual(en=words[0], fr=words[1]).model_dump(),
    }


_NO_CLOCK: Final = (
    "No application is timed against this standard, so there is nothing open to count in.",
    "Aucune demande n'est chronométrée selon cette norme; il n'y a donc aucun cas en cours à compter.",
)
_SUPPRESSED: Final = ("Fewer than 10 cases: not shown.", "Moins de 10 cas : non montré.")
_NOTHING: Final = {
    "no_cases": (
        "No case has passed any part of its time in this period.",
        "Aucun cas n'a passé une partie de son délai dans cette période.",
    ),
    "none_seen_that_long": (
        "No case has been seen for as long as the limit: with open cases counted in, the share is not known yet.",
        "Aucun cas n'a été suivi aussi longtemps que le délai : en comptant les cas en cours, la part n'est pas encore connue.",
    ),
}


def _words(found: Counted, tally: tuple[int, int], span: Window) -> Words:
    parts = [_NOTHING[found.reason]] if found.reason else [_estimated(found.found, tally, span)]  # type: ignore[arg-type]
    parts += [_left_out(found)] if found.late_before or found.paused else []
    return " ".join(en for en, _ in parts), " ".join(fr for _, fr in parts)


def _estimated(found: Estimate, tally: tuple[int, int], span: Window) -> Words:
    share, low, high = (percent(Fraction(each)) for each in (found.share, *(found.interval or (0, 1))))
    met, total = tally
    closed = percent(Fraction(met, total)) if total and met <= total else None
    few = found.at_risk < FEWEST_SHOWN
    english = (
        f"With open cases counted in, an estimated {share[0]} are within the limit (95% interval {low[0]} to {high[0]}), from "
        f"{found.at_risk} cases at risk from {span.first} to {span.last}: {found.ended} ended within the limit, {found.passed} "
        f"passed it, {found.censored} are open within it (censored)."
    )
    french = (
        f"En comptant les cas en cours, on estime que {share[1]} respectent le délai (intervalle à 95 % : {low[1]} à {high[1]}), "
        f"d'après {found.at_risk} cas à risque du {span.first} au {span.last} : {found.ended} terminés dans le délai, "
        f"{found.passed} l'ont dépassé, {found.censored} en cours dans le délai (censurés)."
    )
    beside = _beside(found.share, closed, met, total)
    little = (" Fewer than 10 cases say little.", " Moins de 10 cas en disent peu.") if few else ("", "")
    return f"{english} {beside[0]}{little[0]}", f"{french} {beside[1]}{little[1]}"


def _beside(share: float, closed: Words | None, met: int, total: int) -> Words:
    """Why it is another share than that of the cases that ended."""
    if closed is None:
        return "No case has ended in this period.", "Aucun cas n'a pris fin dans cette période."
    english, french = (
        f"Of the {total} cases that ended, {closed[0]} were within it.",
        f"Des {total} cas terminés, {closed[1]} l'ont respecté.",
    )
    if abs(share - met / total) < 0.0005:
        return f"{english} Open cases change nothing.", f"{french} Les cas en cours n'y changent rien."
    if share < met / total:
        return (
            f"{english} That share is higher because cases that take long have not ended yet, and so are not in it.",
            f"{french} Cette part est plus élevée parce que les cas qui durent n'ont pas encore pris fin et n'y figurent donc pas.",
        )
    return (
        f"{english} That share is lower because old cases ended in this period, more than one would expect of new ones.",
        f"{french} Cette part est plus basse parce que d'anciens cas ont pris fin dans cette période, plus qu'on ne l'attendrait de nouveaux cas.",
    )


def _left_out(found: Counted) -> Words:
    return (
        f"Left out: {found.late_before} that were late before this period, {found.paused} that wait for the client.",
        f"Exclus : {found.late_before} déjà en retard avant cette période, {found.paused} en attente du client.",
    )
