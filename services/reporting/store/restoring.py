"""What services that were restored from a backup do not know any more: kept in the log, and counted nowhere."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

from services.reporting.store.verifying import VOID, as_records
from shared.database import Connection, Pool


@dataclass(frozen=True, slots=True)
class VoidSpan:
    """Positions of a restored service's log that count no more: after one, up to another."""

    service: str
    after: int
    until: int


async def add_void_span(connection: Connection, word: Any) -> bool:
    """Whether the word is new."""
    done = await connection.execute(
        "insert into void_span (service, topic, partition, after, until) values ($1, $2, $3, $4, $5) "
        "on conflict do nothing",
        word.service, word.topic, word.partition, word.after, word.until,
    )  # fmt: skip
    return bool(done == "INSERT 0 1")


async def place_void_span(connection: Connection, word: Any, position: int) -> None:
    """Where the log stood when the word was taken: what is asked as of before does not know of it."""
    await connection.execute(
        "update void_span set position = $4 where topic = $1 and partition = $2 and until = $3",
        word.topic, word.partition, word.until, position,
    )  # fmt: skip


async def newly_void(connection: Connection, word: Any, batch: int = 5_000) -> AsyncIterator[list[Any]]:
    """Records of the log that a span makes void and no other had made so before it."""
    cursor = await connection.cursor(
        "select topic, partition, record_offset, value from logged_event e where service = $1 and topic = $2 "
        "and partition = $3 and service_position > $4 and service_position <= $5 and not exists (select from void_span v "
        "where v.service = $1 and v.topic = $2 and v.partition = $3 and v.until <> $5 "
        "and e.service_position > v.after and e.service_position <= v.until)",
        word.service, word.topic, word.partition, word.after, word.until,
    )  # fmt: skip
    while rows := await cursor.fetch(batch):
        yield as_records(rows)


async def last_void(connection: Connection | Pool, after: int, until: int) -> VoidSpan | None:
    """The span that became void last between two positions of the log."""
    row = await connection.fetchrow(
        "select service, after, until from void_span where position > $1 and position <= $2 order by position desc limit 1",
        after,
        until,
    )
    return row and VoidSpan(*row)


async def place(connection: Connection) -> str:
    """Which database this is: one that was restored is another."""
    return str(await connection.fetchval("select log_place()"))


async def is_restored(connection: Connection) -> bool:
    """Whether any service was ever restored: where none was, nothing is void."""
    return bool(await connection.fetchval("select exists (select from void_span)"))


async def void(connection: Connection, events: Sequence[Any]) -> set[tuple[str, int]]:
    """The (service, position) of those events that came after the word that they are void."""
    rows = await connection.fetch(
        "select e.service, e.service_position from unnest($1::text[], $2::text[], $3::int[], $4::bigint[]) "
        f"as e (service, topic, partition, service_position) where {VOID}",
        [event.service for event in events],
        [event.record.topic for event in events],
        [event.record.partition for event in events],
        [event.service_position for event in events],
    )
    return {(row["service"], row["service_position"]) for row in rows}
