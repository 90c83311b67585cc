"""What inventory does with reports: each one an entry of the log, other data a new version."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from services.inventory import domain, store
from services.inventory.domain import Known, Report
from services.inventory.domain import Recorded as Published
from services.inventory.handlers import doubts
from shared.contracts.reported.inventory import (
    ServiceReported,
    ServiceStandardReported,
    ServiceStandardResultReported,
)
from shared.database import Connection
from shared.decoding import Received
from shared.encryption import Seal
from shared.event_log import LogEntry
from shared.intake import Outcome, Recorded
from shared.ownership import keeps_its_key, not_your_service, unknown_service
from shared.problems import Problem, problem

TOPIC = "inventory.services.v1"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of thing of which versions are kept: services, standards, results."""

    type: str
    table: store.Table
    name: str
    key: Callable[[Any], store.Key]
    record: Callable[[Any, Known | None], Published]
    # A report that would say what a version says.
    report: Callable[[store.Key, dict[str, Any]], Report]


def _result(key: store.Key, fields: dict[str, Any]) -> Report:
    service_id, standard_id, start, end, channel = key
    said = {"service_id": service_id, "service_standard_id": standard_id, "from": start, "to": end}
    return ServiceStandardResultReported.model_validate({**said, "channel": channel or None, **fields})


# In this order: in one batch, services come before their standards, and those before results, whatever the order they came in.
KINDS = (
    Kind(
        "guichet.inventory.ServiceReported.v1",
        store.SERVICES,
        "ServiceRecorded",
        lambda data: (data.service_id, data.fiscal_year),
        domain.record_service,
        lambda _, fields: ServiceReported.model_validate(fields),
    ),
    Kind(
        "guichet.inventory.ServiceStandardReported.v1",
        store.STANDARDS,
        "ServiceStandardRecorded",
        lambda data: (data.service_id, data.service_standard_id, data.fiscal_year),
        domain.record_standard,
        lambda _, fields: ServiceStandardReported.model_validate(fields),
    ),
    Kind(
        "guichet.inventory.ServiceStandardResultReported.v1",
        store.RESULTS,
        "ServiceStandardResultRecorded",
        lambda data: (data.service_id, data.service_standard_id, data.from_, data.to, data.channel or ""),
        domain.record_result,
        _result,
    ),
)


async def record_reports(
    _seal: Seal, connection: Connection, events: Sequence[Received], _now: datetime
) -> list[Outcome]:
    owners = await store.owners(connection, {_service_id(event) for event in events})
    outcomes: dict[int, Outcome] = {}
    for kind in KINDS:
        mine: list[tuple[int, Received]] = []
        for index, event in enumerate(events):
            if event.type == kind.type:
                if refusal := _not_yours(event, owners):
                    outcomes[index] = refusal
                    continue
                if kind.table is store.SERVICES:
                    owners.setdefault(_service_id(event), event.org_id)
                elif _service_id(event) not in owners:
                    event.warnings.append(unknown_service(_service_id(event)))
                mine.append((index, event))
        recorded = await _record(connection, kind, [event for _, event in mine])
        outcomes.update((index, outcome) for (index, _), outcome in zip(mine, recorded, strict=True))
    return [outcomes[index] for index in range(len(events))]


def _service_id(event: Received) -> str:
    return event.corrects.key if event.corrects is not None else str(event.data.service_id)


def _not_yours(event: Received, owners: dict[str, str]) -> Problem | None:
    owner = owners.get(_service_id(event))
    return None if owner in {None, event.org_id} else not_your_service(_service_id(event))


@dataclass(slots=True)
class _Batch:
    """What is known of the things that some reports are about, and what they add."""

    connection: Connection
    kind: Kind
    known: dict[store.Key, Known]
    versions: list[store.New] = field(default_factory=list)
    reports: list[store.Report] = field(default_factory=list)

    def take(self, event: Received, key: store.Key, fields: dict[str, Any] | None, place: int | None = None) -> None:
        """Keep a report; a correction in the place of what it corrects, a withdrawal without fields."""
        self.reports.append(store.Report((event.source, event.id), event.org_id, key, fields, place))

    def tell(self, event: Received, key: store.Key, recorded: Published, *, withdrawn: bool = False) -> LogEntry:
        """An entry of the log; a version too, where it is a new one."""
        before = self.known.get(key)
        if before is None or recorded.version > before.version:
            self.versions.append(store.New(recorded, event.org_id, withdrawn))
            self.known[key] = Known(recorded.version, event.org_id, {} if withdrawn else _fields(recorded))
        return _entry(event, self.kind.name, recorded)

    async def save(self) -> None:
        await store.add_reports(self.connection, self.kind.table, self.reports)
        await store.add(self.connection, self.versions)
        self.reports, self.versions = [], []


