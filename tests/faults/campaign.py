"""F2: every await of the paths that the promise stands on, and a crash before and after each.

A point is armed in a service that is known to reach it; when the process has ended there, it is started again with the
next one armed. What a seed chooses - the services, the order, at which time of passing - it chooses again.
"""

import asyncio
import random
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable

from guichet.home import SERVICES
from shared.testing import eventually
from tests.faults import failpoints
from tests.faults.rig import Rig
from tests.faults.stirring import stirred

_PATIENCE_SECONDS = 12.0
_TELL_SECONDS = 60.0
_MOST_TRIES = 4
_REDUCED = 8  # points
_LEARN_SECONDS = 3.0
_MOST_SECONDS, _MOST_REDUCED_SECONDS = 400.0, 15.0
_ROUNDS, _ROUND_SECONDS, _SOME_SECONDS, _IDLE_SECONDS, _STUCK_SECONDS, _NEVER = 6, 60.0, 20.0, 5.0, 25.0, 1e9


Hits = dict[str, Counter[str]]  # by service, then by point


class Campaign:
    """Points still to be tried, by service, and what became of those that were."""

    def __init__(self, rig: Rig, wanted: set[str]) -> None:
        self._rig = rig
        self._rng = random.Random(f"{rig.seed}/F2")
        self.wanted = wanted
        self._reached: Hits = {}
        self._queues: dict[str, deque[str]] = {name: deque() for name in SERVICES}
        self._tries: Counter[str] = Counter()
        self._armed: dict[str, tuple[str, float]] = {}
        self._crashed_at, self._told_at = 0.0, time.monotonic()

    @property
    def left(self) -> bool:
        return any(self._queues.values()) or bool(self._armed)

    @property
    def crashed(self) -> int:
        """How many of the points a process has ended at."""
        return len(self.wanted & self._rig.crashed.keys())

    def learn(self, since: Hits | None = None) -> None:
        """Give each point that has been reached by now, or since then, to one of the services that reach it."""
        self._reached = hits(self._rig)
        for name, counts in (since or {}).items():
            self._reached[name] -= counts
        waiting = {point for queue in self._queues.values() for point in queue} | {
            point for point, _ in self._armed.values()
        }
        given_up = {point for point, tries in self._tries.items() if tries >= _MOST_TRIES}
        new = sorted(self.wanted - waiting - given_up - self._rig.crashed.keys())
        self._rng.shuffle(new)
        for point in new:
            if able := [name for name in SERVICES if self._reached[name][point]]:
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
            self._rig.crashed[armed[0]] += 1
            self._crashed_at = time.monotonic()
        elif armed:
            self._try_again(armed[0])
        self.arm(name)

    def _try_again(self, point: str) -> None:
        self._tries[point] += 1
        if self._tries[point] < _MOST_TRIES:
            able = [name for name in SERVICES if self._reached[name][point]]
            self._queues[self._rng.choice(able)].append(point)

    async def go(self, until: float, idle: float = _NEVER) -> None:
        """Crash wherever is left, until nothing is, the time is up, or nothing has ended at a point for `idle` seconds."""
        self._rig.on_death = self.died
        self._crashed_at = time.monotonic()
        while self.left and time.monotonic() < min(until, self._crashed_at + idle):
            for name in SERVICES:
                armed = self._armed.get(name)
                # Nobody passes there now, or nothing was armed when it was started: it is tried another time.
                if (armed is None and self._queues[name]) or (
                    armed is not None and time.monotonic() - armed[1] > _PATIENCE_SECONDS
                ):
                    self._rig.kill(name)
            await asyncio.sleep(0.1)
            if time.monotonic() - self._told_at > _TELL_SECONDS:
                self._told_at = time.monotonic()
                self._rig.say(f"  ended at {self.crashed} of {len(self.wanted)} points by now")

    async def keep_on(self, until: float, since: Hits | None = None) -> None:
        """Crash wherever is left, and wherever one has come to meanwhile, until the time is up or there is nothing left."""
        while time.monotonic() < until and self.crashed < len(self.wanted):
            self.learn(since)
            await self.go(min(until, time.monotonic() + _SOME_SECONDS), _STUCK_SECONDS)
            await asyncio.sleep(1)

    async def end(self) -> None:
        """No process is armed any more."""
        self._rig.on_death = lambda _name, _code: None
        for name in list(self._armed):
            self._rig.system.armed.pop(name, None)
            self._rig.kill(name)
        await eventually(self._all_ready, seconds=60)

    async def _all_ready(self) -> bool:
        return all([(await self._rig.ready(name)).get("degraded") is False for name in SERVICES])


async def everywhere(rig: Rig, full: bool) -> str:
    """A crash at each point that a load leads to; in full, at each that all else leads to that is done at the same time."""
    points = set(rig.points) or set(failpoints.points())
    if full:
        quiet = hits(rig)  # what other faults have led to, this one may not
        async with rig.forking(), stirred(rig):
            campaign = Campaign(rig, points)
            await campaign.keep_on(time.monotonic() + _MOST_SECONDS, quiet)
            await campaign.end()
    else:
        await asyncio.sleep(_LEARN_SECONDS)
        campaign = Campaign(rig, points if rig.points else _some(rig))
        async with rig.forking():
            campaign.learn()
            await campaign.go(time.monotonic() + _MOST_REDUCED_SECONDS)
            await campaign.end()
    return f"ended at {campaign.crashed} of {len(points)} points"


async def on_the_way(rig: Rig, again: Callable[[], Awaitable[None]]) -> str:
    """A crash at each point that `again` leads to in a system at rest, and that no crash was at before; in rounds."""
    quiet = hits(rig)
    await again()
    await rig.healed(60)
    campaign = Campaign(rig, set(failpoints.points()))
    campaign.learn(quiet)
    before = sum(rig.crashed.values())
    async with rig.forking():
        for _ in range(_ROUNDS):
            if not campaign.left:
                break
            rig.on_death = campaign.died
            await again()
            await campaign.go(time.monotonic() + _ROUND_SECONDS, _IDLE_SECONDS)
        await campaign.end()
    return f"{sum(rig.crashed.values()) - before} crashes on the way"


async def among(rig: Rig, points: set[str], seconds: float) -> str:
    """A crash at each of these points that what is going on just now leads to."""
    campaign = Campaign(rig, points)
    async with rig.forking():
        await campaign.keep_on(time.monotonic() + seconds)
        await campaign.end()
    return f"ended at {campaign.crashed} of {len(points)} points of it"


def hits(rig: Rig) -> Hits:
    """How often each service has reached each point."""
    return {name: Counter(dict(failpoints.hits(rig.system.home.path / f"hits-{name}"))) for name in SERVICES}


def unreached(rig: Rig) -> list[str]:
    """The points at which no process has ended."""
    return [point for point in failpoints.points() if not rig.crashed[point]]


def _some(rig: Rig) -> set[str]:
    """A dozen of those that a quiet load reaches; other ones with another seed."""
    reached = set().union(*hits(rig).values())
    return set(random.Random(f"{rig.seed}/F2 points").sample(sorted(reached), _REDUCED))
