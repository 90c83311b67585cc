"""What was refused is kept, sealed, for 30 days.

Whole, but for two bounds on what one organisation can fill: of what is too large its beginning is kept, and of what comes
while ten thousand of its letters wait only that it came.
"""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from cryptography.exceptions import InvalidTag

from shared import metrics
from shared.database import Connection, Pool
from shared.decoding import MAX_EVENT_BYTES, Arrival, Refusal
from shared.encryption import Seal
from shared.logs import log

_CONTEXT = "dead_letter"
_MOST_OF_TOO_LARGE = 64 * 1024
MOST_KEPT = 10_000
_ROOM_SECONDS = 10.0

State = Literal["waiting", "accepted", "dropped"]
Place = tuple[str, int, int]  # topic, partition, offset


class DeadLetters:
    """Keeps refused events of one service in its `dead_letter` table."""

    def __init__(self, seal: Seal) -> None:
        self._seal = seal
        # By organisation: when its letters were counted, and how many more are kept with what they hold.
        self._rooms: dict[str, tuple[float, int]] = {}

    async def keep(self, connection: Connection, refused: Sequence[tuple[Arrival, Refusal]]) -> None:
        """A record of Kafka's has one letter, however often its topic is read from the beginning."""
        read = {_place(arrival): arrival.raw for arrival, _ in refused if arrival.topic}
        before = await self.kept_before(connection, read)
        refused = [(arrival, refusal) for arrival, refusal in refused if _place(arrival) not in before]
        if not refused:
            return
        room = await self._room_of(
            connection, {arrival.org_id for arrival, _ in refused if _door(arrival) != "listening"}
        )
        await connection.executemany(
            "insert into dead_letter (door, org_id, source, event_id, topic, partition, record_offset, code, problem, "
            "size, sealed) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
            [self._row(arrival, refusal, _kept(arrival, refusal, room)) for arrival, refusal in refused],
        )
        self._rooms |= {org_id: (self._rooms[org_id][0], left) for org_id, left in room.items()}
        for code, number in Counter(refusal.problem.code for _, refusal in refused).items():
            metrics.dead_letters.labels(code).inc(number)

    async def kept_before(
        self, connection: Connection, records: Mapping[Place, bytes], *, accepted: bool = True
    ) -> set[Place]:
        """Which of these records have a letter; not `accepted`: one that was not accepted by a replay. What another record left
        at a place, before its topic was made anew, is none.
        """
        if not records:
            return set()
        rows = await connection.fetch(
            "select topic, partition, record_offset, size, sealed from dead_letter join "
            "unnest($1::text[], $2::int[], $3::bigint[]) as a (topic, partition, record_offset) "
            "using (topic, partition, record_offset) where $4 or state <> 'accepted'",
            *zip(*records, strict=True),
            accepted,
        )
        places = [(row["topic"], row["partition"], row["record_offset"]) for row in rows]
        letters = zip(places, rows, strict=True)
        return {place for place, row in letters if self._is_of(records[place], row["size"], row["sealed"])}

    def _is_of(self, raw: bytes, size: int | None, sealed: bytes | None) -> bool:
        """Whether a letter is that of a record, by as much of it as the letter still has."""
        kept = None if sealed is None else opened(self._seal, sealed)
        return size in {None, len(raw)} and raw.startswith(kept or b"")

    async def _room_of(self, connection: Connection, org_ids: set[str]) -> dict[str, int]:
        """How many more letters of each are kept with what they hold. Counting thousands for each commit would let whoever
        floods a door slow it for all: it is counted now and then, and each time where there was no room.
        """
        now = time.monotonic()
        known = {each: self._rooms.get(each, (-_ROOM_SECONDS, 0)) for each in org_ids}
        old = {each for each, (at, left) in known.items() if left <= 0 or now - at > _ROOM_SECONDS}
        if old:
            self._rooms |= {each: (now, left) for each, left in (await _count_room(connection, old)).items()}
        return {each: self._rooms[each][1] for each in org_ids}

    def _row(self, arrival: Arrival, refusal: Refusal, kept: bytes | None) -> tuple[Any, ...]:
        return (
            _door(arrival),
            arrival.org_id or None,
            refusal.source,
            refusal.id,
            arrival.topic,
            arrival.partition,
            arrival.offset,
            refusal.problem.code,
            refusal.problem.as_dict(),
            len(arrival.raw),
            None if kept is None else self._seal.seal(kept, _CONTEXT),
        )


class NotKept(DeadLetters):
    """For what is a dead letter already: it stays the one it is."""

    async def keep(self, connection: Connection, refused: Sequence[tuple[Arrival, Refusal]]) -> None:
        pass


def _place(arrival: Arrival) -> Place:
    return arrival.topic or "", arrival.partition or 0, arrival.offset or 0


def _door(arrival: Arrival) -> str:
    if not arrival.topic:
        return "oversight" if arrival.by_oversight else "http"
    return "kafka" if arrival.topic.startswith("ingest.") else "listening"


async def _count_room(connection: Connection, org_ids: set[str]) -> dict[str, int]:
    """How many more letters of each organisation are kept with what they hold."""
    rows = await connection.fetch(
        "select org_id, (select count(*) from (select from dead_letter l where l.org_id = a.org_id and state = 'waiting' "
        "and sealed is not null and door <> 'listening' limit $2) as few) as kept from unnest($1::text[]) as a (org_id)",
        sorted(org_ids),
        MOST_KEPT,
    )
    return {row["org_id"]: MOST_KEPT - row["kept"] for row in rows}