def _fields(recorded: Published) -> dict[str, Any]:
    after = getattr(recorded, "after", None)
    return after.model_dump() if after is not None else getattr(recorded, "fields", {})


async def _record(connection: Connection, kind: Kind, events: Sequence[Received]) -> list[Outcome]:
    if not events:
        return []
    corrected = await store.reports(connection, kind.table, [event for event in events if event.corrects is not None])
    keys = {kind.key(event.data) for event in events if event.data is not None}
    keys |= {report.key for report in corrected.values()}
    batch = _Batch(connection, kind, await store.known(connection, kind.table, keys))
    if kind.table is store.STANDARDS:
        _warn_of_measures(events)
    if kind.table is store.RESULTS:
        await _warn_of_unknown_standards(connection, events)
    outcomes: list[Outcome] = []
    for event in events:
        if event.corrects is not None:
            one = corrected.get((event.source, event.corrects.event_id))
            outcomes.append(await _correct(batch, event, one) if one is not None else _gone(event))
        else:
            key = kind.key(event.data)
            recorded = kind.record(event.data, batch.known.get(key))
            batch.take(event, key, _fields(recorded))
            outcomes.append(Recorded([batch.tell(event, key, recorded)]))
    await batch.save()
    return outcomes


async def _correct(batch: _Batch, event: Received, one: store.Report) -> Outcome:
    """Put a report in the place of another, or take that away; then the newest that is left holds."""
    kind, key = batch.kind, one.key
    if event.data is not None and kind.key(event.data) != key:
        return _elsewhere(kind, event, key)
    # A withdrawal says nothing, in the same place: it may be corrected in its turn.
    batch.take(event, key, _fields(kind.record(event.data, None)) if event.data is not None else None, one.place)
    await batch.save()
    await store.supersede(batch.connection, one.identity, event.id)
    holds, before = await store.newest_report(batch.connection, kind.table, key), batch.known[key]
    if holds is not None and holds.fields is not None:
        return Recorded([batch.tell(event, key, kind.record(kind.report(key, holds.fields), before))])
    return await _none_left(batch, event, one, before)


async def _none_left(batch: _Batch, event: Received, one: store.Report, before: Known) -> Outcome:
    """What is told is what was said last; once withdrawn, a thing stays so at the same version."""
    kind, key = batch.kind, one.key
    last = kind.record(kind.report(key, before.fields or one.fields or {}), None)
    version = before.version + 1 if before.fields else before.version
    entries = [batch.tell(event, key, domain.withdrawn(last, version), withdrawn=True)]
    await batch.save()
    await store.withdraw(batch.connection, kind.table, key)
    return Recorded([*entries, *await _year_before(batch.connection, kind, event)])


async def _year_before(connection: Connection, kind: Kind, event: Received) -> list[LogEntry]:
    """Whoever keeps a service's newest year alone is told of the one that is the newest now."""
    found = await store.newest_service(connection, _service_id(event)) if kind.table is store.SERVICES else None
    if found is None:
        return []
    version, fields = found
    recorded = domain.record_service(ServiceReported.model_validate(fields), None)
    return [_entry(event, kind.name, recorded.model_copy(update={"version": version}))]


def _elsewhere(kind: Kind, event: Received, key: store.Key) -> Problem:
    said = kind.key(event.data)
    at = next(at for at in range(len(key)) if said[at] != key[at])
    name = {"standard_id": "service_standard_id", "from_date": "from", "to_date": "to"}
    column = kind.table.key[at]
    return keeps_its_key(name.get(column, column), str(said[at]), str(key[at]))


def _gone(event: Received) -> Problem:
    target = event.corrects.event_id if event.corrects else ""
    return problem(
        "unknown_event",
        f"What event {target} had said is not in the inventory any more.",
        f"Ce que déclarait l'événement {target} ne figure plus au répertoire.",
        "data.corrects",
    )


def _warn_of_measures(events: Sequence[Received]) -> None:
    """Nothing that was read from a sentence holds unseen, nor is left out unseen."""
    for event in events:
        read = domain.read_from_sentence(event.data) if event.data is not None else None
        if read is not None:
            event.warnings.append(doubts.of_measure(read))


async def _warn_of_unknown_standards(connection: Connection, events: Sequence[Received]) -> None:
    standards = await store.known_standards(connection, {_service_id(event) for event in events})
    for event in events:
        if event.data is not None and (event.data.service_id, event.data.service_standard_id) not in standards:
            event.warnings.append(doubts.unknown_standard(event))


def _entry(event: Received, name: str, data: Published) -> LogEntry:
    service_id = _service_id(event)
    return LogEntry(
        TOPIC, service_id, "inventory", name, event.org_id, event.time, event.source, event.id, data, service_id
    )
