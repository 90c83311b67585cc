"""The log that is the outbox: what a service recorded, in commit order (see migrations/0001_create_log.sql)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from shared.contracts.envelope import Published, rfc3339, type_name
from shared.database import Connection
from shared.logs import log


@dataclass(frozen=True, slots=True)
class LogEntry:
    """An event about to be recorded; its position and moment are the log's to give."""

    topic: str
    key: str
    service: str
    name: str
    org_id: str
    occurred_at: datetime
    caused_by_source: str
    caused_by_id: str
    data: Published
    subject: str

    @property
    def type(self) -> str:
        return type_name(self.service, self.name)

    def value_after_position(self) -> str:
        """The Kafka record from its `source` on; what stands before is only known at the commit."""
        envelope: dict[str, Any] = {
            "source": f"/services/{self.service}",
            "type": self.type,
            "subject": self.subject,
            "time": rfc3339(self.occurred_at),
            "datacontenttype": "application/json",
            "org": self.org_id,
            "causedby": self.caused_by_id,
            "causedbysource": self.caused_by_source,
        }
        return orjson.dumps(envelope)[1:-1].decode() + ',"data":' + self.data.model_dump_json() + "}"


@dataclass(frozen=True, slots=True)
class Accepted:
    """What the duplicate check remembers of an accepted event; `entry` is the index of its first entry in the append."""

    source: str
    event_id: str
    org_id: str
    digest: bytes
    type: str
    opened_key: str | None
    entry: int


@dataclass(frozen=True, slots=True)
class Appended:
    """Entry `i` of the append stands at `first + i`, recorded at `recorded_at`."""

    first: int
    recorded_at: datetime


class LogUnchecked(ConnectionError):
    """The database is new, or was restored: until its log was compared with its topics, it gives out no position, since
    that could be one that was used before (docs/adr/0015).
    """


_APPEND = """
with head as (
    update log_head
       set position = position + $1, recorded_at = greatest(recorded_at, clock_timestamp())
     where place = log_place()
    returning position - $1 as base, recorded_at
), logged as (
    insert into recorded_event (position, recorded_at, type, org_id, occurred_at, caused_by_source, caused_by_id,
                                topic, key, value)
    select base + n, recorded_at, type, org_id, occurred_at, caused_by_source, caused_by_id, topic, key,
           '{"specversion":"1.0","id":"' || (base + n) || '","recordedat":"'
           || to_char(recorded_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') || '",' || rest
      from head, unnest($2::text[], $3::text[], $4::timestamptz[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[])
           with ordinality as e (type, org_id, occurred_at, caused_by_source, caused_by_id, topic, key, rest, n)
), remembered as (
    insert into received_event (source, event_id, org_id, digest, type, key, opened_key, position, recorded_at)
    select a.source, a.event_id, a.org_id, a.digest, a.type, ($8::text[])[1 + a.entry], a.opened_key,
           base + 1 + a.entry, recorded_at
      from head, unnest($10::text[], $11::text[], $12::text[], $13::bytea[], $14::text[], $15::text[], $16::bigint[])
           as a (source, event_id, org_id, digest, type, opened_key, entry)
)
select base + 1 as first, recorded_at from head
"""


async def append(connection: Connection, entries: Sequence[LogEntry], accepted: Sequence[Accepted]) -> Appended:
    """Append to the log and remember what was accepted. Must be the last statement before the commit: it takes the log's
    lock, and everything waits behind it. Raises LogUnchecked.
    """
    row = await connection.fetchrow(
        _APPEND,
        len(entries),
        [entry.type for entry in entries],
        [entry.org_id for entry in entries],
        [entry.occurred_at for entry in entries],
        [entry.caused_by_source for entry in entries],
        [entry.caused_by_id for entry in entries],
        [entry.topic for entry in entries],
        [entry.key for entry in entries],
        [entry.value_after_position() for entry in entries],
        [event.source for event in accepted],
        [event.event_id for event in accepted],
        [event.org_id for event in accepted],
        [event.digest for event in accepted],
        [event.type for event in accepted],
        [event.opened_key for event in accepted],
        [event.entry for event in accepted],
    )
    if row is None:
        raise LogUnchecked
    return Appended(row["first"], row["recorded_at"])


async def head(connection: Connection) -> tuple[int, datetime]:
    """The log's last position, and a moment that everything recorded later lies at or after.

    Takes the log's lock for one statement: what holds a lower position is committed, and what comes has a later moment.
    """
    row = await connection.fetchrow(
        "update log_head set recorded_at = greatest(recorded_at, clock_timestamp()) returning position, recorded_at"
    )
    return row["position"], row["recorded_at"]


async def is_checked(connection: Connection) -> bool:
    """Whether the log was compared with its topics in the place where it is now."""
    return bool(await connection.fetchval("select place = log_place() from log_head"))


# The first 64 bits of a record's SHA-256 as a signed number: a sum of them tells two sets of records apart.
FINGERPRINT = "('x' || left(encode(sha256(convert_to(value, 'UTF8')), 'hex'), 16))::bit(64)::bigint"


async def digest(connection: Connection, until: int) -> list[dict[str, Any]]:
    """Per type, organisation and day (UTC) of recording: how many events up to a position, and the sum of their hashes."""
    rows = await connection.fetch(
        "select type, org_id, (recorded_at at time zone 'utc')::date as day, count(*) as events, "
        f"       sum({FINGERPRINT})::text as hash "
        "  from recorded_event where position <= $1 group by 1, 2, 3 order by 1, 2, 3",
        until,
    )
    return [dict(row) for row in rows]


async def positions(connection: Connection, cell: tuple[str, str, Any], until: int) -> list[tuple[int, str, str]]:
    """The positions of one cell of the digest, each with its hash and the id of the reported event."""
    rows = await connection.fetch(
        f"select position, {FINGERPRINT}::text as hash, caused_by_source || '#' || caused_by_id as event "
        "  from recorded_event where type = $1 and org_id = $2 and (recorded_at at time zone 'utc')::date = $3 "
        "   and position <= $4 order by position",
        *cell,
        until,
    )
    return [(row["position"], row["hash"], row["event"]) for row in rows]


async def make_partitions(connection: Connection) -> None:
    """Make the months to come of every partitioned table."""
    for row in await connection.fetch("select partitioned, month from make_partitions()"):
        # Rows of that month are in the default partition, which goes on serving.
        log.error("partition_not_made", table=row["partitioned"], month=f"{row['month']:%Y-%m}")
