"""A department's exception days."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from shared.contracts.reported.status import ExceptionDayReported
from shared.database import Connection, Pool
from shared.decoding import Received


async def add_exception_days(connection: Connection, events: Sequence[Received], now: datetime) -> None:
    days: list[tuple[Received, ExceptionDayReported]] = [(event, event.data) for event in events]
    await connection.executemany(
        "insert into exception_day (source, event_id, org_id, day, calendar, note, known_at) "
        "values ($1, $2, $3, $4, $5, $6, $7)",
        [(e.source, e.id, e.org_id, each.day, each.calendar, each.note.model_dump(), now) for e, each in days],
    )


async def withdraw_exception_days(
    connection: Connection, identities: Sequence[tuple[str, str]], now: datetime
) -> dict[tuple[str, str], ExceptionDayReported]:
    """From now on these, by source and event id, are business days again; what they were, of those that there are."""
    rows = await connection.fetch(
        "update exception_day d set withdrawn_at = $3 from unnest($1::text[], $2::text[]) as a (source, event_id) "
        "where d.source = a.source and d.event_id = a.event_id returning d.source, d.event_id, day, calendar, note",
        [source for source, _ in identities],
        [event_id for _, event_id in identities],
        now,
    )
    return {
        (source, event_id): ExceptionDayReported(day=day, calendar=calendar, note=note)
        for source, event_id, day, calendar, note in rows
    }


async def list_exception_days(pool: Pool, org_id: str, after: Sequence[str], limit: int) -> list[Any]:
    """Those that stand, by day, after a day and event id."""
    rows: list[Any] = await pool.fetch(
        "select day, calendar, note, known_at, event_id from exception_day where org_id = $1 and withdrawn_at is null "
        "and (day::text, event_id) > ($2, $3) order by day, event_id limit $4",
        org_id, *after, limit,
    )  # fmt: skip
    return rows
