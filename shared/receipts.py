"""What became of an event, asked later; ids are remembered for 13 months."""

from typing import Any

from shared.contracts.envelope import rfc3339
from shared.correcting import forget_corrections, superseded_by
from shared.database import Connection, Pool
from shared.dead_letters import rejected_event
from shared.intake import Intake


async def look_up(pool: Pool, intake: Intake, org_id: str, event_id: str, source: str | None) -> dict[str, Any] | None:
    """What became of an organisation's event; None where none with this id has come."""
    row = await pool.fetchrow(
        "select event_id, source, position, recorded_at, opened_key from received_event "
        "where event_id = $1 and org_id = $2 and ($3::text is null or source = $3) order by position limit 1",
        event_id,
        org_id,
        source,
    )
    if row is not None:
        extra = intake.opened(row["opened_key"]) if row["opened_key"] else {}
        accepted = {"position": row["position"], "recorded_at": rfc3339(row["recorded_at"])}
        superseded = await superseded_by(pool, intake.seal, (row["source"], row["event_id"]))
        extra = {**extra, "superseded_by": superseded} if superseded else extra
        return {"id": row["event_id"], "source": row["source"], "outcome": "accepted", **accepted, **extra}
    found = await rejected_event(pool, org_id, event_id, source)
    if found is None:
        return None
    rejected = {"position": None, "recorded_at": None, "problem": found["problem"]}
    return {"id": found["event_id"], "source": found["source"], "outcome": "rejected", **rejected}


async def forget_ids(connection: Connection) -> int:
    """Remove the ids that were remembered for 13 months. Returns how many."""
    await forget_corrections(connection)
    done = await connection.execute("delete from received_event where recorded_at < now() - interval '13 months'")
    return int(done.split()[-1])
