"""The Kaplan-Meier estimate: what share of cases ends within a limit, counted from those that have ended and those that have
not. Pure.

`E. L. Kaplan, P. Meier, Nonparametric Estimation from Incomplete Observations (1958)`, with delayed entry: a case that was
under way before the period began is at risk from the mark it had reached then, so that what it did before says nothing twice.
A case that is still open is censored at its mark. Both may be as many as they like; what must hold is that being open at the end
of a period says nothing of how long a case will take beyond its mark.

The interval is Wilson's for the effective sample size (Dorey & Korn, 1987) that Greenwood's variance stands for: without
censored cases and delayed entries it is exactly the one of the share of ended cases.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from shared.intervals import wilson


@dataclass(frozen=True, slots=True)
class Seen:
    """So many cases that were seen alike: at risk from mark `entered` to mark `left`, both included; there they `ended`, or were
    censored after it.
    """

    entered: int
    left: int
    ended: bool
    cases: int = 1


@dataclass(frozen=True, slots=True)
class Estimate:
    """The share that ends within the limit, its 95 % interval, and of how many: cases `at_risk` at some mark within the limit,
    of which some `ended` within it, some were `censored` within it, and the others passed it.
    """

    share: float
    interval: tuple[float, float] | None
    at_risk: int
    ended: int
    censored: int

    @property
    def passed(self) -> int:
        return self.at_risk - self.ended - self.censored


def estimate(observed: Iterable[Seen], limit: int) -> Estimate | None:
    """None where some mark within the limit is reached by nobody, while others come after it: then nothing is known of it."""
    seen = [each for each in observed if each.cases > 0 and 0 <= each.entered <= min(each.left, limit)]
    at_risk, ended = _marks(seen, limit)
    left, variance = 1.0, 0.0
    for mark in range(limit + 1):
        if at_risk[mark] == 0:
            return None
        left *= 1 - ended[mark] / at_risk[mark]
        if ended[mark] == at_risk[mark]:
            if any(each.entered > mark for each in seen):
                return None
            break
        variance += ended[mark] / (at_risk[mark] * (at_risk[mark] - ended[mark]))
    return _estimate(seen, limit, 1 - left, variance * left**2, at_risk[limit])


def _marks(seen: Iterable[Seen], limit: int) -> tuple[list[int], list[int]]:
    """How many cases are at risk at each mark up to the limit, and how many end there."""
    steps, ended = [0] * (limit + 2), [0] * (limit + 1)
    for each in seen:
        steps[each.entered] += each.cases
        steps[min(each.left, limit) + 1] -= each.cases
        if each.ended and each.left <= limit:
            ended[each.left] += each.cases
    at_risk, now = [], 0
    for step in steps[: limit + 1]:
        now += step
        at_risk.append(now)
    return at_risk, ended


def _estimate(seen: list[Seen], limit: int, share: float, variance: float, at_limit: int) -> Estimate:
    within = [each for each in seen if each.left <= limit]
    ended = sum(each.cases for each in within if each.ended)
    censored = sum(each.cases for each in within if not each.ended and each.left < limit)
    share = min(max(share, 0.0), 1.0)
    effective = share * (1 - share) / variance if variance > 0 and 0 < share < 1 else float(ended or at_limit)
    interval = wilson(share * effective, effective)
    return Estimate(share, interval, sum(each.cases for each in seen), ended, censored)
