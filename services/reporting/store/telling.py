"""The verdicts that were told last, and how far the log was judged for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from shared.database import Connection

# The transaction stands still while an organisation is judged; what a large one is judged by takes seconds to fold.
_THINKING = "60s"
_CHANGED = "type = 'guichet.reporting.VerdictChanged.v1'"


@dataclass(frozen=True, slots=True)
class Told:
    """Up to where the log was judged, as of which day, by which rules."""

    position: int
    day: date
    rule_version: str


async def told(connection: Connection) -> Told | None:
    """How far was told, held until the end of the transaction; None while another worker holds it."""
    row = await connection.fetchrow("select position, day, rule_version from verdict_head for update skip locked")
    await connection.execute(f"set local idle_in_transaction_session_timeout = '{_THINKING}'")
    return row and Told(row["position"], row["day"], row["rule_version"])


async def remember_told(connection: Connection, now: Told) -> None:
    await connection.execute(
        "update verdict_head set position = $1, day = $2, rule_version = $3", now.position, now.day, now.rule_version
    )


async def told_verdicts(connection: Connection, org_id: str) -> dict[str, dict[str, Any]]:
    """An organisation's verdicts as they were told, by requirement."""
    rows = await connection.fetch(
        "select requirement, state, numerator, denominator, excluded from told_verdict where org_id = $1", org_id
    )
    return {row["requirement"]: {name: row[name] for name in row.keys() if name != "requirement"} for row in rows}  # noqa: SIM118 - a row gives its values


async def remember_verdicts(connection: Connection, org_id: str, rules: str, verdicts: Sequence[Any]) -> None:
    """Keep what an organisation is told; requirements of other rules are forgotten."""
    await connection.execute("delete from told_verdict where org_id = $1 and rules <> $2", org_id, rules)
    await connection.executemany(
        "insert into told_verdict (org_id, requirement, rules, state, numerator, denominator, excluded) "
        "values ($1, $2, $3, $4, $5, $6, $7) on conflict (org_id, requirement) do update set rules = excluded.rules, "
        "state = excluded.state, numerator = excluded.numerator, denominator = excluded.denominator, "
        "excluded = excluded.excluded",
        [(org_id, v.requirement, rules, v.state, v.numerator, v.denominator, v.excluded) for v in verdicts],
    )


async def own_head(connection: Connection) -> int:
    """The last position of reporting's own log; everything up to it is committed."""
    return int(await connection.fetchval("select position from log_head"))


async def verdicts_told(connection: Connection, after: int) -> list[str]:
    """The records of the verdicts that changed after a position of reporting's own log, in its order."""
    rows = await connection.fetch(
        f"select value from recorded_event where position > $1 and {_CHANGED} order by position", after
    )
    return [row["value"] for row in rows]


async def verdicts_told_last(connection: Connection, number: int) -> list[str]:
    """The records of the verdicts that changed last, the newest first."""
    rows = await connection.fetch(
        f"select value from recorded_event where {_CHANGED} order by position desc limit $1", number
    )
    return [row["value"] for row in rows]
