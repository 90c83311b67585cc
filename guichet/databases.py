"""A database and roles of its own for each service, made by the administrator of a PostgreSQL (deploy/postgres/)."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import asyncpg

SQL = Path(__file__).parent.parent / "deploy" / "postgres"
ADMINISTRATOR = "postgres"


def roles_of(service: str) -> tuple[str, str, str]:
    """The roles of a service: of migrations, of the service itself, of whoever only reads."""
    return f"{service}_owner", service, f"{service}_reader"


@dataclass(frozen=True, slots=True)
class Server:
    """A PostgreSQL: how it is reached (`where` follows the @ of an address; `{database}` in it), and everyone's password."""

    where: str
    passwords: Mapping[str, str]

    def dsn(self, role: str, database: str) -> str:
        return f"postgresql://{role}:{quote(self.passwords[role], safe='')}@{self.where.format(database=database)}"

    async def create(self, service: str) -> None:
        """A service's roles and its database, where they are not there yet; nobody else may connect to it."""
        async with self._administrator("postgres", service) as connection:
            await connection.execute((SQL / "server.sql").read_text(encoding="utf-8"))
            await connection.execute((SQL / "roles.sql").read_text(encoding="utf-8"))
            if not await connection.fetchval("select 1 from pg_database where datname = $1", service):
                await connection.execute(f'create database "{service}" owner "{service}_owner"')
        async with self._administrator(service, service) as connection:
            await connection.execute((SQL / "database.sql").read_text(encoding="utf-8"))

    @asynccontextmanager
    async def _administrator(self, database: str, service: str) -> AsyncIterator[asyncpg.Connection]:
        connection = await asyncpg.connect(self.dsn(ADMINISTRATOR, database))
        try:
            await connection.execute(
                "select set_config('guichet.service', $1, false), set_config('guichet.owner_password', $2, false), "
                "set_config('guichet.password', $3, false), set_config('guichet.reader_password', $4, false)",
                service, *(self.passwords[role] for role in roles_of(service)),
            )  # fmt: skip
            yield connection
        finally:
            await connection.close()
