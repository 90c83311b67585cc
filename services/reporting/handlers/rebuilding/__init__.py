"""Views made anew beside the live ones, compared, and put in their place (docs/adr/0022)."""

import asyncio
from collections.abc import Awaitable, Callable

from services.reporting import store
from services.reporting.handlers.rebuilding.comparing import compare
from services.reporting.handlers.rebuilding.filling import catch_up
from services.reporting.handlers.rebuilding.switching import switch
from shared.database import Connection, Pool, session
from shared.logs import log

_TRIES, _AGAIN_SECONDS = 20, 0.1
# Reads Kafka again for a rebuild: the log then has what Kafka has.
ReadAgain = Callable[[int], Awaitable[None]]


async def rebuild(pool: Pool, rebuild_id: int, read_again: ReadAgain) -> str | None:
    """Do what was asked; the state it ended in. None where another is at it. Whatever fails leaves the live views as they are."""
    async with session(pool) as connection:
        if not await _hold(connection):
            return None
        asked = await store.rebuild(pool, rebuild_id)
        log.info("rebuild_begun", rebuild=rebuild_id, source=asked.source, asked=asked.state)
        try:
            state = await _work(pool, asked, read_again)
        except Exception as error:
            log.exception("rebuild_failed", rebuild=rebuild_id)
            await give_up(pool, asked, type(error).__name__)
            raise
    log.info("rebuild_ended", rebuild=rebuild_id, state=state)
    return state


async def _hold(connection: Connection) -> bool:
    """Whether this process may rebuild. Whoever only looks whether any does holds it for a moment."""
    for _ in range(_TRIES):
        if await store.hold_rebuilding(connection):
            return True
        await asyncio.sleep(_AGAIN_SECONDS)
    return False


async def _work(pool: Pool, asked: store.Rebuild, read_again: ReadAgain) -> str:
    if asked.state == "rolling_back":
        await switch(pool, asked.rebuild_id, "rolled_back", equal=False)
        return "rolled_back"
    if asked.state == "switching":
        await switch(pool, asked.rebuild_id, "switched", equal=False)
        return "switched"
    return await _make(pool, asked, read_again)


async def _make(pool: Pool, asked: store.Rebuild, read_again: ReadAgain) -> str:
    rebuild_id = asked.rebuild_id
    await store.keep_none(pool)
    await store.make_views(pool)
    if asked.source == "kafka":
        await read_again(rebuild_id)
    await store.enter(pool, rebuild_id, "filling", await store.head(pool))
    await catch_up(pool, rebuild_id)
    await store.enter(pool, rebuild_id, "comparing")
    equal = await compare(pool, rebuild_id)
    if not equal and asked.reason is None:
        await store.keep(pool, rebuild_id)
        await store.end(pool, rebuild_id, "differs")
        return "differs"
    await store.enter(pool, rebuild_id, "switching")
    await switch(pool, rebuild_id, "switched", equal=equal)
    return "switched"


async def give_up(pool: Pool | Connection, cut_off: store.Rebuild, error: str | None) -> None:
    """What a rebuild that failed, or whose process ended, leaves: half-made views are dropped; whole ones are kept, and asked
    for once more they change places.
    """
    if cut_off.kept:
        before = "switched" if cut_off.state == "rolling_back" else "differs"
        await store.end(pool, cut_off.rebuild_id, before, error)
        return
    if error or cut_off.state != "asked":  # one that never began has touched nothing
        await store.drop_views(pool)
    await store.end(pool, cut_off.rebuild_id, "failed" if error else "abandoned", error)
