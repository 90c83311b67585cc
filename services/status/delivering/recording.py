"""What became of each try, recorded together with what came at the same time: in the tables, and in the log."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from services.status import store
from services.status.domain.retries import Tried, next_try
from services.status.domain.subscriptions import Standing
from services.status.store import Claimed, Settled
from shared import metrics
from shared.contracts.status import NotificationDelivered, NotificationFailed
from shared.database import TRANSIENT, Connection, Pool, transaction
from shared.event_log import LogEntry, append
from shared.logs import log

TOPIC = "status.notifications.v1"
_AT_ONCE = 500
_OVER = frozenset({"delivered", "failed"})


@dataclass(frozen=True, slots=True)
class Told:
    """A delivery and what became of the try."""

    claimed: Claimed
    tried: Tried
    at: datetime
    # From 0 to 1: what was one letter is tried again at one moment.
    chance: float

    @property
    def of_change(self) -> bool:
        """Not a letter about the subscription itself."""
        return self.claimed.facts.keys().isdisjoint({"confirm", "to_contact"})

    def next_try(self, *, failing: bool) -> datetime | None:
        """None: no more. While all else to its receiver fails too (`failing`), or what sends for us does, it is not given up:
        it waits for the receiver to be well again or suspended.
        """
        if self.tried.delivered or self.tried.gone or self.tried.hopeless:
            return None
        endless = failing or self.tried.ours
        return next_try(self.claimed.tries + 1, self.tried.asked, self.chance, self.at, endless=endless)


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
    before = await store.hold_subscriptions(connection, [each.claimed.subscription_id for each in batch])
    gone = await _judge(connection, before, batch)
    settled = [_settled(each, before) for each in batch]
    written = await store.settle(connection, settled)
    told = [(each, written[each.claimed.n]) for each in batch if each.claimed.n in written]
    entries = [_entry(each) for each, status in told if status in _OVER and each.of_change]
    if gone:
        entries += [_ended(row) for row in await store.end(connection, gone, datetime.now(UTC))]
        await store.write_to_contacts(connection, gone, "ended")
    for each, status in told:
        metrics.deliveries.labels(each.claimed.channel, status if status in _OVER else "retried").inc()
    if entries:
        await append(connection, entries, [])


def _settled(told: Told, before: dict[str, Standing]) -> Settled:
    each, tried = told.claimed, told.tried
    due_at = told.next_try(failing=told.of_change and before.get(each.subscription_id, Standing()).failing)
    status: store.Settlement = "delivered" if tried.delivered else "pending" if due_at else "failed"
    return Settled(each.n, each.leased_until, told.at, tried.code, tried.error, status, due_at, tried.reference)


async def _judge(connection: Connection, before: dict[str, Standing], batch: Sequence[Told]) -> list[str]:
    """Note which subscriptions fail, and suspend those that have for days: before their deliveries are settled, so that
    what was tried for the last time is held back with the others. Returns those whose receiver is gone, held for their end.
    """
    gone = {each.claimed.subscription_id for each in batch if each.tried.gone}
    after = dict(before)
    for each in batch:
        name = each.claimed.subscription_id
        if name in after and each.of_change:
            after[name] = after[name].after(each.tried, each.at)
    changed = {name: standing for name, standing in after.items() if standing != before[name] and name not in gone}
    if changed:
        await store.mark_failing(connection, changed)
    old = [name for name, standing in changed.items() if standing.is_to_be_suspended]
    held = await store.hold_alone(connection, [*old, *gone]) if old or gone else []
    if old:
        await store.suspend(connection, old)
        await store.write_to_contacts(connection, old, "suspended")
    for name in old:
        log.warning("subscription_suspended", subscription=name, since=str(after[name].failing_since))
    ending = [name for name in held if name in gone]
    for name in ending:
        log.warning("subscription_ended", subscription=name)
    return ending


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
