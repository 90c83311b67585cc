"""The rebuilds that were asked for, how far each is, and what came of it."""

from dataclasses import dataclass
from typing import Any, Literal

from shared.database import Connection, Pool

Source = Literal["log", "kafka"]
# What one is about: where it stands still, it was cut off.
UNDER_WAY = ("asked", "reading", "filling", "comparing", "switching", "rolling_back")
_BEGUN = ("reading", "filling", "comparing")
_COLUMNS = (
    "rebuild_id, source, state, asked_at, asked_by, reason, position, kept, done, total, begun_at, added, compared_to, tables, "
    "differences, switched_to, error, ended_at"
)

_OF_ONE = "rebuild_id, source, state, reason, position, kept, compared_to"


@dataclass(frozen=True, slots=True)
class Rebuild:
    """One rebuild: where its views are to come from, its state, and how far of the log the other views are."""

    rebuild_id: int
    source: Source
    state: str
    reason: str | None
    position: int
    kept: bool
    compared_to: int | None


async def add_rebuild(connection: Connection, source: Source, by: str, reason: str | None) -> int:
    return int(
        await connection.fetchval(
            "insert into rebuild (source, asked_by, reason) values ($1, $2, $3) returning rebuild_id",
            source,
            by,
            reason,
        )
    )


async def rebuild(connection: Connection | Pool, rebuild_id: int) -> Rebuild:
    row = await connection.fetchrow(f"select {_OF_ONE} from rebuild where rebuild_id = $1", rebuild_id)
    return Rebuild(**row)


async def rebuilds_before(connection: Connection | Pool, before: int | None, limit: int) -> list[dict[str, Any]]:
    """All that is known of each, the newest first."""
    rows = await connection.fetch(
        f"select {_COLUMNS}, clock_timestamp() as now from rebuild where $1::bigint is null or rebuild_id < $1 "
        "order by rebuild_id desc limit $2",
        before,
        limit,
    )
    return [dict(row) for row in rows]


async def newest_rebuild(connection: Connection | Pool) -> Rebuild | None:
    row = await connection.fetchrow(f"select {_OF_ONE} from rebuild order by rebuild_id desc limit 1")
    return row and Rebuild(**row)


async def one_rebuild(connection: Connection | Pool, rebuild_id: int) -> dict[str, Any] | None:
    row = await connection.fetchrow(
        f"select {_COLUMNS}, clock_timestamp() as now from rebuild where rebuild_id = $1", rebuild_id
    )
    return row and dict(row)


async def cut_off(connection: Connection, grace: float) -> Rebuild | None:
    """The rebuild that is said to be under way, where none is; one that was only just asked for has `grace` seconds to begin."""
    row = await connection.fetchrow(
        f"select {_OF_ONE} from rebuild where state = any($1::text[]) and (state = any($2::text[]) "
        "or begun_at < clock_timestamp() - make_interval(secs => $3)) order by rebuild_id desc limit 1 for update",
        list(UNDER_WAY), list(_BEGUN), grace,
    )  # fmt: skip
    return row and Rebuild(**row)


async def under_way(connection: Connection) -> dict[str, Any] | None:
    row = await connection.fetchrow(
        f"select {_COLUMNS}, clock_timestamp() as now from rebuild where state = any($1::text[]) order by rebuild_id desc limit 1",
        list(UNDER_WAY),
    )
    return row and dict(row)


async def enter(connection: Connection | Pool, rebuild_id: int, state: str, total: int = 0) -> None:
    """A rebuild goes on to its next state, in which so much is to be done."""
    await connection.execute(
        "update rebuild set state = $2, done = 0, total = $3, begun_at = clock_timestamp() where rebuild_id = $1",
        rebuild_id,
        state,
        total,
    )


async def filled_to(connection: Connection, rebuild_id: int, position: int) -> None:
    """The other views hold the log up to a position: to be said in the transaction that fills them."""
    await connection.execute(
        "update rebuild set position = $2, done = $2, total = greatest(total, $2) where rebuild_id = $1",
        rebuild_id,
        position,
    )


async def has_read(connection: Connection, rebuild_id: int, done: int, added: int) -> None:
    await connection.execute("update rebuild set done = $2, added = $3 where rebuild_id = $1", rebuild_id, done, added)


async def remember_comparison(
    connection: Connection | Pool,
    rebuild_id: int,
    position: int,
    tables: dict[str, Any],
    differences: list[dict[str, Any]] | None,
) -> None:
    await connection.execute(
        "update rebuild set compared_to = $2, tables = $3, differences = $4 where rebuild_id = $1",
        rebuild_id, position, tables, differences,
    )  # fmt: skip


async def remember_reason(connection: Connection, rebuild_id: int, reason: str) -> None:
    await connection.execute("update rebuild set reason = $2 where rebuild_id = $1", rebuild_id, reason)


async def remember_switch(connection: Connection, rebuild_id: int, state: str, position: int) -> None:
    """In the transaction in which they change places."""
    await connection.execute(
        "update rebuild set state = $2, switched_to = $3, position = $3, kept = true, ended_at = clock_timestamp() "
        "where rebuild_id = $1",
        rebuild_id, state, position,
    )  # fmt: skip


async def keep_none(connection: Connection | Pool) -> None:
    """Of no rebuild anything is left beside the live views."""
    await connection.execute("update rebuild set kept = false where kept")


async def keep(connection: Connection | Pool, rebuild_id: int) -> None:
    await connection.execute("update rebuild set kept = true where rebuild_id = $1", rebuild_id)


async def hold_asking(connection: Connection) -> None:
    """Rebuilds are asked for one after the other, until the end of the transaction."""
    await connection.execute("select pg_advisory_xact_lock(hashtext('guichet.rebuild.ask'))")


async def end(connection: Connection | Pool, rebuild_id: int, state: str, error: str | None = None) -> None:
    await connection.execute(
        "update rebuild set state = $2, error = $3, ended_at = clock_timestamp() where rebuild_id = $1",
        rebuild_id, state, error,
    )  # fmt: skip
