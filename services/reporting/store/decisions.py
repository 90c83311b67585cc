"""What people decided about compliance, and what is published of it: reporting's own log."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from shared.database import Connection, Pool

# As the index has it.
_DECISION = (
    "type in ('guichet.reporting.ConfirmationSigned.v1', 'guichet.reporting.CorrectiveActionChanged.v1', "
    "'guichet.reporting.OversightStepTaken.v1')"
)


async def newest_decision(
    connection: Connection | Pool, kind: str, org_id: str, decision_id: str
) -> dict[str, Any] | None:
    row = await connection.fetchrow(
        "select * from decision where kind = $1 and org_id = $2 and decision_id = $3 order by version desc limit 1",
        kind,
        org_id,
        decision_id,
    )
    return dict(row) if row else None


async def hold_organization(connection: Connection, org_id: str) -> None:
    """What is decided of an organisation is decided one after the other."""
    await connection.execute("select pg_advisory_xact_lock(hashtextextended('decision ' || $1, 0))", org_id)


async def add_decision(
    connection: Connection,
    kind: str,
    org_id: str,
    decision_id: str,
    version: int,
    fields: dict[str, Any],
    by: str,
    at: datetime,
) -> None:
    await connection.execute(
        "insert into decision (org_id, kind, decision_id, version, fields, decided_by, decided_at) "
        "values ($1, $2, $3, $4, $5, $6, $7)",
        org_id, kind, decision_id, version, fields, by, at,
    )  # fmt: skip
    await connection.execute("insert into verdict_asked (org_id, recorded_at) values ($1, clock_timestamp())", org_id)


async def decisions(
    connection: Connection | Pool, kind: str, org_id: str | None, after: Sequence[str], limit: int
) -> list[dict[str, Any]]:
    """The newest version of each, by organisation and id."""
    rows = await connection.fetch(
        "select * from (select distinct on (org_id, decision_id) * from decision where kind = $1 "
        "and ($2::text is null or org_id = $2) order by org_id, decision_id, version desc) d "
        "where (org_id, decision_id) > ($3, $4) order by org_id, decision_id limit $5",
        kind, org_id, *after, limit,
    )  # fmt: skip
    return [dict(row) for row in rows]


async def steps_about(connection: Connection, org_id: str, requirement: str) -> list[str]:
    """The steps that were taken about a finding, the oldest first."""
    rows = await connection.fetch(
        "select fields ->> 'step' as step from decision where kind = 'step' and org_id = $1 and fields ->> 'requirement' = $2 "
        "order by decided_at, decision_id",
        org_id,
        requirement,
    )
    return [row["step"] for row in rows]


async def own_evidence(connection: Connection, org_id: str, known_to: datetime) -> list[dict[str, Any]]:
    """What was decided of an organisation and recorded by a moment, as it stands in reporting's own log."""
    rows = await connection.fetch(
        "select 'reporting' as service, position as service_position, type, org_id, recorded_at, value from recorded_event "
        f"where org_id = $1 and {_DECISION} and recorded_at <= $2 order by position",
        org_id,
        known_to,
    )
    return [dict(row) for row in rows]


async def own_records(connection: Connection, positions: Sequence[int]) -> list[dict[str, Any]]:
    """These entries of reporting's own log; where they stand in Kafka it does not keep."""
    rows = await connection.fetch(
        "select 'reporting' as service, position as service_position, type, org_id, recorded_at, topic, null::int as partition, "
        "null::bigint as record_offset, value from recorded_event where position = any($1::bigint[]) order by position",
        list(positions),
    )
    return [dict(row) for row in rows]


# A moment is closed once the log has a later one: nothing more is recorded with it.
_CLOSED = "recorded_at < (select recorded_at from log_head)"


async def asked_anew(connection: Connection) -> list[str]:
    """Organisations about which something was decided, once the moments of all of it are closed; asked once."""
    rows = await connection.fetch(
        "delete from verdict_asked a where not exists (select from recorded_event e "
        f"where e.org_id = a.org_id and {_DECISION} and not e.{_CLOSED}) returning org_id"
    )
    return sorted({row["org_id"] for row in rows})


async def last_decision(connection: Connection, org_id: str) -> tuple[datetime, str] | None:
    """The newest decision about an organisation whose moment is closed: when it was recorded, and its record."""
    row = await connection.fetchrow(
        f"select recorded_at, value from recorded_event where org_id = $1 and {_DECISION} and {_CLOSED} "
        "order by position desc limit 1",
        org_id,
    )
    return (row["recorded_at"], row["value"]) if row else None
