"""How one bad event is found among good ones, and holds up none of them."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import asyncpg

from shared.database import TRANSIENT, Connection
from shared.logs import log

_T = TypeVar("_T")
_R = TypeVar("_R")
_RACES = 2


async def each_on_its_own(
    connection: Connection,
    items: Sequence[_T],
    apply: Callable[[Sequence[_T]], Awaitable[list[_R]]],
    set_aside: Callable[[_T, Exception], Awaitable[_R]],
) -> list[_R]:
    """Apply a batch; when it fails for a reason of its own, find the failing ones by halving, and set them aside.

    Each try is a savepoint. What is transient (a lost connection, a deadlock) is raised: the whole is to be tried again.
    """
    if not items:
        return []
    try:
        return await _settled(connection, items, apply)
    except TRANSIENT:
        raise
    except Exception as error:  # noqa: BLE001 - whatever one event does to us is that event's alone
        if len(items) == 1:
            log.exception("event_set_aside", error=type(error).__name__)
            return [await set_aside(items[0], error)]
    middle = len(items) // 2
    left = await each_on_its_own(connection, items[:middle], apply, set_aside)
    return left + await each_on_its_own(connection, items[middle:], apply, set_aside)


async def _settled(
    connection: Connection, items: Sequence[_T], apply: Callable[[Sequence[_T]], Awaitable[list[_R]]]
) -> list[_R]:
    """Apply in a savepoint; where another transaction was quicker with the same key, again, now that its row is there."""
    for _ in range(_RACES):
        try:
            async with connection.transaction():
                return await apply(items)
        except asyncpg.UniqueViolationError:
            continue
    async with connection.transaction():
        return await apply(items)
