"""Asking for a rebuild, for the way back, or for the room that is kept for it."""

from services.reporting import store
from services.reporting.handlers.rebuilding import give_up
from shared.database import Connection, Pool, transaction
from shared.logs import log
from shared.problems import Refused, problem

# How long a process takes to begin, at the most.
_GRACE_SECONDS = 30.0


async def ask(pool: Pool, source: store.Source, by: str, reason: str | None) -> int:
    """A new rebuild; or, with a reason, the one that was found to differ, to change places all the same. Raises Refused."""
    await settle(pool)
    async with transaction(pool) as connection:
        newest = await _at_rest(connection)
        if newest and reason and source == "log" and _differs(newest) and await _is_whole(connection):
            await store.remember_reason(connection, newest.rebuild_id, reason)
            await store.enter(connection, newest.rebuild_id, "switching")
            return newest.rebuild_id
        return await store.add_rebuild(connection, source, by, reason)


async def ask_back(pool: Pool) -> int:
    """The views that were live before the last rebuild are to be live again. Raises Refused."""
    await settle(pool)
    async with transaction(pool) as connection:
        newest = await _at_rest(connection)
        if newest is None or not newest.kept or newest.state != "switched":
            raise Refused(
                problem(
                    "nothing_kept",
                    "There are no views to go back to: none was rebuilt, or what was live before is not kept any more.",
                    "Il n'y a pas de vues auxquelles revenir : aucune n'a été reconstruite, ou celles d'avant ne sont plus conservées.",
                )
            )
        if not await _is_whole(connection):
            raise Refused(
                problem(
                    "nothing_kept",
                    "The views that were live before are of an earlier version of the tables; rebuild them instead.",
                    "Les vues d'avant sont d'une version antérieure des tables; reconstruisez-les plutôt.",
                )
            )
        await store.enter(connection, newest.rebuild_id, "rolling_back")
        return newest.rebuild_id


async def forget(pool: Pool) -> None:
    """Remove what is kept beside the live views. Raises Refused."""
    await settle(pool)
    async with transaction(pool) as connection:
        await _at_rest(connection)
        await store.keep_none(connection)
        await store.drop_views(connection)


async def settle(pool: Pool, grace: float = _GRACE_SECONDS) -> int | None:
    """A rebuild whose process ended before it did: what it leaves is put right, and said. Which it was."""
    async with transaction(pool) as connection:
        await store.hold_asking(connection)
        if await store.is_rebuilding(connection):
            return None
        found = await store.cut_off(connection, grace)
        if found is not None:
            await give_up(connection, found, None)
            log.warning("rebuild_abandoned", rebuild=found.rebuild_id, state=found.state)
    return found.rebuild_id if found else None


async def _at_rest(connection: Connection) -> store.Rebuild | None:
    """The newest rebuild, once none is under way. Raises Refused where one is."""
    await store.hold_asking(connection)
    found = await store.under_way(connection)
    if found is None:
        return await store.newest_rebuild(connection)
    raise Refused(
        problem(
            "rebuild_under_way",
            f"Rebuild {found['rebuild_id']} is under way ({found['state']}); wait for its end: guichet rebuild --watch.",
            f"La reconstruction {found['rebuild_id']} est en cours ({found['state']}); attendez-en la fin : guichet rebuild --watch.",
        )
    )


def _differs(newest: store.Rebuild) -> bool:
    return newest.kept and newest.state == "differs"


async def _is_whole(connection: Connection) -> bool:
    """Whether what is kept has the tables of this version."""
    return await store.views_are_alike(connection)
