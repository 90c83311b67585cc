"""What was refused is kept whole, sealed, for 30 days; and how one bad event is found among good ones."""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import asyncpg

from shared import metrics
from shared.database import TRANSIENT, Connection, Pool
from shared.decoding import Arrival, Refusal
from shared.encryption import Seal
from shared.logs import log

_T = TypeVar("_T")
_R = TypeVar("_R")
_RACES = 2


class DeadLetters:
    """Keeps refused events of one service in its `dead_letter` table."""

    def __init__(self, seal: Seal) -> None:
        self._seal = seal

    async def keep(self, connection: Connection, refused: Sequence[tuple[Arrival, Refusal]]) -> None:
        if not refused:
            return
        await connection.executemany(
            "insert into dead_letter (door, org_id, source, event_id, topic, partition, record_offset, code, problem, sealed) "
            "values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            [
                (
                    "kafka" if arrival.topic else "http",
                    arrival.org_id,
                    refusal.source,
                    refusal.id,
                    arrival.topic,
                    arrival.partition,
                    arrival.offset,
                    refusal.problem.code,
                    refusal.problem.as_dict(),
                    self._seal.seal(arrival.raw, "dead_letter"),
                )
                for arrival, refusal in refused
            ],
        )
        for code, number in Counter(refusal.problem.code for _, refusal in refused).items():
            metrics.dead_letters.labels(code).inc(number)


async def rejected_event(pool: Pool, org_id: str, event_id: str, source: str | None) -> dict[str, Any] | None:
    """`event_id`, `source` and `problem` of an organisation's event that was refused last under this id."""
    row = await pool.fetchrow(
        "select event_id, source, problem from dead_letter "
        "where event_id = $1 and org_id = $2 and ($3::text is null or source = $3) order by dead_letter_id desc limit 1",
        event_id,
        org_id,
        source,
    )
    return row and dict(row)


async def forget_dead_letters(connection: Connection) -> int:
    """Remove what was kept for 30 days. Returns how many."""
    done = await connection.execute("delete from dead_letter where received_at < now() - interval '30 days'")
    return int(done.split()[-1])


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
