"""What people say here becomes an event like any other: through the same door, once, with a receipt."""

import uuid
from typing import Any, Literal

import orjson
from fastapi import Request

from shared.decoding import Arrival
from shared.group_commit import GroupCommit
from shared.intake import Receipt
from shared.problems import Refused

# By whom: the public form, officers' pages, clients' pages.
Origin = Literal["form", "officers", "clients"]


async def submit(
    request: Request, org_id: str, origin: Origin, name: str, data: dict[str, Any], event_id: str | None = None
) -> Receipt:
    """Record one event `name` in the organisation's name; one of an id that was sent before is a duplicate. Raises Refused.

    It has no time of its own, which is now: so that what is sent twice is the same.
    """
    event_id = event_id or str(uuid.uuid4())
    document = {
        "specversion": "1.0",
        "id": event_id,
        "source": f"/organizations/{org_id}/{origin}",
        "type": f"guichet.feedback.{name}.v1",
        "data": data,
    }
    arrival = Arrival(orjson.dumps(document), org_id, document)
    writer: GroupCommit = request.app.state.group_commit
    [receipt] = await writer.submit(f"{origin} {org_id}", [arrival])
    if receipt.problem is not None:
        raise Refused(receipt.problem)
    return receipt
