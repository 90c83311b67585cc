"""PostgreSQL: the pool, and migrations forward only."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import TypeAlias

import asyncpg
import orjson

from shared.logs import log

Connection: TypeAlias = asyncpg.Connection
Pool: TypeAlias = asyncpg.Pool

# Another process, or PostgreSQL itself, stood in the way: the same work may succeed when tried again.
TRANSIENT = (
    asyncpg.PostgresConnectionError,
    asyncpg.TransactionRollbackError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.InsufficientResourcesError,
    asyncpg.OperatorInterventionError,
    asyncpg.CannotConnectNowError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    ConnectionError,
    TimeoutError,
    OSError,
)


class ConcurrentChange(asyncpg.TransactionRollbackError):  # type: ignore[misc]  # asyncpg has no types
    """Another transaction changed the same thing first; the batch is to be done again."""


async def open_pool(dsn: str, connections: int) -> Pool:
    return await asyncpg.create_pool(
        dsn,
        min_size=2,
        max_size=connections,
        init=_speak_json,
        command_timeout=60,
        max_inactive_connection_lifetime=0,
        server_settings={
            "application_name": "guichet",
            # A process that stops in mid-transaction must not hold the locks of its partitions.
            "idle_in_transaction_session_timeout": "5000",
            "jit": "off",
            "timezone": "UTC",
        },
    )


async def _speak_json(connection: Connection) -> None:
    for kind in ("json", "jsonb"):
        await connection.set_type_codec(
            kind, encoder=lambda value: orjson.dumps(value).decode(), decoder=orjson.loads, schema="pg_catalog"
        )


@asynccontextmanager
async def transaction(pool: Pool) -> AsyncIterator[Connection]:
    async with pool.acquire() as connection, connection.transaction():
        yield connection


@cache
def migrations_of(service: str) -> list[Path]:
    """The migrations every service has, then its own, in order."""
    root = Path(__file__).parent.parent
    return sorted((root / "shared/migrations").glob("*.sql")) + sorted(
        (root / "services" / service / "migrations").glob("*.sql")
    )


async def missing_migrations(pool: Pool, service: str) -> list[str]:
    """The names of this version's migrations that the database does not have."""
    applied = {row["name"] for row in await pool.fetch("select name from migration")}
    return sorted({_name(path) for path in migrations_of(service)} - applied)


async def migrate(connection: Connection, service: str) -> None:
    """Bring the database up to this version. Several processes may try at once; a changed old migration is refused."""
    async with connection.transaction():
        await connection.execute("select pg_advisory_xact_lock(hashtext('guichet.migrate'))")
        await connection.execute(
            "create table if not exists migration "
            "(name text primary key, sha256 text not null, applied_at timestamptz not null default now())"
        )
        applied = {row["name"]: row["sha256"] for row in await connection.fetch("select name, sha256 from migration")}
        for path in migrations_of(service):
            await _apply(connection, path, applied)


async def _apply(connection: Connection, path: Path, applied: dict[str, str]) -> None:
    name = _name(path)
    sql = path.read_text(encoding="utf-8")
    digest = hashlib.sha256(sql.encode()).hexdigest()
    if applied.get(name, digest) != digest:
        raise RuntimeError(f"migration {name} was applied with other contents; migrations are never edited, only added")
    if name not in applied:
        await connection.execute(sql)
        await connection.execute("insert into migration (name, sha256) values ($1, $2)", name, digest)
        log.info("migration_applied", migration=name)


def _name(path: Path) -> str:
    return f"{path.parent.parent.name}/{path.name}"
