"""Which deliveries are claimed: never so many to receivers that fail that others have no place."""

from collections import Counter
from datetime import timedelta

import asyncpg
import pytest

from services.status import store
from services.status.delivering.places import FAILING_PLACES, PLACES, START
from services.status.store import Claimed, Limits, Room
from shared.migrating import migrate

LEASE = timedelta(seconds=20)


@pytest.fixture
async def due(database: asyncpg.Pool) -> asyncpg.Pool:
    """Sixty-four hosts that have failed, each with twenty deliveries due, and a well one with four that came after."""
    async with database.acquire() as connection:
        await migrate(connection, "status")
        await connection.execute(
            "insert into subscription (subscription_id, org_id, service_id, channel, sealed_address, address_hash, "
            "destination, language, state, failing_since, made_by) select case n when 0 then 'well' else 'dead-' || n end, "
            "'1', 'S', 'webhook', '', '', 'host-' || n, 'en', 'active', case when n > 0 then now() end, 'department' "
            "from generate_series(0, 64) n"
        )
        await connection.execute(
            "insert into delivery (subscription_id, org_id, application_id, version, webhook_id, lane, status, due_at, facts) "
            "select subscription_id, '1', a::text, 1, subscription_id || '-' || a, 'live', 'pending', "
            "now() - case when subscription_id = 'well' then interval '0' else interval '1 hour' end, '{}' "
            "from subscription, generate_series(1, 20) a where subscription_id <> 'well' or a <= 4"
        )
    return database


async def claimed(due: asyncpg.Pool, failing: int, rooms: dict[str, Room] | None = None) -> list[Claimed]:
    return await store.claim(due, "live", ["webhook"], Limits(PLACES, failing, rooms or {}, START), LEASE)


def counted(found: list[Claimed]) -> Counter[bool]:
    return Counter(each.failing for each in found)


async def test_a_wave_of_retries_to_dead_hosts_leaves_places_to_all_others(due: asyncpg.Pool) -> None:
    found = [*await claimed(due, FAILING_PLACES), *await claimed(due, 0)]
    assert counted(found) == {True: FAILING_PLACES, False: 4}
    assert max(Counter(each.destination for each in found if each.failing).values()) == 1


async def test_what_fails_is_passed_over_while_it_has_no_room_however_much_of_it_waits(due: asyncpg.Pool) -> None:
    assert counted(await claimed(due, 0)) == {False: 4}


async def test_a_host_that_failed_lately_counts_as_failing_whichever_subscription_it_is(due: asyncpg.Pool) -> None:
    await due.execute("update subscription set failing_since = null")
    rooms = {f"host-{n}": Room(1, failing=True) for n in range(1, 65)}
    found = [*await claimed(due, 10, rooms), *await claimed(due, 0, rooms)]
    assert counted(found) == {True: 10, False: 4}