def _kept(arrival: Arrival, refusal: Refusal, room: dict[str, int]) -> bytes | None:
    """What is kept of a refused event; what may yet be accepted is kept whole. Takes from the room of its organisation."""
    if _door(arrival) == "listening":
        return arrival.raw
    if room[arrival.org_id] <= 0:
        return None
    room[arrival.org_id] -= 1
    if room[arrival.org_id] == 0:
        log.warning("dead_letters_full", org_id=arrival.org_id)
    return arrival.raw[: _MOST_OF_TOO_LARGE if refusal.problem.code == "too_large" else MAX_EVENT_BYTES]


def opened(seal: Seal, sealed: bytes) -> bytes | None:
    """What was sealed; None where it was sealed under another key."""
    try:
        return seal.open(sealed, _CONTEXT)
    except (InvalidTag, ValueError):
        return None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which dead letters; None: whatever it is. `before`: those with a lower id."""

    org_id: str | None = None
    code: str | None = None
    door: str | None = None
    state: State | None = None
    since: datetime | None = None
    event_id: str | None = None
    source: str | None = None
    before: int | None = None


_COLUMNS = """
select l.dead_letter_id as id, l.received_at, l.door, l.org_id, l.source, l.event_id, l.topic, l.partition,
       l.record_offset as offset, l.problem, l.state, l.replays, l.replayed_at, l.receipt, l.size, l.sealed,
       r.position as accepted_position, r.recorded_at as accepted_at
  from dead_letter l
  left join received_event r on r.source = l.source and r.event_id = l.event_id and r.recorded_at > l.received_at
"""


async def letters(pool: Pool, wanted: Wanted, limit: int) -> list[dict[str, Any]]:
    """The newest first, each with the place of the event where it was accepted after it had been refused."""
    rows = await pool.fetch(
        f"{_COLUMNS} where ($1::text is null or l.org_id = $1) and ($2::text is null or l.code = $2) "
        "and ($3::text is null or l.door = $3) and ($4::text is null or l.state = $4) "
        "and ($5::timestamptz is null or l.received_at >= $5) and ($6::text is null or l.event_id = $6) "
        "and ($7::text is null or l.source = $7) and ($8::bigint is null or l.dead_letter_id < $8) "
        "order by l.dead_letter_id desc limit $9",
        wanted.org_id, wanted.code, wanted.door, wanted.state, wanted.since, wanted.event_id, wanted.source,
        wanted.before, limit,
    )  # fmt: skip
    return [dict(row) for row in rows]


async def letters_of(pool: Pool, event_id: str, source: str | None, limit: int) -> list[dict[str, Any]]:
    """An event's, the newest first; by the index, since they are asked for again and again."""
    rows = await pool.fetch(
        f"{_COLUMNS} where l.event_id = $1 and ($2::text is null or l.source = $2) "
        "order by l.dead_letter_id desc limit $3",
        event_id,
        source,
        limit,
    )
    return [dict(row) for row in rows]


async def letter(connection: Pool | Connection, letter_id: int, *, to_settle: bool = False) -> dict[str, Any] | None:
    """One dead letter; `to_settle` keeps it for this transaction alone."""
    lock = " for update of l" if to_settle else ""
    row = await connection.fetchrow(f"{_COLUMNS} where l.dead_letter_id = $1{lock}", letter_id)
    return row and dict(row)


async def settle(connection: Connection, letter_id: int, receipt: dict[str, Any]) -> None:
    """Write down what a replay was answered: an accepted letter is done with, a rejected one waits, for its newest reason."""
    problem = receipt.get("problem")
    await connection.execute(
        "update dead_letter set state = $2, receipt = $3, problem = coalesce($4, problem), code = coalesce($5, code), "
        "replays = $6, replayed_at = clock_timestamp() where dead_letter_id = $1",
        letter_id,
        "waiting" if problem else "accepted",
        None if problem else receipt,
        problem,
        problem and problem["code"],
        receipt["replays"],
    )


async def drop(connection: Pool | Connection, letter_id: int) -> bool:
    """Erase what a waiting letter holds; that it was there stays."""
    done = await connection.execute(
        "update dead_letter set state = 'dropped', sealed = null where dead_letter_id = $1 and state = 'waiting'",
        letter_id,
    )
    return bool(done == "UPDATE 1")


async def drop_letters(connection: Connection, seal: Seal, org_id: str, unwanted: Callable[[bytes], bool]) -> int:
    """Erase what those of an organisation's letters hold that are `unwanted` by what they hold, in whatever state; how many."""
    rows = connection.cursor(
        "select dead_letter_id, sealed from dead_letter where org_id = $1 and sealed is not null", org_id, prefetch=50
    )
    ids = [row["dead_letter_id"] async for row in rows if (raw := opened(seal, row["sealed"])) and unwanted(raw)]
    await connection.execute(
        "update dead_letter set sealed = null, state = case state when 'waiting' then 'dropped' else state end "
        "where dead_letter_id = any($1::bigint[])",
        ids,
    )
    return len(ids)


async def waiting(connection: Pool | Connection) -> dict[str, int]:
    """How many dead letters wait, by the code of their problem."""
    rows = await connection.fetch("select code, count(*) as n from dead_letter where state = 'waiting' group by code")
    return {row["code"]: row["n"] for row in rows}


async def rejected_event(pool: Pool, org_id: str, event_id: str, source: str | None) -> dict[str, Any] | None:
    """`event_id`, `source` and `problem` of an organisation's event that was refused last under this id."""
    row = await pool.fetchrow(
        "select event_id, source, problem from dead_letter "
        "where event_id = $1 and org_id = $2 and ($3::text is null or source = $3) order by dead_letter_id desc limit 1",
        event_id,
        org_id,
        source,
    )
    return row and dict(row)


async def forget_dead_letters(connection: Connection) -> int:
    """Remove what was kept for 30 days. Returns how many."""
    done = await connection.execute("delete from dead_letter where received_at < now() - interval '30 days'")
    return int(done.split()[-1])
