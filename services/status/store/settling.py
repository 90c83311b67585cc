"""What became of tries to deliver, written all at once: attempts, deliveries, and how their subscriptions stand."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from services.status.domain.subscriptions import DeliveryChannel, Standing
from shared.database import Connection

Settlement = Literal["pending", "delivered", "failed"]


@dataclass(frozen=True, slots=True)
class Settled:
    """One try, and what follows from it: `due_at` where it is tried again, `reference` to ask after it by then."""

    n: int
    leased_until: datetime
    at: datetime
    code: int | None
    error: str | None
    status: Settlement
    due_at: datetime | None
    reference: str | None


@dataclass(frozen=True, slots=True)
class Given:
    """A delivery that was given up untried."""

    org_id: str
    application_id: str
    version: int
    subscription_id: str
    webhook_id: str
    channel: DeliveryChannel
    tries: int
    facts: dict[str, Any]
    made_at: datetime
    settled_at: datetime


_SETTLE = """
with tried as (
    select * from unnest($1::bigint[], $2::timestamptz[], $3::timestamptz[], $4::int[], $5::text[], $6::text[],
                         $7::timestamptz[], $8::text[])
        as t (n, leased_until, at, code, error, status, due_at, reference)
), settled as (
    update delivery d
       set leased_until = null, tries = d.tries + 1, due_at = coalesce(t.due_at, d.due_at),
           facts = case when t.reference is null then d.facts - 'reference'
                        else d.facts || jsonb_build_object('reference', t.reference) end,
           settled_at = case when t.status = 'pending' and (s.state <> 'ended' or d.facts ? 'to_contact') then null
                             else t.at end,
           -- Suspended meanwhile, it waits with the others; ended meanwhile, it has failed with them. Letters about the
           -- subscription itself go on.
           status = case when t.status <> 'pending' or d.facts ? 'to_contact' then t.status
                         when s.state = 'suspended' and not d.facts ? 'confirm' then 'suspended'
                         when s.state = 'ended' then 'failed' else 'pending' end
      from tried t, subscription s
     where d.n = t.n and d.leased_until = t.leased_until and s.subscription_id = d.subscription_id
    returning d.n, d.status
), attempted as (
    insert into delivery_attempt (n, at, code, error)
    select n, at, code, error from tried join settled using (n) on conflict do nothing
)
select n, status from settled
"""


async def settle(connection: Connection, settled: Sequence[Settled]) -> dict[int, str]:
    """Write what became of tries. Returns how those deliveries stand now that this process still held; another has taken
    over the rest.
    """
    ordered = sorted(settled, key=lambda each: each.n)
    rows = await connection.fetch(
        _SETTLE, [each.n for each in ordered], [each.leased_until for each in ordered], [each.at for each in ordered],
        [each.code for each in ordered], [each.error for each in ordered], [each.status for each in ordered],
        [each.due_at for each in ordered], [each.reference for each in ordered],
    )  # fmt: skip
    return {row["n"]: row["status"] for row in rows}


async def hold_subscriptions(connection: Connection, ids: Sequence[str]) -> dict[str, Standing]:
    """How each of these that is active stands, held until the commit; changes are told to it meanwhile all the same."""
    rows = await connection.fetch(
        "select subscription_id, failing_since, failed_at from subscription where subscription_id = any($1::text[]) "
        "and state = 'active' order by subscription_id for no key update",
        sorted(set(ids)),
    )
    return {row["subscription_id"]: Standing(row["failing_since"], row["failed_at"]) for row in rows}


async def hold_alone(connection: Connection, ids: Sequence[str]) -> list[str]:
    """Until the commit nothing is told to these (`enqueue` waits), so that no delivery is made for a state that is over.
    Returns those that have not ended.

    Before anything of their deliveries is changed: `enqueue` holds the subscription first, and then changes those.
    """
    rows = await connection.fetch(
        "select subscription_id, state from subscription where subscription_id = any($1::text[]) "
        "order by subscription_id for update",
        list(ids),
    )
    return [row["subscription_id"] for row in rows if row["state"] != "ended"]


async def mark_failing(connection: Connection, standings: dict[str, Standing]) -> None:
    await connection.execute(
        "update subscription s set failing_since = a.since, failed_at = a.at "
        "from unnest($1::text[], $2::timestamptz[], $3::timestamptz[]) as a (id, since, at) where s.subscription_id = a.id",
        list(standings),
        [each.failing_since for each in standings.values()],
        [each.failed_at for each in standings.values()],
    )


async def suspend(connection: Connection, ids: Sequence[str]) -> None:
    """What waits to go there is held back until it is resumed."""
    await connection.execute(
        "update subscription set state = 'suspended' where subscription_id = any($1::text[])", list(ids)
    )
    await connection.execute(
        "update delivery set status = 'suspended' where subscription_id = any($1::text[]) and status = 'pending' "
        "and not facts ?| array['confirm', 'to_contact'] and (leased_until is null or leased_until <= now())",
        list(ids),
    )


async def end(connection: Connection, ids: Sequence[str], at: datetime) -> list[Given]:
    """Its receiver is gone: nothing more goes there. Returns the deliveries that are given up for it."""
    await connection.execute(
        "update subscription set state = 'ended', ended_at = $2, sealed_previous_secret = null, sealed_secret = null "
        "where subscription_id = any($1::text[])",
        list(ids),
        at,
    )
    await connection.execute("delete from earlier_secret where subscription_id = any($1::text[])", list(ids))
    rows = await connection.fetch(
        "update delivery d set status = 'failed', settled_at = $2 from subscription s "
        "where s.subscription_id = d.subscription_id and d.subscription_id = any($1::text[]) "
        "and d.status in ('pending', 'suspended') and not d.facts ? 'to_contact' "
        "returning d.org_id, d.application_id, d.version, d.subscription_id, d.webhook_id, s.channel, d.tries, d.facts, "
        "d.made_at, d.settled_at",
        list(ids),
        at,
    )
    return [Given(*row.values()) for row in rows]
