"""What inventory says again when it was restored from a backup: its listeners may know what it does not know any more."""

from collections.abc import Sequence
from datetime import date, datetime

from services.inventory import domain, store
from services.inventory.domain import Known
from services.inventory.handlers.kinds import KINDS, Kind, place
from shared.contracts.envelope import type_name
from shared.contracts.inventory import (
    ServiceRecorded,
    ServiceRetired,
    ServiceStandardRecorded,
    ServiceTransferred,
    StewardshipRecorded,
)
from shared.contracts.reported.inventory import ServiceReported
from shared.database import Connection
from shared.event_log import LogEntry
from shared.restoring import Event

# Results stand in figures alone, from which reporting takes them back.
_Copied = ServiceRecorded | ServiceStandardRecorded | ServiceRetired | ServiceTransferred | StewardshipRecorded
_COPIED: dict[str, type[_Copied]] = {
    "ServiceRecorded": ServiceRecorded,
    "ServiceStandardRecorded": ServiceStandardRecorded,
    "ServiceTransferred": ServiceTransferred,
    "ServiceRetired": ServiceRetired,
    "StewardshipRecorded": StewardshipRecorded,
}


async def say_again(connection: Connection, void: Sequence[Event]) -> list[LogEntry]:
    """Each thing that a void event was about, as it stands here: what holds, or that it is withdrawn."""
    entries: list[LogEntry] = []
    for kind in (each for each in KINDS if each.name in _COPIED):
        about = {_key(kind, e): e for e in void if e["type"] == type_name("inventory", kind.name)}
        known = await store.known(connection, kind.table, about)
        entries += [_entry(kind, event, *_said(kind, key, event, known.get(key))) for key, event in about.items()]
        if kind.table is store.SERVICES:
            entries += await _newest(connection, kind, {key[0]: event for key, event in about.items()})
    return entries


def _key(kind: Kind, event: Event) -> store.Key:
    data = event["data"]
    known = {**data, "org_id": event["org"], "on_date": data.get("on") and date.fromisoformat(data["on"])}
    return tuple(known[column] for column in kind.table.key)


def _said(kind: Kind, key: store.Key, event: Event, known: Known | None) -> tuple[str, domain.Recorded]:
    """Whose it is, and what is said of it."""
    if known is not None and known.fields:
        recorded = kind.record(kind.report(key, known.fields), None, known.org_id)
        return known.org_id, recorded.model_copy(update={"version": known.version})
    last = _COPIED[kind.name].model_validate(event["data"])
    return event["org"], domain.withdrawn(last, known.version if known is not None else last.version)


async def _newest(connection: Connection, kind: Kind, about: dict[str, Event]) -> list[LogEntry]:
    """Whoever keeps a service's newest year alone is told of it last."""
    entries = []
    for service_id, event in about.items():
        if (found := await store.newest_service(connection, service_id)) is not None:
            version, fields, org_id = found
            recorded = domain.record_service(ServiceReported.kept(fields), None)
            entries.append(_entry(kind, event, org_id, recorded.model_copy(update={"version": version})))
    return entries


def _entry(kind: Kind, event: Event, org_id: str, recorded: domain.Recorded) -> LogEntry:
    """Caused by no report, but by the restore: it names the position that is void."""
    moment, (topic, key, subject) = datetime.fromisoformat(event["time"]), place(recorded, org_id)
    return LogEntry(
        topic, key, "inventory", kind.name, org_id, moment, "/services/inventory", event["id"], recorded, subject
    )
