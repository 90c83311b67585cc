"""Judging events as a door would, without sending them; what only the door can know (who sent what before) is left out."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from shared.contracts.reported.kinds import KINDS, Kinds
from shared.decoding import Arrival, Received, decode, identity_of
from shared.intake import conflict
from shared.problems import Problem

_ALL: Kinds = {kind: model for kinds in KINDS.values() for kind, model in kinds.items()}
_NOBODY = "<org_id>"


def validate(events: Iterable[bytes], to: str | None = None, org: str | None = None) -> Iterator[dict[str, Any]]:
    """A receipt for each event: `{index, id, outcome: valid|duplicate|rejected, warnings?, problem?}`.

    `to`: the service whose door is meant; without it each event's type says so. `org`: the organisation that would send;
    without it each event's source says so.
    """
    kinds = next((kinds for service, kinds in KINDS.items() if service == to), _ALL)
    seen: dict[tuple[str, str], bytes] = {}
    for index, raw in enumerate(events):
        arrival = Arrival(raw, org or _speaker(raw))
        event = decode(arrival, kinds, datetime.now(UTC))
        if not isinstance(event, Received):
            yield _receipt(index, event.id, "rejected", event.problem)
            continue
        known = seen.setdefault((event.source, event.id), event.digest)
        if known != event.digest:
            yield _receipt(index, event.id, "rejected", conflict(event))
        else:
            first = known is event.digest
            yield _receipt(index, event.id, "valid" if first else "duplicate", warnings=event.warnings if first else [])


def _speaker(raw: bytes) -> str:
    """The organisation that an event's source names."""
    _, source = identity_of(Arrival(raw, ""))
    parts = (source or "").split("/")
    return parts[2] if len(parts) > 2 and parts[1] == "organizations" and parts[2] else _NOBODY


def _receipt(
    index: int, event_id: str | None, outcome: str, found: Problem | None = None, warnings: Iterable[Problem] = ()
) -> dict[str, Any]:
    receipt: dict[str, Any] = {"index": index, "id": event_id, "outcome": outcome}
    if said := [warning.as_dict() for warning in warnings]:
        receipt["warnings"] = said
    return receipt if found is None else {**receipt, "problem": found.as_dict()}
