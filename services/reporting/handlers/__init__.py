"""What reporting does with a batch of records: log each once, fold it into the views, in one transaction."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

from services.reporting import store
from services.reporting.domain.fold import Deltas, fold, has_evidence, merge, negated
from services.reporting.handlers.decoding import Batch, Restored, Unreadable, decode
from shared.database import Connection, Pool
from shared.dead_letters import DeadLetters
from shared.decoding import Refusal, identity_of
from shared.intake import unexpected
from shared.kafka import Record
from shared.listening import as_it_came
from shared.logs import log
from shared.problems import Problem, problem
from shared.setting_aside import each_on_its_own


@dataclass(frozen=True, slots=True)
class Change:
    """What a batch changed: the log's position after it, the services whose figures moved, and whether there is anything
    new that verdicts rest on.
    """

    position: int
    services: frozenset[str]
    evidence: bool = False


async def expect_partitions(pool: Pool, partitions: Sequence[tuple[str, int]]) -> None:
    """Until each of these has been heard of, nothing is said to be whole."""
    await store.expect_partitions(pool, partitions)


@dataclass(slots=True, repr=False)
class Prepared:
    """Records, and what could be worked out of them before their transaction."""

    records: Sequence[Record]
    _work: "_Work | None" = None

    def once(self) -> "_Work | None":
        """The work, to be handed out once: a try uses it up."""
        work, self._work = self._work, None
        return work


@dataclass(frozen=True, slots=True, repr=False)
class _Work:
    """Events each once, and what folding them gives."""

    batch: Batch
    events: dict[tuple[str, int], Any]
    deltas: Deltas


def prepare(records: Sequence[Record]) -> Prepared:
    """Decode and fold. Never raises: what fails here fails again in the transaction, where the failing record is found."""
    try:
        return Prepared(records, _work_out(records))
    except Exception:  # noqa: BLE001 - whatever it is, it is met again
        return Prepared(records)


def _work_out(records: Sequence[Record]) -> _Work:
    batch = decode(records)
    # One batch may hold both a record and its repetition.
    events = {_identity(event): event for event in batch.events}
    return _Work(batch, events, fold(events.values()))


async def read_records(connection: Connection, prepared: Prepared, dead_letters: DeadLetters) -> Change:
    """Read a batch; a record that cannot be kept is found and set aside, and holds up nothing else."""
    changes: list[Change] = []

    async def read_some(some: Sequence[Record]) -> list[None]:
        work = prepared.once() if some is prepared.records else None
        changes.append(await read(connection, work or _work_out(some), dead_letters))
        return [None] * len(some)

    async def set_aside(record: Record, error: Exception) -> None:
        arrival = as_it_came(record)
        await dead_letters.keep(connection, [(arrival, Refusal(unexpected(error), *identity_of(arrival)))])

    await each_on_its_own(connection, prepared.records, read_some, set_aside)
    return reduce(_both, changes, Change(0, frozenset()))


async def read(connection: Connection, work: _Work, dead_letters: DeadLetters) -> Change:
    """Log and count. A record that was published again is logged once and counted once."""
    batch = work.batch
    await _set_aside(connection, batch.unreadable, dead_letters)
    change = await _log_and_fold(connection, work) if batch.events else Change(0, frozenset())
    for word in batch.restored:
        change = _both(change, await _take_back(connection, word))
    await store.remember_advanced(connection, batch.advanced)
    return change


async def _log_and_fold(connection: Connection, work: _Work) -> Change:
    """The cells first: other workers wait from the moment positions are taken, and little more than COPY is left then."""
    known = await store.known(connection, list(work.events.values()))
    fresh = [event for identity, event in work.events.items() if identity not in known]
    deltas = await _counted(connection, work, fresh)
    if fresh:
        await _count(connection, deltas)
    base = await store.take_positions(connection, len(work.batch.events))
    if not fresh:
        return Change(0, frozenset())
    await store.log_events(connection, fresh, base)
    return await _mark(connection, deltas, base + len(fresh))


async def _counted(connection: Connection, work: _Work, fresh: Sequence[Any]) -> Deltas:
    """What was folded, less what is in the log already or void: of that it is only kept when it was heard."""
    void = await store.void(connection, fresh) if await store.is_restored(connection) else set()
    counted = [event for event in fresh if _identity(event) not in void] if void else fresh
    if len(counted) < len(work.events):
        counts = {_identity(event) for event in counted}
        left_out = [event for identity, event in work.events.items() if identity not in counts]
        merge(work.deltas, negated(await asyncio.to_thread(fold, left_out)))
    await _remember(connection, counted)
    return work.deltas


def _identity(event: Any) -> tuple[str, int]:
    return event.service, event.service_position


async def _count(connection: Connection, deltas: Deltas) -> None:
    await store.add_counts(connection, deltas)
    await store.add_cells(connection, deltas)


async def _mark(connection: Connection, deltas: Deltas, position: int) -> Change:
    services = frozenset(service for service, events in deltas.services.items() if events)
    await store.mark_changed(connection, dict.fromkeys(services, position))
    return Change(position, services, has_evidence(deltas))


async def _take_back(connection: Connection, word: Restored) -> Change:
    """What a restored service does not know any more counts no more; a word that is heard again changes nothing."""
    if not await store.add_void_span(connection, word):
        return Change(0, frozenset())
    deltas = Deltas()
    events = 0
    async for records in store.newly_void(connection, word):
        merge(deltas, fold(decode(records).events))
        events += len(records)
    log.warning("log_taken_back", of=word.service, after=word.after, until=word.until, events=events)
    await _count(connection, negated(deltas))
    position = await store.take_positions(connection, 1) + 1
    await store.place_void_span(connection, word, position)
    return await _mark(connection, deltas, position)


def _both(one: Change, other: Change) -> Change:
    position, services = max(one.position, other.position), one.services | other.services
    return Change(position, services, one.evidence or other.evidence)


async def _remember(connection: Connection, events: Sequence[Any]) -> None:
    services = [event for event in events if event.type == "guichet.inventory.ServiceRecorded.v1"]
    standards = [event for event in events if event.type == "guichet.inventory.ServiceStandardRecorded.v1"]
    if services:
        await store.remember_services(connection, services)
    if standards:
        await store.remember_standards(connection, standards)


async def _set_aside(connection: Connection, unreadable: Sequence[Unreadable], dead_letters: DeadLetters) -> None:
    if not unreadable:
        return
    log.error("records_unreadable", records=len(unreadable), topic=unreadable[0].record.topic)
    arrivals = [as_it_came(each.record) for each in unreadable]
    refusals = [
        Refusal(_unreadable(each), *identity_of(arrival)) for each, arrival in zip(unreadable, arrivals, strict=True)
    ]
    await dead_letters.keep(connection, list(zip(arrivals, refusals, strict=True)))


async def read_again(connection: Connection, record: Record, dead_letters: DeadLetters) -> Change | Problem:
    """Read a record that was set aside; one that is in the log by now changes nothing."""
    work = _work_out([record])
    unreadable = work.batch.unreadable
    return _unreadable(unreadable[0]) if unreadable else await read(connection, work, dead_letters)


def _unreadable(each: Unreadable) -> Problem:
    return problem(
        "unreadable",
        f"This record is no event of ours: {each.reason}.",
        f"Cet enregistrement n'est pas un de nos événements : {each.reason}.",
    )


async def differing_views(connection: Connection) -> list[dict[str, Any]]:
    """Cells of the views that are not what folding the whole log anew gives; within the caller's snapshot."""
    anew = Deltas()
    async for records in store.logged(connection):
        merge(anew, fold(decode(records).events))
    differences = []
    for view, expected in (
        ("performance_cell", anew.performance),
        ("duration_cell", {key: [cases] for key, cases in anew.durations.items()}),
        ("open_cell", {key: [cases] for key, cases in anew.open.items()}),
        ("event_cell", anew.counts),
    ):
        wanted = {key: values for key, values in expected.items() if any(values)}
        found = await store.cells_of_views(connection, view)
        for key in sorted({key for key in wanted.keys() | found.keys() if wanted.get(key) != found.get(key)}):
            cell = [str(part) for part in key]
            differences.append({"view": view, "cell": cell, "in_log": wanted.get(key), "in_views": found.get(key)})
    return differences[:1000]
