"""The other views filled from the log, and kept up with it while the live ones go on."""

import asyncio
from dataclasses import dataclass
from itertools import pairwise

from services.reporting import store
from services.reporting.handlers.rebuilding.refold import refold, write
from shared.database import Connection, Pool, transaction

_STRETCH = 20_000
# So few are folded while nothing is logged.
_FEW = 2_000


@dataclass(frozen=True, slots=True, repr=False)
class Stretch:
    """What was logged up to a position since another, and what became void since."""

    until: int
    logged: list[store.LoggedRecord]
    taken_back: list[store.LoggedRecord]


async def fill(pool: Pool, rebuild_id: int, until: int) -> None:
    """Fold the log up to a position: each stretch in a transaction of its own, the next one read meanwhile."""
    after = (await store.rebuild(pool, rebuild_id)).position
    if after >= until:
        return
    first, *others = pairwise([*range(after, until, _STRETCH), until])
    read = await _read(pool, first)
    for following in others:
        _, read = await asyncio.gather(_fold(pool, rebuild_id, read), _read(pool, following))
    await _fold(pool, rebuild_id, read)


async def _read(connection: Pool | Connection, span: tuple[int, int]) -> Stretch:
    return Stretch(span[1], await store.stretch(connection, *span), await store.taken_back(connection, *span))


async def _fold(pool: Pool, rebuild_id: int, read: Stretch) -> None:
    folded = await asyncio.to_thread(refold, read.logged, read.taken_back)
    async with transaction(pool) as connection:
        await write(connection, folded)
        await store.filled_to(connection, rebuild_id, read.until)


async def fill_at_once(connection: Connection, rebuild_id: int, until: int) -> int:
    """The same within the caller's transaction: for the last few entries. Returns the position it began from."""
    after = (await store.rebuild(connection, rebuild_id)).position
    read = await _read(connection, (after, until))
    await write(connection, refold(read.logged, read.taken_back))
    await store.filled_to(connection, rebuild_id, until)
    return after


async def catch_up(pool: Pool, rebuild_id: int) -> None:
    """Fold what the live views have read meanwhile, until few entries are left."""
    while (head := await store.head(pool)) - (await store.rebuild(pool, rebuild_id)).position > _FEW:
        await fill(pool, rebuild_id, head)
