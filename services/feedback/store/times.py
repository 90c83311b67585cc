"""In what time departments mean to acknowledge and resolve."""

from collections.abc import Iterable, Sequence
from datetime import date

from services.feedback.domain.timing import ResolutionTime
from shared.contracts.feedback import Promises
from shared.contracts.reported.feedback import ResolutionTimeReported
from shared.database import Connection, Pool
from shared.decoding import Received

Identity = tuple[str, str]  # source, event id
Place = tuple[str, str, date]  # organisation, kind, the day it holds from


async def hold_times(connection: Connection, orgs: Iterable[str]) -> None:
    """The times of these organisations stay as they are until the end of this transaction."""
    await connection.executemany(
        "select pg_advisory_xact_lock_shared(hashtextextended('resolution_time ' || $1, 0))",
        [(each,) for each in sorted(set(orgs))],
    )


async def change_times(connection: Connection, orgs: Iterable[str]) -> None:
    """Nobody reads the times of these organisations before this transaction ends."""
    await connection.executemany(
        "select pg_advisory_xact_lock(hashtextextended('resolution_time ' || $1, 0))",
        [(each,) for each in sorted(set(orgs))],
    )


async def times_of(connection: Connection | Pool, orgs: Iterable[str]) -> dict[str, list[ResolutionTime]]:
    """Of each organisation, the times that stand: where several were reported for one kind and day, the newest."""
    rows = await connection.fetch(
        "select distinct on (org_id, kind, from_date) org_id, kind, from_date, resolve_within, acknowledge_within, days, "
        "calendar, target from resolution_time where org_id = any($1::text[]) and not superseded "
        "order by org_id, kind, from_date, reported_at desc, event_id desc",
        sorted(set(orgs)),
    )
    found: dict[str, list[ResolutionTime]] = {}
    for org_id, *fields in (row.values() for row in rows):
        found.setdefault(org_id, []).append(ResolutionTime(*fields))
    return found


async def add_times(connection: Connection, events: Sequence[Received]) -> None:
    said: list[tuple[Received, ResolutionTimeReported]] = [(event, event.data) for event in events]
    await connection.executemany(
        "insert into resolution_time (org_id, kind, from_date, source, event_id, acknowledge_within, resolve_within, days, "
        "calendar, target, reported_at, version) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 1 + coalesce((select "
        "max(version) from resolution_time where org_id = $1 and kind = $2 and from_date = $3), 0))",
        [
            (
                e.org_id, t.kind, t.from_, e.source, e.id, t.acknowledge_within, t.resolve_within, t.days, t.calendar,
                t.target, e.time,
            )
            for e, t in said
        ],
    )  # fmt: skip


async def supersede_times(connection: Connection, identities: Sequence[Identity]) -> dict[Identity, Place]:
    """From now on these reports tell nothing; of which kind and day each of them was."""
    rows = await connection.fetch(
        "update resolution_time t set superseded = true, version = 1 + (select max(version) from resolution_time m "
        "where m.org_id = t.org_id and m.kind = t.kind and m.from_date = t.from_date) "
        "from unnest($1::text[], $2::text[]) as a (source, event_id) "
        "where t.source = a.source and t.event_id = a.event_id returning t.source, t.event_id, org_id, kind, from_date",
        [source for source, _ in identities],
        [event_id for _, event_id in identities],
    )
    return {(source, event_id): tuple(place) for source, event_id, *place in (row.values() for row in rows)}


async def standing(connection: Connection, place: Place) -> tuple[ResolutionTime | None, ResolutionTime, int]:
    """What holds at a place (None: all withdrawn), what was said there last, and the number of its version."""
    rows = await connection.fetch(
        "select superseded, kind, from_date, resolve_within, acknowledge_within, days, calendar, target, "
        "max(version) over () as newest from resolution_time where org_id = $1 and kind = $2 and from_date = $3 "
        "order by superseded, reported_at desc, event_id desc limit 1",
        *place,
    )
    superseded, *fields, newest = rows[0].values()
    last = ResolutionTime(*fields)
    return (None if superseded else last), last, newest


async def open_cases(connection: Connection, org_id: str, kind: str, since: date) -> list[tuple[str, str]]:
    """Cases of a kind received on or after a day that have not ended."""
    rows = await connection.fetch(
        "select org_id, feedback_id from feedback_case where org_id = $1 and kind = $2 and ended_at is null "
        "and received_at >= $3::date - 1 order by feedback_id",
        org_id,
        kind,
        since,
    )
    return [(row["org_id"], row["feedback_id"]) for row in rows]


async def move_due(connection: Connection, rows: Sequence[tuple[str, str, Promises]]) -> None:
    """Cases, by organisation and id, and what is promised of each."""
    await connection.executemany(
        "update feedback_case set acknowledge_due_on = $3, acknowledge_due_at = $4, resolve_due_on = $5, resolve_due_at = $6 "
        "where org_id = $1 and feedback_id = $2",
        [
            (*key, said.acknowledge.due_on, said.acknowledge.due_at, said.resolve.due_on, said.resolve.due_at)
            for *key, said in rows
        ],
    )
