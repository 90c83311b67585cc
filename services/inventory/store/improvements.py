"""Copies of what became better in services because of feedback."""

from collections.abc import Sequence
from datetime import date

from shared.database import Connection, Pool
from shared.listening import Heard


async def remember_improvements(connection: Connection, events: Sequence[Heard]) -> None:
    last = {(event.org_id, event.data.improvement_id): event for event in events}
    await connection.executemany(
        "delete from known_improvement where org_id = $1 and improvement_id = $2 and position < $3",
        [(*key, event.position) for key, event in last.items() if event.data.withdrawn],
    )
    await connection.executemany(
        "insert into known_improvement (org_id, improvement_id, service_id, made_on, position) values ($1, $2, $3, $4, $5) "
        "on conflict (org_id, improvement_id) do update set service_id = excluded.service_id, made_on = excluded.made_on, "
        "position = excluded.position where excluded.position >= known_improvement.position",
        [(*key, e.data.service_id, e.data.made_on, e.position) for key, e in last.items() if not e.data.withdrawn],
    )


async def last_improvements(pool: Pool, service_ids: Sequence[str]) -> dict[str, date]:
    """When each of those services that were improved was improved last."""
    rows = await pool.fetch(
        "select service_id, max(made_on) as made_on from known_improvement where service_id = any($1::text[]) group by service_id",
        service_ids,
    )
    return {row["service_id"]: row["made_on"] for row in rows}
