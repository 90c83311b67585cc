"""Views made anew beside the live ones: their tables, how they compare, and how the two change places (docs/adr/0022)."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from services.reporting.store.writing import KNOWN_IN, LIVE, OTHER
from shared.database import Connection, Pool
from shared.event_log import FINGERPRINT

# A comparison may take as long as it takes: nobody waits for it.
_LONGEST = 6 * 3600.0
_HELD = "pg_try_advisory_lock(hashtext('guichet.rebuild'))"
# In the order in which writers come to them.
_WRITTEN_FIRST = f"public.known_service, public.known_standard, {LIVE}.event_cell"
# Held by transactions that look more than once (`hold_views`).
_GATE = f"{LIVE}.event_cell"
_FENCE_TIMEOUT, _SWITCH_TIMEOUT = "5s", "800ms"

# Of each view its key, its values, and which of its rows say anything: cells that come to nothing are as good as none.
_VIEWS: Mapping[str, tuple[str, str, str]] = {
    "event_cell": ("type, org_id, day, source_partition", "events, hash::text as hash", "(events, hash) <> (0, 0)"),
    "feed_hour": ("org_id, service, hour, source_partition", "events, last_recorded_at", "true"),
    "feed": ("org_id, service, source_partition", "events, last_recorded_at", "true"),
    "performance_cell": (
        "org_id, service_id, standard_id, channel, day, recorded_on, source_partition",
        "met, total, withdrawn, closed_undecided, events",
        "(met, total, withdrawn, closed_undecided, events) <> (0, 0, 0, 0, 0)",
    ),
    "duration_cell": (
        "org_id, service_id, standard_id, channel, unit, day, bucket, source_partition",
        "cases",
        "cases <> 0",
    ),
    "open_cell": (
        "org_id, service_id, standard_id, channel, state, started_on, late_from, source_partition",
        "cases",
        "cases <> 0",
    ),
    # Its position is that of a batch where a batch was read, and of the event where it was read again.
    "service_change": ("service_id", "1 as changed", "true"),
    "known_service": ("service_id, valid_from", "org_id, name, priority, position", "true"),
    "known_standard": (
        "service_id, standard_id, valid_from",
        "org_id, name, kind, channel, target, measure, position",
        "true",
    ),
}
VIEWS = tuple(_VIEWS)


def _content(view: str, views: str) -> str:
    keys, values, says = _VIEWS[view]
    schema = KNOWN_IN[views] if view.startswith("known_") else views
    return f"select {keys}, {values} from {schema}.{view} where {says}"


async def hold_rebuilding(connection: Connection) -> bool:
    """Whether this session may rebuild: one at a time."""
    return bool(await connection.fetchval(f"select {_HELD}"))


async def is_rebuilding(connection: Connection) -> bool:
    """Whether any session holds what `hold_rebuilding` takes."""
    return not await connection.fetchval("select pg_try_advisory_xact_lock(hashtext('guichet.rebuild'))")


async def hold_views(connection: Connection) -> None:
    """For a transaction that sees one state of the database: the views it is to see stay where they are until its end.

    Must be its first statement: a state that is older than the views' change of places would be that of half-filled ones.
    """
    await connection.execute(f"lock table {_GATE} in access share mode")


@asynccontextmanager
async def one_state(pool: Pool) -> AsyncIterator[Connection]:
    """A connection that sees the database as it is now, whatever is written and whichever views change places meanwhile."""
    async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        await hold_views(connection)
        yield connection


async def make_views(connection: Connection | Pool) -> None:
    await connection.execute("select make_views()")


async def drop_views(connection: Connection | Pool) -> None:
    await connection.execute("select drop_views()")


async def analyze_views(connection: Connection | Pool) -> None:
    await connection.execute("select analyze_views()", timeout=_LONGEST)


async def views_are_alike(connection: Connection | Pool) -> bool:
    """Whether both have the same tables and columns."""
    return bool(await connection.fetchval("select views_are_alike()"))


async def sizes(connection: Connection | Pool) -> dict[str, int]:
    """Bytes of the live views and of the others."""
    row = await connection.fetchrow(
        "select coalesce(sum(pg_total_relation_size(oid)), 0)::bigint as live, coalesce((select sum(pg_total_relation_size(c.oid)) "
        "from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'views_2' and relkind = 'r'), 0)::bigint "
        "as other from view_tables()"
    )
    return dict(row)


async def hold_head(connection: Connection) -> int:
    """The log's last position; nothing is logged until the end of the transaction."""
    return int(await connection.fetchval("select position from reading_head for update"))


async def fence_writers(connection: Connection) -> None:
    """Until the end of the transaction nobody writes into the live views. Waits for those who do; readers notice nothing.
    Raises asyncpg.LockNotAvailableError.
    """
    await connection.execute(f"set local lock_timeout = '{_FENCE_TIMEOUT}'")
    await connection.execute(f"lock table {_WRITTEN_FIRST} in share row exclusive mode")


async def fence_readers(connection: Connection) -> None:
    """And nobody reads them. In less than the second after which PostgreSQL would look for a deadlock, and might end a reader.
    Raises asyncpg.QueryCanceledError.
    """
    live = ", ".join(f"{KNOWN_IN[LIVE] if view.startswith('known_') else LIVE}.{view}" for view in VIEWS)
    await connection.execute(f"set local statement_timeout = '{_SWITCH_TIMEOUT}'")
    await connection.execute(f"lock table {live} in access exclusive mode")
    await connection.execute("set local statement_timeout = 0")


async def switch_views(connection: Connection) -> None:
    await connection.execute("select switch_views()")


async def events_held(connection: Connection, views: str, since: int) -> tuple[int, int]:
    """How many events are in the views of the days on which anything was logged beyond a position, and the sum of their hashes."""
    row = await connection.fetchrow(
        f"select coalesce(sum(events), 0)::bigint as events, coalesce(sum(hash), 0)::text as hash from {views}.event_cell "
        "where day >= (select min((recorded_at at time zone 'utc')::date) from logged_event where position > $1)",
        since,
    )
    return row["events"], int(row["hash"])


async def digests(connection: Connection, views: str) -> dict[str, dict[str, Any]]:
    """Of each view how many rows it has, and the sum of their hashes."""
    found = {}
    for view in VIEWS:
        row = await connection.fetchrow(
            f"select count(*) as rows, coalesce(sum({FINGERPRINT}), 0)::text as hash "
            f"from (select t::text as value from ({_content(view, views)}) t) r",
            timeout=_LONGEST,
        )
        found[view] = dict(row)
    return found


async def differing_rows(connection: Connection, view: str, most: int) -> tuple[int, list[dict[str, Any]]]:
    """How many rows of a view differ, and the first of them: `key`, what is `live` and what was `rebuilt` (None: no such row)."""
    rows = await connection.fetch(
        f"with live as ({_keyed(view, LIVE)}), other as ({_keyed(view, OTHER)}) "
        "select key, live.said - array(select jsonb_object_keys(key)) as live, "
        "other.said - array(select jsonb_object_keys(key)) as rebuilt, count(*) over () as number "
        "from live full join other using (key) where live.said is distinct from other.said order by key limit $1",
        most,
        timeout=_LONGEST,
    )
    return (rows[0]["number"] if rows else 0), [{name: row[name] for name in _SIDES} for row in rows]


_SIDES = ("key", "live", "rebuilt")


def _keyed(view: str, views: str) -> str:
    keys = ", ".join(f"t.{key}" for key in _VIEWS[view][0].split(", "))
    return f"select to_jsonb(k) as key, to_jsonb(t) as said from ({_content(view, views)}) t cross join lateral (select {keys}) k"
