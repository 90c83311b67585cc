"""Comparing a log with its topics before anything is appended or published: which of the two has lost something?

Kafka has, when it is another cluster or a partition does not know what it was told: then it is filled again, and readers
drop what they have by its position. The log has, when its topics are ahead of it or its database stands elsewhere: it was
restored from a backup, and goes on at positions that nobody can have seen (docs/adr/0015).
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from shared import metrics
from shared.database import Connection
from shared.event_log import LogEntry, append
from shared.kafka import Kafka
from shared.logs import log
from shared.surveying import Survey, is_event, position_of, records_since, survey

# A restored log goes on at the next multiple: beyond whatever may have been recorded since its backup, also where Kafka
# has lost it and reporting has read it.
STRIDE = 1_000_000_000
# Kafka's clock may be behind PostgreSQL's.
_CLOCKS, _MOMENT = timedelta(hours=3), timedelta(seconds=5)
_BEGINNING = datetime.fromtimestamp(0, UTC)

Event = Mapping[str, Any]
# What a restored service says again, given the void events: so that listeners end with what it holds.
SayAgain = Callable[[Connection, Sequence[Event]], Awaitable[Sequence[LogEntry]]]


class LogForked(ConnectionError):
    """The log has an entry where its topics have another: positions were used twice (docs/operating.md says what to do)."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a log has come, and what it remembers of the place and cluster in which it did."""

    position: int
    recorded_at: datetime
    place: str | None
    now_in: str
    cursor: int
    cursor_at: datetime
    announced: int
    cluster_id: str | None

    @property
    def published_again(self) -> bool:
        """Whether the cursor was moved back, by us (nothing is announced until it has come through) or by an operator."""
        return not 0 <= self.announced <= self.cursor


async def take_stock(
    connection: Connection, kafka: Kafka, cluster: str, topics: Sequence[str], say_again: SayAgain | None
) -> bool:
    """Find out what was lost, and mend it; whether Kafka had lost something. Raises KafkaError, TimeoutError, or LogForked."""
    found = await survey(kafka, topics)
    standing = await _standing(connection)
    if standing.place not in {None, standing.now_in} or found.highest > standing.position:
        beyond = await _beyond(connection, kafka, topics, standing)
        await _go_on_above(connection, standing, found, beyond, say_again)
    elif found.highest > standing.cursor and not standing.published_again:
        await _refuse_fork(connection, await records_since(kafka, topics, _earlier(standing.cursor_at, _MOMENT)))
    await connection.execute("update log_head set place = log_place() where place is distinct from log_place()")
    lost = lost_records(standing, found, cluster)
    if lost:
        await _fill_again(connection, standing, found)
    return lost


async def settle(connection: Connection, cluster: str) -> None:
    """All that a new cluster lacked was asked for: it is the one we know."""
    await connection.execute("update relay_cursor set cluster_id = $1 where cluster_id is distinct from $1", cluster)


def lost_records(standing: Standing, found: Survey, cluster: str) -> bool:
    """Whether Kafka has less than it acknowledged once."""
    moved = standing.cluster_id not in {None, cluster}
    return moved or found.lowest < min(standing.announced, standing.cursor)


async def _standing(connection: Connection) -> Standing:
    row = await connection.fetchrow(
        "select h.position, h.recorded_at, h.place, log_place() as now_in, c.position as cursor, c.recorded_at as cursor_at, "
        "c.announced, c.cluster_id "
        "from log_head h, relay_cursor c"
    )
    return Standing(*row.values())


async def _beyond(connection: Connection, kafka: Kafka, topics: Sequence[str], standing: Standing) -> list[Any]:
    """The records of the topics beyond the log's head, each position once."""
    since = _earlier(standing.recorded_at if standing.position else _BEGINNING, _CLOCKS)
    records = {position_of(each): each for each in await records_since(kafka, topics, since) if is_event(each)}
    await _refuse_fork(connection, list(records.values()))
    return [each for position, each in sorted(records.items()) if position > standing.position]


def _earlier(moment: datetime, by: timedelta) -> datetime:
    """Earlier than a moment; `-infinity` is the beginning."""
    return moment - by if moment > _BEGINNING + by else _BEGINNING


async def _refuse_fork(connection: Connection, records: Sequence[Any]) -> None:
    """Raises LogForked where the log has another entry at the position of a record."""
    values = {position_of(each): each.value.decode() for each in records if is_event(each) and each.value}
    rows = await connection.fetch(
        "select position, value from recorded_event where position = any($1::bigint[])", list(values)
    )
    forked = [row["position"] for row in rows if row["value"] != values[row["position"]]]
    if forked:
        log.error("log_forked", first=min(forked))
        raise LogForked


async def _go_on_above(
    connection: Connection,
    standing: Standing,
    found: Survey,
    beyond: Sequence[Any],
    say_again: SayAgain | None,
) -> None:
    events = [orjson.loads(record.value) for record in beyond]
    highest = max([found.highest, standing.position, *(int(event["id"]) for event in events)])
    until = (highest // STRIDE + 1) * STRIDE
    unlisted = (
        max(0, min(highest - standing.position, STRIDE) - len(events)) if found.highest > standing.position else 0
    )
    async with connection.transaction():
        moved = await connection.execute(
            "update log_head set position = $1, recorded_at = greatest(recorded_at, clock_timestamp()), "
            "place = log_place() where position = $2",
            until, standing.position,
        )  # fmt: skip
        if moved != "UPDATE 1":
            raise ConnectionError("the log has moved meanwhile")
        await _keep_lost(connection, standing.position, until, events, unlisted)
        entries = await say_again(connection, events) if say_again is not None else ()
        if entries:
            await append(connection, entries, [])
    metrics.log_restored.inc()
    log.error(
        "log_restored",
        after=standing.position,
        until=until,
        lost=len(events),
        unlisted=unlisted,
        said_again=len(entries),
    )


async def _keep_lost(connection: Connection, after: int, until: int, events: Sequence[Event], unlisted: int) -> None:
    await connection.execute(
        "insert into log_restored (until, after, listed, unlisted) values ($1, $2, $3, $4)",
        until, after, len(events), unlisted,
    )  # fmt: skip
    await connection.executemany(
        "insert into lost_event (position, until, source, event_id, type, org_id, recorded_at) "
        "values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing",
        [
            (
                int(e["id"]), until, e.get("causedbysource", ""), e.get("causedby", ""), e["type"], e.get("org", ""),
                datetime.fromisoformat(e["recordedat"]),
            )
            for e in events
        ],
    )  # fmt: skip


async def _fill_again(connection: Connection, standing: Standing, found: Survey) -> None:
    await publish_again(connection)
    metrics.topics_refilled.inc()
    log.error("topics_refilled", until=standing.cursor, found=found.highest)


async def publish_again(connection: Connection) -> None:
    """Publish all of the log once more, and every restore of it. The relay finds its cursor moved, within five seconds."""
    async with connection.transaction():
        await connection.execute("update relay_cursor set position = 0, recorded_at = '-infinity', announced = -1")
        await connection.execute("update log_restored set told_at = null")


async def untold(connection: Connection) -> list[Any]:
    """Restores that the topics have not been told of yet."""
    rows: list[Any] = await connection.fetch(
        "select after, until, found_at from log_restored where told_at is null order by until"
    )
    return rows


async def told(connection: Connection, until: int) -> None:
    await connection.execute("update log_restored set told_at = now() where until <= $1 and told_at is null", until)
