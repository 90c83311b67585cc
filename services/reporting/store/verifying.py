"""Comparing: the log with the services' logs, and the views with the fold of the log."""

from collections.abc import AsyncIterator, Sequence
from datetime import date, datetime
from typing import Any

from aiokafka import ConsumerRecord

from shared.database import Connection, Pool
from shared.event_log import FINGERPRINT

# Of a row of logged_event called e: its service was restored from a backup that does not have it.
VOID = (
    "exists (select from void_span v where v.service = e.service and v.topic = e.topic and v.partition = e.partition "
    "and e.service_position > v.after and e.service_position <= v.until)"
)
_VIEWS = {
    "performance_cell": (
        "org_id, service_id, standard_id, channel, day, recorded_on, source_partition",
        "met, total, withdrawn, closed_undecided, events",
    ),
    "duration_cell": ("org_id, service_id, standard_id, channel, unit, day, bucket, source_partition", "cases"),
    "event_cell": ("type, org_id, day, source_partition", "events, hash"),
    "open_cell": ("org_id, service_id, standard_id, channel, state, started_on, late_from, source_partition", "cases"),
}


async def advanced(pool: Pool) -> list[dict[str, Any]]:
    rows = await pool.fetch("select topic, partition, service, position, recorded_at from advanced order by 1, 2")
    return [dict(row) for row in rows]


async def cells_of_log(connection: Pool, service: str, until: int) -> list[dict[str, Any]]:
    """The same digest as each service makes of its own log, up to one of its positions."""
    rows = await connection.fetch(
        "select type, org_id, (recorded_at at time zone 'utc')::date as day, count(*) as events, "
        f"sum({FINGERPRINT})::text as hash from logged_event e "
        f"where service = $1 and service_position <= $2 and not {VOID} group by 1, 2, 3 order by 1, 2, 3",
        service,
        until,
    )
    return [dict(row) for row in rows]


async def positions(pool: Pool, service: str, cell: tuple[str, str, date], until: int) -> list[tuple[int, str, str]]:
    rows = await pool.fetch(
        f"select service_position, {FINGERPRINT}::text as hash, value::json ->> 'causedbysource' || '#' || "
        "(value::json ->> 'causedby') as event from logged_event e where service = $1 and type = $2 "
        f"and org_id = $3 and (recorded_at at time zone 'utc')::date = $4 and service_position <= $5 and not {VOID} "
        "order by service_position",
        service,
        *cell,
        until,
    )
    return [(row["service_position"], row["hash"], row["event"]) for row in rows]


async def lag(pool: Pool, since: datetime) -> dict[str, Any]:
    """From an event's being recorded to its being readable here, in milliseconds, of events recorded since a moment."""
    row = await pool.fetchrow(
        "select count(*) as events, percentile_cont(array[0.5, 0.99]) within group "
        "(order by extract(epoch from read_at - recorded_at) * 1000) as shares "
        "from logged_event where recorded_at >= $1",
        since,
    )
    p50, p99 = row["shares"] or (None, None)
    return {"events": row["events"], "p50": p50, "p99": p99}


async def cells_of_views(connection: Connection, view: str) -> dict[tuple[Any, ...], list[int]]:
    keys, values = _VIEWS[view]
    rows = await connection.fetch(f"select {keys}, {values} from views_1.{view}")
    width = keys.count(",") + 1
    cells = {tuple(row.values())[:width]: [int(v) for v in tuple(row.values())[width:]] for row in rows}
    return {key: numbers for key, numbers in cells.items() if any(numbers)}


async def logged(connection: Connection, batch: int = 5_000) -> AsyncIterator[list[Any]]:
    """The log in order, as records of Kafka again; within the caller's transaction."""
    cursor = await connection.cursor(
        f"select topic, partition, record_offset, value from logged_event e where not {VOID} order by position"
    )
    while rows := await cursor.fetch(batch):
        yield as_records(rows)


def as_records(rows: Sequence[Any]) -> list[Any]:
    """Rows of the log as the records they were."""
    return [
        ConsumerRecord(
            r["topic"], r["partition"], r["record_offset"], 0, 0, None, r["value"].encode(), None, -1, -1, ()
        )
        for r in rows
    ]
