"""Reading the inventory: services and standards as they stand, and how they came to."""

from collections.abc import Iterable, Sequence
from typing import Any

from shared.database import Connection, Pool
from shared.ownership import Ownership, Transfer, ownership


async def owners(connection: Connection | Pool, service_ids: Iterable[str]) -> dict[str, Ownership]:
    """Whose each known service is: that of its newest year, or by its transfers."""
    ids = list(service_ids)
    rows = await connection.fetch(
        "select distinct on (service_id) service_id, org_id from service_version where service_id = any($1::text[]) "
        "and not withdrawn order by service_id, fiscal_year desc, version desc",
        ids,
    )
    newest = {row["service_id"]: row["org_id"] for row in rows}
    moved = await transfers(connection, ids)
    found = {each: ownership(newest.get(each), moved.get(each, ())) for each in newest.keys() | moved.keys()}
    return {service_id: each for service_id, each in found.items() if each is not None}


async def transfers(connection: Connection | Pool, service_ids: Sequence[str]) -> dict[str, list[Transfer]]:
    """Of each service that was transferred, in the order of the days."""
    rows = await connection.fetch(
        "select distinct on (service_id, on_date) service_id, on_date, org_id, to_org from service_transfer "
        "where service_id = any($1::text[]) and not withdrawn order by service_id, on_date, version desc",
        service_ids,
    )
    found: dict[str, list[Transfer]] = {}
    for row in rows:
        found.setdefault(row["service_id"], []).append(Transfer(row["on_date"], row["org_id"], row["to_org"]))
    return found


async def known_standards(connection: Connection, service_ids: Iterable[str]) -> set[tuple[str, str]]:
    rows = await connection.fetch(
        "select distinct service_id, standard_id from standard_version where service_id = any($1::text[]) "
        "and not withdrawn",
        list(service_ids),
    )
    return {(row["service_id"], row["standard_id"]) for row in rows}


async def list_services(
    pool: Pool, org: str | None, fiscal_year: str | None, query: str | None, after: str, limit: int
) -> list[dict[str, Any]]:
    """The newest version of each service (of one year, where it is given), by id."""
    rows = await pool.fetch(
        "select distinct on (service_id) service_id, org_id, fiscal_year, version, name_en, name_fr, priority, fields "
        "from service_version where not withdrawn and service_id > $4 and ($1::text is null or org_id = $1) "
        "and ($2::text is null or fiscal_year = $2) "
        "and ($3::text is null or name_en ilike '%' || $3 || '%' or name_fr ilike '%' || $3 || '%') "
        "order by service_id, fiscal_year desc, version desc limit $5",
        org, fiscal_year, query, after, limit,
    )  # fmt: skip
    return [dict(row) for row in rows]


async def service(pool: Pool, service_id: str) -> dict[str, Any] | None:
    row = await pool.fetchrow(
        "select service_id, org_id, fiscal_year, version, name_en, name_fr, priority, fields from service_version "
        "where service_id = $1 and not withdrawn order by fiscal_year desc, version desc limit 1",
        service_id,
    )
    return row and dict(row)


async def history(pool: Pool, service_id: str) -> list[dict[str, Any]]:
    rows = await pool.fetch(
        "select service_id, org_id, fiscal_year, version, name_en, name_fr, priority, fields, recorded_at, "
        "withdrawn from service_version where service_id = $1 order by fiscal_year, version",
        service_id,
    )
    return [dict(row) for row in rows]


async def list_standards(
    pool: Pool, org: str | None, service_id: str | None, after: Sequence[str], limit: int
) -> list[dict[str, Any]]:
    rows = await pool.fetch(
        "select distinct on (service_id, standard_id) service_id, standard_id, org_id, fiscal_year, version, name_en, "
        "name_fr, target, measure, fields from standard_version where not withdrawn and (service_id, standard_id) > ($3, $4) "
        "and ($1::text is null or org_id = $1) and ($2::text is null or service_id = $2) "
        "order by service_id, standard_id, fiscal_year desc, version desc limit $5",
        org, service_id, after[0], after[1], limit,
    )  # fmt: skip
    return [dict(row) for row in rows]


async def counts(pool: Pool) -> dict[str, int]:
    row = await pool.fetchrow(
        "select (select count(distinct service_id) from service_version where not withdrawn) as services, "
        "(select count(distinct (service_id, standard_id)) from standard_version where not withdrawn) as standards, "
        "(select count(distinct org_id) from service_version where not withdrawn) as organizations"
    )
    return dict(row)
