"""PostgreSQL: the pool, and what may pass by itself."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

import asyncpg
import orjson

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
# asyncpg would make a connection anew after 50,000, while whoever asked for it waits.
_MOST_QUERIES = 2**31
_RESET_SECONDS = 5.0
_COMMAND_SECONDS = 60.0
_LOOK_SECONDS = 0.5


class ConcurrentChange(asyncpg.TransactionRollbackError):  # type: ignore[misc]  # asyncpg has no types
    """Another transaction changed the same thing first; the batch is to be done again."""


async def open_pool(dsn: str, connections: int, least: int = 2, **server_settings: str) -> Pool:
    return await asyncpg.create_pool(
        dsn,
        min_size=least,
        max_size=connections,
        init=_speak_json,
        command_timeout=_COMMAND_SECONDS,
        max_inactive_connection_lifetime=0,
        max_queries=_MOST_QUERIES,
        reset=_as_it_is,
        server_settings={
            "application_name": "guichet",
            # A process that stops in mid-transaction must not hold the locks of its partitions.
            "idle_in_transaction_session_timeout": "5000",
            "statement_timeout": "60000",
            "jit": "off",
            # A plan made while its table was small is kept, and would read all of it however large it has become.
            "enable_seqscan": "off",
            "timezone": "UTC",
            **server_settings,
        },
    )


async def _as_it_is(_: Connection) -> None:
    """What asyncpg does besides is a round trip for each use, and undoes what only a `session` does."""


@asynccontextmanager
async def session(pool: Pool) -> AsyncIterator[Connection]:
    """A connection that may keep a state of its own, such as an advisory lock: it ends with its use."""
    async with pool.acquire() as connection:
        try:
            yield connection
        finally:
            try:
                await connection.reset(timeout=_RESET_SECONDS)
            except (*TRANSIENT, asyncpg.InterfaceError):
                connection.terminate()


async def _speak_json(connection: Connection) -> None:
    for kind in ("json", "jsonb"):
        await connection.set_type_codec(
            kind, encoder=lambda value: orjson.dumps(value).decode(), decoder=orjson.loads, schema="pg_catalog"
        )


@asynccontextmanager
async def transaction(pool: Pool) -> AsyncIterator[Connection]:
    async with pool.acquire() as connection, connection.transaction():
        yield connection


async def copy(connection: Connection, table: str, columns: Sequence[str], records: Iterable[tuple[Any, ...]]) -> None:
    """COPY of records. Raises one of TRANSIENT where the connection is lost meanwhile.

    asyncpg's own waits for ever where that happens while PostgreSQL takes in less than it is sent, without its time limit.
    """
    copying = asyncio.ensure_future(connection.copy_records_to_table(table, columns=columns, records=records))
    try:
        async with asyncio.timeout(_COMMAND_SECONDS):
            while not (await asyncio.wait({copying}, timeout=_LOOK_SECONDS))[0]:
                if connection.is_closed():
                    raise asyncpg.ConnectionDoesNotExistError("the connection was lost in a COPY")
        copying.result()
    finally:
        if copying.cancel():
            await asyncio.wait({copying}, timeout=_LOOK_SECONDS)
