"""Reading the views: every figure is a sum over cells."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from services.reporting.domain.figures import Standard
from shared.database import Connection, Pool
from shared.language import Bilingual


@dataclass(frozen=True, slots=True)
class Filters:
    """Which figures: of an organisation, of services, of priority services, of a channel."""

    org_id: str | None = None
    service_ids: list[str] | None = None
    priority: bool | None = None
    channel: str | None = None


# A figure of a service is its owner's alone: an event of another organisation stays in the log and counts in none.
# A row of the inventory holds from 1 April of its year on: the newest that has begun by a day; the first, before any has.
_IN_FORCE = """
    select distinct on ({key}) * from {table}
     order by {key}, valid_from > {{day}}, case when valid_from <= {{day}} then valid_from end desc, valid_from
"""
SERVICES_IN_FORCE = _IN_FORCE.format(key="service_id", table="known_service")
STANDARDS_IN_FORCE = _IN_FORCE.format(key="service_id, standard_id", table="known_standard")


async def standards(pool: Pool | Connection, service_ids: list[str], day: date) -> dict[tuple[str, str], Standard]:
    """The version of each standard that is in force on a day."""
    rows = await pool.fetch(
        f"select service_id, standard_id, name, target, kind, measure from ({STANDARDS_IN_FORCE.format(day='$2::date')}) s "
        "where service_id = any($1::text[])",
        service_ids,
        day,
    )
    return {
        (row["service_id"], row["standard_id"]): Standard(
            service_id=row["service_id"],
            standard_id=row["standard_id"],
            name=Bilingual.model_validate(row["name"]),
            target=row["target"],
            kind=row["kind"],
            measure=row["measure"],
        )
        for row in rows
    }


async def services(pool: Pool, org_id: str | None, day: date) -> list[dict[str, Any]]:
    rows = await pool.fetch(
        f"select service_id, org_id, name, priority from ({SERVICES_IN_FORCE.format(day='$2::date')}) s "
        "where $1::text is null or org_id = $1 order by service_id",
        org_id,
        day,
    )
    return [dict(row) for row in rows]


async def service(pool: Pool, service_id: str, day: date) -> dict[str, Any] | None:
    row = await pool.fetchrow(
        f"select service_id, org_id, name, priority from ({SERVICES_IN_FORCE.format(day='$2::date')}) s "
        "where service_id = $1",
        service_id,
        day,
    )
    return row and dict(row)


async def head(pool: Pool | Connection) -> int:
    return int(await pool.fetchval("select position from reading_head"))


async def freshness(pool: Pool | Connection) -> tuple[datetime | None, list[dict[str, Any]]]:
    """The watermark (null until every partition has been heard of), and how far each service has been read."""
    rows = await pool.fetch(
        "select service, case when bool_and(recorded_at is not null) then min(recorded_at) end as watermark, "
        "min(position) as position, count(*) as partitions from advanced group by service order by service"
    )
    views = [dict(row) for row in rows]
    heard = [view["watermark"] for view in views if view["watermark"] is not None]
    complete = len(heard) == len(views) and {view["service"] for view in views} >= {"inventory", "feedback", "status"}
    return (min(heard) if complete else None), views


async def feeds(pool: Pool, since: datetime) -> list[dict[str, Any]]:
    """Each organisation and service: the last event, and the hours and days since `since` that had any."""
    rows = await pool.fetch(
        "with feed as (select org_id, service, max(last_recorded_at) as last_event, sum(events)::bigint as events "
        "from views_1.feed group by org_id, service) "
        "select * from feed cross join lateral (select count(distinct hour) as hours, "
        "count(distinct (hour at time zone 'America/Toronto')::date) as days from views_1.feed_hour h "
        "where h.org_id = feed.org_id and h.service = feed.service and hour >= $1) as heard order by org_id, service",
        since,
    )
    return [dict(row) for row in rows]


async def changed_since(pool: Pool | Connection, position: int) -> tuple[int, list[str]]:
    """The position of the last change of any figure after one, itself where there is none, and the services whose figures
    changed between.
    """
    row = await pool.fetchrow(
        "select coalesce(max(position), $1) as position, array_agg(service_id) as services from views_1.service_change "
        "where position > $1",
        position,
    )
    return row["position"], row["services"] or []


async def counts(pool: Pool, today: date) -> dict[str, int]:
    """What the system holds: organisations heard of, services, standards, events, and those recorded today (UTC)."""
    row = await pool.fetchrow(
        "select (select count(distinct org_id) from views_1.feed) as organizations, "
        "(select count(distinct service_id) from known_service) as services, "
        "(select count(distinct (service_id, standard_id)) from known_standard) as standards, "
        "(select coalesce(sum(events), 0)::bigint from views_1.event_cell) as events, "
        "(select coalesce(sum(events), 0)::bigint from views_1.event_cell where day = $1) as events_today",
        today,
    )
    return dict(row)
