"""Subscriptions that are suspended, resumed or ended, while changes go on, and what is refused meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import aiohttp
import asyncpg
import pytest

from guichet import keys
from guichet.client import Services
from services.status import store
from services.status.domain.messages import News
from shared.testing import eventually
from tests.conftest import LocalSystem
from tests.integration.mailboxes import GcNotify, link_in_notification
from tests.integration.receiving import Receiver
from tests.integration.subscribers import Door, now_event, owner_of_status, send, until_taken, until_tried

ORG = "9035"


@pytest.fixture(scope="module")
async def key(services: Services) -> str:
    return str((await keys.create(services, ORG))["key"])


@pytest.fixture
def department(services: Services, http: aiohttp.ClientSession, key: str) -> Door:
    return Door(services, http, key)


def event(application: str, state: str, number: int, **data: Any) -> dict[str, Any]:
    return now_event(ORG, application, state, number, **data)


async def change(system: LocalSystem, statement: str, *arguments: Any) -> None:
    """Make status's database what a test needs."""
    async with owner_of_status(system) as connection:
        await connection.execute(statement, *arguments)


async def statuses(door: Door, subscription_id: str) -> list[str]:
    return [each["status"] for each in await door.deliveries(subscription_id)]


# Five days


async def test_what_is_tried_for_the_last_time_is_held_back_with_the_others_and_goes_when_it_resumes(
    services: Services, key: str, department: Door, receiver: Receiver, unique: str, system: LocalSystem
) -> None:
    await send(services, key, event(unique, "submitted", 1))
    made = await department.subscribed(application_id=unique, address=receiver.url)
    receiver.answers(500)
    await send(services, key, event(unique, "complete", 2), event(unique, "decided", 3))

    async def tries() -> int:
        return len((await department.deliveries(made["id"]))[0]["attempts"])

    async def last_try(days: float) -> None:
        """One that is the last of its schedule, so many days after the first."""
        before = await tries()
        await change(
            system,
            "update subscription set failing_since = now() - $2 * interval '1 day', failed_at = now() - interval '1 day' "
            "where subscription_id = $1",
            made["id"],
            days,
        )
        await change(
            system,
            "update delivery set due_at = now(), tries = 11 where subscription_id = $1 and tries > 0",
            made["id"],
        )
        await eventually(tries, lambda found: found > before)

    await eventually(tries, lambda found: found == 1)
    await last_try(4.8)  # as chance has it, its schedule ends before the fifth day
    assert await statuses(department, made["id"]) == ["pending", "pending"]
    await last_try(5.8)
    assert await statuses(department, made["id"]) == ["suspended", "suspended"]
    assert (await department.shown(made["id"]))["state"] == "suspended"
    receiver.answer = None
    assert (await department("POST", f"/v1/subscriptions/{made['id']}/test"))[1]["state"] == "active"
    receiver.taken.clear()
    await until_taken(receiver, ["complete", "decided"])


async def test_one_failure_months_after_another_suspends_nothing(
    services: Services, key: str, department: Door, receiver: Receiver, unique: str, system: LocalSystem
) -> None:
    await send(services, key, event(unique, "submitted", 1))
    made = await department.subscribed(application_id=unique, address=receiver.url)
    await change(
        system,
        "update subscription set failing_since = now() - interval '90 days', failed_at = now() - interval '85 days' "
        "where subscription_id = $1",
        made["id"],
    )
    receiver.answers(500)
    await send(services, key, event(unique, "complete", 2))
    await until_tried(receiver, 1)

    async def since() -> datetime:
        return datetime.fromisoformat((await department.shown(made["id"]))["failing_since"])

    await eventually(since, lambda found: (datetime.now(UTC) - found).total_seconds() < 60)
    assert (await department.shown(made["id"]))["state"] == "active"


# While changes go on


async def news_of(connection: asyncpg.Connection, application_id: str, cause: str) -> News:
    key = (ORG, application_id)
    application = (await store.applications(connection, [key]))[key]
    return News(application, decided=False, at=datetime.now(UTC), cause=("/test", cause), expected_at=None)


async def waiting_for_each_other(
    first: asyncpg.Connection, second: asyncpg.Connection, begin: Callable[[], Awaitable[Any]], then: Callable[[], Awaitable[Any]]
) -> None:  # fmt: skip
    """The first transaction has begun and not committed; the second waits for it, and goes on after its commit."""

    async def waits() -> bool:
        return bool(await first.fetchval("select exists (select from pg_locks where not granted)"))

    async def do_then() -> None:
        async with second.transaction():
            await then()

    async with first.transaction():
        await begin()
        after = asyncio.create_task(do_then())
        await eventually(waits)
    await after


async def subscribed_to(services: Services, key: str, department: Door, unique: str) -> str:
    await send(services, key, event(unique, "submitted", 1))
    return str((await department.subscribed(application_id=unique, address="http://127.0.0.1:9/hook"))["id"])


@pytest.mark.parametrize("order", ["change first", "resume first"])
async def test_a_change_that_comes_while_a_subscription_is_resumed_is_not_held_back_for_ever(
    services: Services, key: str, department: Door, unique: str, system: LocalSystem, order: str
) -> None:
    name = await subscribed_to(services, key, department, unique)
    await change(system, "update subscription set state = 'suspended' where subscription_id = $1", name)
    async with owner_of_status(system) as telling, owner_of_status(system) as resuming:
        news = await news_of(telling, unique, "meanwhile")
        both: list[tuple[asyncpg.Connection, Callable[[], Awaitable[Any]]]] = [
            (telling, lambda: store.enqueue(telling, [(news, "live")])),
            (resuming, lambda: store.resume_subscription(resuming, name)),
        ]
        (first, begin), (second, then) = both if order == "change first" else both[::-1]
        await waiting_for_each_other(first, second, begin, then)
    assert await statuses(department, name) == ["pending"]


