"""What changed of which application, by the log."""

from services.status.store.saving import Key
from shared.database import Pool

_TOPIC = "status.applications.v1"
# Further back, whether one application changed is not worth looking for: it is told as it stands.
_FAR = 50_000


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


def _key(text: str) -> Key:
    org_id, _, application_id = text.partition("/")
    return org_id, application_id
