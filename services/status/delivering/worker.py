"""The sender: claims what is due, sends it outside any transaction, and leaves what became of it to the recorder."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Protocol

from services.status import store
from services.status.delivering.places import Places
from services.status.delivering.recording import Recorder
from services.status.domain.quiet import last_morning, may_go_at
from services.status.domain.retries import Tried
from services.status.domain.subscriptions import DeliveryChannel
from services.status.store import Claimed
from shared.database import TRANSIENT, Pool
from shared.logs import log

# Longer than a try and its recording together: a sender that died leaves what it had to another after it.
LEASE = timedelta(seconds=20)
TRY_SECONDS = 12.0
# What fails for all of a channel would say so with each message.
_SAY_SECONDS = 60.0
_POLL_SECONDS = 1.0
# Commits come by the hundred a second, and few of them are told to anybody: not each is looked at by itself.
_PAUSE_SECONDS = 0.1


class Sender(Protocol):
    """One channel. Whatever goes wrong is in what it returns."""

    async def send(self, claimed: Sequence[Claimed]) -> Tried: ...

    async def close(self) -> None: ...


async def attempt(sender: Sender, claimed: Sequence[Claimed], seconds: float = TRY_SECONDS) -> Tried:
    """One try, over well before its lease is: by another process it would be sent again and again meanwhile."""
    try:
        async with asyncio.timeout(seconds):
            return await sender.send(claimed)
    except TimeoutError:
        return Tried(error="timeout", ours=claimed[0].channel != "webhook")


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
        self._said: dict[DeliveryChannel, float] = {}

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
            for each in letters(found):
                self._start(each)
            if not found:
                await _until(self._committed, _POLL_SECONDS)
                await _until(self._freed, began + _PAUSE_SECONDS - time.monotonic())

    async def rest(self, seconds: float) -> None:
        """Wait for what is under way, not for long; what is not over by then is sent again by another, under its id."""
        if self._sending:
            _, late = await asyncio.wait(self._sending, timeout=seconds)
            for each in late:
                each.cancel()

    async def _claim(self, lane: str) -> list[Claimed]:
        free = self._places.free(lane)
        if not free:
            return []
        rooms, start = self._places.rooms(lane), self._places.start(lane)
        limits = store.Limits(free, self._places.free_for_failing, rooms, start)
        found = await store.claim(self._pool, lane, self._senders, limits, LEASE)
        for each in found:
            self._places.take(each.destination, lane, failing=each.failing)
        return found

    def _start(self, claimed: Sequence[Claimed]) -> None:
        task = asyncio.create_task(self._send(claimed))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _send(self, claimed: Sequence[Claimed]) -> None:
        held, channel = list(claimed), claimed[0].channel
        wanted, tried = list[Claimed](), Tried(error="fault")
        try:
            wanted = await self._wanted_now(held)
            if wanted:
                tried = await attempt(self._senders[channel], wanted)
        except TRANSIENT as error:
            log.warning("claiming_retried", error=type(error).__name__)
        except Exception:  # noqa: BLE001 - a fault of ours with one message must not stop the others
            log.exception("delivery_faulted")
        finally:
            # One mailbox that is refused says nothing of the mail server that all of them share.
            well = tried.delivered or not wanted or (channel != "webhook" and tried.code is not None)
            self._give_back(held, well=well and not tried.ours)
        if tried.ours:
            self._say(channel, tried)
        if wanted:
            self._recorder.add(wanted, tried)

    async def _wanted_now(self, held: list[Claimed]) -> list[Claimed]:
        """What of this goes now; the rest is left until its reader wants it. What else is in the same digest is held too."""
        if held[0].channel == "webhook" or "confirm" in held[0].facts:
            return held
        now, wanted = datetime.now(UTC), list[Claimed]()
        for each in held:
            at = may_go_at(each.made_at, now, quiet_hours=each.quiet_hours, digest=each.digest)
            if at > now:
                await store.postpone(self._pool, each, at)
            else:
                wanted.append(each)
        if wanted and wanted[0].digest:
            rest = await store.claim_rest(self._pool, wanted[0], last_morning(now), LEASE)
            for each in rest:
                self._places.take(each.destination, each.lane, failing=each.failing)
            held += rest
            wanted = sorted([*wanted, *rest], key=lambda each: each.n)
        return wanted

    def _say(self, channel: DeliveryChannel, tried: Tried) -> None:
        now = time.monotonic()
        if now - self._said.get(channel, -_SAY_SECONDS) >= _SAY_SECONDS:
            self._said[channel] = now
            log.error("channel_refused", channel=channel, error=tried.error, code=tried.code)

    def _give_back(self, claimed: Sequence[Claimed], *, well: bool) -> None:
        for each in claimed:
            self._places.give_back(each.destination, each.lane, well=well, failing=each.failing)
        self._freed.set()
        self._committed.set()


def letters(claimed: Sequence[Claimed]) -> list[list[Claimed]]:
    """What goes out together: of a digest, all that was claimed of its subscription; each other by itself."""
    together: dict[str, list[Claimed]] = {}
    for each in claimed:
        together.setdefault(each.subscription_id if each.digest else str(each.n), []).append(each)
    return list(together.values())


async def _until(event: asyncio.Event, seconds: float) -> None:
    """Until it is set, and no longer than that."""
    if seconds > 0:
        with suppress(TimeoutError):
            await asyncio.wait_for(event.wait(), seconds)
