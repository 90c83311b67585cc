"""What is measured when Prometheus asks: the unsent log, dead letters that wait, and what a service adds of its own."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, TypeAlias

import asyncpg

from shared import metrics
from shared.database import TRANSIENT, Pool
from shared.dead_letters import waiting
from shared.lost_events import void_beyond
from shared.tracing import how_far

# Sets the gauges that are a service's own.
Measure: TypeAlias = Callable[[Pool], Awaitable[None]]

_SECONDS = 2.0
_LONGEST = 2.0


class Measures:
    """Asks the database at most every two seconds; while it does not answer, the last values stand."""

    def __init__(self) -> None:
        self._asked_at = -_SECONDS

    async def take(self, pool: Pool, further: Measure | None = None) -> None:
        if time.monotonic() - self._asked_at < _SECONDS:
            return
        self._asked_at = time.monotonic()
        with suppress(*TRANSIENT, asyncpg.PostgresError):
            async with asyncio.timeout(_LONGEST):
                await _measure(pool)
                if further is not None:
                    await further(pool)


async def _measure(pool: Pool) -> None:
    log = await how_far(pool)
    metrics.log_position.set(log["position"])
    metrics.unsent_events.set(log["position"] - log["published"] - await void_beyond(pool, log["published"]))
    found = await waiting(pool)
    metrics.dead_letters_waiting.clear()
    for code, number in found.items():
        metrics.dead_letters_waiting.labels(code).set(number)


async def measure(state: Any) -> None:
    """For `/metrics` of an app."""
    if getattr(state, "measures", None) is None:
        state.measures = Measures()
    await state.measures.take(state.pool, getattr(state, "further_measure", None))
