"""The stream of changed figures, whoever changes them: ids never go back, and nothing that changed is left out."""

import asyncio

import asyncpg
import pytest

from services.reporting import store
from services.reporting.api.stream import Stream
from shared.migrating import migrate

NAME = {"en": "A service", "fr": "Un service"}


@pytest.fixture
async def figures(database: asyncpg.Pool) -> asyncpg.Pool:
    async with database.acquire() as connection:
        await migrate(connection, "reporting")
    return database


async def change(pool: asyncpg.Pool, service: str) -> int:
    """A change of a service's figures, as another worker of reporting commits it."""
    async with pool.acquire() as connection, connection.transaction():
        position = await store.take_positions(connection, 1) + 1
        await connection.execute("insert into known_service values ($1, '2024-04-01', '9001', '{}', false, 1)", service)
        await connection.execute(
            "insert into known_standard (service_id, standard_id, org_id, name, valid_from, position) "
            "values ($1, $1 || '-1', '9001', $2, '2024-04-01', 1)",
            service,
            NAME,
        )
        await connection.execute(
            "insert into views_1.open_cell values ('9001', $1, $1 || '-1', '', 'running', '2025-01-01', '9999-01-01', 0, 10)",
            service,
        )
        await store.mark_changed(connection, {service: position})
    return position


async def test_a_change_that_another_worker_made_is_told(figures: asyncpg.Pool) -> None:
    stream = Stream(figures)
    running = asyncio.create_task(stream.run())
    messages = stream.read(None)
    try:
        assert b"retry" in await anext(messages)
        assert b"event: start" in await anext(messages)
        position = await change(figures, "S-1")
        told = await asyncio.wait_for(anext(messages), 10)
        assert told.startswith(b"id: %d\n" % position)
        assert b'"services":["S-1"]' in told
    finally:
        running.cancel()


async def test_what_was_on_its_way_while_a_reader_looked_does_not_come_after_what_it_saw(figures: asyncpg.Pool) -> None:
    stream = Stream(figures)
    before = await change(figures, "S-1")
    messages = stream.read(str(before - 1))
    await anext(messages)
    seen = await anext(messages)
    assert seen.startswith(b"id: %d\n" % before)
    stream._told = before - 1  # the loop is behind what this reader has seen
    await stream._tell()
    after = await change(figures, "S-2")
    await stream._tell()
    assert (await asyncio.wait_for(anext(messages), 10)).startswith(b"id: %d\n" % after)
