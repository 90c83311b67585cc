"""What feedback knows of inventory's services."""

from collections.abc import Iterable, Sequence
from typing import Any

from shared.contracts.inventory import ServiceRecorded
from shared.database import Connection, Pool
from shared.listening import Heard, last_words


async def known_services(connection: Connection, service_ids: Iterable[str]) -> dict[str, str]:
    """The organisation of each known service."""
    rows = await connection.fetch(
        "select service_id, org_id from known_service where service_id = any($1::text[])", list(set(service_ids))
    )
    return {row["service_id"]: row["org_id"] for row in rows}


async def remember_services(connection: Connection, events: Sequence[Heard]) -> None:
    kept, gone = last_words(events, lambda data: (data.service_id, data.valid_from))
    await connection.executemany(
        "delete from known_service where service_id = $1 and valid_from = $2 and position < $3",
        [(event.data.service_id, event.data.valid_from, event.position) for event in gone],
    )
    services: list[tuple[Heard, ServiceRecorded]] = [(event, event.data) for event in kept]
    await connection.executemany(
        "insert into known_service (service_id, org_id, valid_from, position, name_en, name_fr) "
        "values ($1, $2, $3, $4, $5, $6) on conflict (service_id) do update set org_id = excluded.org_id, "
        "valid_from = excluded.valid_from, position = excluded.position, name_en = excluded.name_en, name_fr = excluded.name_fr "
        "where (excluded.valid_from, excluded.position) >= (known_service.valid_from, known_service.position)",
        [(s.service_id, e.org_id, s.valid_from, e.position, s.name.en, s.name.fr) for e, s in services],
    )


async def service(pool: Pool, service_id: str) -> dict[str, Any] | None:
    row = await pool.fetchrow(
        "select service_id, org_id, name_en, name_fr from known_service where service_id = $1", service_id
    )
    return dict(row) if row else None


async def find_services(pool: Pool, words: str, limit: int) -> list[dict[str, Any]]:
    """Services with all of some words in their names, in either language, or of that id."""
    patterns = [f"%{word.replace('%', '').replace('_', '')}%" for word in words.split()[:8]]
    rows = await pool.fetch(
        "select service_id, org_id, name_en, name_fr from known_service where name_en is not null and (service_id = $3 or "
        "(name_en || ' ' || name_fr) ilike all($1::text[])) order by (service_id = $3) desc, name_en limit $2",
        patterns,
        limit,
        words.strip(),
    )
    return [dict(row) for row in rows]
