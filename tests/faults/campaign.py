"""F2: every await of the paths that the promise stands on, and a crash before and after each.

A crash is wanted at many points at once: each process ends at the first of them that it passes, and is started again, until
there has been one at each.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager, nullcontext

from guichet.home import SERVICES
from tests.faults import failpoints
from tests.faults.rig import Rig
from tests.faults.stirring import stirred

_TELL_SECONDS = 60.0
_REDUCED = 8  # points
_LEARN_SECONDS = 3.0
_MOST_SECONDS, _MOST_REDUCED_SECONDS = 260.0, 15.0
# Kafka takes ten seconds to miss a reader that has died, and until then nobody else has its partitions.
_ROUND_SECONDS, _IDLE_SECONDS = 60.0, 12.0
_ONCE_MORE_SECONDS = 120.0


class Campaign:
    """Crashes at some points."""

    def __init__(self, rig: Rig, points: Iterable[str]) -> None:
        self._rig, self._points = rig, set(points)
        self._told_at = time.monotonic()

    @property
    def left(self) -> set[str]:
        """The points at which no process has ended."""
        return self._points - self._rig.wanted.been

    def __str__(self) -> str:
        return f"ended at {len(self._points) - len(self.left)} of {len(self._points)} points"

    async def go(self, seconds: float, idle: float = float("inf")) -> None:
        """Crash wherever is left, until nothing is, the time is up, or nothing has ended at a point for `idle` seconds."""
        until, left, since = time.monotonic() + seconds, len(self.left), time.monotonic()
        self._rig.wanted.want(self._points)
        while left and time.monotonic() < min(until, since + idle):
            await asyncio.sleep(0.1)
            if len(self.left) < left:
                left, since = len(self.left), time.monotonic()
            if time.monotonic() - self._told_at > _TELL_SECONDS:
                self._told_at = time.monotonic()
                self._rig.say(f"  {self} by now")
        self._rig.wanted.want(())


async def everywhere(rig: Rig, full: bool) -> str:
    """A crash at each point that a load leads to; in full, at each that all else leads to that is done at the same time."""
    if full:
        done = await meanwhile(rig, _MOST_SECONDS, rig.points, stirred(rig))
        rig.left_over = set(rig.points or failpoints.reachable()) - rig.wanted.been
        return done
    await asyncio.sleep(_LEARN_SECONDS)
    return await meanwhile(rig, _MOST_REDUCED_SECONDS, rig.points or _some(rig))


async def once_more(rig: Rig, beside: AbstractAsyncContextManager[None]) -> str:
    """A crash at each point that is still left over: what leads to those met something else by chance all along."""
    left = rig.left_over - rig.wanted.been
    return await meanwhile(rig, _ONCE_MORE_SECONDS, left, beside) if left else "no point was left over"


async def on_the_way(rig: Rig, again: Callable[[], Awaitable[None]]) -> str:
    """A crash at each point that `again` leads to in a system at rest; first where nothing else has led to, in rounds."""
    before = rig.hits()
    await again()
    await rig.healed(60)
    led_to = (rig.hits() - before).keys()
    alone = led_to - before.keys()
    ended = len(rig.wanted.been)
    async with rig.forking():
        for points in (alone, alone, led_to):
            campaign = Campaign(rig, points)
            if campaign.left:
                rig.wanted.want(points)
                await again()
                await campaign.go(_ROUND_SECONDS, _IDLE_SECONDS)
        await _all_ready(rig)
    return f"{len(rig.wanted.been) - ended} crashes on the way"


async def meanwhile(
    rig: Rig, seconds: float, points: Iterable[str] = (), beside: AbstractAsyncContextManager[None] | None = None
) -> str:
    """A crash at each of these points, or of all, that what is going on just now and `beside` leads to, and that no crash was at before."""
    campaign = Campaign(rig, points or failpoints.reachable())
    async with rig.forking():
        async with beside or nullcontext():
            await campaign.go(seconds)
        await _all_ready(rig)
    return str(campaign)


async def _all_ready(rig: Rig) -> None:
    for name in SERVICES:
        await rig.serves(name, 60)


def _some(rig: Rig) -> set[str]:
    """A few of those that a quiet load reaches; other ones with another seed."""
    return set(random.Random(f"{rig.seed}/F2 points").sample(sorted(rig.hits()), _REDUCED))
