"""What became of each try, recorded together with what came at the same time: in the tables, and in the log."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from services.status import store
from services.status.domain.retries import Tried, next_try
from services.status.domain.subscriptions import is_to_be_suspended
from services.status.store import Claimed, Settled
from shared import metrics
from shared.contracts.status import NotificationDelivered, NotificationFailed
from shared.database import TRANSIENT, Connection, Pool, transaction
from shared.event_log import LogEntry, append
from shared.logs import log

TOPIC = "status.notifications.v1"
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Told:
    """A delivery and what became of the try."""

    claimed: Claimed
    tried: Tried
    at: datetime
    # From 0 to 1: what was one letter is tried again at one moment.
    chance: float

    @property
    def next_try(self) -> datetime | None:
        if self.tried.delivered or self.tried.gone or self.tried.hopeless:
            return None
        return next_try(self.claimed.tries + 1, self.tried.asked, self.chance, self.at)


class Recorder:
    """Records what became of tries, as many as there are at once; wakes the relay and the sender after it."""

    def __init__(self, pool: Pool, committed: asyncio.Event) -> None:
        self._pool, self._committed = pool, committed
        self._waiting: asyncio.Queue[Told] = asyncio.Queue()

    def add(self, claimed: Sequence[Claimed], tried: Tried) -> None:
        now, chance = datetime.now(UTC), random.random()  # noqa: S311 - spreads tries, and guards nothing
        for each in claimed:
            self._waiting.put_nowait(Told(each, tried, now, chance))

    async def run(self) -> None:
        while True:
            batch = [await self._waiting.get()]
            while len(batch) < _AT_ONCE and not self._waiting.empty():
                batch.append(self._waiting.get_nowait())
            await self._record_for_sure(batch)
            self._committed.set()
            for _ in batch:
                self._waiting.task_done()

    async def finish(self) -> None:
        """Wait until all that was added is recorded."""
        await self._waiting.join()

    async def _record_for_sure(self, batch: Sequence[Told]) -> None:
        """While the database is away, the leases of these end, and they are sent again under the same ids."""
        while True:
            try:
                async with transaction(self._pool) as connection:
                    await record(connection, batch)
            except TRANSIENT as error:
                log.warning("deliveries_retried", error=type(error).__name__)
                await asyncio.sleep(0.5)
            else:
                return


async def record(connection: Connection, batch: Sequence[Told]) -> None:
    """Record what became of tries, and in the same transaction what follows for their subscriptions and the log."""
    failing = await store.hold_subscriptions(connection, [each.claimed.subscription_id for each in batch])
    settled = [_settled(each) for each in batch]
    held = await store.settle(connection, settled)
    told = [(each, row) for each, row in zip(batch, settled, strict=True) if row.n in held]
    entries = [_entry(each) for each, row in told if row.status != "pending" and "confirm" not in each.claimed.facts]
    entries += await _judge(connection, failing, [each for each, _ in told])
    for each, row in told:
        outcome = "retried" if row.status == "pending" else row.status
        metrics.deliveries.labels(each.claimed.channel, outcome).inc()
    if entries:
        await append(connection, entries, [])


def _settled(told: Told) -> Settled:
    due_at = told.next_try
    status: store.Settlement = "delivered" if told.tried.delivered else "pending" if due_at else "failed"
    each, tried = told.claimed, told.tried
    return Settled(each.n, each.leased_until, told.at, tried.code, tried.error, status, due_at, tried.reference)


async def _judge(connection: Connection, failing: dict[str, datetime | None], told: Sequence[Told]) -> list[LogEntry]:
    """Which subscriptions fail and since when, are suspended for it, or have ended; what is to be said of the last."""
    after, gone = dict(failing), set[str]()
    for each in told:
        name = each.claimed.subscription_id
        if name in after and (each.tried.delivered or each.tried.failed):
            after[name] = None if each.tried.delivered else after[name] or each.at
        if each.tried.gone:
            gone.add(name)
    changed = {name: since for name, since in after.items() if since != failing[name] and name not in gone}
    if changed:
        await store.mark_failing(connection, changed)
    now = datetime.now(UTC)
    old = [n for n, since in after.items() if since and is_to_be_suspended(since, now) and n not in gone]
    if old:
        await store.suspend(connection, old)
        for name in old:
            log.warning("subscription_suspended", subscription=name, since=str(after[name]))
    for name in gone:
        log.warning("subscription_ended", subscription=name)
    if not gone:
        return []
    return [_ended(row) for row in await store.end(connection, sorted(gone), now)]


def _entry(told: Told) -> LogEntry:
    each, tried = told.claimed, told.tried
    said = {
        "application_id": each.application_id,
        "service_id": each.facts["service_id"],
        "version": each.version,
        "subscription_id": each.subscription_id,
        "message_id": each.webhook_id,
        "channel": each.channel,
        "attempts": each.tries + 1,
        "waited": round((told.at - each.made_at).total_seconds(), 3),
    }
    if tried.delivered:
        return _logged("NotificationDelivered", each.org_id, told.at, each.facts, NotificationDelivered(**said))
    failed = NotificationFailed(**said, code=tried.code, error=tried.error or "failed")
    return _logged("NotificationFailed", each.org_id, told.at, each.facts, failed)


def _ended(row: store.Given) -> LogEntry:
    """A delivery that was given up, since its receiver is gone."""
    failed = NotificationFailed(
        application_id=row.application_id,
        service_id=row.facts["service_id"],
        version=row.version,
        subscription_id=row.subscription_id,
        message_id=row.webhook_id,
        channel=row.channel,
        attempts=row.tries,
        waited=round((row.settled_at - row.made_at).total_seconds(), 3),
        code=None,
        error="gone",
    )
    return _logged("NotificationFailed", row.org_id, row.settled_at, row.facts, failed)


def _logged(
    name: str, org_id: str, at: datetime, facts: dict[str, str], data: NotificationDelivered | NotificationFailed
) -> LogEntry:
    key = f"{org_id}/{data.application_id}"
    return LogEntry(TOPIC, key, "status", name, org_id, at, facts["source"], facts["event_id"], data, key)
