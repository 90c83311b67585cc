"""What changed of which application, by the log; and how long the last ones took."""

from datetime import datetime

from services.status.domain.expectation import Typical
from services.status.store.saving import Key
from shared.database import Pool

_TOPIC = "status.applications.v1"
# Further back, whether one application changed is not worth looking for: it is told as it stands.
_FAR = 50_000
_LATELY = 1_000


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


async def typical(
    pool: Pool, service_id: str, standard_id: str, channel: str | None, since: datetime
) -> Typical | None:
    """Of the last thousand applications of a service and channel that a standard's clock was stopped for since then."""
    row = await pool.fetchrow(
        "select percentile_disc(0.8) within group (order by elapsed) as elapsed, count(*) as cases from ("
        "select (clocks -> $2 ->> 'elapsed')::bigint as elapsed from application where service_id = $1 and changed_at > $4 "
        "and channel is not distinct from $3 and clocks -> $2 ->> 'state' = 'stopped' and not void "
        "order by changed_at desc limit $5) lately",
        service_id, standard_id, channel, since, _LATELY,
    )  # fmt: skip
    return Typical(row["elapsed"], row["cases"]) if row["cases"] else None


def _key(text: str) -> Key:
    org_id, _, application_id = text.partition("/")
    return org_id, application_id
