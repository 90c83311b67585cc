"""Evidence of compliance: what the log has of an organisation up to a cut, and where each record of it stood in Kafka."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import orjson

from shared.database import Connection

# As the indexes have it.
_EVIDENCE = "e.service in ('inventory', 'feedback')"
_TRANSFERRED = "e.service = 'inventory' and e.type = 'guichet.inventory.ServiceTransferred.v1'"
_SHARED = (
    "e.service = 'inventory' and (e.type = 'guichet.inventory.ServiceTransferred.v1' "
    "or (e.type = 'guichet.inventory.StewardshipRecorded.v1' "
    'and strpos(e.value, \'"kind":"mandatory_service_listed"\') > 0))'
)
# Read by a position, and recorded by a moment where one is given; a span counts as void from where it was heard of.
KNOWN = (
    "e.position <= $1 and ($2::timestamptz is null or e.recorded_at <= $2) and not exists (select from void_span v "
    "where v.service = e.service and v.topic = e.topic and v.partition = e.partition and v.position <= $1 "
    "and ($2::timestamptz is null or v.heard_at <= $2) "
    "and e.service_position > v.after and e.service_position <= v.until)"
)
_COLUMNS = "e.service, e.service_position, e.type, e.org_id, e.recorded_at, e.value"
LAST = 2**63 - 1


async def evidence(
    connection: Connection, org_id: str, position: int | None, known_at: datetime | None, after: int = 0
) -> list[dict[str, Any]]:
    """Everything recorded that one organisation reported, read after a position."""
    rows = await connection.fetch(
        f"select {_COLUMNS} from logged_event e where {_EVIDENCE} and e.org_id = $3 and e.position > $4 and {KNOWN}",
        LAST if position is None else position, known_at, org_id, after,
    )  # fmt: skip
    return [dict(row) for row in rows]


async def shared_evidence(
    connection: Connection, position: int | None, known_at: datetime | None
) -> list[dict[str, Any]]:
    """Everything recorded that concerns more organisations than the one that reported it."""
    rows = await connection.fetch(
        f"select {_COLUMNS} from logged_event e where {_SHARED} and {KNOWN}",
        LAST if position is None else position, known_at,
    )  # fmt: skip
    return [dict(row) for row in rows]


async def evidence_of_services(
    connection: Connection,
    service_ids: Iterable[str],
    org_ids: Iterable[str],
    position: int | None,
    known_at: datetime | None,
) -> list[dict[str, Any]]:
    """Everything that some organisations told the inventory of some services: what a service had before it was transferred.
    Feedback is, and stays, the organisation's that received it.
    """
    rows = await connection.fetch(
        f"select {_COLUMNS} from logged_event e where {_EVIDENCE} and e.service = 'inventory' and e.org_id = any($4) and {KNOWN} "
        "and coalesce(value::json #>> '{data,service_id}', value::json #>> '{data,fields,service_id}') = any($3)",
        LAST if position is None else position, known_at, sorted(set(service_ids)), sorted(set(org_ids)),
    )  # fmt: skip
    return [dict(row) for row in rows]


_LAST_CHANGES = f"""
select w.service_id, f.service, f.service_position, f.recorded_at
  from unnest($3::text[], $4::text[]) as w (service_id, said)
  join views_1.service_change using (service_id)
 cross join lateral (
    select e.service, e.service_position, e.recorded_at
      from (select distinct hour from views_1.feed_hour
             where org_id = $5 and service = 'status' and hour > $6::timestamptz - interval '11 days' and hour <= $6
             order by hour desc) h
     cross join lateral (
        select * from logged_event e
         where e.recorded_at >= h.hour and e.recorded_at < h.hour + interval '1 hour' and e.recorded_at <= $6
           and e.service = 'status' and e.org_id = $5 and e.type = 'guichet.status.ApplicationStateChanged.v1'
           and strpos(e.value, w.said) > 0 and {KNOWN}
         order by e.recorded_at desc, e.service_position desc limit 1) e
     order by h.hour desc limit 1) f
"""


async def last_changes(
    connection: Connection,
    org_id: str,
    service_ids: Iterable[str],
    moment: datetime,
    position: int | None,
    known_at: datetime | None,
) -> dict[str, tuple[datetime, tuple[str, int]]]:
    """Of each service the last change of an application before a moment: when it was recorded, and which. None where it is
    older than any cadence allows: a week, and half of it again.
    """
    ids = sorted(service_ids)
    said = [f'"service_id":{orjson.dumps(each).decode()}' for each in ids]
    rows = await connection.fetch(
        _LAST_CHANGES, LAST if position is None else position, known_at, ids, said, org_id, moment
    )
    return {row["service_id"]: (row["recorded_at"], (row["service"], row["service_position"])) for row in rows}


async def records(connection: Connection, places: Sequence[tuple[str, int]]) -> list[dict[str, Any]]:
    """The records of these events (service, its position), where they stood in Kafka, in the order of their recording."""
    rows = await connection.fetch(
        "select e.service, e.service_position, e.type, e.org_id, e.recorded_at, e.topic, e.partition, e.record_offset, "
        "e.value from unnest($1::text[], $2::bigint[]) as a (service, position) join logged_event e "
        "on e.service = a.service and e.service_position = a.position "
        "where e.partition = any(array(select distinct partition from advanced)) "
        "order by e.recorded_at, e.service, e.service_position",
        [service for service, _ in places],
        [position for _, position in places],
    )
    return [dict(row) for row in rows]


async def last_heard(connection: Connection) -> datetime | None:
    """When the newest event that was read was recorded."""
    moment: datetime | None = await connection.fetchval("select max(last_recorded_at) from views_1.feed")
    return moment


_HEARD = f"""
with shared as (
    select exists (select from logged_event e where {_SHARED} and e.position > $1 and e.position <= $2) as heard
)
select e.org_id from logged_event e
 where {_EVIDENCE} and e.position <= $2 and e.position > case when (select heard from shared) then 0 else $1 end
 union
select e.value::json #>> '{{data,to_org}}' from logged_event e
 where {_TRANSFERRED} and e.position <= $2 and (select heard from shared)
 order by 1
"""


async def organizations_heard(connection: Connection, after: int, until: int) -> list[str]:
    """The organisations with evidence read after a position, up to another; where some concerns several, all that have any, and
    those that were given a service.
    """
    return [row["org_id"] for row in await connection.fetch(_HEARD, after, until)]


async def newest_shared(connection: Connection, after: int, until: int) -> str | None:
    """The record of what concerns several organisations that was read last after a position, up to another."""
    value: str | None = await connection.fetchval(
        f"select value from logged_event e where {_SHARED} and position > $1 and position <= $2 "
        "order by position desc limit 1",
        after,
        until,
    )
    return value


async def newest_evidence(connection: Connection, org_id: str, after: int, until: int) -> str | None:
    """The record of an organisation that was read last after a position, up to another."""
    value: str | None = await connection.fetchval(
        f"select value from logged_event e where {_EVIDENCE} and org_id = $1 and position > $2 and position <= $3 "
        "order by position desc limit 1",
        org_id,
        after,
        until,
    )
    return value
