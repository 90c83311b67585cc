"""Tallies: the sums of cells that figures are made of."""

from datetime import datetime
from typing import Any

from services.reporting.domain.figures import Tally, Window
from services.reporting.domain.fold import NOT_STARTED_ON
from services.reporting.store.reading import SERVICES_IN_FORCE, STANDARDS_IN_FORCE, Filters
from shared.database import Connection, Pool

# Each sum is made once: unasked, PostgreSQL makes some of them anew for every standard.
_TALLIES = f"""
with wanted as (
    select service_id, org_id from ({SERVICES_IN_FORCE.format(day="$2")}) s where true{{of_services}}
), stopped as materialized (
    select service_id, standard_id, channel, sum(met) as met, sum(total) as total, sum(withdrawn) as withdrawn,
           sum(closed_undecided) as closed_undecided, sum(events) as events
      from views_1.performance_cell
     where {{of_days}}{{of_cells}} and {{of_wanted}}
     group by 1, 2, 3
), open_by_start as (
    select service_id, standard_id, channel, state = 'not_started' as idle, started_on,
           sum(cases) as cases, coalesce(sum(cases) filter (where late_from <= $3), 0) as late
      from views_1.open_cell
     where cases <> 0{{of_cells}} and {{of_wanted}}
     group by 1, 2, 3, 4, 5 having sum(cases) <> 0
), opened as materialized (
    select service_id, standard_id, channel,
           coalesce(sum(cases) filter (where not idle), 0) as open, coalesce(sum(late) filter (where not idle), 0) as late,
           coalesce(sum(cases) filter (where idle), 0) as not_started, min(started_on) filter (where not idle) as oldest
      from open_by_start group by 1, 2, 3
), taken as (
    select service_id, standard_id, channel, unit, bucket, sum(cases) as cases
      from views_1.duration_cell
     where {{of_days}}{{of_cells}} and {{of_wanted}}
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
     where true{{of_cells}}
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


_WANTED = "(service_id, org_id) in (select service_id, org_id from wanted)"
# Looked up in a hash, which a CASE leaves PostgreSQL no choice about. Where it expects few cells, as before their table was ever
# analysed, it compares each of them with each service.
_LOOKED_UP = f"case when {_WANTED} then true end"


def tallies_query(span: Window, filters: Filters, now: datetime) -> tuple[str, list[Any]]:
    """The statement that reads tallies, and its parameters. It has the conditions that are asked for and no others: the plan that
    PostgreSQL keeps for whichever are given reads the cells of all services for one.
    """
    conditions = {
        "org_id = {}": filters.org_id,
        "service_id = any({})": filters.service_ids,
        "priority = {}": filters.priority,
        "channel = {}": filters.channel,
    }
    asked = {condition: value for condition, value in conditions.items() if value is not None}
    said = {each.partition(" ")[0]: " and " + each.format(f"${number}") for number, each in enumerate(asked, 4)}
    of_services = "".join(said[each] for each in ("org_id", "service_id", "priority") if each in said)
    of_cells = "".join(said[each] for each in ("service_id", "channel") if each in said)
    # Days that are not known yet are taken for one in 200 of all, and would be found before a service is.
    of_days = "day >= $1 and day + 0 <= $2" if "service_id" in said else "day between $1 and $2"
    of_wanted = _WANTED if said.keys() & {"org_id", "service_id"} else _LOOKED_UP
    query = _TALLIES.format(of_services=of_services, of_cells=of_cells, of_days=of_days, of_wanted=of_wanted)
    return query, [span.first, span.last, now, *asked.values()]


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
