"""Draws that are the same on every machine: each depends on its name alone (SHA-256), not on their order."""

import hashlib
import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import TypeVar

T = TypeVar("T")
_NORMAL = NormalDist()


class Draws:
    """The named draws of one thing, such as one synthetic service."""

    def __init__(self, seed: int, thing: str) -> None:
        self._seed, self._thing = seed, thing

    def within(self, part: str) -> "Draws":
        """The draws of one part of the thing."""
        return Draws(self._seed, f"{self._thing}/{part}")

    def share(self, name: str) -> float:
        """Evenly spread in [0, 1)."""
        digest = hashlib.sha256(f"{self._seed}/{self._thing}/{name}".encode()).digest()
        return int.from_bytes(digest[:6]) / 2**48

    def happens(self, name: str, probability: float) -> bool:
        return self.share(name) < probability

    def one(self, name: str, choices: Sequence[T]) -> T:
        return choices[int(self.share(name) * len(choices))]

    def weighted(self, name: str, choices: Sequence[tuple[T, float]]) -> T:
        """One of the choices by its weight."""
        left = self.share(name) * math.fsum(weight for _, weight in choices)
        for choice, weight in choices:
            left -= weight
            if left < 0:
                return choice
        return choices[-1][0]

    def heavy_tailed(self, name: str, quartiles: tuple[float, float, float]) -> int:
        """A count of at least 1, log-normal on either side of the median, through the quartiles."""
        deviation = _NORMAL.inv_cdf(max(self.share(name), 1e-9)) / _NORMAL.inv_cdf(0.75)
        low, median, high = (math.log(quartile) for quartile in quartiles)
        return max(1, round(math.exp(median + deviation * (high - median if deviation > 0 else median - low))))