@pytest.mark.parametrize("order", ["change first", "end first"])
async def test_a_change_that_comes_while_a_subscription_ends_does_not_wait_for_ever(
    services: Services, key: str, department: Door, unique: str, system: LocalSystem, order: str
) -> None:
    name = await subscribed_to(services, key, department, unique)
    async with owner_of_status(system) as telling, owner_of_status(system) as ending:
        news = await news_of(telling, unique, "meanwhile")

        async def end() -> None:
            await store.hold_alone(ending, [name])
            await store.end(ending, [name], datetime.now(UTC))

        both: list[tuple[asyncpg.Connection, Callable[[], Awaitable[Any]]]] = [
            (telling, lambda: store.enqueue(telling, [(news, "live")])),
            (ending, end),
        ]
        (first, begin), (second, then) = both if order == "change first" else both[::-1]
        await waiting_for_each_other(first, second, begin, then)
    assert set(await statuses(department, name)) <= {"failed"}


async def test_noting_how_deliveries_went_keeps_no_change_waiting(
    services: Services, key: str, department: Door, unique: str, system: LocalSystem
) -> None:
    """The door tells subscriptions all the time that the recorder holds."""
    name = await subscribed_to(services, key, department, unique)
    async with owner_of_status(system) as telling, owner_of_status(system) as recording, recording.transaction():
        await store.hold_subscriptions(recording, [name])
        async with telling.transaction():
            await asyncio.wait_for(
                store.enqueue(telling, [(await news_of(telling, unique, "meanwhile"), "live")]), timeout=5
            )


# GC Notify


async def test_a_suspended_subscription_of_gc_notify_resumes_once_notify_takes_a_test_on(
    services: Services, http: aiohttp.ClientSession, key: str, department: Door, gc_notify: GcNotify, unique: str,
    system: LocalSystem,
) -> None:  # fmt: skip
    await send(services, key, event(unique, "submitted", 1))
    address = f"{unique}@example.org"
    made = await department.subscribed(application_id=unique, channel="notify", address=address)

    async def taken() -> list[Any]:
        return [each for each in gc_notify.taken.values() if each["email_address"] == address]

    (asked,) = await eventually(taken)
    async with http.get(services.url("status") + link_in_notification(asked, "confirm")) as answer:
        assert answer.status == 200
    await change(system, "update subscription set state = 'suspended' where subscription_id = $1", made["id"])
    await send(services, key, event(unique, "complete", 2))
    assert (await statuses(department, made["id"]))[-1] == "suspended"
    status, answer_ = await department("POST", f"/v1/subscriptions/{made['id']}/test")
    assert (status, answer_["error"], answer_["state"]) == (200, "under_way", "active")
    await eventually(taken, lambda found: len(found) == 3)


async def test_a_test_that_gc_notify_refuses_resumes_nothing(
    services: Services, key: str, department: Door, gc_notify: GcNotify, unique: str, system: LocalSystem
) -> None:
    await send(services, key, event(unique, "submitted", 1))
    made = await department.subscribed(application_id=unique, channel="notify", address=f"{unique}@example.org")
    await change(system, "update subscription set state = 'suspended' where subscription_id = $1", made["id"])
    gc_notify.refuses = 403
    status, answer = await department("POST", f"/v1/subscriptions/{made['id']}/test")
    assert (status, answer["error"], answer["state"]) == (200, "notify_refused", "suspended")


# By hand


async def test_a_retry_that_is_refused_does_nothing(
    services: Services, key: str, department: Door, receiver: Receiver, unique: str, system: LocalSystem
) -> None:
    await send(services, key, event(unique, "submitted", 1))
    made = await department.subscribed(application_id=unique, address=receiver.url)
    await send(services, key, event(unique, "complete", 2))
    await until_taken(receiver, ["complete"])

    async def delivered() -> list[str]:
        return await statuses(department, made["id"])

    await eventually(delivered, lambda found: found == ["delivered"])
    await change(system, "update delivery set status = 'failed' where subscription_id = $1", made["id"])
    await change(system, "update subscription set state = 'suspended' where subscription_id = $1", made["id"])
    (found,) = await department.deliveries(made["id"])
    path = f"/v1/subscriptions/{made['id']}/deliveries/{found['n']}/retry"
    status, answer = await department("POST", path)
    assert (status, answer["code"]) == (409, "cannot_retry")
    assert await statuses(department, made["id"]) == ["failed"]
    await change(system, "update subscription set state = 'active' where subscription_id = $1", made["id"])
    assert (await department("POST", path))[0] == 202


async def test_each_secret_signs_for_the_day_it_was_promised_however_often_it_is_rotated(
    services: Services, key: str, department: Door, receiver: Receiver, unique: str
) -> None:
    await send(services, key, event(unique, "submitted", 1))
    made = await department.subscribed(application_id=unique, address=receiver.url)
    path = f"/v1/subscriptions/{made['id']}/rotate"
    secrets = [made["secret"], *[(await department("POST", path))[1]["secret"] for _ in range(4)]]
    assert len(set(secrets)) == 5
    await send(services, key, event(unique, "complete", 2))
    await until_taken(receiver, ["complete"])
    for secret in secrets:
        receiver.taken[0].verified(secret)
    status, answer = await department("POST", path)
    assert (status, answer["code"]) == (429, "too_many_requests")
