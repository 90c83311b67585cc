"""The kinds of things of which versions are kept: how each is known, what is kept of its reports, what is published of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from services.inventory import domain, store
from services.inventory.domain import Known, Recorded, Report
from shared.contracts.envelope import type_name
from shared.contracts.reported.inventory import (
    ServiceReported,
    ServiceRetirementReported,
    ServiceStandardReported,
    ServiceStandardResultReported,
    ServiceTransferReported,
)
from shared.contracts.reported.inventory_stewardship import StewardshipReported
from shared.decoding import Received
from shared.event_log import LogEntry

TOPIC = "inventory.services.v1"
STEWARDSHIP_TOPIC = "inventory.stewardship.v1"

Fields = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of thing."""

    reported: str
    name: str
    table: store.Table
    # What a report of an organisation is about.
    key: Callable[[Any, str], store.Key]
    fields: Callable[[Any], Fields]
    # What a report of an organisation comes to, beside what is known of its thing.
    record: Callable[[Any, Known | None, str], Recorded]
    # A report that would say what a version says.
    report: Callable[[store.Key, Fields], Report]
    # What tells one thing from another may itself be corrected: nobody gives these things a name.
    moves: bool = False

    @property
    def type(self) -> str:
        return type_name("inventory", self.reported)


def _result(key: store.Key, fields: Fields) -> Report:
    service_id, standard_id, start, end, channel = key
    said = {"service_id": service_id, "service_standard_id": standard_id, "from": start, "to": end}
    return ServiceStandardResultReported.model_validate({**said, "channel": channel or None, **fields})


# In this order: in one batch, services come before their standards, and those before results, whatever the order they came in.
KINDS = (
    Kind(
        "ServiceReported",
        "ServiceRecorded",
        store.SERVICES,
        lambda data, _: (data.service_id, data.fiscal_year),
        domain.fields_of,
        lambda data, known, _: domain.record_service(data, known),
        lambda _, fields: ServiceReported.kept(fields),
    ),
    Kind(
        "ServiceStandardReported",
        "ServiceStandardRecorded",
        store.STANDARDS,
        lambda data, _: (data.service_id, data.service_standard_id, data.fiscal_year),
        domain.fields_of,
        lambda data, known, _: domain.record_standard(data, known),
        lambda _, fields: ServiceStandardReported.model_validate(fields),
    ),
    Kind(
        "ServiceStandardResultReported",
        "ServiceStandardResultRecorded",
        store.RESULTS,
        lambda data, _: (data.service_id, data.service_standard_id, data.from_, data.to, data.channel or ""),
        domain.fields_of_result,
        lambda data, known, _: domain.record_result(data, known),
        _result,
    ),
    Kind(
        "ServiceTransferReported",
        "ServiceTransferred",
        store.TRANSFERS,
        lambda data, _: (data.service_id, data.on),
        domain.fields_of_transfer,
        domain.record_transfer,
        lambda key, fields: ServiceTransferReported(service_id=key[0], on=key[1], **fields),
        moves=True,
    ),
    Kind(
        "ServiceRetirementReported",
        "ServiceRetired",
        store.RETIREMENTS,
        lambda data, _: (data.service_id,),
        domain.fields_of_retirement,
        lambda data, known, _: domain.record_retirement(data, known),
        lambda key, fields: ServiceRetirementReported(service_id=key[0], **fields),
    ),
    Kind(
        "StewardshipReported",
        "StewardshipRecorded",
        store.STEWARDSHIP,
        lambda data, org_id: (org_id, data.root.record_id),
        domain.fields_of_stewardship,
        lambda data, known, _: domain.record_stewardship(data, known),
        lambda _, fields: StewardshipReported.model_validate(fields),
        moves=True,
    ),
)


def entry(event: Received, kind: Kind, recorded: Recorded, org_id: str) -> LogEntry:
    """What is said of a thing of an organisation, because of an event."""
    topic, key, subject = place(recorded, org_id)
    return LogEntry(
        topic, key, "inventory", kind.name, org_id, event.time, event.source, event.id, recorded, subject
    )  # fmt: skip


def place(recorded: Recorded, org_id: str) -> tuple[str, str, str]:
    """The topic of what is published, its key there, and its subject."""
    service_id = getattr(recorded, "service_id", None)
    if service_id is not None:
        return TOPIC, service_id, service_id
    return STEWARDSHIP_TOPIC, org_id, getattr(recorded, "record_id", org_id)
