"""How many deliveries are under way, in all and to each destination, so that a slow or dead one holds up nobody else."""

import time
from dataclasses import dataclass, field

from services.status.store import Room

PLACES, BULK_PLACES = 256, 128
# Of all that fail, together: each may hold its place for as long as a try may take.
FAILING_PLACES = 32
# To a destination that nothing is known of; twice as many after each delivery, down to the fewest where one fails.
START, FEWEST, MOST = 4, 1, 64
_FORGOTTEN_SECONDS = 60.0


@dataclass(slots=True)
class _Destination:
    limit: int = START
    failing: bool = False
    taken: dict[str, int] = field(default_factory=lambda: {"live": 0, "bulk": 0})
    used_at: float = 0.0

    def room(self, lane: str) -> int:
        """Bulk takes half of the places, rounded up, and never the last one of several."""
        free = self.limit - sum(self.taken.values())
        return max(free if lane == "live" else min(free, (self.limit + 1) // 2 - self.taken["bulk"]), 0)


class Places:
    """Places by lane and destination; half of them at most are for bulk, and an eighth for what fails."""

    def __init__(self) -> None:
        self._destinations: dict[str, _Destination] = {}
        self._taken = {"live": 0, "bulk": 0}
        self._taken_by_failing = 0

    def free(self, lane: str) -> int:
        everything = PLACES - sum(self._taken.values())
        return everything if lane == "live" else min(everything, BULK_PLACES - self._taken["bulk"])

    @property
    def free_for_failing(self) -> int:
        return FAILING_PLACES - self._taken_by_failing

    def rooms(self, lane: str) -> dict[str, Room]:
        """The room of each destination that something is known of, and whether it failed lately."""
        now = time.monotonic()
        for name in [name for name, each in self._destinations.items() if _is_idle(each, now)]:
            del self._destinations[name]
        return {name: Room(each.room(lane), each.failing) for name, each in self._destinations.items()}

    def start(self, lane: str) -> int:
        """The room of a destination that nothing is known of."""
        return _Destination().room(lane)

    def take(self, destination: str, lane: str, *, failing: bool = False) -> None:
        known = self._destinations.setdefault(destination, _Destination())
        known.taken[lane] += 1
        known.used_at = time.monotonic()
        self._taken[lane] += 1
        self._taken_by_failing += failing

    def give_back(self, destination: str, lane: str, *, well: bool, failing: bool = False) -> None:
        """`failing` as it was taken; `well`: what was tried went well."""
        known = self._destinations[destination]
        known.taken[lane] -= 1
        known.used_at = time.monotonic()
        known.limit = min(known.limit * 2, MOST) if well else FEWEST
        known.failing = not well
        self._taken[lane] -= 1
        self._taken_by_failing -= failing

    @property
    def taken(self) -> int:
        return sum(self._taken.values())


def _is_idle(each: _Destination, now: float) -> bool:
    return not any(each.taken.values()) and now - each.used_at > _FORGOTTEN_SECONDS
