"""What inventory does with reports: each one an entry of the log, other data a new version."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from services.inventory import domain, store
from services.inventory.domain import Known
from services.inventory.domain import Recorded as Published
from services.inventory.handlers import doubts, owning
from services.inventory.handlers.kinds import KINDS, STEWARDSHIP_TOPIC, TOPIC, Kind, entry
from shared.contracts.reported.inventory import ServiceReported
from shared.database import Connection
from shared.decoding import Received
from shared.encryption import Seal
from shared.event_log import LogEntry
from shared.intake import Outcome, Recorded
from shared.listening import Heard
from shared.ownership import keeps_its_key
from shared.problems import Problem, problem

__all__ = ["STEWARDSHIP_TOPIC", "TOPIC", "record_reports", "remember_improvements"]


async def record_reports(
    _seal: Seal, connection: Connection, events: Sequence[Received], _now: datetime
) -> list[Outcome]:
    owners = await store.owners(connection, owning.all_services(events))
    outcomes: dict[int, Outcome] = {}
    for kind in KINDS:
        mine: list[tuple[int, Received]] = []
        for index, event in enumerate(events):
            if event.type == kind.type:
                if refusal := owning.refuse(event, kind, owners):
                    outcomes[index] = refusal
                else:
                    mine.append((index, event))
        recorded = await _record(connection, kind, [event for _, event in mine])
        outcomes.update((index, outcome) for (index, _), outcome in zip(mine, recorded, strict=True))
    return [outcomes[index] for index in range(len(events))]


async def remember_improvements(connection: Connection, events: Sequence[Heard]) -> None:
    await store.remember_improvements(connection, events)


@dataclass(slots=True)
class _Batch:
    """What is known of the things that some reports are about, and what they add."""

    connection: Connection
    kind: Kind
    known: dict[store.Key, Known]
    confirmed: dict[tuple[str, str], domain.Confirmation] = field(default_factory=dict)
    versions: list[store.New] = field(default_factory=list)
    reports: list[store.Report] = field(default_factory=list)

    def take(self, event: Received, key: store.Key, fields: dict[str, Any] | None, place: int | None = None) -> None:
        """Keep a report; a correction in the place of what it corrects, a withdrawal without fields."""
        self.reports.append(store.Report((event.source, event.id), event.org_id, key, fields, place))

    def tell(self, event: Received, key: store.Key, said: "_Said", *, withdrawn: bool = False) -> LogEntry:
        """An entry of the log; a version too, where it is a new one."""
        before, version = self.known.get(key), said.recorded.version
        if before is None or version > before.version:
            said_by = (event.source, event.id)
            self.versions.append(store.New(said.recorded, said.org_id, said.fields, said_by, withdrawn))
            self.known[key] = Known(version, said.org_id, {} if withdrawn else said.fields)
        return entry(event, self.kind, said.recorded, said.org_id)

    def settled(self, data: Any) -> Any:
        """A report as it holds: a standard's with the measure that a person has confirmed."""
        if self.kind.table is not store.STANDARDS:
            return data
        return domain.as_confirmed(data, self.confirmed.get((data.service_id, data.service_standard_id)))

    async def save(self) -> None:
        await store.add_reports(self.connection, self.kind.table, self.reports)
        await store.add(self.connection, self.versions)
        self.reports, self.versions = [], []


@dataclass(frozen=True, slots=True)
class _Said:
    """What an organisation said of a thing, and what is published of it."""

    recorded: Published
    org_id: str
    fields: dict[str, Any]


