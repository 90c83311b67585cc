"""Whole fiscal years of the inventory, and what departments recorded of how they manage it."""

from typing import Any

from shared.database import Pool


async def services_of_year(pool: Pool, fiscal_year: str, org: str | None = None) -> list[dict[str, Any]]:
    """The newest version of each service of a year, by organisation and id."""
    rows = await pool.fetch(
        "select * from (select distinct on (service_id) service_id, org_id, version, fields, recorded_at from service_version "
        "where fiscal_year = $1 and not withdrawn order by service_id, version desc) s "
        "where $2::text is null or org_id = $2 order by org_id, service_id",
        fiscal_year,
        org,
    )
    return [dict(row) for row in rows]


async def standards_of_year(pool: Pool, fiscal_year: str, org: str | None = None) -> list[dict[str, Any]]:
    """The newest version of each standard of a year, by organisation, service and id."""
    rows = await pool.fetch(
        "select * from (select distinct on (service_id, standard_id) service_id, standard_id, org_id, version, fields, "
        "recorded_at from standard_version where fiscal_year = $1 and not withdrawn "
        "order by service_id, standard_id, version desc) s "
        "where $2::text is null or org_id = $2 order by org_id, service_id, standard_id",
        fiscal_year,
        org,
    )
    return [dict(row) for row in rows]


async def list_stewardship(
    pool: Pool, org: str | None, kind: str | None, service_id: str | None, after: tuple[str, str], limit: int
) -> list[dict[str, Any]]:
    """The newest version of each record, by organisation and id."""
    rows = await pool.fetch(
        "select distinct on (org_id, record_id) org_id, record_id, version, kind, on_date, fields, recorded_at, source, "
        "event_id from stewardship_version where not withdrawn and (org_id, record_id) > ($4, $5) "
        "and ($1::text is null or org_id = $1) and ($2::text is null or kind = $2) "
        "and ($3::text is null or fields ->> 'service_id' = $3) order by org_id, record_id, version desc limit $6",
        org, kind, service_id, *after, limit,
    )  # fmt: skip
    return [dict(row) for row in rows]


async def stewardship_history(pool: Pool, org: str, record_id: str) -> list[dict[str, Any]]:
    """Every version of a record, the first one first."""
    rows = await pool.fetch(
        "select org_id, record_id, version, kind, on_date, fields, recorded_at, source, event_id, withdrawn "
        "from stewardship_version where org_id = $1 and record_id = $2 order by version",
        org,
        record_id,
    )
    return [dict(row) for row in rows]


async def retired_by(pool: Pool, org: str, day: str) -> set[str]:
    """The services of an organisation that it offers no more on a day (ISO 8601)."""
    rows = await pool.fetch(
        "select service_id from (select distinct on (service_id) service_id, on_date from service_retirement "
        "where org_id = $1 and not withdrawn order by service_id, version desc) r where on_date <= $2::text::date",
        org,
        day,
    )
    return {row["service_id"] for row in rows}
