"""The simulation that stands behind `guichet demo`."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import chain, count

from guichet.inventory_files import Import
from guichet.simulator.departments import services
from guichet.simulator.imperfections import INVALID, LATE, TWICE, conflicting, renamed, sent, spoiled
from guichet.simulator.offices import Offices
from guichet.simulator.report import Plan, Report, Window
from shared.contracts.envelope import rfc3339

_FEEDBACK, _RESULTS = 0.06, 0.02  # of all events
_REPORTS_AN_APPLICATION = 6  # more than an application has on average
_BEGUN = 0.45  # of the clean live reports, those that begin something new: more begins than ends, as on any morning
_BEGUN_FEEDBACK, _BEGUN_RESULTS = 0.1, 0.1  # of what is begun live; an application has more reports than these
_REMEMBERED = 500


class Simulation:
    """Departments that report; only valid rows of the inventory are used. Raises ValueError where there are none."""

    def __init__(self, inventory: Import, seed: int, now: datetime) -> None:
        if now.tzinfo is None:
            raise ValueError("now needs a time zone")
        self._services = services(inventory)
        if not self._services:
            raise ValueError("the inventory has no valid service to simulate")
        self._seed, self._now = seed, now
        self._begin()

    def backlog(self, events: int, days: int = 60) -> Iterator[Report]:
        """Exactly so many reports in order of arrival, their times spread over the days before now."""
        if events < 0 or days < 1:
            raise ValueError("events are at least 0, days at least 1")
        self._begin()
        window = Window(self._now - timedelta(days=days), self._now)
        duplicates, invalid = round(events * TWICE), round(events * INVALID)
        clean = self._clean(events, duplicates + invalid, window)
        offices, late = self._offices, round(events * LATE)
        return iter(sent(offices.rng, clean, duplicates, invalid, late, self._now, offices.organizations))

    def live(self, clock: Callable[[], datetime]) -> Iterator[Report]:
        """What follows the backlog, without end, one report at a time, each told at clock().

        Now and then one is sent twice (as it was) or invalid; accepted ids are always new.
        """
        recent: deque[Report] = deque(maxlen=_REMEMBERED)
        offices = self._offices
        while True:
            draw = offices.rng.random()
            if recent and draw < TWICE:
                yield replace(offices.rng.choice(recent), expected="duplicate")
            elif recent and draw < TWICE + INVALID / 4:
                yield _told_at(conflicting(offices.rng.choice(recent)), clock())
            else:
                report = self._next(clock())
                if draw > 1 - INVALID * 3 / 4:
                    wrong = spoiled(offices.rng, report, clock(), offices.organizations)
                    yield wrong if draw > 1 - INVALID / 2 else renamed(wrong)
                recent.append(report)
                yield report

    def _begin(self) -> None:
        self._offices = Offices(self._services, self._seed, self._now)
        self._open: list[Plan] = []

    def _clean(self, events: int, imperfect: int, window: Window) -> Plan:
        offices = self._offices
        results = self._past(offices.results(window), round(events * _RESULTS))
        opinions = round(events * _FEEDBACK)
        wanted = events - imperfect - opinions - len(results)
        applications = self._past(self._applications(wanted, window), wanted)
        feedback = self._past((offices.feedback(window) for _ in count()), opinions)
        return sorted([*applications, *feedback, *results], key=lambda each: each.at)

    def _applications(self, reports: int, window: Window) -> Iterator[Plan]:
        """Every service once where there is room for that, then by volume."""
        offices = self._offices
        each = offices.in_turn() if reports >= _REPORTS_AN_APPLICATION * len(offices.services) else []
        return chain(
            (offices.application(window, service) for service in each), (offices.application(window) for _ in count())
        )

    def _past(self, plans: Iterable[Plan], wanted: int) -> Plan:
        """So many steps of the past, fewer where plans end; what comes after them stays open for `live`."""
        kept: Plan = []
        for plan in plans if wanted else ():
            past = [each for each in plan if each.at <= self._now][: wanted - len(kept)]
            kept += past
            self._leave_open(plan[len(past) :])
            if len(kept) >= wanted:
                break
        return kept

    def _leave_open(self, plan: Plan) -> None:
        if plan:
            self._open.append(plan)

    def _next(self, now: datetime) -> Report:
        """The next step of something open, whichever; or the first of something new."""
        if self._open and self._offices.rng.random() >= _BEGUN:
            chosen = self._offices.rng.randrange(len(self._open))
            self._open[chosen], self._open[-1] = self._open[-1], self._open[chosen]
            plan = self._open.pop()
        else:
            plan = self._new(Window(now, now))
        self._leave_open(plan[1:])
        return _told_at(plan[0].report, now)

    def _new(self, window: Window) -> Plan:
        draw = self._offices.rng.random()
        if draw < _BEGUN_FEEDBACK:
            return self._offices.feedback(window)
        result = self._offices.result_today(window.end) if draw < _BEGUN_FEEDBACK + _BEGUN_RESULTS else []
        return result or self._offices.application(window)


def _told_at(report: Report, now: datetime) -> Report:
    return replace(report, event={**report.event, "time": rfc3339(now)})
