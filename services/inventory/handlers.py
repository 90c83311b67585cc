"""What inventory does with reports: each one an entry of the log, other data a new version."""

from collections.abc import Sequence
from datetime import datetime

from services.inventory import domain, store
from services.inventory.domain import Known
from shared.contracts.envelope import Published
from shared.contracts.reported.inventory import (
    ServiceReported,
    ServiceStandardReported,
    ServiceStandardResultReported,
)
from shared.database import Connection
from shared.decoding import Received
from shared.encryption import Seal
from shared.event_log import LogEntry
from shared.ownership import not_your_service, unknown_service
from shared.problems import Problem, problem
from shared.receiving import Outcome, Recorded

TOPIC = "inventory.services.v1"


async def record_reports(
    _seal: Seal, connection: Connection, events: Sequence[Received], _now: datetime
) -> list[Outcome]:
    """In one batch, services come before their standards, and those before results, whatever the order they came in."""
    owners = await store.owners(connection, {event.data.service_id for event in events})
    outcomes: dict[int, Outcome] = {}
    for model, record in (
        (ServiceReported, _record_services),
        (ServiceStandardReported, _record_standards),
        (ServiceStandardResultReported, _record_results),
    ):
        mine: list[tuple[int, Received]] = []
        for index, event in enumerate(events):
            if isinstance(event.data, model):
                if refusal := _not_yours(event, owners):
                    outcomes[index] = refusal
                    continue
                if model is ServiceReported:
                    owners.setdefault(event.data.service_id, event.org_id)
                elif event.data.service_id not in owners:
                    event.warnings.append(unknown_service(event.data.service_id))
                mine.append((index, event))
        entries = await record(connection, [event for _, event in mine])
        outcomes.update((index, Recorded([entry])) for (index, _), entry in zip(mine, entries, strict=True))
    return [outcomes[index] for index in range(len(events))]


async def _record_services(connection: Connection, events: Sequence[Received]) -> list[LogEntry]:
    known = await store.services(connection, {(e.data.service_id, e.data.fiscal_year) for e in events})
    entries, added = [], []
    for event in events:
        key = (event.data.service_id, event.data.fiscal_year)
        before = known.get(key)
        recorded = domain.record_service(event.data, before)
        if before is None or recorded.version > before.version:
            added.append((event.org_id, recorded))
            known[key] = Known(recorded.version, event.org_id, recorded.fields)
        entries.append(_entry(event, "ServiceRecorded", recorded))
    await store.add_services(connection, added)
    return entries


async def _record_standards(connection: Connection, events: Sequence[Received]) -> list[LogEntry]:
    keys = {(e.data.service_id, e.data.service_standard_id, e.data.fiscal_year) for e in events}
    known = await store.standards(connection, keys)
    entries, added = [], []
    for event in events:
        key = (event.data.service_id, event.data.service_standard_id, event.data.fiscal_year)
        before = known.get(key)
        recorded = domain.record_standard(event.data, before)
        if before is None or recorded.version > before.version:
            added.append((event.org_id, recorded))
            known[key] = Known(recorded.version, event.org_id, recorded.fields)
        entries.append(_entry(event, "ServiceStandardRecorded", recorded))
    await store.add_standards(connection, added)
    return entries


async def _record_results(connection: Connection, events: Sequence[Received]) -> list[LogEntry]:
    standards = await store.known_standards(connection, {event.data.service_id for event in events})
    known = await store.results(connection, {_result_key(event) for event in events})
    entries, added = [], []
    for event in events:
        if (event.data.service_id, event.data.service_standard_id) not in standards:
            event.warnings.append(_unknown_standard(event))
        before = known.get(_result_key(event))
        recorded = domain.record_result(event.data, before)
        if before is None or recorded.version > before.version:
            added.append((event.org_id, recorded))
            fields = recorded.after.model_dump() if recorded.after else {}
            known[_result_key(event)] = Known(recorded.version, event.org_id, fields)
        entries.append(_entry(event, "ServiceStandardResultRecorded", recorded))
    await store.add_results(connection, added)
    return entries


def _result_key(event: Received) -> store.ResultKey:
    data: ServiceStandardResultReported = event.data
    return data.service_id, data.service_standard_id, data.from_, data.to, data.channel or ""


def _entry(event: Received, name: str, data: Published) -> LogEntry:
    service_id = event.data.service_id
    return LogEntry(
        TOPIC, service_id, "inventory", name, event.org_id, event.time, event.source, event.id, data, service_id
    )


def _not_yours(event: Received, owners: dict[str, str]) -> Problem | None:
    owner = owners.get(event.data.service_id)
    return None if owner in {None, event.org_id} else not_your_service(event.data.service_id)


def _unknown_standard(event: Received) -> Problem:
    return problem(
        "unknown_standard",
        f"Standard {event.data.service_standard_id} is not in the inventory yet; report it with ServiceStandardReported.",
        f"La norme {event.data.service_standard_id} n'est pas encore au répertoire; déclarez-la par ServiceStandardReported.",
        "data.service_standard_id",
    )
