"""Reporting's log and views: what was read is kept once, and one record that cannot be kept holds up nothing."""

import base64
import os
from typing import Any

import asyncpg
import pytest
from aiokafka import ConsumerRecord

from bench.events import status_events
from services.reporting import handlers
from shared.database import migrate, transaction
from shared.dead_letters import DeadLetters
from shared.encryption import Seal

LETTERS = DeadLetters(Seal(base64.urlsafe_b64encode(os.urandom(32)).decode()))


def records(number: int) -> list[Any]:
    return [
        ConsumerRecord("status.applications.v1", n % 6, n // 6, 0, 0, each.key, each.value, None, 0, 0, each.headers)
        for n, each in enumerate(status_events(number))
    ]


@pytest.fixture
async def views(database: asyncpg.Pool) -> asyncpg.Pool:
    async with database.acquire() as connection:
        await migrate(connection, "reporting")
    return database


async def read(pool: asyncpg.Pool, some: list[Any]) -> handlers.Change:
    async with transaction(pool) as connection:
        return await handlers.read_records(connection, some, LETTERS)


async def differences(pool: asyncpg.Pool) -> list[Any]:
    async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        return await handlers.differing_views(connection)


async def test_views_are_the_fold_of_the_log_however_records_are_batched_and_repeated(views: asyncpg.Pool) -> None:
    some = records(600)
    await read(views, some[:100])
    await read(views, some[50:300])
    await read(views, some[299:])
    await read(views, some)
    assert await views.fetchval("select count(*) from logged_event") == 600
    assert await differences(views) == []
    total = await views.fetchval("select sum(total) from views_1.performance_cell")
    assert total == await views.fetchval(
        'select count(*) from logged_event where value like \'%"to_state":"decided"%\''
    )


async def test_a_record_that_no_table_can_hold_is_set_aside_alone(views: asyncpg.Pool) -> None:
    some = records(40)
    at, bad = next((n, each) for n, each in enumerate(some) if b'"to_state":"submitted"' in each.value)
    broken = bad.value.replace(b'"state":"running"', b'"state":"stopped"')  # a stopped clock without a day
    assert broken != bad.value
    some[at] = ConsumerRecord(bad.topic, bad.partition, bad.offset, 0, 0, bad.key, broken, None, 0, 0, bad.headers)
    await read(views, some)
    assert await views.fetchval("select count(*) from dead_letter") == 1
    assert await views.fetchval("select count(*) from logged_event") == 39
    assert await differences(views) == []


async def test_a_view_changed_outside_the_transaction_is_found(views: asyncpg.Pool) -> None:
    await read(views, records(120))
    await views.execute(
        "update views_1.open_cell set cases = cases + 1 where ctid = (select min(ctid) from views_1.open_cell)"
    )
    await views.execute("delete from logged_event where position = (select max(position) from logged_event)")
    found = await differences(views)
    assert {each["view"] for each in found} >= {"open_cell", "event_cell"}
