"""The sender: claims what is due, sends it outside any transaction, and leaves what became of it to the recorder."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Protocol

from services.status import store
from services.status.delivering.places import Places
from services.status.delivering.recording import Recorder
from services.status.domain.retries import Tried
from services.status.domain.subscriptions import DeliveryChannel
from services.status.store import Claimed
from shared.database import TRANSIENT, Pool
from shared.logs import log

# Longer than a try and its recording together: a sender that died leaves what it had to another after it.
LEASE = timedelta(seconds=20)
_POLL_SECONDS = 1.0
# Commits come by the hundred a second, and few of them are told to anybody: not each is looked at by itself.
_PAUSE_SECONDS = 0.1


class Sender(Protocol):
    """One channel. Whatever goes wrong is in what it returns; it takes less than a lease."""

    async def send(self, claimed: Sequence[Claimed]) -> Tried: ...

    async def close(self) -> None: ...


class Worker:
    """Sends for ever; the service's lifespan owns it. Several processes may: a claim is one process's alone."""

    def __init__(
        self,
        pool: Pool,
        senders: Mapping[DeliveryChannel, Sender],
        recorder: Recorder,
        committed: asyncio.Event,
    ) -> None:
        self._pool, self._senders, self._recorder, self._committed = pool, senders, recorder, committed
        self._places = Places()
        self._freed = asyncio.Event()
        self._sending: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        while True:
            self._committed.clear()
            self._freed.clear()
            began = time.monotonic()
            try:
                found = [*await self._claim("live"), *await self._claim("bulk")]
            except TRANSIENT as error:
                log.warning("claiming_retried", error=type(error).__name__)
                await asyncio.sleep(_POLL_SECONDS)
                continue
            for each in found:
                self._start(each)
            if not found:
                await _until(self._committed, _POLL_SECONDS)
                await _until(self._freed, began + _PAUSE_SECONDS - time.monotonic())

    async def rest(self) -> None:
        """Wait for what is under way."""
        while self._sending:
            await asyncio.wait(self._sending)

    async def _claim(self, lane: str) -> list[Claimed]:
        free = self._places.free(lane)
        if not free:
            return []
        rooms, start = self._places.rooms(lane), self._places.start(lane)
        found = await store.claim(self._pool, lane, free, rooms, start, LEASE)
        for each in found:
            self._places.take(each.destination, lane)
        return found

    def _start(self, claimed: Claimed) -> None:
        task = asyncio.create_task(self._send(claimed))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _send(self, claimed: Claimed) -> None:
        tried = Tried(error="fault")
        try:
            tried = await self._senders[claimed.channel].send([claimed])
        except Exception:  # noqa: BLE001 - a fault of ours with one message must not stop the others
            log.exception("delivery_faulted")
        finally:
            self._places.give_back(claimed.destination, claimed.lane, well=tried.delivered)
            self._freed.set()
            self._committed.set()
        self._recorder.add([claimed], tried)


async def _until(event: asyncio.Event, seconds: float) -> None:
    """Until it is set, and no longer than that."""
    if seconds > 0:
        with suppress(TimeoutError):
            await asyncio.wait_for(event.wait(), seconds)
