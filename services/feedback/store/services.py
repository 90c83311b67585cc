"""What feedback knows of inventory's services."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from shared.contracts.inventory import ServiceRecorded
from shared.database import Connection, Pool
from shared.listening import Heard, last_words
from shared.ownership import Ownership, ownership
from shared.transfers import read_transfers


async def known_services(connection: Connection | Pool, service_ids: Iterable[str]) -> dict[str, Ownership]:
    """Whose each known service is, and since when."""
    rows = await connection.fetch(
        "select service_id, org_id, (select json_agg(t)::text from known_transfer t where t.service_id = asked.service_id) "
        "as transfers from unnest($1::text[]) as asked (service_id) left join known_service using (service_id)",
        list(set(service_ids)),
    )
    owners = {
        row["service_id"]: ownership(row["org_id"], read_transfers(row["transfers"]) if row["transfers"] else ())
        for row in rows
    }
    return {service_id: owner for service_id, owner in owners.items() if owner is not None}


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


async def service(pool: Pool, service_id: str, day: date) -> dict[str, Any] | None:
    """A service, and whose it is on a day."""
    row = await pool.fetchrow(
        "select service_id, name_en, name_fr from known_service where service_id = $1", service_id
    )
    owner = (await known_services(pool, [service_id])).get(service_id)
    return {**row, "org_id": owner.on(day)} if row and owner else None


async def find_services(pool: Pool, words: str, limit: int, day: date) -> list[dict[str, Any]]:
    """Services with all of some words in their names, in either language, or of that id; and whose each is on a day."""
    patterns = [f"%{word.replace('%', '').replace('_', '')}%" for word in words.split()[:8]]
    rows = await pool.fetch(
        "select service_id, name_en, name_fr from known_service where name_en is not null and (service_id = $3 or "
        "(name_en || ' ' || name_fr) ilike all($1::text[])) order by (service_id = $3) desc, name_en limit $2",
        patterns,
        limit,
        words.strip(),
    )
    owners = await known_services(pool, [row["service_id"] for row in rows])
    return [{**row, "org_id": owners[row["service_id"]].on(day)} for row in rows]
