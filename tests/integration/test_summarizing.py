"""What the log is looked through by says of all of it where to look, however quickly it was read."""

import asyncio
from contextlib import nullcontext
from typing import Any

import asyncpg
import pytest
from fastapi import FastAPI

from services.reporting import consumers, store
from shared.service import end
from tests.conftest import LocalSystem
from tests.integration.test_reading import read, records

# Nothing has this cause. Each stretch of the log that no index describes is read for it.
_NOWHERE = 'select from logged_event where hashtext(text_after(value, \'"causedby":"\')) = 1'
_SUMMARIZING = (
    "select from pg_stat_activity where datname = current_database() and state = 'active' "
    "and query = 'select summarize_log()'"
)
_ONLY_WHEN_ASKED = "alter index logged_event_default_hashtext_hashtext1_idx set (autosummarize = off)"


@pytest.fixture
async def log_read(database_of_reporting: asyncpg.Pool) -> asyncpg.Pool:
    await database_of_reporting.execute(_ONLY_WHEN_ASKED)
    await read(database_of_reporting, records(3000))
    return database_of_reporting


def app_of(pool: asyncpg.Pool) -> FastAPI:
    app = FastAPI()
    app.state.pool = pool
    return app


async def pages_of_log(pool: asyncpg.Pool) -> int:
    return int(await pool.fetchval("select pg_relation_size('logged_event_default') / 8192"))


async def pages_read(pool: asyncpg.Pool) -> int:
    plan = await pool.fetchval(f"explain (analyze, format json) {_NOWHERE}")
    return _pages(plan[0]["Plan"])


def _pages(node: dict[str, Any]) -> int:
    here = node.get("Exact Heap Blocks", 0) + node.get("Lossy Heap Blocks", 0)
    return int(here) + sum(_pages(each) for each in node.get("Plans", []))


async def test_what_was_read_at_once_is_summarized_by_the_service_and_not_again(log_read: asyncpg.Pool) -> None:
    assert await pages_read(log_read) > 0
    working = asyncio.create_task(consumers.summarize_log(app_of(log_read)))
    try:
        async with asyncio.timeout(20):
            while await pages_read(log_read):
                pass
    finally:
        await end([working])
    assert await store.summarize_log(log_read) == 0


async def test_a_vacuum_under_way_is_not_waited_for(system: LocalSystem, log_read: asyncpg.Pool) -> None:
    async with log_read.acquire() as vacuuming, vacuuming.transaction():
        # What a vacuum holds.
        await vacuuming.execute("lock table logged_event_default in share update exclusive mode")
        async with asyncio.timeout(10):
            assert await store.summarize_log(log_read) == 0
    assert await store.summarize_log(log_read) > 0


async def test_a_service_that_stops_leaves_no_index_in_the_middle(log_read: asyncpg.Pool) -> None:
    """All that lies behind such a range would be read by whoever looks through the log."""
    async with log_read.acquire() as vacuuming:
        holding = vacuuming.transaction()
        await holding.start()
        await vacuuming.execute("lock table logged_event_default in share update exclusive mode")
        working = asyncio.create_task(consumers.summarize_log(app_of(log_read)))
        async with asyncio.timeout(20):
            while not await log_read.fetchval(f"select exists ({_SUMMARIZING} and wait_event_type = 'Lock')"):
                pass
        working.cancel()
        await holding.rollback()
    async with asyncio.timeout(20):
        while await log_read.fetchval(f"select exists ({_SUMMARIZING})"):
            pass
    await end([working])
    left = await store.summarize_log(log_read)
    # The index that was waited for may have been given up, and no other.
    assert left < 2 * await pages_of_log(log_read) / 64


@pytest.mark.parametrize(("role", "may"), [("reporting", True), ("reporting_owner", True), ("reporting_reader", False)])
async def test_the_service_may_have_it_summarized_and_who_only_reads_may_not(
    role: str, may: bool, system: LocalSystem
) -> None:
    connection = await asyncpg.connect(system.dsn(role, "reporting"))
    try:
        with nullcontext() if may else pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.fetchval("select summarize_log()")
    finally:
        await connection.close()
