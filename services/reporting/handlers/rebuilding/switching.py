"""The two views change places: in one transaction, at one position of the log."""

import asyncio
import time

import asyncpg

from services.reporting import store
from services.reporting.handlers.rebuilding.filling import catch_up, fill_at_once
from services.reporting.store.writing import LIVE, OTHER
from shared.database import Connection, Pool, transaction

_PATIENCE_SECONDS, _AGAIN_SECONDS = 300.0, 0.3


class DifferentEvents(Exception):
    """The views that were made anew hold other events than the live ones, though they were equal a moment ago."""


async def switch(pool: Pool, rebuild_id: int, state: str, *, equal: bool) -> int:
    """Change places, once nobody holds the live views for long; the position at which it was done.

    Tried again for five minutes where long readers are in the way. Raises asyncpg.PostgresError, and DifferentEvents where they are to be
    `equal` and are not.
    """
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        await catch_up(pool, rebuild_id)
        try:
            async with transaction(pool) as connection:
                return await _change_places(connection, rebuild_id, state, equal=equal)
        except (asyncpg.LockNotAvailableError, asyncpg.QueryCanceledError):
            if time.monotonic() > deadline:
                raise
        await asyncio.sleep(_AGAIN_SECONDS)


async def _change_places(connection: Connection, rebuild_id: int, state: str, *, equal: bool) -> int:
    await store.fence_writers(connection)
    position = await store.hold_head(connection)
    since = await fill_at_once(connection, rebuild_id, position)
    if equal and await store.events_held(connection, LIVE, since) != await store.events_held(connection, OTHER, since):
        raise DifferentEvents
    await store.fence_readers(connection)
    await store.switch_views(connection)
    await store.remember_switch(connection, rebuild_id, state, position)
    return position
