"""The departments at work: which service the next case is for, and its number."""

import hashlib
from base64 import b32encode
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from itertools import accumulate
from random import Random

from guichet.simulator.applications import Traits, application, channel
from guichet.simulator.departments import Service
from guichet.simulator.feedback import Case, feedback
from guichet.simulator.report import Plan, Window
from guichet.simulator.results import counted, today, week, weeks

_REMEMBERED = 10_000
_CLIENTS = 5_000
_ABOUT_A_CASE = 0.4


class Offices:
    """Every draw of one simulation, one after another."""

    def __init__(self, services: Sequence[Service], seed: int, now: datetime) -> None:
        name = f"{seed}/{now.astimezone(UTC).isoformat()}"
        self.rng = Random(name)  # noqa: S311 - simulation, not secrets
        self.services = services
        self.organizations = sorted({each.org_id for each in services})
        self._weights = list(accumulate(each.applications for each in services))
        if not self._weights[-1]:
            self._weights = list(range(1, len(services) + 1))
        self._mark = b32encode(hashlib.sha256(name.encode()).digest()).decode()[:4]
        self._numbers: Counter[str] = Counter()
        self._clients = [f"c-{self.rng.getrandbits(40):010x}" for _ in range(_CLIENTS)]
        self._numbering = {each for each in self.organizations if self.rng.random() < 0.3}
        self._cases: list[Case] = []
        self._counted = counted(services)
        self._today: tuple[date, int] = (date.min, 0)

    def application(self, window: Window, service: Service | None = None) -> Plan:
        service = service or self._service()
        traits = Traits(
            self._number(service.org_id, "A"),
            channel(self.rng, service),
            self.rng.choice(self._clients) if self.rng.random() < 0.5 else None,
            "fr" if self.rng.random() < 0.22 else "en",
            service.org_id in self._numbering,
        )
        plan = application(self.rng, service, traits, window)
        self._remember(Case(service, traits.application_id, _last_heard(plan, window)))
        return plan

    def feedback(self, window: Window) -> Plan:
        case = self.rng.choice(self._cases) if self._cases and self.rng.random() < _ABOUT_A_CASE else None
        service = case.service if case else self._service()
        return feedback(self.rng, service, self._number(service.org_id, "F"), case, window)

    def results(self, window: Window) -> Iterator[Plan]:
        """Of every whole week, standard and channel, in no order."""
        due = [(of, monday) for monday in weeks(window) for of in self._counted]
        self.rng.shuffle(due)
        for of, monday in due:
            yield week(self.rng, self._number(of.service.org_id, "R"), of, monday)

    def result_today(self, now: datetime) -> Plan:
        """The next standard's result of the day, once each; nothing when all of them were told."""
        day, told = self._today
        told = told if day == now.date() else 0
        if told >= len(self._counted):
            return []
        self._today = now.date(), told + 1
        of = self._counted[told]
        return today(self.rng, self._number(of.service.org_id, "R"), of, now)

    def in_turn(self) -> list[Service]:
        """Every service once, in no order."""
        return self.rng.sample(self.services, len(self.services))

    def _service(self) -> Service:
        return self.rng.choices(self.services, cum_weights=self._weights)[0]

    def _number(self, org_id: str, letter: str) -> str:
        """`A-<mark>-000123`; the mark keeps two simulations apart."""
        self._numbers[org_id + letter] += 1
        return f"{letter}-{self._mark}-{self._numbers[org_id + letter]:06d}"

    def _remember(self, case: Case) -> None:
        if len(self._cases) < _REMEMBERED:
            self._cases.append(case)
        else:
            self._cases[self.rng.randrange(_REMEMBERED)] = case


def _last_heard(plan: Plan, window: Window) -> datetime:
    return max((each.at for each in plan if each.at <= window.end), default=window.end)
