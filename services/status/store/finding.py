"""Finding applications: by id, by tracking code, by client or department."""

from collections.abc import Sequence

from services.status.store.saving import Key
from shared.database import Pool


async def find_by_id(pool: Pool, application_id: str, org_id: str | None) -> list[Key]:
    rows = await pool.fetch(
        "select org_id, application_id from application where application_id = $1 and ($2::text is null or org_id = $2) "
        "and not void "
        "limit 2",
        application_id,
        org_id,
    )
    return [(row["org_id"], row["application_id"]) for row in rows]


async def find_by_tracking(pool: Pool, tracking_hash: bytes) -> Key | None:
    row = await pool.fetchrow(
        "select org_id, application_id from application where tracking_hash = $1 and not void", tracking_hash
    )
    return row and (row["org_id"], row["application_id"])


async def client_hash(pool: Pool, key: Key) -> bytes | None:
    found: bytes | None = await pool.fetchval(
        "select client_hash from application where org_id = $1 and application_id = $2", *key
    )
    return found


async def sealed_reasons(pool: Pool, keys: Sequence[Key]) -> dict[Key, dict[tuple[str, str], bytes]]:
    """The reasons of applications' steps, by source and event id."""
    rows = await pool.fetch(
        "select org_id, application_id, source, event_id, sealed_reason from application_event "
        "join unnest($1::text[], $2::text[]) as a (org_id, application_id) using (org_id, application_id) "
        "where sealed_reason is not null",
        [org_id for org_id, _ in keys],
        [application_id for _, application_id in keys],
    )
    found: dict[Key, dict[tuple[str, str], bytes]] = {}
    for org_id, application_id, source, event_id, sealed in rows:
        found.setdefault((org_id, application_id), {})[source, event_id] = sealed
    return found


async def list_applications(
    pool: Pool,
    *,
    org_id: str | None,
    client: bytes | None,
    service: str | None,
    state: str | None,
    after: Sequence[str],
    limit: int,
) -> list[Key]:
    rows = await pool.fetch(
        "select org_id, application_id from application where not void and ($1::text is null or org_id = $1) "
        "and ($2::bytea is null or client_hash = $2) and ($3::text is null or service_id = $3) "
        "and ($4::text is null or state = $4) and (org_id, application_id) > ($5, $6) "
        "order by org_id, application_id limit $7",
        org_id, client, service, state, after[0], after[1], limit,
    )  # fmt: skip
    return [(row["org_id"], row["application_id"]) for row in rows]
