"""What status listens to beside departments: inventory's services and standards; and the measuring again that these, and
exception days, ask for: in the background, a few applications at a time, so that no door waits.
"""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from fastapi import FastAPI

from services.status import store
from services.status.handlers import measuring
from services.status.handlers.measuring import Measured
from shared import metrics
from shared.consuming import Consumption
from shared.contracts.inventory import ServiceRecorded, ServiceStandardRecorded, ServiceTransferred
from shared.database import TRANSIENT, Pool, transaction
from shared.dead_letters import DeadLetters
from shared.listening import Listeners, listening
from shared.logs import log
from shared.transfers import remember_transfers

# Another process, or a door, may have asked: the event tells only of what was heard here.
_LOOK_SECONDS = 1.0
_SAY_SECONDS = 5.0

LISTENERS: Listeners = {
    "guichet.inventory.ServiceRecorded.v1": (ServiceRecorded, measuring.remember_services),
    "guichet.inventory.ServiceTransferred.v1": (ServiceTransferred, remember_transfers),
    "guichet.inventory.ServiceStandardRecorded.v1": (ServiceStandardRecorded, measuring.remember_standards),
}


def consumptions(app: FastAPI) -> Sequence[Consumption]:
    asked = app.state.measure_again = asyncio.Event()
    asked.set()

    async def committed(_: Any) -> None:
        asked.set()

    dead_letters = DeadLetters(app.state.seal)
    return [listening("status.inventory", ["inventory.services.v1"], LISTENERS, dead_letters, committed)]


async def measure_again(app: FastAPI) -> None:
    progress = _Progress(app.state.pool)
    while True:
        with suppress(TimeoutError):
            await asyncio.wait_for(app.state.measure_again.wait(), _LOOK_SECONDS)
        app.state.measure_again.clear()
        try:
            await _measure_all(app, progress)
        except TRANSIENT as error:
            log.warning("measuring_retried", error=type(error).__name__)
            await asyncio.sleep(0.5)


async def _measure_all(app: FastAPI, progress: "_Progress") -> None:
    began = time.monotonic()
    while (done := await _some(app.state.pool)) is not None:
        app.state.committed.set()
        await progress.add(done)
        await asyncio.sleep(time.monotonic() - began)  # half of the time is the doors'
        began = time.monotonic()
    await progress.end()


async def _some(pool: Pool) -> Measured | None:
    async with transaction(pool) as connection:
        return await measuring.measure_some_again(connection)


class _Progress:
    """Says, every few seconds of long work and at its end, how far it is."""

    def __init__(self, pool: Pool) -> None:
        self._pool, self._said_at = pool, 0.0
        self._applications = self._changed = 0

    async def add(self, done: Measured) -> None:
        if not self._applications:
            self._said_at = time.monotonic()
        self._applications += done.applications
        self._changed += done.changed
        if time.monotonic() - self._said_at >= _SAY_SECONDS:
            await self._say(await store.left_to_measure(self._pool))

    async def end(self) -> None:
        if self._applications:
            await self._say(0)
        self._applications = self._changed = 0

    async def _say(self, left: int) -> None:
        self._said_at = time.monotonic()
        metrics.applications_to_measure.set(left)
        log.info("measured_again", applications=self._applications, changed=self._changed, left=left)