async def _record(connection: Connection, kind: Kind, events: Sequence[Received]) -> list[Outcome]:
    if not events:
        return []
    corrected = await store.reports(connection, kind.table, [event for event in events if event.corrects is not None])
    keys = {kind.key(event.data, event.org_id) for event in events if event.data is not None}
    keys |= {report.key for report in corrected.values()}
    batch = _Batch(connection, kind, await store.known(connection, kind.table, keys))
    if kind.table is store.STANDARDS:
        batch.confirmed = await store.confirmations(connection, keys)
        for event in events:
            event.data = event.data and batch.settled(event.data)
        _warn_of_measures(events)
    if kind.table is store.RESULTS:
        await _warn_of_unknown_standards(connection, events)
    outcomes: list[Outcome] = []
    for event in events:
        if event.corrects is not None:
            one = corrected.get((event.source, event.corrects.event_id))
            outcomes.append(await _correct(batch, event, one) if one is not None else _gone(event))
        else:
            key, fields = kind.key(event.data, event.org_id), kind.fields(event.data)
            recorded = kind.record(event.data, batch.known.get(key), event.org_id)
            batch.take(event, key, fields)
            outcomes.append(Recorded([batch.tell(event, key, _Said(recorded, event.org_id, fields))]))
    await batch.save()
    return outcomes


async def _correct(batch: _Batch, event: Received, one: store.Report) -> Outcome:
    """Put a report in the place of another, or take that away; then the newest that is left holds."""
    kind, key = batch.kind, one.key
    if refusal := _by_another(kind, event, one):
        return refusal
    to = kind.key(event.data, event.org_id) if event.data is not None else key
    if to[0] != key[0] or (to != key and not kind.moves):
        return _elsewhere(kind, key, to)
    # A withdrawal says nothing, in the same place: it may be corrected in its turn. What moves comes last at its new place.
    fields = kind.fields(event.data) if event.data is not None else None
    batch.take(event, to, fields, one.place if to == key else None)
    await batch.save()
    await store.supersede(batch.connection, one.identity, event.id)
    entries = await _what_is_left(batch, event, one) if to == key or one.fields is not None else []
    if to != key and fields is not None:
        recorded = kind.record(event.data, batch.known.get(to), event.org_id)
        entries.append(batch.tell(event, to, _Said(recorded, event.org_id, fields)))
    return Recorded(entries)


async def _what_is_left(batch: _Batch, event: Received, one: store.Report) -> list[LogEntry]:
    """Of a thing, now that one of its reports was superseded: what the newest says, or that it is withdrawn."""
    kind, key, before = batch.kind, one.key, batch.known[one.key]
    holds = await store.newest_report(batch.connection, kind.table, key)
    if holds is None or holds.fields is None:
        return await _none_left(batch, event, one, before)
    report = batch.settled(kind.report(key, holds.fields))
    recorded = kind.record(report, before, holds.org_id)
    return [batch.tell(event, key, _Said(recorded, holds.org_id, kind.fields(report)))]


async def _none_left(batch: _Batch, event: Received, one: store.Report, before: Known) -> list[LogEntry]:
    """What is told is what was said last; once withdrawn, a thing stays so at the same version."""
    kind, key, fields = batch.kind, one.key, before.fields or one.fields or {}
    last = domain.withdrawn(
        kind.record(kind.report(key, fields), None, one.org_id),
        before.version + 1 if before.fields else before.version,
    )
    entries = [batch.tell(event, key, _Said(last, one.org_id, fields), withdrawn=True)]
    await batch.save()
    await store.withdraw(batch.connection, kind.table, key)
    return [*entries, *await _year_before(batch.connection, kind, event)]


def _by_another(kind: Kind, event: Received, one: store.Report) -> Problem | None:
    """A department takes back nothing that oversight has said, nor the other way round."""
    return owning.by_whom(event, one.key[1].partition("/")[0]) if kind.table is store.STEWARDSHIP else None


async def _year_before(connection: Connection, kind: Kind, event: Received) -> list[LogEntry]:
    """Whoever keeps a service's newest year alone is told of the one that is the newest now."""
    service_id = event.corrects.key if event.corrects else ""
    found = await store.newest_service(connection, service_id) if kind.table is store.SERVICES else None
    if found is None:
        return []
    version, fields, org_id = found
    recorded = domain.record_service(ServiceReported.kept(fields), None)
    return [entry(event, kind, recorded.model_copy(update={"version": version}), org_id)]


def _elsewhere(kind: Kind, key: store.Key, said: store.Key) -> Problem:
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
    standards = await store.known_standards(connection, owning.all_services(events))
    for event in events:
        if event.data is not None and (event.data.service_id, event.data.service_standard_id) not in standards:
            event.warnings.append(doubts.unknown_standard(event))
