"""How many deliveries are under way, in all and to each destination, so that a slow or dead one holds up nobody else."""

import time
from dataclasses import dataclass, field

PLACES, BULK_PLACES = 256, 128
# To a destination that nothing is known of; twice as many after each delivery, down to the fewest where one fails.
START, FEWEST, MOST = 4, 1, 64
_FORGOTTEN_SECONDS = 60.0


@dataclass(slots=True)
class _Destination:
    limit: int = START
    taken: dict[str, int] = field(default_factory=lambda: {"live": 0, "bulk": 0})
    used_at: float = 0.0

    def room(self, lane: str) -> int:
        """Bulk takes half of the places, rounded up, and never the last one of several."""
        free = self.limit - sum(self.taken.values())
        return max(free if lane == "live" else min(free, (self.limit + 1) // 2 - self.taken["bulk"]), 0)


class Places:
    """Places by lane and destination; of each half at most are for bulk."""

    def __init__(self) -> None:
        self._destinations: dict[str, _Destination] = {}
        self._taken = {"live": 0, "bulk": 0}

    def free(self, lane: str) -> int:
        everything = PLACES - sum(self._taken.values())
        return everything if lane == "live" else min(everything, BULK_PLACES - self._taken["bulk"])

    def rooms(self, lane: str) -> dict[str, int]:
        """The room of each destination that something is known of."""
        now = time.monotonic()
        for name in [name for name, each in self._destinations.items() if _is_idle(each, now)]:
            del self._destinations[name]
        return {name: each.room(lane) for name, each in self._destinations.items()}

    def start(self, lane: str) -> int:
        """The room of a destination that nothing is known of."""
        return _Destination().room(lane)

    def take(self, destination: str, lane: str) -> None:
        known = self._destinations.setdefault(destination, _Destination())
        known.taken[lane] += 1
        known.used_at = time.monotonic()
        self._taken[lane] += 1

    def give_back(self, destination: str, lane: str, *, well: bool) -> None:
        known = self._destinations[destination]
        known.taken[lane] -= 1
        known.used_at = time.monotonic()
        known.limit = min(known.limit * 2, MOST) if well else FEWEST
        self._taken[lane] -= 1

    @property
    def taken(self) -> int:
        return sum(self._taken.values())


def _is_idle(each: _Destination, now: float) -> bool:
    return not any(each.taken.values()) and now - each.used_at > _FORGOTTEN_SECONDS
