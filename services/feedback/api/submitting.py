"""What people say here becomes an event like any other: through the same door, once, with a receipt."""

import hashlib
from datetime import UTC, datetime
from typing import Any, Literal

import orjson
from fastapi import Request

from shared.decoding import Arrival
from shared.group_commit import GroupCommit
from shared.problems import Refused
from shared.receipts import look_up

# By whom: the public form, officers' pages, clients' pages.
Origin = Literal["form", "officers", "clients"]


async def submit(
    request: Request, org_id: str, origin: Origin, name: str, data: dict[str, Any], said_as: str
) -> dict[str, Any]:
    """Record one event `name` in the organisation's name, and its receipt. The same `data` sent again as the same
    `said_as` is a duplicate. Raises Refused.
    """
    event_id, source = _identity(org_id, origin, data, said_as)
    document = {
        "specversion": "1.0",
        "id": event_id,
        "source": source,
        "type": f"guichet.feedback.{name}.v1",
        "time": datetime.now(UTC).isoformat(),
        "data": data,
    }
    if before := await _accepted(request, org_id, event_id, source):
        return before
    writer: GroupCommit = request.app.state.group_commit
    [receipt] = await writer.submit(f"{origin} {org_id}", [Arrival(orjson.dumps(document), org_id, document)])
    if receipt.problem is None:
        return receipt.as_dict(0)
    if receipt.problem.code == "id_conflict" and (meanwhile := await _accepted(request, org_id, event_id, source)):
        return meanwhile
    raise Refused(receipt.problem)


def _identity(org_id: str, origin: Origin, data: dict[str, Any], said_as: str) -> tuple[str, str]:
    """The id and source of the event that something is said by."""
    digest = hashlib.sha256(orjson.dumps(data, option=orjson.OPT_SORT_KEYS)).hexdigest()[:12]
    return f"{said_as}-{digest}", f"/organizations/{org_id}/{origin}"


async def said_before(
    request: Request, org_id: str, origin: Origin, data: dict[str, Any], said_as: str
) -> dict[str, Any] | None:
    """The receipt of the same `data` as the same `said_as`, where it was sent before."""
    return await _accepted(request, org_id, *_identity(org_id, origin, data, said_as))


async def _accepted(request: Request, org_id: str, event_id: str, source: str) -> dict[str, Any] | None:
    """The receipt of the same said before, as a duplicate's: only the time is another."""
    found = await look_up(request.app.state.pool, request.app.state.intake, org_id, event_id, source)
    return {**found, "outcome": "duplicate"} if found is not None and found["outcome"] == "accepted" else None
