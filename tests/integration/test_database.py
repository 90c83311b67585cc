"""What the services do with PostgreSQL that its driver does not do by itself."""

import asyncio
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest

from shared.database import TRANSIENT, copy
from shared.testing import eventually
from tests.conftest import LocalSystem
from tests.faults.links import Link


async def _linked(dsn: str) -> Link:
    """A link to where a DSN leads: a socket's folder, or a host and its port."""
    parts = urlsplit(dsn)
    folder = parse_qs(parts.query).get("host", [""])[0]

    async def connect() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if folder:
            return await asyncio.open_unix_connection(f"{folder}/.s.PGSQL.5432")
        return await asyncio.open_connection(parts.hostname, parts.port)

    return await Link(connect).start(lambda accept: asyncio.start_server(accept, "127.0.0.1", 0))


async def test_a_copy_ends_with_its_connection_even_while_postgresql_takes_nothing_in(system: LocalSystem) -> None:
    dsn = system.dsn("postgres", "postgres")
    link, made, seen = await _linked(dsn), 0, -1

    def rows() -> Iterator[tuple[str]]:
        nonlocal made
        for made in range(1_000_000):
            if made == 0:
                link.become("drop")
            yield ("x" * 1000,)

    async def has_stopped() -> bool:
        nonlocal seen
        before, seen = seen, made
        return 0 < made == before

    user, password = urlsplit(dsn).username, urlsplit(dsn).password
    connection = await asyncpg.connect(
        host="127.0.0.1", port=link.port, user=user, password=password, database="postgres", ssl=False
    )
    try:
        await connection.execute("create temporary table letter (words text)")
        copying = asyncio.create_task(copy(connection, "letter", ("words",), rows()))
        await eventually(has_stopped)
        link.become("reset")
        ended, _ = await asyncio.wait({copying}, timeout=5)
        assert ended, "it waits for ever"
        with pytest.raises(TRANSIENT):
            copying.result()
    finally:
        copying.cancel()
        connection.terminate()
        await link.close()


async def test_a_copy_that_is_whole_is_there_and_one_that_is_refused_says_why(database: asyncpg.Pool) -> None:
    async with database.acquire() as connection:
        await connection.execute("create table letter (words text primary key)")
        await copy(connection, "letter", ("words",), ((f"{n}",) for n in range(1000)))
        assert await connection.fetchval("select count(*) from letter") == 1000
        with pytest.raises(asyncpg.UniqueViolationError):
            await copy(connection, "letter", ("words",), [("1",)])
        assert await connection.fetchval("select count(*) from letter") == 1000


async def test_a_statement_first_run_on_a_small_table_finds_its_row_by_the_index_once_the_table_is_large(
    database: asyncpg.Pool,
) -> None:
    async with database.acquire() as connection:
        # One that PostgreSQL never analyses by itself.
        await connection.execute("create temporary table kept (like received_event including all)")
        more = (
            "insert into kept select 'system', n, 'org', sha256('a'), n, now() from generate_series($1::int, $2::int) n"
        )
        await connection.execute(more, 1, 20)
        look = await connection.prepare(
            "select position from kept join unnest($1::text[], $2::text[]) as a (source, event_id) using (source, event_id)"
        )
        for number in range(10):  # from the sixth time on, by one plan for all
            await look.fetch(["system"], [str(number)])
        await connection.execute(more, 21, 50_000)
        plan = await connection.fetch(f"explain execute {look.get_name()}('{{system}}', '{{7}}')")
    assert "Index" in str(plan)
    assert "Seq Scan" not in str(plan)
