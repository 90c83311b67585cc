"""What inventory does with reports: each one an entry of the log, other data a new version."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from services.inventory import domain, store
from services.inventory.domain import Known, Report
from services.inventory.domain import Recorded as Published
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
class _Round:
    """What is known of the things a batch of reports is about, and the versions to be added."""

    kind: Kind
    known: dict[store.Key, Known]
    made: dict[tuple[str, str], store.Made]
    new: list[store.New] = field(default_factory=list)

    def add(
        self,
        event: Received,
        key: store.Key,
        recorded: Published,
        *,
        withdrawn: bool = False,
        made_by: tuple[str, str] | None = None,
    ) -> LogEntry:
        """A version, where it is a new one; `made_by` names the report that says so, where it is not the event."""
        before = self.known.get(key)
        if before is None or recorded.version > before.version:
            said_by = made_by or (event.source, event.id)
            self.new.append(store.New(recorded, event.org_id, said_by, withdrawn))
            self.known[key] = Known(recorded.version, event.org_id, {} if withdrawn else _fields(recorded), said_by)
        return _entry(event, self.kind.name, recorded)


def _fields(recorded: Published) -> dict[str, Any]:
    after = getattr(recorded, "after", None)
    return after.model_dump() if after is not None else getattr(recorded, "fields", {})


async def _record(connection: Connection, kind: Kind, events: Sequence[Received]) -> list[Outcome]:
    if not events:
        return []
    made = await store.made(connection, kind.table, [event for event in events if event.corrects is not None])
    keys = {kind.key(event.data) for event in events if event.data is not None} | {each.key for each in made.values()}
    round_ = _Round(kind, await store.known(connection, kind.table, keys), made)
    if kind.table is store.RESULTS:
        await _warn_of_unknown_standards(connection, events)
    outcomes: list[Outcome] = []
    for event in events:
        if event.corrects is not None:
            outcomes.append(await _correct(connection, round_, event))
        else:
            key = kind.key(event.data)
            outcomes.append(Recorded([round_.add(event, key, kind.record(event.data, round_.known.get(key)))]))
    await store.add(connection, round_.new)
    return outcomes


async def _correct(connection: Connection, round_: _Round, event: Received) -> Outcome:
    """A report takes the place of the version that the corrected one made; without data, what held before it holds again."""
    kind = round_.kind
    one = round_.made.get((event.source, event.corrects.event_id if event.corrects else ""))
    key = one.key if one is not None else event.data and kind.key(event.data)
    if event.data is not None and kind.key(event.data) != key:
        return _elsewhere(kind, event, key)
    if one is None and event.data is not None:  # it had said nothing new, and made no version
        return Recorded([round_.add(event, key, kind.record(event.data, round_.known.get(key)))])
    if one is None:
        return await _nothing_to_withdraw(connection, event)
    await store.add(connection, round_.new)
    round_.new.clear()
    before = round_.known[key]
    await store.withdraw(connection, kind.table, one, (event.source, event.corrects.event_id if event.corrects else ""))
    left = (await store.known(connection, kind.table, [key]))[key]
    if not one.holds:
        return Recorded([_entry(event, kind.name, kind.record(kind.report(key, before.fields), before))])
    if event.data is None and not left.fields:
        gone = domain.withdrawn(kind.record(kind.report(key, one.fields), None), before.version + 1)
        entries = [round_.add(event, key, gone, withdrawn=True)]
        return Recorded([*entries, *await _year_before(connection, kind, event)])
    report = event.data if event.data is not None else kind.report(key, left.fields)
    recorded = kind.record(report, before).model_copy(update={"version": before.version + 1})
    return Recorded([round_.add(event, key, recorded, made_by=None if event.data is not None else left.made_by)])


async def _year_before(connection: Connection, kind: Kind, event: Received) -> list[LogEntry]:
    """Whoever keeps a service's newest year alone is told of the one that is the newest now."""
    found = await store.newest_service(connection, _service_id(event)) if kind.table is store.SERVICES else None
    if found is None:
        return []
    version, fields = found
    recorded = domain.record_service(ServiceReported.model_validate(fields), None)
    return [_entry(event, kind.name, recorded.model_copy(update={"version": version}))]


async def _nothing_to_withdraw(connection: Connection, event: Received) -> Outcome:
    """The withdrawn report had said what was known already: what is known stays, and is told once more."""
    entries = await _year_before(connection, KINDS[0], event)
    return Recorded(entries) if entries else _gone(event)


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


async def _warn_of_unknown_standards(connection: Connection, events: Sequence[Received]) -> None:
    standards = await store.known_standards(connection, {_service_id(event) for event in events})
    for event in events:
        if event.data is not None and (event.data.service_id, event.data.service_standard_id) not in standards:
            event.warnings.append(_unknown_standard(event))


def _entry(event: Received, name: str, data: Published) -> LogEntry:
    service_id = _service_id(event)
    return LogEntry(
        TOPIC, service_id, "inventory", name, event.org_id, event.time, event.source, event.id, data, service_id
    )


def _unknown_standard(event: Received) -> Problem:
    return problem(
        "unknown_standard",
        f"Standard {event.data.service_standard_id} is not in the inventory yet; report it with ServiceStandardReported.",
        f"La norme {event.data.service_standard_id} n'est pas encore au répertoire; déclarez-la par ServiceStandardReported.",
        "data.service_standard_id",
    )
