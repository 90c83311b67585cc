"""Subscriptions that are suspended, resumed or ended, while changes go on, and what is refused meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
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
from tests.integration.mailboxes import GcNotify, Mailboxes, link_in, link_in_notification, text_of
from tests.integration.receiving import Receiver
from tests.integration.subscribers import (
    Door,
    fail_for,
    let_pass,
    now_event,
    owner_of_status,
    send,
    until_taken,
    until_tried,
)

ORG = "9035"
event = partial(now_event, ORG)


@pytest.fixture(scope="module")
async def key(services: Services) -> str:
    return str((await keys.create(services, ORG))["key"])


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
    async with http.post(services.url("status") + link_in_notification(asked, "confirm")) as answer:
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


# Whom to tell


def letters_to(mailboxes: Mailboxes, address: str) -> Callable[[], Awaitable[list[Any]]]:
    async def found() -> list[Any]:
        return mailboxes.of(address)

    return found


async def test_the_contact_of_a_webhook_is_told_when_it_is_suspended_and_when_it_ends_once_they_agreed(
    services: Services, http: aiohttp.ClientSession, key: str, department: Door, receiver: Receiver,
    mailboxes: Mailboxes, unique: str, system: LocalSystem,
) -> None:  # fmt: skip
    address = f"owner-{unique}@example.org"
    letters = letters_to(mailboxes, address)
    await send(services, key, event(unique, "submitted", 1))
    made = await department.subscribed(application_id=unique, address=receiver.url, contact=address, language="fr")
    (asked,) = await eventually(letters)
    assert "confirmer" in asked["Subject"]
    assert unique in text_of(asked)
    shown = await department.shown(made["id"])
    assert shown["contact"] == {"address": "o…@example.org", "confirmed": False}
    async with http.get(services.url("status") + link_in(asked, "confirm-contact")) as page:
        assert (page.status, "Confirmer mon adresse" in await page.text()) == (200, True)
    assert (await department.shown(made["id"]))["contact"]["confirmed"] is False
    async with http.post(services.url("status") + link_in(asked, "confirm-contact")) as page:
        assert (page.status, "Votre adresse est confirmée" in await page.text()) == (200, True)
    assert (await department.shown(made["id"]))["contact"]["confirmed"] is True
    receiver.answers(500)
    await send(services, key, event(unique, "complete", 2))
    await until_tried(receiver, 1)
    mailboxes.busy.add(address)  # it is tried again, suspended or not
    await fail_for(system, department, made["id"], 5)

    async def refused() -> list[Any]:
        _asked, _change, *written = await department.deliveries(made["id"])
        return [attempt for each in written for attempt in each["attempts"]]

    await eventually(refused)
    mailboxes.busy.clear()
    await let_pass(system, made["id"], 1)
    _, told = await eventually(letters, lambda found: len(found) == 2)
    assert told["Subject"] == "Notifications suspendues"
    assert f"POST /v1/subscriptions/{made['id']}/test" in text_of(told).replace("\n", " ")
    assert link_in(told, "remove-contact")
    assert (await department.shown(made["id"]))["state"] == "suspended"
    receiver.answer = None
    assert (await department("POST", f"/v1/subscriptions/{made['id']}/test"))[1]["state"] == "active"
    await until_taken(receiver, [None, "complete"])  # type: ignore[list-item]  # of a test
    receiver.answers(410)
    await send(services, key, event(unique, "decided", 3))
    *_, ended = await eventually(letters, lambda found: len(found) == 3)
    assert ended["Subject"] == "Fin des notifications"


async def test_a_contact_that_did_not_agree_or_wants_no_more_is_not_written_to(
    services: Services, http: aiohttp.ClientSession, key: str, department: Door, receiver: Receiver,
    mailboxes: Mailboxes, unique: str,
) -> None:  # fmt: skip
    silent, leaving = f"silent-{unique}@example.org", f"leaving-{unique}@example.org"
    await send(services, key, event(unique, "submitted", 1))
    made = await department.subscribed(application_id=unique, address=receiver.url, contact=silent)
    other = await department.subscribed(application_id=unique, address=f"{receiver.url}?other", contact=leaving)
    await eventually(letters_to(mailboxes, silent))
    (asked,) = await eventually(letters_to(mailboxes, leaving))
    url = services.url("status")
    for method, purpose in (("POST", "confirm-contact"), ("GET", "remove-contact"), ("POST", "remove-contact")):
        async with http.request(method, url + link_in(asked, purpose)) as page:
            assert page.status == 200
    assert (await department.shown(other["id"]))["contact"] is None
    receiver.answers(410)
    await send(services, key, event(unique, "complete", 2))

    async def states() -> set[str]:
        return {(await department.shown(each["id"]))["state"] for each in (made, other)}

    await eventually(states, lambda found: found == {"ended"})
    assert [len(mailboxes.of(each)) for each in (silent, leaving)] == [1, 1]
    notices = [each for name in (made, other) for each in await department.deliveries(name["id"])]
    assert [each["status"] for each in notices if not each["application_id"]] == ["delivered", "delivered"]


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"contact": "nobody"}, 422, "address_not_allowed"),
        ({"contact": "a@b.example\r\nBcc: c@d.example"}, 422, "address_not_allowed"),
        ({"contact": "a@example.org", "channel": "email", "address": "b@example.org"}, 400, "invalid_request"),
    ],
)
async def test_a_contact_is_a_mailbox_and_of_webhooks_alone(
    services: Services, key: str, department: Door, unique: str, changes: dict[str, str], status: int, code: str
) -> None:
    await send(services, key, event(unique, "submitted", 1))
    wanted = {"application_id": unique, "channel": "webhook", "language": "en", "address": "http://127.0.0.1:9/"}
    answered, answer = await department("POST", "/v1/subscriptions", {**wanted, **changes})
    assert (answered, answer["code"]) == (status, code)


async def test_a_subscription_made_before_is_given_a_contact_and_loses_it_again(
    services: Services, http: aiohttp.ClientSession, key: str, department: Door, mailboxes: Mailboxes, unique: str
) -> None:
    address = f"{unique}@example.org"
    await send(services, key, event(unique, "submitted", 1))
    made = await department.subscribed(application_id=unique, address="http://127.0.0.1:9/")
    path = f"/v1/subscriptions/{made['id']}"
    status, shown = await department("PATCH", path, {"contact": address, "language": "fr"})
    assert (status, shown["language"]) == (200, "fr")
    assert shown["contact"] == {"address": f"{unique[0]}…@example.org", "confirmed": False}
    (asked,) = await eventually(letters_to(mailboxes, address))
    await department("PATCH", path, {"contact": f"another-{unique}@example.org"})
    async with http.post(services.url("status") + link_in(asked, "confirm-contact")) as page:
        assert page.status == 404  # who was named before agrees for nobody else
    assert (await department("PATCH", path, {"contact": None}))[1]["contact"] is None
    status, answer = await department("PATCH", path, {"digest": True})
    assert (status, answer["code"]) == (400, "invalid_request")
