"""Who may report what of which service: its owner on the day that the report is about."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from services.inventory.handlers import doubts
from services.inventory.handlers.kinds import Kind
from shared.contracts.envelope import type_name
from shared.contracts.reported.inventory import (
    ServiceReported,
    ServiceRetirementReported,
    ServiceStandardResultReported,
    ServiceTransferReported,
)
from shared.contracts.reported.inventory_stewardship import OVERSIGHT_KINDS, StewardshipReported
from shared.decoding import Received
from shared.organizations import organizations
from shared.ownership import Ownership, Transfer, day_in_ottawa, not_your_service, ownership, unknown_service
from shared.problems import Problem

STEWARDSHIP = type_name("inventory", "StewardshipReported")

Owners = dict[str, Ownership]


def services_of(event: Received) -> frozenset[str]:
    """The services that an event is about; of a correction, that of the corrected report."""
    data = event.data
    if isinstance(data, StewardshipReported):
        named = getattr(data.root, "services", ())
        one = getattr(data.root, "service_id", None)
        return frozenset((one,) if one else () if named == "all" else named)
    if event.corrects is not None:
        return frozenset() if event.type == STEWARDSHIP else frozenset({event.corrects.key})
    return frozenset({data.service_id})


def day_of(event: Received) -> date:
    """The day on which an event's service must be its sender's, in Ottawa. A row of the inventory has no moment: the day it
    is reported.
    """
    data = event.data
    match data:
        case ServiceTransferReported():
            return data.on - timedelta(days=1)
        case ServiceRetirementReported():
            return data.on
        case ServiceStandardResultReported():
            return data.to
        case StewardshipReported():
            return data.root.day or day_in_ottawa(event.time)
    return day_in_ottawa(event.time)


def refuse(event: Received, kind: Kind, owners: Owners) -> Problem | None:
    """Why an event's sender may not report it; where its service is not known yet, a warning beside it."""
    if event.by_oversight and kind.reported != "StewardshipReported":
        return doubts.not_for_oversight(kind.reported)
    if isinstance(event.data, StewardshipReported) and (refusal := by_whom(event, event.data.root.kind)):
        return refusal
    for service_id in sorted(services_of(event)):
        owner = owners.get(service_id)
        if owner is not None and not _may(event, owner):
            return _not_any_more(event, service_id, owner)
        if owner is None and isinstance(event.data, ServiceReported):
            owners[service_id] = Ownership(event.org_id)
        elif owner is None and isinstance(event.data, ServiceTransferReported):
            return doubts.unknown_to_transfer(service_id)
        elif owner is None and event.data is not None:
            event.warnings.append(unknown_service(service_id))
    return _transferred(event, owners) if kind.reported == "ServiceTransferReported" else None


def _may(event: Received, owner: Ownership) -> bool:
    if event.corrects is not None:
        return event.org_id in owner.everyone
    return event.org_id == owner.on(day_of(event))


def _not_any_more(event: Received, service_id: str, owner: Ownership) -> Problem:
    if event.org_id not in owner.everyone:
        return not_your_service(service_id)
    since = next((each.on for each in reversed(owner.transfers) if each.on <= day_of(event)), None)
    return doubts.transferred(service_id, since) if since else doubts.not_yet_transferred(service_id, day_of(event))


def _transferred(event: Received, owners: Owners) -> Problem | None:
    data: Any = event.data
    if data is None or data.service_id not in owners:
        return None
    if data.to_org not in organizations() or data.to_org == event.org_id:
        return doubts.no_other_organization(data.to_org)
    before = owners[data.service_id]
    others = [each for each in before.transfers if each.on != data.on]
    after = ownership(before.first, [*others, Transfer(data.on, event.org_id, data.to_org)])
    owners[data.service_id] = after or before
    return None


def by_whom(event: Received, kind: str) -> Problem | None:
    """Some kinds of records are oversight's alone, and those alone."""
    if kind in OVERSIGHT_KINDS:
        return None if event.by_oversight else doubts.for_oversight(kind)
    return doubts.not_for_oversight(kind) if event.by_oversight else None


def all_services(events: Iterable[Received]) -> set[str]:
    return {service_id for event in events for service_id in services_of(event)}
