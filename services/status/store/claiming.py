"""Deliveries that are due: claimed by one process at a time, until their lease ends."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from services.status.domain.subscriptions import DeliveryChannel
from services.status.store.signing import PREVIOUS_SECRETS
from shared.database import Pool
from shared.language import Language


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that this process may send, until its lease ends."""

    n: int
    subscription_id: str
    org_id: str
    application_id: str
    version: int
    webhook_id: str
    lane: str
    tries: int
    facts: dict[str, Any]
    made_at: datetime
    leased_until: datetime
    channel: DeliveryChannel
    language: Language
    destination: str
    sealed_address: bytes
    sealed_secret: bytes | None
    sealed_previous_secrets: list[bytes]
    quiet_hours: bool
    digest: bool
    # So were the tries before it, or others to its destination.
    failing: bool


class Room(NamedTuple):
    """How many more may go to a destination, and whether it failed lately."""

    room: int
    failing: bool


class Limits(NamedTuple):
    """How many may be claimed: in all; of what fails; to each destination; and to one that is not among those."""

    most: int
    failing: int
    rooms: Mapping[str, Room]
    room: int


# A letter to the contact of a subscription goes another way than its messages. That it is of no application is seen sooner.
_TO_CONTACT = "d.application_id = '' and d.facts ? 'to_contact'"
_CHANNEL = f"case when {_TO_CONTACT} then 'email' else s.channel end"
_DESTINATION = f"case when {_TO_CONTACT} then 'email' else s.destination end"
_CLAIMED = f"""
          d.n, d.subscription_id, d.org_id, d.application_id, d.version, d.webhook_id, d.lane, d.tries, d.facts,
          d.made_at, d.leased_until, {_CHANNEL}, s.language, {_DESTINATION},
          case when {_TO_CONTACT} then s.sealed_contact else s.sealed_address end, s.sealed_secret,
          {PREVIOUS_SECRETS}, s.quiet_hours, s.digest
"""
# The first thousand that are due are looked at; a destination that has no room left is passed over before that, and so is
# all that fails while that has none, so a heap of deliveries to it hides nothing. Only the first of an application is due:
# what comes after it waits.
_CLAIM = f"""
with known as (
    select * from unnest($1::text[], $2::int[], $3::bool[]) as k (destination, room, failing)
), first as (
    select d.n, d.due_at, {_DESTINATION} as destination, s.failing_since is not null or coalesce(k.failing, false) as failing,
           coalesce(k.room, case when s.failing_since is null then $4 else 1 end) as room
      from delivery d join subscription s using (subscription_id) left join known k on k.destination = {_DESTINATION}
     where d.status = 'pending' and d.lane = $5 and d.due_at <= now() and {_CHANNEL} = any($8::text[])
       and (s.state = 'active' or s.state in ('unconfirmed', 'suspended') and d.facts ? 'confirm'
            or {_TO_CONTACT} and s.sealed_contact is not null)
       and (d.leased_until is null or d.leased_until <= now()) and coalesce(k.room, $4) > 0
       and ($9 > 0 or s.failing_since is null and not coalesce(k.failing, false))
       and not exists (select from delivery e
                        where e.subscription_id = d.subscription_id and e.org_id = d.org_id
                          and e.application_id = d.application_id and e.status = 'pending' and e.version < d.version)
     order by d.due_at, d.n limit 1000
), turns as (
    select n, due_at, room, failing, row_number() over (partition by destination order by due_at, n) as turn from first
), fair as (
    select n, due_at, failing, row_number() over (partition by failing order by due_at, n) as turn
      from turns where turn <= room
), chosen as (
    select n, failing from fair where not failing or turn <= $9 order by due_at, n limit $6
), locked as (
    select d.n, c.failing from chosen c join delivery d using (n)
     where d.status = 'pending' and (d.leased_until is null or d.leased_until <= now())
       for update of d skip locked
)
update delivery d set leased_until = now() + $7::interval
  from locked, subscription s
 where d.n = locked.n and s.subscription_id = d.subscription_id
returning {_CLAIMED}, locked.failing
"""


async def claim(pool: Pool, lane: str, channels: Iterable[str], limits: Limits, lease: timedelta) -> list[Claimed]:
    """Deliveries of a lane by these channels that are due, for this process alone until the lease ends."""
    rooms = limits.rooms.values()
    rows = await pool.fetch(
        _CLAIM, list(limits.rooms), [each.room for each in rooms], [each.failing for each in rooms], limits.room, lane,
        limits.most, lease, list(channels), limits.failing,
    )  # fmt: skip
    return sorted((Claimed(*row.values()) for row in rows), key=lambda each: each.n)


async def claim_rest(pool: Pool, lead: Claimed, before: datetime, lease: timedelta) -> list[Claimed]:
    """What else of a subscription goes into the digest of its first delivery: all that was made before a morning."""
    rows = await pool.fetch(
        f"with locked as (select n from delivery where subscription_id = $1 and status = 'pending' and made_at < $2 "
        "and (leased_until is null or leased_until <= now()) for update skip locked) "
        "update delivery d set leased_until = now() + $3::interval from locked, subscription s "
        f"where d.n = locked.n and s.subscription_id = d.subscription_id "
        f"returning {_CLAIMED}, s.failing_since is not null",
        lead.subscription_id,
        before,
        lease,
    )
    return sorted((Claimed(*row.values()) for row in rows), key=lambda each: each.n)


async def postpone(pool: Pool, claimed: Claimed, due_at: datetime) -> None:
    """Leave a delivery until a moment when its reader wants it; no try was made."""
    await pool.execute(
        "update delivery set due_at = $3, leased_until = null where n = $1 and leased_until = $2 and status = 'pending'",
        claimed.n,
        claimed.leased_until,
        due_at,
    )
