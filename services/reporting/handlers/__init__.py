"""What reporting does with a batch of records: log each once, fold it into the views, in one transaction."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from services.reporting import store
from services.reporting.domain.fold import Deltas, fold, merge, negated
from services.reporting.handlers.decoding import Batch, Restored, Unreadable, decode
from shared.consuming import Record
from shared.database import Connection, Pool
from shared.dead_letters import DeadLetters, each_on_its_own
from shared.decoding import Refusal, identity_of
from shared.intake import unexpected
from shared.listening import as_it_came
from shared.logs import log
from shared.problems import Problem, problem


@dataclass(frozen=True, slots=True)
class Change:
    """What a batch changed: the log's position after it, and the services whose figures moved."""

    position: int
    services: frozenset[str]


async def expect_partitions(pool: Pool, partitions: Sequence[tuple[str, int]]) -> None:
    """Until each of these has been heard of, nothing is said to be whole."""
    await store.expect_partitions(pool, partitions)


async def read_records(connection: Connection, records: Sequence[Record], dead_letters: DeadLetters) -> Change:
    """Read a batch; a record that cannot be kept is found and set aside, and holds up nothing else."""
    changes: list[Change] = []

    async def read_some(some: Sequence[Record]) -> list[None]:
        changes.append(await read(connection, decode(some), dead_letters))
        return [None] * len(some)

    async def set_aside(record: Record, error: Exception) -> None:
        arrival = as_it_came(record)
        await dead_letters.keep(connection, [(arrival, Refusal(unexpected(error), *identity_of(arrival)))])

    await each_on_its_own(connection, records, read_some, set_aside)
    services = frozenset[str]().union(*(change.services for change in changes))
    return Change(max((change.position for change in changes), default=0), services)


async def read(connection: Connection, batch: Batch, dead_letters: DeadLetters) -> Change:
    """Log and fold. A record that was published again is logged once and counted once."""
    await _set_aside(connection, batch.unreadable, dead_letters)
    change = Change(0, frozenset())
    if batch.events:
        base, restored = await store.take_positions(connection, len(batch.events))
        fresh = _without(batch.events, await store.known(connection, batch.events))
        if fresh:
            counted = _without(fresh, await store.void(connection, fresh)) if restored else fresh
            change = await _log_and_fold(connection, fresh, counted, base)
    for word in batch.restored:
        change = _both(change, await _take_back(connection, word))
    await store.remember_advanced(connection, batch.advanced)
    return change


async def _log_and_fold(connection: Connection, events: Sequence[Any], counted: Sequence[Any], base: int) -> Change:
    # Folded on another thread while PostgreSQL takes in the log: each has a core of its own.
    folding = asyncio.create_task(asyncio.to_thread(fold, counted))
    try:
        await store.log_events(connection, events, base)
    finally:
        deltas = await folding
    await _remember(connection, counted)
    return await _count(connection, deltas, base + len(events))


async def _count(connection: Connection, deltas: Deltas, position: int) -> Change:
    await store.add_counts(connection, deltas)
    await store.add_cells(connection, deltas)
    await store.mark_changed(connection, deltas.services, position)
    return Change(position, frozenset(deltas.services))


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
    base, _ = await store.take_positions(connection, 1)
    return await _count(connection, negated(deltas), base + 1)


def _both(one: Change, other: Change) -> Change:
    return Change(max(one.position, other.position), one.services | other.services)


def _without(events: Sequence[Any], known: set[tuple[str, int]]) -> list[Any]:
    """Those not in the log yet, each once (one batch may hold both a record and its repetition)."""
    fresh = {(event.service, event.service_position): event for event in events}
    for identity in known:
        fresh.pop(identity, None)
    return list(fresh.values())


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
    batch = decode([record])
    return _unreadable(batch.unreadable[0]) if batch.unreadable else await read(connection, batch, dead_letters)


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
