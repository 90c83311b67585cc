"""What status does when inventory's services and standards change, and the measuring again that this and exception days ask for."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from services.status import store
from services.status.domain import application as domain
from services.status.handlers.entries import measured
from shared.database import Connection
from shared.event_log import append
from shared.listening import Heard

_AT_ONCE = 200
_BREATH = 20


class Measured(NamedTuple):
    """How many applications were measured again, and of how many that changed something."""

    applications: int
    changed: int


async def remember_services(connection: Connection, events: Sequence[Heard]) -> None:
    await store.remember_services(connection, events)


async def remember_transfers(connection: Connection, events: Sequence[Heard]) -> None:
    await store.remember_transfers(connection, events)


async def remember_standards(connection: Connection, events: Sequence[Heard]) -> None:
    changed = await store.remember_standards(connection, events)
    if changed:
        await store.ask_to_measure_again(connection, changed)


async def measure_some_again(connection: Connection) -> Measured | None:
    """Some applications of a service whose rules changed; None when there is nothing left to do."""
    asked = await store.next_to_measure(connection, _AT_ONCE)
    if asked is None:
        return None
    await store.measured(connection, asked.service_id, asked.keys[-1] if asked.keys else None)
    applications = await store.applications(connection, asked.keys)
    known = await store.known(connection, [asked.service_id], {org_id for org_id, _ in asked.keys})
    now = datetime.now(UTC)
    changes = []
    for number, application in enumerate(applications.values(), 1):
        if number % _BREATH == 0:
            await asyncio.sleep(0)  # the doors go on answering
        change = domain.measure_again(application, known.rules(asked.service_id, application.org_id), now)
        if change is not None:
            changes.append((change, application.version))
    if changes:
        await store.save_clocks(connection, [(change.application, previous) for change, previous in changes])
        await append(connection, [measured(asked.cause, change, now) for change, _ in changes], [])
    return Measured(len(asked.keys), len(changes))
