"""A stretch of the log folded again, by the same fold as it was folded when it came."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from services.reporting import store
from services.reporting.domain.fold import Deltas, fold, merge, negated
from services.reporting.handlers.decoding import decode
from services.reporting.store.writing import OTHER
from shared.database import Connection

_SERVICE, _STANDARD = "guichet.inventory.ServiceRecorded.v1", "guichet.inventory.ServiceStandardRecorded.v1"


@dataclass(frozen=True, slots=True, repr=False)
class Refolded:
    """What a stretch adds to the views: cells, at which position the figures of services changed, and what the inventory said."""

    deltas: Deltas
    changed: dict[str, int]
    services: list[Any]
    standards: list[Any]


def refold(logged: Sequence[Any], taken_back: Sequence[Any]) -> Refolded:
    """Fold what was logged (`store.LoggedRecord`s, in order); what became void in the stretch counts and is taken back, as it
    did and was when it came.
    """
    events = decode(logged).events
    deltas = fold(events)
    void = [*(event for event in events if event.record.voided_at is not None), *decode(taken_back).events]
    if void:
        merge(deltas, negated(fold(void)))
        events, void = _counted(events), _counted(void)
    services = [event for event in events if event.type == _SERVICE]
    standards = [event for event in events if event.type == _STANDARD]
    return Refolded(deltas, _changed(events, void), services, standards)


def _counted(events: Sequence[Any]) -> list[Any]:
    """What counted once; of what was void when it came only the hour is kept."""
    return [event for event in events if not event.record.came_void]


def _changed(events: Sequence[Any], void: Sequence[Any]) -> dict[str, int]:
    """Of each service the last position at which its figures changed: of an event, or from where on one is void."""
    found: dict[str, int] = {}
    for event in events:
        if event.data is not None and event.record.voided_at is None:
            found[event.data.service_id] = event.record.position
    for event in void:
        if event.data is not None:
            found[event.data.service_id] = max(found.get(event.data.service_id, 0), event.record.voided_at)
    return found


async def write(connection: Connection, folded: Refolded) -> None:
    """Add it to the other views, in the caller's transaction."""
    if folded.services:
        await store.remember_services(connection, folded.services, OTHER)
    if folded.standards:
        await store.remember_standards(connection, folded.standards, OTHER)
    await store.add_counts(connection, folded.deltas, OTHER)
    await store.add_cells(connection, folded.deltas, OTHER)
    if folded.changed:
        await store.mark_changed(connection, folded.changed, OTHER)
