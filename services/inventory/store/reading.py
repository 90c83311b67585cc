"""Every SQL statement of inventory."""

from collections.abc import Iterable, Sequence
from typing import Any

from services.inventory.domain import Known
from shared.contracts.inventory import ServiceRecorded, ServiceStandardRecorded, ServiceStandardResultRecorded
from shared.database import Connection, Pool

ServiceKey = tuple[str, str]
StandardKey = tuple[str, str, str]
ResultKey = tuple[str, str, Any, Any, str]


async def owners(connection: Connection, service_ids: Iterable[str]) -> dict[str, str]:
    """The organisation whose each known service is: that of its newest year."""
    rows = await connection.fetch(
        "select distinct on (service_id) service_id, org_id from service_version where service_id = any($1::text[]) "
        "order by service_id, fiscal_year desc, version desc",
        list(service_ids),
    )
    return {row["service_id"]: row["org_id"] for row in rows}


async def services(connection: Connection, keys: Iterable[ServiceKey]) -> dict[ServiceKey, Known]:
    wanted = list(keys)
    rows = await connection.fetch(
        "select distinct on (service_id, fiscal_year) service_id, fiscal_year, version, org_id, fields "
        "from service_version join unnest($1::text[], $2::text[]) as a (service_id, fiscal_year) "
        "using (service_id, fiscal_year) order by service_id, fiscal_year, version desc",
        [key[0] for key in wanted],
        [key[1] for key in wanted],
    )
    return {(r["service_id"], r["fiscal_year"]): Known(r["version"], r["org_id"], r["fields"]) for r in rows}


async def standards(connection: Connection, keys: Iterable[StandardKey]) -> dict[StandardKey, Known]:
    wanted = list(keys)
    rows = await connection.fetch(
        "select distinct on (service_id, standard_id, fiscal_year) service_id, standard_id, fiscal_year, version, org_id, "
        "fields from standard_version join unnest($1::text[], $2::text[], $3::text[]) "
        "as a (service_id, standard_id, fiscal_year) using (service_id, standard_id, fiscal_year) "
        "order by service_id, standard_id, fiscal_year, version desc",
        *([key[part] for key in wanted] for part in range(3)),
    )
    return {
        (r["service_id"], r["standard_id"], r["fiscal_year"]): Known(r["version"], r["org_id"], r["fields"])
        for r in rows
    }


async def known_standards(connection: Connection, service_ids: Iterable[str]) -> set[tuple[str, str]]:
    rows = await connection.fetch(
        "select distinct service_id, standard_id from standard_version where service_id = any($1::text[])",
        list(service_ids),
    )
    return {(row["service_id"], row["standard_id"]) for row in rows}


async def results(connection: Connection, keys: Iterable[ResultKey]) -> dict[ResultKey, Known]:
    wanted = list(keys)
    rows = await connection.fetch(
        "select distinct on (r.service_id, r.standard_id, r.from_date, r.to_date, r.channel) r.* "
        "from standard_result r join unnest($1::text[], $2::text[], $3::date[], $4::date[], $5::text[]) "
        "as a (service_id, standard_id, from_date, to_date, channel) "
        "using (service_id, standard_id, from_date, to_date, channel) "
        "order by r.service_id, r.standard_id, r.from_date, r.to_date, r.channel, r.version desc",
        *([key[part] for key in wanted] for part in range(5)),
    )
    return {
        (r["service_id"], r["standard_id"], r["from_date"], r["to_date"], r["channel"]): Known(
            r["version"], r["org_id"], {name: r[name] for name in ("met", "total", "value", "unit")}
        )
        for r in rows
    }


async def add_services(connection: Connection, added: Sequence[tuple[str, ServiceRecorded]]) -> None:
    await connection.executemany(
        "insert into service_version (service_id, fiscal_year, version, org_id, valid_from, name_en, name_fr, priority, "
        "fields) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        [
            (s.service_id, s.fiscal_year, s.version, org, s.valid_from, s.name.en, s.name.fr, s.priority, s.fields)
            for org, s in added
        ],
    )


async def add_standards(connection: Connection, added: Sequence[tuple[str, ServiceStandardRecorded]]) -> None:
    await connection.executemany(
        "insert into standard_version (service_id, standard_id, fiscal_year, version, org_id, valid_from, name_en, "
        "name_fr, target, measure, fields) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        [
            (
                s.service_id, s.standard_id, s.fiscal_year, s.version, org, s.valid_from, s.name.en, s.name.fr, s.target,
                s.measure and s.measure.model_dump(mode="json"), s.fields,
            )
            for org, s in added
        ],
    )  # fmt: skip


async def add_results(connection: Connection, added: Sequence[tuple[str, ServiceStandardResultRecorded]]) -> None:
    await connection.executemany(
        "insert into standard_result (service_id, standard_id, from_date, to_date, channel, version, org_id, met, total, "
        "value, unit) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        [
            (
                r.service_id, r.standard_id, r.from_date, r.to_date, r.channel or "", r.version, org,
                r.after and r.after.met, r.after and r.after.total, r.after and r.after.value, r.after and r.after.unit,
            )
            for org, r in added
        ],
    )  # fmt: skip


async def list_services(
    pool: Pool, org: str | None, fiscal_year: str | None, query: str | None, after: str, limit: int
) -> list[dict[str, Any]]:
    """The newest version of each service (of one year, where it is given), by id."""
    rows = await pool.fetch(
        "select distinct on (service_id) service_id, org_id, fiscal_year, version, name_en, name_fr, priority, fields "
        "from service_version where service_id > $4 and ($1::text is null or org_id = $1) "
        "and ($2::text is null or fiscal_year = $2) "
        "and ($3::text is null or name_en ilike '%' || $3 || '%' or name_fr ilike '%' || $3 || '%') "
        "order by service_id, fiscal_year desc, version desc limit $5",
        org, fiscal_year, query, after, limit,
    )  # fmt: skip
    return [dict(row) for row in rows]


async def service(pool: Pool, service_id: str) -> dict[str, Any] | None:
    row = await pool.fetchrow(
        "select service_id, org_id, fiscal_year, version, name_en, name_fr, priority, fields from service_version "
        "where service_id = $1 order by fiscal_year desc, version desc limit 1",
        service_id,
    )
    return row and dict(row)


async def history(pool: Pool, service_id: str) -> list[dict[str, Any]]:
    rows = await pool.fetch(
        "select service_id, org_id, fiscal_year, version, name_en, name_fr, priority, fields, recorded_at "
        "from service_version where service_id = $1 order by fiscal_year, version",
        service_id,
    )
    return [dict(row) for row in rows]


async def list_standards(
    pool: Pool, org: str | None, service_id: str | None, after: Sequence[str], limit: int
) -> list[dict[str, Any]]:
    rows = await pool.fetch(
        "select distinct on (service_id, standard_id) service_id, standard_id, org_id, fiscal_year, version, name_en, "
        "name_fr, target, measure, fields from standard_version where (service_id, standard_id) > ($3, $4) "
        "and ($1::text is null or org_id = $1) and ($2::text is null or service_id = $2) "
        "order by service_id, standard_id, fiscal_year desc, version desc limit $5",
        org, service_id, after[0], after[1], limit,
    )  # fmt: skip
    return [dict(row) for row in rows]


async def counts(pool: Pool) -> dict[str, int]:
    row = await pool.fetchrow(
        "select (select count(distinct service_id) from service_version) as services, "
        "(select count(distinct (service_id, standard_id)) from standard_version) as standards, "
        "(select count(distinct org_id) from service_version) as organizations"
    )
    return dict(row)
