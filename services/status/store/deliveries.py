"""Deliveries: written with the change they tell of, listed, tried again by hand, and forgotten in time."""

from collections.abc import Sequence
from typing import Any

import orjson

from services.status.domain.application import Application
from services.status.domain.messages import News
from shared.database import Connection, Pool

# A delivery's id follows from the subscription and the change, down to the report that caused it: after a restore from a
# backup, another change may get the version that one had before. What a live change waits for becomes live with it.
_ENQUEUE = """
with change as (
    select * from unnest($1::text[], $2::text[], $3::text[], $4::int[], $5::text[], $6::text[], $7::text[]::jsonb[])
        as c (org_id, application_id, service_id, version, lane, cause, facts)
), told as (
    select c.*, s.subscription_id
      from change c join subscription s on s.org_id = c.org_id and s.application_id = c.application_id
    union all
    select c.*, s.subscription_id
      from change c join subscription s on s.org_id = c.org_id and s.service_id = c.service_id
), kept as materialized (
    -- One that is being removed just now is waited for and passed over: its changes are recorded all the same. One that is
    -- being suspended, resumed or ended (`hold_alone`) is waited for and read as it is then.
    select subscription_id, state, client_hash from subscription
     where subscription_id in (select subscription_id from told) order by subscription_id for key share
), inserted as (
    insert into delivery (subscription_id, org_id, application_id, version, webhook_id, lane, status, due_at, facts)
    select t.subscription_id, t.org_id, t.application_id, t.version,
           'msg_' || left(encode(sha256(convert_to(concat_ws(' ', t.subscription_id, t.org_id, t.application_id,
                                                             t.version, t.cause), 'UTF8')), 'hex'), 32),
           t.lane, case k.state when 'active' then 'pending' else 'suspended' end, now(), t.facts
      from told t join kept k using (subscription_id)
     where k.state in ('active', 'suspended')
       and (k.client_hash is null or k.client_hash = (select a.client_hash from application a
                                     where a.org_id = t.org_id and a.application_id = t.application_id))
     order by t.version
        on conflict (webhook_id) do nothing
    returning subscription_id, org_id, application_id, lane
)
update delivery d set lane = 'live'
  from inserted i
 where i.lane = 'live' and d.status = 'pending' and d.lane = 'bulk' and d.subscription_id = i.subscription_id
   and d.org_id = i.org_id and d.application_id = i.application_id
"""


async def watched(
    connection: Connection, applications: Sequence[Application]
) -> set[tuple[str, str | None, str | None]]:
    """(organisation, application, none) and (organisation, none, service) that somebody subscribed to, of these."""
    # Most commits are nobody's to be told of, and a look at their organisations is enough to know.
    known = await connection.fetch(
        "select org_id from unnest($1::text[]) as o (org_id) where exists (select from subscription s "
        "where s.org_id = o.org_id)",
        sorted({each.org_id for each in applications}),
    )
    orgs = {row["org_id"] for row in known}
    applications = [each for each in applications if each.org_id in orgs]
    if not applications:
        return set()
    rows = await connection.fetch(
        "select org_id, application_id, service_id from subscription join (select distinct * from "
        "unnest($1::text[], $2::text[]) as a (org_id, application_id)) a using (org_id, application_id) union all "
        "select org_id, application_id, service_id from subscription join (select distinct * from "
        "unnest($1::text[], $3::text[]) as s (org_id, service_id)) s using (org_id, service_id)",
        [each.org_id for each in applications],
        [each.application_id for each in applications],
        [each.service_id for each in applications],
    )
    return {tuple(row) for row in rows}


async def enqueue(connection: Connection, told: Sequence[tuple[News, str]]) -> None:
    """A delivery of each change, in its lane, for each subscription to it."""
    columns = [
        (
            *each.application.key, each.application.service_id, each.application.version, lane, " ".join(each.cause),
            orjson.dumps(each.facts()).decode(),
        )
        for each, lane in told
    ]  # fmt: skip
    if columns:
        await connection.execute(_ENQUEUE, *zip(*columns, strict=True))


async def add_confirmation(connection: Connection, subscription_id: str, org_id: str, message_id: str, at: str) -> None:
    """A letter that asks whoever it reaches to confirm a subscription."""
    await connection.execute(
        "insert into delivery (subscription_id, org_id, application_id, version, webhook_id, lane, status, due_at, facts) "
        "values ($1, $2, '', 0, $3, 'live', 'pending', now(), $4)",
        subscription_id,
        org_id,
        message_id,
        {"confirm": True, "at": at},
    )


async def list_deliveries(pool: Pool, subscription_id: str, before: int | None, limit: int) -> list[dict[str, Any]]:
    """The newest first, each with its attempts in their order."""
    rows = await pool.fetch(
        "select n, webhook_id, status, application_id, version, lane, made_at, "
        "case when status = 'pending' then due_at end as next_try_at, coalesce((select jsonb_agg(jsonb_build_object("
        "'at', to_char(at at time zone 'utc', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), 'code', code, 'error', error) "
        "order by at) from delivery_attempt a where a.n = d.n), '[]') as attempts "
        "from delivery d where subscription_id = $1 and ($2::bigint is null or n < $2) order by n desc limit $3",
        subscription_id,
        before,
        limit,
    )
    return [dict(row) for row in rows]


async def retry_delivery(connection: Connection, subscription_id: str, n: int) -> tuple[str, str] | None:
    """Make a delivery that failed or waits due at once, of an active subscription alone. Returns what its status and the
    subscription's state were; None where there is none.
    """
    state = await connection.fetchval(
        "select state from subscription where subscription_id = $1 for share", subscription_id
    )
    status = await connection.fetchval(
        "with found as (select n, status from delivery where subscription_id = $1 and n = $2 for update), "
        "again as (update delivery d set status = 'pending', due_at = now(), tries = 0, settled_at = null from found "
        "where d.n = found.n and found.status in ('failed', 'pending') and $3 = 'active' returning 1) "
        "select status from found",
        subscription_id,
        n,
        state,
    )
    return None if status is None else (status, state)


async def waiting(pool: Pool) -> dict[str, int]:
    """How many deliveries wait, by lane."""
    rows = await pool.fetch("select lane, count(*) as deliveries from delivery where status = 'pending' group by lane")
    return {row["lane"]: row["deliveries"] for row in rows}


async def forget_deliveries(connection: Connection) -> int:
    """Those settled three months ago."""
    done = await connection.execute("delete from delivery where settled_at < now() - interval '90 days'")
    return int(done.split()[-1])
