"""Reading the views: every figure is a sum over cells."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from services.reporting.domain.figures import Standard, Tally, Window
from services.reporting.domain.fold import NOT_STARTED_ON
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

# Each sum is made once: unasked, PostgreSQL makes some of them anew for every standard.
_TALLIES = f"""
with wanted as (
    select service_id, org_id from ({SERVICES_IN_FORCE.format(day="$2")}) s where true{{services}}
), stopped as materialized (
    select service_id, standard_id, channel, sum(met) as met, sum(total) as total, sum(withdrawn) as withdrawn,
           sum(closed_undecided) as closed_undecided, sum(events) as events
      from views_1.performance_cell join wanted using (service_id, org_id)
     where day between $1 and $2{{channel}}
     group by 1, 2, 3
), open_by_start as (
    select service_id, standard_id, channel, state = 'not_started' as idle, started_on,
           sum(cases) as cases, coalesce(sum(cases) filter (where late_from <= $3), 0) as late
      from views_1.open_cell join wanted using (service_id, org_id)
     where cases <> 0{{channel}}
     group by 1, 2, 3, 4, 5 having sum(cases) <> 0
), opened as materialized (
    select service_id, standard_id, channel,
           coalesce(sum(cases) filter (where not idle), 0) as open, coalesce(sum(late) filter (where not idle), 0) as late,
           coalesce(sum(cases) filter (where idle), 0) as not_started, min(started_on) filter (where not idle) as oldest
      from open_by_start group by 1, 2, 3
), taken as (
    select service_id, standard_id, channel, unit, bucket, sum(cases) as cases
      from views_1.duration_cell join wanted using (service_id, org_id)
     where day between $1 and $2{{channel}}
     group by 1, 2, 3, 4, 5 having sum(cases) <> 0
), durations as materialized (
    -- A standard whose unit changed has cases in both; they are not mixed, and those of the more common unit are told.
    select distinct on (service_id, standard_id, channel) service_id, standard_id, channel, unit,
           array_agg(bucket order by bucket) as buckets, array_agg(cases order by bucket) as cases,
           sum(sum(cases)) over (partition by service_id, standard_id, channel) as timed
      from taken group by service_id, standard_id, channel, unit
     order by service_id, standard_id, channel, sum(cases) desc, unit
), declared as (
    -- A standard nobody has had a case of is shown too: it has no data, which is not the same as not being there.
    select k.service_id, k.standard_id, coalesce(k.channel, '') as channel
      from ({STANDARDS_IN_FORCE.format(day="$2")}) k join wanted using (service_id)
     where true{{channel}}
)
select k.org_id, k.service_id, standard_id, channel, met, total, withdrawn, closed_undecided, events, open, late,
       not_started, oldest, unit, buckets, cases, timed
  from declared
  full join stopped using (service_id, standard_id, channel)
  full join opened using (service_id, standard_id, channel)
  left join durations using (service_id, standard_id, channel)
  join wanted k using (service_id)
 order by k.service_id, standard_id, channel
"""


def tallies_query(span: Window, filters: Filters, now: datetime) -> tuple[str, list[Any]]:
    """The statement that reads tallies, and its parameters. It has the conditions that are asked for and no others: the plan that
    PostgreSQL keeps for whichever are given reads all services for one.
    """
    all_services = {
        "org_id = {}": filters.org_id,
        "service_id = any({})": filters.service_ids,
        "priority = {}": filters.priority,
    }
    asked = {condition: value for condition, value in all_services.items() if value is not None}
    services = "".join(f" and {condition.format(f'${number}')}" for number, condition in enumerate(asked, 4))
    parameters = [span.first, span.last, now, *asked.values()]
    if filters.channel is None:
        return _TALLIES.format(services=services, channel=""), parameters
    channel = f" and channel = ${len(parameters) + 1}"
    return _TALLIES.format(services=services, channel=channel), [*parameters, filters.channel]


async def tallies(pool: Pool | Connection, span: Window, filters: Filters, now: datetime) -> list[Tally]:
    """The sums of each standard and channel over a window, cases open at `now` beside them."""
    query, parameters = tallies_query(span, filters, now)
    rows = await pool.fetch(query, *parameters)
    kept = {(row["service_id"], row["standard_id"]) for row in rows if row["channel"]}
    return [
        _tally(row)
        for row in rows
        # Declared for every channel, and seen in some: the channels say it.
        if row["channel"] or row["total"] is not None or row["open"] is not None
        or (row["service_id"], row["standard_id"]) not in kept
    ]  # fmt: skip


def _tally(row: Any) -> Tally:
    oldest = row["oldest"]
    return Tally(
        org_id=row["org_id"],
        service_id=row["service_id"],
        standard_id=row["standard_id"],
        channel=row["channel"] or None,
        met=int(row["met"] or 0),
        total=int(row["total"] or 0),
        withdrawn=int(row["withdrawn"] or 0),
        closed_undecided=int(row["closed_undecided"] or 0),
        events=int(row["events"] or 0),
        open=int(row["open"] or 0),
        open_late=int(row["late"] or 0),
        not_started=int(row["not_started"] or 0),
        oldest_open=None if oldest == NOT_STARTED_ON else oldest,
        unit=row["unit"],
        durations=[(b, int(n)) for b, n in zip(row["buckets"] or (), row["cases"] or (), strict=True)],
        timed=int(row["timed"] or 0),
    )


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
