"""How a service listens to another: records of its topics, decoded, and handed to one handler per type."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import orjson
from pydantic import BaseModel, ValidationError

from shared.consuming import Consumption
from shared.database import Connection
from shared.dead_letters import DeadLetters
from shared.decoding import Arrival, Refusal, identity_of, read_json
from shared.intake import unexpected
from shared.kafka import Record
from shared.setting_aside import each_on_its_own


@dataclass(frozen=True, slots=True)
class Heard:
    """An event another service published; `data` is an instance of the contract its type names."""

    position: int
    type: str
    org_id: str
    time: datetime
    data: Any


# Effects are written on the connection, whose transaction is committed after it.
OnEvents = Callable[[Connection, Sequence[Heard]], Awaitable[None]]
# type of event -> its contract, and what is done about it
Listeners = Mapping[str, tuple[type[BaseModel], OnEvents]]


def listening(
    group: str,
    topics: Sequence[str],
    listeners: Listeners,
    dead_letters: DeadLetters,
    committed: Callable[[Any], Awaitable[None]] | None = None,
) -> Consumption:
    """A consumer group on other services' topics; types nobody listens to are passed over."""

    async def hear(connection: Connection, some: Sequence[Record]) -> list[None]:
        groups: dict[str, list[Heard]] = defaultdict(list)
        for record in some:
            event = decode(record, listeners)
            groups[event.type].append(event)
        for kind in listeners:  # in the order of the table: a service before its standards
            if kind in groups:
                await listeners[kind][1](connection, groups[kind])
        return [None] * len(some)

    async def apply(connection: Connection, records: Sequence[Record]) -> None:
        async def set_aside(record: Record, error: Exception) -> None:
            arrival = as_it_came(record)
            await dead_letters.keep(connection, [(arrival, Refusal(unexpected(error), *identity_of(arrival)))])

        wanted = [record for record in records if _type_of(record) in listeners]
        await each_on_its_own(connection, wanted, partial(hear, connection), set_aside)

    async def again(connection: Connection, record: Record) -> None:
        await hear(connection, [record])

    return Consumption(group, apply, topics=topics, committed=committed, again=again, hears=tuple(listeners))


def as_it_came(record: Record) -> Arrival:
    """A record of another service as a dead letter keeps it: under the organisation it speaks of, where that can be read."""
    raw = record.value or b""
    document = read_json(raw)
    org_id = document.get("org") if isinstance(document, dict) else None
    named = org_id if isinstance(org_id, str) and len(org_id) <= 20 and "\x00" not in org_id else ""
    return Arrival(raw, named, None, record.topic, record.partition, record.offset)


def _type_of(record: Record) -> str:
    for name, value in record.headers or ():
        if name == "ce_type" and value is not None:
            return bytes(value).decode("utf-8", "replace")
    return ""


def decode(record: Record, listeners: Listeners) -> Heard:
    """Raises ValueError when the record is not what its type promises."""
    document = orjson.loads(record.value or b"")
    try:
        data = listeners[document["type"]][0].model_validate(document["data"])
        moment = datetime.fromisoformat(document["time"])
        return Heard(int(document["id"]), document["type"], document["org"], moment, data)
    except (KeyError, TypeError, ValidationError) as error:
        raise ValueError(f"record {record.topic}/{record.partition}/{record.offset}: {error}") from error


def last_words(events: Sequence[Heard], key: Callable[[Any], Hashable]) -> tuple[list[Heard], list[Heard]]:
    """Of each thing the last that was published, in order: those that hold, and those that were withdrawn."""
    last = {key(event.data): event for event in events}
    kept = [event for event in last.values() if not event.data.withdrawn]
    return kept, [event for event in last.values() if event.data.withdrawn]
