"""What changed of which application, by the log; and how long the last ones took."""

from collections.abc import Collection
from datetime import date

from services.status.domain.expectation import Typical
from services.status.store.saving import Key
from shared.database import Pool

_TOPIC = "status.applications.v1"
# Further back, whether one application changed is not worth looking for: it is told as it stands.
_FAR = 50_000
_LATELY, _LOOKED_AT = 1_000, 4_000
Kind = tuple[str, str, str | None]  # service, standard, channel


async def log_head(pool: Pool) -> int:
    """The last position of the log."""
    head: int = await pool.fetchval("select position from log_head")
    return head


async def changed_since(pool: Pool, position: int) -> tuple[int, dict[Key, int]]:
    """The log's head, and the applications that changed after a position, each with its last one."""
    head = await log_head(pool)
    rows = await pool.fetch(
        "select key, max(position) as position from recorded_event where position > $1 and position <= $2 and topic = $3 "
        "group by key",
        position, head, _TOPIC,
    )  # fmt: skip
    return head, {_key(row["key"]): row["position"] for row in rows}


async def has_changed(pool: Pool, key: Key, position: int, head: int) -> bool:
    """Whether an application changed after a position; where that is long ago, it is taken to have."""
    if head - position > _FAR:
        return True
    found: bool = await pool.fetchval(
        "select exists (select from recorded_event where position > $1 and topic = $2 and key = $3)",
        position, _TOPIC, "/".join(key),
    )  # fmt: skip
    return found


async def typical(pool: Pool, kinds: Collection[Kind], since: date) -> dict[Kind, Typical]:
    """Of each kind, those whose clock stopped on this day or later: the last thousand of them, looked for among those that
    changed last. Kinds of which there is none are left out.
    """
    wanted = list(kinds)
    rows = await pool.fetch(
        "select k.n, t.* from unnest($1::text[], $2::text[], $3::text[]) with ordinality "
        "as k (service_id, standard_id, channel, n) cross join lateral ("
        "  select percentile_disc(0.8) within group (order by elapsed) as elapsed, count(*) as cases from ("
        "    select (clock ->> 'elapsed')::bigint as elapsed from ("
        "      select a.clocks -> k.standard_id as clock, a.channel from application a where a.service_id = k.service_id "
        # What stopped since then was recorded since then: its time lies no further ahead than the doors allow.
        "      and a.changed_at >= $4::date - interval '2 days' and not a.void order by a.changed_at desc limit $5) recent "
        "    where channel is not distinct from k.channel and clock ->> 'state' = 'stopped' "
        "    and (clock ->> 'stopped_on')::date >= $4 order by clock ->> 'stopped_on' desc limit $6) lately"
        ") t where t.cases > 0",
        [service for service, _, _ in wanted],
        [standard for _, standard, _ in wanted],
        [channel for _, _, channel in wanted],
        since,
        _LOOKED_AT,
        _LATELY,
    )
    return {wanted[row["n"] - 1]: Typical(row["elapsed"], row["cases"]) for row in rows}


def _key(text: str) -> Key:
    org_id, _, application_id = text.partition("/")
    return org_id, application_id
