"""Whether the views made anew are the live ones, at one position of the log: by hash, and where they differ row by row."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.reporting import store
from services.reporting.handlers.rebuilding.filling import catch_up, fill
from services.reporting.store.writing import LIVE, OTHER
from shared.database import Connection, Pool, transaction

_MOST_SHOWN = 100


async def compare(pool: Pool, rebuild_id: int) -> bool:
    """Whether they are equal; what was found stays with the rebuild."""
    await store.analyze_views(pool)
    await catch_up(pool, rebuild_id)
    async with _at_one_position(pool, rebuild_id) as (connection, position):
        live, other = await store.digests(connection, LIVE), await store.digests(connection, OTHER)
        unequal = [view for view in store.VIEWS if live[view] != other[view]]
        differing, first = {}, []
        for view in unequal:
            differing[view], rows = await store.differing_rows(connection, view, _MOST_SHOWN)
            first += [{"view": view, **row} for row in rows]
    tables = {
        view: {
            "live": live[view],
            "rebuilt": other[view],
            "equal": view not in unequal,
            "differing": differing.get(view, 0),
        }
        for view in store.VIEWS
    }
    await store.remember_comparison(pool, rebuild_id, position, tables, first or None)
    return not unequal


@asynccontextmanager
async def _at_one_position(pool: Pool, rebuild_id: int) -> AsyncIterator[tuple[Connection, int]]:
    """A state of the database in which both views hold the log up to the same position. Nothing is logged while the last few
    entries are folded; readers notice nothing, and however long the comparison takes, writers go on.
    """
    async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        async with transaction(pool) as holding:
            position = await store.hold_head(holding)
            await fill(pool, rebuild_id, position)
            await store.hold_views(connection)
            await store.head(connection)
        yield connection, position
