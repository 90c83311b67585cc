"""One event in the log, what came after it, and what is known of its service."""

from collections.abc import Sequence
from typing import Any

import orjson

from services.reporting.store.verifying import VOID
from shared.database import Pool

_COLUMNS = (
    "service, service_position, position, type, org_id, recorded_at, read_at, topic, partition, record_offset, value, "
    f"{VOID} as void"
)
# Of what is looked for, $1, as the log's index has it.
_HASH = """hashtext(text_after(value, '"{0}":"')) = hashtext(text_after($1, '"{0}":"'))"""
_SECONDS = 20
# Hours of a drain are summarized in less; a server that answers nothing is given up.
_SUMMARIZING_SECONDS = 600


async def at_place(pool: Pool, service: str, position: int) -> dict[str, Any] | None:
    """The record of a service's log at a position."""
    row = await pool.fetchrow(
        f"select {_COLUMNS} from logged_event e where service = $1 and service_position = $2 "
        "and partition = any(select distinct partition from advanced where service = $1)",
        service,
        position,
    )
    return row and dict(row)


async def caused_by(pool: Pool, event_id: str, source: str | None) -> list[dict[str, Any]]:
    """The records that a reported event led to, wherever in the log they are. Raises TimeoutError."""
    needles = [f'"causedby":{_json(event_id)}', source and f'"causedbysource":{_json(source)}']
    rows = await pool.fetch(
        f"with found as materialized (select {_COLUMNS} from logged_event e where {_HASH.format('causedby')} "
        "and strpos(value, $1) > 0 and ($2::text is null or strpos(value, $2) > 0)) "
        "select * from found order by position limit 20",
        *needles,
        timeout=_SECONDS,
    )
    return [dict(row) for row in rows]


async def later(pool: Pool, row: dict[str, Any], subject: str, limit: int) -> list[dict[str, Any]]:
    """Later records of the same type about the same thing, the newest first. Raises TimeoutError."""
    rows = await pool.fetch(
        f"with found as materialized (select {_COLUMNS} from logged_event e where {_HASH.format('subject')} "
        "and strpos(value, $1) > 0 and service = $2 and partition = $3 and service_position > $4 and recorded_at >= $5 "
        f"and type = $6 and not {VOID}) select * from found order by service_position desc limit $7",
        f'"subject":{_json(subject)}', row["service"], row["partition"], row["service_position"], row["recorded_at"],
        row["type"], limit,
        timeout=_SECONDS,
    )  # fmt: skip
    return [dict(each) for each in rows]


async def summarize_log(pool: Pool) -> int:
    """Have the log's BRIN indexes describe all of it; how many of its ranges they had not. A partition that is being vacuumed is
    left to that. Not to be cancelled: PostgreSQL reads all that lies behind a range it was stopped at (docs/adr/0027).
    """
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("set local statement_timeout = 0")
        return int(await connection.fetchval("select summarize_log()", timeout=_SUMMARIZING_SECONDS))


async def read_to(pool: Pool, services: Sequence[str]) -> dict[str, int]:
    """How far each service's log is known to be read whole."""
    rows = await pool.fetch(
        "select service, min(position) as position from advanced where service = any($1::text[]) group by service",
        list(services),
    )
    return {row["service"]: row["position"] for row in rows}


async def known_standards(pool: Pool, service_id: str) -> list[dict[str, Any]]:
    """All versions of a service's standards."""
    rows = await pool.fetch(
        "select standard_id, channel, measure, valid_from from known_standard where service_id = $1 order by 1, 4",
        service_id,
    )
    return [dict(row) for row in rows]


def _json(text: str) -> str:
    return orjson.dumps(text).decode()
