"""F2: every await of the paths that the promise stands on, and a crash before and after each.

A point is armed in a service that is known to reach it; when the process has ended there, it is started again with the
next one armed. What a seed chooses - the services, the order, at which time of passing - it chooses again.
"""

import asyncio
import random
import time
from collections import Counter, defaultdict, deque
from contextlib import suppress

from guichet.errors import Stop
from guichet.home import SERVICES
from shared.testing import eventually
from tests.faults import failpoints
from tests.faults.rig import Rig

_PATIENCE_SECONDS = 15.0
_MOST_TRIES = 3
_REDUCED = 12  # points
_LEARN_SECONDS = 6.0


class Campaign:
    """Points still to be tried, by service, and what became of those that were."""

    def __init__(self, rig: Rig, points: set[str]) -> None:
        self._rig = rig
        self._rng = random.Random(f"{rig.seed}/F2")
        self.wanted = points
        self.crashed: Counter[str] = Counter()
        self._reached: dict[str, Counter[str]] = defaultdict(Counter)
        self._queues: dict[str, deque[str]] = {name: deque() for name in SERVICES}
        self._assigned: set[str] = set()
        self._tries: Counter[str] = Counter()
        self._armed: dict[str, tuple[str, float]] = {}

    @property
    def left(self) -> bool:
        return any(self._queues.values()) or bool(self._armed)

    def learn(self) -> None:
        """Give each point that has been reached by now to one of the services that reach it."""
        for name in SERVICES:
            self._reached[name] = Counter(dict(failpoints.hits(self._rig.system.home.path / f"hits-{name}")))
        new = sorted(self.wanted - self._assigned)
        self._rng.shuffle(new)
        for point in new:
            if able := [name for name in SERVICES if self._reached[name][point]]:
                self._assigned.add(point)
                self._queues[min(able, key=lambda name: (len(self._queues[name]), name))].append(point)

    def arm(self, name: str) -> None:
        """The service's next process ends at its next point."""
        if name not in self._queues or not self._queues[name]:
            self._armed.pop(name, None)
            return
        point = self._queues[name].popleft()
        often = self._reached[name][point] > 500
        self._armed[name] = point, time.monotonic()
        self._rig.system.armed[name] = f"{point}@{self._rng.randrange(1, 6) if often else 1}"

    def died(self, name: str, code: int) -> None:
        armed = self._armed.pop(name, None)
        if armed and code == failpoints.STATUS_OF_A_CRASH:
            self.crashed[armed[0]] += 1
        elif armed:
            self._try_again(armed[0])
        self.arm(name)

    def _try_again(self, point: str) -> None:
        self._tries[point] += 1
        if self._tries[point] < _MOST_TRIES:
            able = [name for name in SERVICES if self._reached[name][point]]
            self._queues[self._rng.choice(able)].append(point)

    async def go(self, until: float) -> None:
        """Crash wherever is left, until nothing is or the time is up."""
        self._rig.on_death = self.died
        while self.left and time.monotonic() < until:
            for name in SERVICES:
                armed = self._armed.get(name)
                # Nobody passes there now, or nothing was armed when it was started: it is tried another time.
                if (armed is None and self._queues[name]) or (
                    armed is not None and time.monotonic() - armed[1] > _PATIENCE_SECONDS
                ):
                    self._rig.kill(name)
            await asyncio.sleep(0.3)
        self._rig.on_death = lambda _name, _code: None

    async def end(self) -> None:
        """No process is armed any more."""
        for name in list(self._armed):
            self._rig.system.armed.pop(name, None)
            self._rig.kill(name)
        await eventually(self._all_ready, seconds=60)

    async def _all_ready(self) -> bool:
        return all([(await self._rig.ready(name)).get("degraded") is False for name in SERVICES])


async def run(rig: Rig, full: bool) -> str:
    everything = failpoints.points()
    rng = random.Random(f"{rig.seed}/F2 points")
    await asyncio.sleep(_LEARN_SECONDS)
    if full:
        await stimulate(rig)
    points = set(rig.points) or (set(everything) if full else _some(rig, rng))
    campaign = Campaign(rig, points)
    campaign.learn()
    until = time.monotonic() + (1500 if full else 40)
    while True:
        await campaign.go(until)
        assigned = len(campaign._assigned)
        if not full or time.monotonic() > until:
            break
        await stimulate(rig)
        campaign.learn()  # what only a crash or a broken dependency leads to is found on the way
        if len(campaign._assigned) == assigned:
            break
    await campaign.end()
    rig.unreached = sorted(points - campaign.crashed.keys())
    return f"{sum(campaign.crashed.values())} crashes at {len(campaign.crashed)} of {len(points)} points"


def _some(rig: Rig, rng: random.Random) -> set[str]:
    """A dozen of those that a quiet load reaches; other ones with another seed."""
    reached = {point for name in SERVICES for point, _ in failpoints.hits(rig.system.home.path / f"hits-{name}")}
    return set(rng.sample(sorted(reached), _REDUCED))


async def stimulate(rig: Rig) -> None:
    """What a load alone does not lead to: replayed dead letters, broken dependencies."""
    for name in ("inventory", "feedback", "status"):
        with suppress(Stop):
            letters = await rig.services.ask(name, "/v1/dead-letters", query={"limit": 20})
            for letter in letters["items"]:
                await rig.services.ask(name, f"/v1/dead-letters/{letter['id']}/replay", method="POST")
    for part in ("postgres", "kafka"):
        async with rig.away(part):
            await asyncio.sleep(2)
        await rig.healed(60)
