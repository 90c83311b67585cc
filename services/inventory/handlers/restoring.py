"""What inventory says again when it was restored from a backup: its listeners may know what it does not know any more."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from services.inventory import domain, store
from services.inventory.domain import Known
from services.inventory.handlers import KINDS, TOPIC, Kind
from shared.contracts.envelope import type_name
from shared.contracts.inventory import ServiceRecorded, ServiceStandardRecorded
from shared.contracts.reported.inventory import ServiceReported
from shared.database import Connection
from shared.event_log import LogEntry
from shared.restoring import Event

# Results stand in figures alone, from which reporting takes them back.
_COPIED: dict[str, type[ServiceRecorded | ServiceStandardRecorded]] = {
    "ServiceRecorded": ServiceRecorded,
    "ServiceStandardRecorded": ServiceStandardRecorded,
}


async def say_again(connection: Connection, void: Sequence[Event]) -> list[LogEntry]:
    """Each service and standard that a void event was about, as it stands here: what holds, or that it is withdrawn."""
    entries: list[LogEntry] = []
    for kind in (each for each in KINDS if each.name in _COPIED):
        about = {_key(kind, e["data"]): e for e in void if e["type"] == type_name("inventory", kind.name)}
        known = await store.known(connection, kind.table, about)
        entries += [_entry(kind, event, *_said(kind, key, event, known.get(key))) for key, event in about.items()]
        if kind.table is store.SERVICES:
            entries += await _newest(connection, kind, {key[0]: event for key, event in about.items()})
    return entries


def _key(kind: Kind, data: dict[str, Any]) -> store.Key:
    return tuple(data[column] for column in kind.table.key)


def _said(kind: Kind, key: store.Key, event: Event, known: Known | None) -> tuple[str, domain.Recorded]:
    """Whose it is, and what is said of it."""
    if known is not None and known.fields:
        recorded = kind.record(kind.report(key, known.fields), None)
        return known.org_id, recorded.model_copy(update={"version": known.version})
    last = _COPIED[kind.name].model_validate(event["data"])
    return event["org"], domain.withdrawn(last, known.version if known is not None else last.version)


async def _newest(connection: Connection, kind: Kind, about: dict[str, Event]) -> list[LogEntry]:
    """Whoever keeps a service's newest year alone is told of it last."""
    owners = await store.owners(connection, about)
    entries = []
    for service_id, event in about.items():
        if (found := await store.newest_service(connection, service_id)) is not None:
            recorded = domain.record_service(ServiceReported.model_validate(found[1]), None)
            entries.append(_entry(kind, event, owners[service_id], recorded.model_copy(update={"version": found[0]})))
    return entries


def _entry(kind: Kind, event: Event, org_id: str, recorded: domain.Recorded) -> LogEntry:
    """Caused by no report, but by the restore: it names the position that is void."""
    moment, service_id = datetime.fromisoformat(event["time"]), recorded.service_id
    return LogEntry(
        TOPIC,
        service_id,
        "inventory",
        kind.name,
        org_id,
        moment,
        "/services/inventory",
        event["id"],
        recorded,
        service_id,
    )
