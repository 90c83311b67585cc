"""Migrations forward only, run before a service starts, by the owner of its tables: `python -m shared.migrating status`.

The service itself has a role of its own, which reads and writes rows and can change no table (deploy/postgres/).
"""

import asyncio
import hashlib
import os
import sys
from functools import cache
from pathlib import Path

import asyncpg

from shared.database import Connection, Pool
from shared.logs import configure_logs, log

# What a service has recorded stays as it is: nobody but the owner of the tables could change it.
_ONLY_ADDED_TO = ("recorded_event", "logged_event")


@cache
def migrations_of(service: str) -> list[Path]:
    """The migrations every service has, then its own, in order."""
    root = Path(__file__).parent.parent
    return sorted((root / "shared/migrations").glob("*.sql")) + sorted(
        (root / "services" / service / "migrations").glob("*.sql")
    )


async def missing_migrations(pool: Pool, service: str) -> list[str]:
    """The names of this version's migrations that the database does not have."""
    wanted = {_name(path) for path in migrations_of(service)}
    try:
        applied = {row["name"] for row in await pool.fetch("select name from migration")}
    except (asyncpg.UndefinedTableError, asyncpg.InsufficientPrivilegeError):
        return sorted(wanted)
    return sorted(wanted - applied)


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
        await _grant(connection, service)


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


async def _grant(connection: Connection, service: str) -> None:
    """Rows to the service's own role, reading to its reader; where those roles are not there, the owner serves alone."""
    roles = {row["rolname"] for row in await connection.fetch("select rolname from pg_roles")}
    schemas = [
        row["nspname"]
        for row in await connection.fetch(
            "select nspname from pg_namespace where nspname = 'public' or nspname like 'views\\_%'"
        )
    ]
    for schema in schemas:
        for role, rights in ((service, "select, insert, update, delete"), (f"{service}_reader", "select")):
            if role in roles:
                await connection.execute(f'grant usage on schema {schema} to "{role}"')
                await connection.execute(f'grant {rights} on all tables in schema {schema} to "{role}"')
    if service in roles:
        for row in await connection.fetch(
            "select oid::regprocedure::text as name from pg_proc where prosecdef and pronamespace = 'public'::regnamespace"
        ):
            await connection.execute(f'grant execute on function {row["name"]} to "{service}"')
        await connection.execute(f'revoke insert, update, delete on migration from "{service}"')
        for row in await connection.fetch(
            "select relname from pg_class where relkind in ('r', 'p') and relname like any($1::text[])",
            [f"{name}%" for name in _ONLY_ADDED_TO],
        ):
            await connection.execute(f'revoke update, delete on {row["relname"]} from "{service}"')


def _name(path: Path) -> str:
    return f"{path.parent.parent.name}/{path.name}"


async def _migrate(service: str, dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await migrate(connection, service)
        await connection.execute("select make_partitions()")
    finally:
        await connection.close()


def main(arguments: list[str]) -> int:
    dsn = os.environ.get("GUICHET_DATABASE_URL")
    if len(arguments) != 1 or not dsn or not migrations_of(arguments[0]):
        sys.stderr.write("python -m shared.migrating SERVICE, with its owner's address in GUICHET_DATABASE_URL\n")
        return 2
    configure_logs(arguments[0], "info")
    asyncio.run(_migrate(arguments[0], dsn))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
