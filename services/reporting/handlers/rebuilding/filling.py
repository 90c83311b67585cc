"""The other views filled from the log, and kept up with it while the live ones go on."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from services.reporting import store
from services.reporting.handlers.rebuilding.refold import Refolded, refold, write
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


Folded = tuple[int, Refolded]  # up to which position, and what it comes to


async def fill(pool: Pool, rebuild_id: int, until: int) -> None:
    """Fold the log up to a position, each stretch in a transaction of its own: while one is written, the next is folded, and the
    one after that is read.
    """
    after = (await store.rebuild(pool, rebuild_id)).position
    if after >= until:
        return
    spans = pairwise([*range(after, until, _STRETCH), until])
    read: Stretch | None = await _read(pool, next(spans))
    folded: Folded | None = None
    while read is not None:
        folded, read, _ = await asyncio.gather(_fold(read), _read_next(pool, spans), _write(pool, rebuild_id, folded))
    await _write(pool, rebuild_id, folded)


async def _read_next(pool: Pool, spans: Iterator[tuple[int, int]]) -> Stretch | None:
    span = next(spans, None)
    return await _read(pool, span) if span else None


async def _read(connection: Pool | Connection, span: tuple[int, int]) -> Stretch:
    return Stretch(span[1], await store.stretch(connection, *span), await store.taken_back(connection, *span))


async def _fold(read: Stretch) -> Folded:
    return read.until, await asyncio.to_thread(refold, read.logged, read.taken_back)


async def _write(pool: Pool, rebuild_id: int, folded: Folded | None) -> None:
    if folded is not None:
        async with transaction(pool) as connection:
            await write(connection, folded[1])
            await store.filled_to(connection, rebuild_id, folded[0])


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
