"""Deliveries on the real system: each change once and in order, whatever receivers do and whenever status is killed."""

import asyncio
import os
import random
import signal
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import aiohttp
import orjson
import pytest
from aiohttp import web

from guichet import keys
from guichet.client import Services
from guichet.verifying import verify
from shared.testing import eventually
from tests.conftest import LocalSystem
from tests.integration.receiving import Receiver, Receivers
from tests.integration.second_service import second_service
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
from tests.integration.test_corrections import correction

ORG = "9033"
event = partial(now_event, ORG)


@pytest.fixture(scope="module")
async def key(services: Services) -> str:
    return str((await keys.create(services, ORG))["key"])


# What is told


async def test_lesson_5_8_a_late_older_report_tells_nobody_and_a_true_later_one_does(
    services: Services, key: str, department: Door, receiver: Receiver, unique: str
) -> None:
    """Status goes back after a final state (VA-notify #1097, #1294); a true later bounce must win (CDS #1295)."""
    await send(services, key, event(unique, "submitted", 1))
    await department.subscribed(application_id=unique, address=receiver.url)
    await send(services, key, event(unique, "decided", 9))
    await send(services, key, event(unique, "in_review", 5), event(unique, "complete", 3))
    await send(services, key, event(unique, "reopened", 10))
    await until_taken(receiver, ["decided", "reopened"])
    versions = [message.data["version"] for message in receiver.taken]
    assert versions == sorted(versions)


async def test_lesson_5_9_one_change_is_one_message_however_often_and_by_whichever_door_it_comes(
    services: Services, key: str, department: Door, receiver: Receiver, unique: str
) -> None:
    """Two notifications for one composite action (OpenCRVS #10361); duplicate digest (novu #2569)."""
    await send(services, key, event(unique, "submitted", 1))
    await department.subscribed(application_id=unique, address=receiver.url)
    reported = event(unique, "complete", 2)
    await asyncio.gather(*(send(services, key, reported) for _ in range(5)))
    await send(services, key, reported, event(unique, "complete", 3), event(unique, "in_review", 4))
    await until_taken(receiver, ["complete", "in_review"])
    assert len({message.id for message in receiver.tried}) == 2
    status, answer = await department(
        "POST",
        "/v1/subscriptions",
        {"application_id": unique, "channel": "webhook", "language": "fr", "address": receiver.url},
    )
    assert (status, answer["code"]) == (409, "subscription_exists")


async def test_notify_false_and_clocks_that_move_tell_nobody(
    services: Services, key: str, department: Door, receiver: Receiver, unique: str
) -> None:
    await department.subscribed(service_id=f"S-{unique}", address=receiver.url)
    said = {"service_id": f"S-{unique}"}
    await send(services, key, event(unique, "submitted", 1, notify=False, **said))
    await send(services, key, event(unique, "complete", 2, notify=False, **said), event(unique, "decided", 3, **said))
    await until_taken(receiver, ["decided"])


async def test_a_correction_that_moves_the_state_is_told_once(
    services: Services, key: str, department: Door, receiver: Receiver, unique: str
) -> None:
    first, wrong = event(unique, "submitted", 1), event(unique, "closed", 2)
    await send(services, key, first)
    await department.subscribed(application_id=unique, address=receiver.url)
    await send(services, key, wrong)
    await send(services, key, correction(wrong, {**wrong["data"], "state": "in_review"}))
    await send(services, key, correction(first, {**first["data"], "channel": "ONL"}))
    await until_taken(receiver, ["closed", "in_review"])


async def test_a_subscription_that_is_removed_meanwhile_keeps_no_event_from_being_recorded(
    services: Services, key: str, department: Door, receiver: Receiver, unique: str, system: LocalSystem
) -> None:
    await send(services, key, event(unique, "submitted", 1))
    made = await department.subscribed(application_id=unique, address=receiver.url)
    async with owner_of_status(system) as connection:
        removing = connection.transaction()
        await removing.start()
        await connection.execute("delete from subscription where subscription_id = $1", made["id"])
        sending = asyncio.create_task(send(services, key, event(unique, "complete", 2)))

        async def waits() -> bool:
            return bool(await connection.fetchval("select exists (select from pg_locks where not granted)"))

        await eventually(waits)
        await removing.commit()
    assert [receipt["outcome"] for receipt in await sending] == ["accepted"]
    assert receiver.tried == []


# What becomes of it


async def test_lesson_5_16_a_retry_has_the_same_id_a_fresh_timestamp_and_keeps_the_order(
    services: Services, key: str, department: Door, receiver: Receiver, unique: str, system: LocalSystem
) -> None:
    """Freshness window vs retries: one that keeps the first timestamp is refused by receivers (opencouncil #389)."""
    await send(services, key, event(unique, "submitted", 1))
    made = await department.subscribed(application_id=unique, address=receiver.url)
    receiver.answers(500)
    await send(services, key, event(unique, "complete", 2), event(unique, "decided", 3))
    await until_tried(receiver, 2)
    assert len({message.id for message in receiver.tried}) == 1  # nothing later goes out meanwhile
    first, second = receiver.tried[:2]
    gap = int(second.headers["webhook-timestamp"]) - int(first.headers["webhook-timestamp"])
    assert 3 <= gap <= 30
    receiver.answer = None
    await let_pass(system, made["id"], 0.1)
    await until_taken(receiver, ["complete", "decided"])
    receiver.taken[0].verified(made["secret"])

    async def settled() -> list[dict[str, Any]]:
        return await department.deliveries(made["id"])

    complete, decided = await eventually(settled, lambda found: {each["status"] for each in found} == {"delivered"})
    assert [attempt["error"] for attempt in complete["attempts"]] == ["receiver_failed", "receiver_failed", None]
    assert [attempt["code"] for attempt in decided["attempts"]] == [204]
    assert (await department.shown(made["id"]))["failing_since"] is None


async def test_a_receiver_that_hangs_or_redirects_is_tried_again_and_never_followed(
    services: Services, key: str, department: Door, receiving: Receivers, unique: str
) -> None:
    hanging, dripping, redirecting, elsewhere = [await receiving.one() for _ in range(4)]

    async def hang(_: web.Request) -> web.StreamResponse:
        await asyncio.sleep(60)  # the receiver's fault, not the test's patience
        return web.Response()

    async def drip(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Length": "100000"})
        await answer.prepare(request)
        for _ in range(600):
            await answer.write(b".")
            await asyncio.sleep(0.1)
        return answer

    hanging.answer, dripping.answer = hang, drip
    redirecting.answers(307, Location=elsewhere.url)
    await send(services, key, event(unique, "submitted", 1))
    made = {
        name: await department.subscribed(application_id=unique, address=each.url)
        for name, each in (("hang", hanging), ("redirect", redirecting), ("drip", dripping))
    }
    await send(services, key, event(unique, "complete", 2))

    async def error(name: str) -> tuple[Any, Any] | None:
        (found,) = await department.deliveries(made[name]["id"])
        return found["attempts"] and (found["attempts"][0]["code"], found["attempts"][0]["error"])

    assert await eventually(lambda: error("redirect")) == (307, "redirected")
    assert await eventually(lambda: error("hang")) == (None, "timeout")
    # What it says before its body settles it: that it drips is its own affair, and takes no more of our time.
    assert await eventually(lambda: error("drip")) in {(200, None), (None, "timeout")}
    assert elsewhere.tried == []


async def test_a_receiver_that_is_gone_ends_its_subscription(
    services: Services, key: str, department: Door, receiver: Receiver, unique: str
) -> None:
    await send(services, key, event(unique, "submitted", 1))
    made = await department.subscribed(application_id=unique, address=receiver.url)
    receiver.answers(410)
    await send(services, key, event(unique, "complete", 2), event(unique, "decided", 3))

    async def shown() -> Any:
        return (await department.shown(made["id"]))["state"]

    await eventually(shown, lambda state: state == "ended")
    assert [each["status"] for each in await department.deliveries(made["id"])] == ["failed", "failed"]
    assert len(receiver.tried) == 1
    assert "410" in (await department.shown(made["id"]))["notice"]["fr"]
    await send(services, key, event(unique, "issued", 4))
    assert len(await department.deliveries(made["id"])) == 2


async def test_a_receiver_says_for_how_long_it_is_left_alone(
    services: Services, key: str, department: Door, receiver: Receiver, unique: str
) -> None:
    await send(services, key, event(unique, "submitted", 1))
    made = await department.subscribed(application_id=unique, address=receiver.url)
    receiver.answers(429, Retry_After="7200")
    await send(services, key, event(unique, "complete", 2))

    async def waits() -> list[Any]:
        return [each for each in await department.deliveries(made["id"]) if each["attempts"]]

    (found,) = await eventually(waits)
    wait = datetime.fromisoformat(found["next_try_at"]) - datetime.now(UTC)
    assert timedelta(minutes=115) < wait <= timedelta(hours=2)
    assert found["attempts"][0]["code"] == 429


async def test_lesson_5_16_nothing_is_suspended_silently_and_a_test_that_succeeds_resumes_it(
    services: Services, key: str, department: Door, receiver: Receiver, unique: str, system: LocalSystem
) -> None:
    """Webhook endpoint disabled silently (radon #282)."""
    await send(services, key, event(unique, "submitted", 1))
    made = await department.subscribed(application_id=unique, address=receiver.url)
    receiver.answers(503)
    await send(services, key, event(unique, "complete", 2))
    await until_tried(receiver, 1)

    async def shown() -> Any:
        return await department.shown(made["id"])

    failing = await eventually(shown, lambda found: found["failing_since"])
    assert failing["state"] == "active"
    assert all("suspen" in failing["notice"][language].lower() for language in ("en", "fr"))
    await fail_for(system, department, made["id"], 5)
    suspended = await eventually(shown, lambda found: found["state"] == "suspended")
    assert ".../test" in suspended["notice"]["en"]
    await send(services, key, event(unique, "in_review", 3), event(unique, "decided", 4))
    held = [each["status"] for each in await department.deliveries(made["id"])]
    assert held == ["suspended"] * 3
    lines = (system.home / "logs" / "status.log").read_text(encoding="utf-8").splitlines()
    said = [orjson.loads(line) for line in lines if '"subscription_suspended"' in line]
    assert made["id"] in {line["subscription"] for line in said}
    _, failed = await department("POST", f"/v1/subscriptions/{made['id']}/test")
    assert (failed["delivered"], failed["state"], failed["code"]) == (False, "suspended", 503)
    receiver.answer = None

    async def resumed() -> Any:
        return await department("POST", f"/v1/subscriptions/{made['id']}/test")

    await eventually(resumed, lambda found: found[0] == 200 and found[1]["state"] == "active")
    receiver.taken = [each for each in receiver.taken if each.data["state"] is not None]
    await until_taken(receiver, ["complete", "in_review", "decided"])
    assert (await shown())["notice"] is None


async def test_a_delivery_that_failed_for_good_goes_out_again_by_hand(
    services: Services, key: str, department: Door, receiver: Receiver, unique: str, system: LocalSystem
) -> None:
    await send(services, key, event(unique, "submitted", 1))
    made = await department.subscribed(application_id=unique, address=receiver.url)
    receiver.answers(500)
    await send(services, key, event(unique, "complete", 2))
    await until_tried(receiver, 1)
    receiver.answer = None
    (found,) = await department.deliveries(made["id"])
    path = f"/v1/subscriptions/{made['id']}/deliveries/{found['n']}/retry"
    assert await department("POST", path) == (202, {"n": found["n"], "status": "pending"})
    await until_taken(receiver, ["complete"])

    async def again() -> Any:
        status, answer = await department("POST", path)
        return status, answer.get("code")

    await eventually(again, lambda answer: answer == (409, "cannot_retry"))
    assert (await department("POST", path.replace(str(found["n"]), "1")))[0] == 404


# Isolation


async def test_dead_receivers_delay_nobody_else(
    services: Services, key: str, department: Door, receiving: Receivers, unique: str
) -> None:
    async def hang(_: web.Request) -> web.StreamResponse:
        await asyncio.sleep(60)
        return web.Response()

    dead, well = [await receiving.one() for _ in range(20)], await receiving.one()
    said = {"service_id": f"S-{unique}"}
    for each in dead:
        each.answer = hang
        await department.subscribed(**said, address=each.url)
    await send(services, key, *(event(f"{unique}-{n}", "submitted", 1, **said) for n in range(50)))
    await until_tried(dead[0], 1)
    await send(services, key, event(f"{unique}-well", "submitted", 1))
    await department.subscribed(application_id=f"{unique}-well", address=well.url)
    began = time.monotonic()
    for number, state in enumerate(("complete", "in_review", "decided"), 2):
        await send(services, key, event(f"{unique}-well", state, number))
    await until_taken(well, ["complete", "in_review", "decided"])
    assert time.monotonic() - began < 5


@pytest.mark.long
async def test_lesson_5_17_a_backfill_of_5000_changes_does_not_delay_a_live_one(
    services: Services, key: str, department: Door, receiver: Receiver, unique: str
) -> None:
    """Bulk traffic delays everybody (CDS #1262)."""

    async def slowly(_: web.Request) -> web.StreamResponse:
        await asyncio.sleep(0.05)
        return web.Response()

    receiver.answer = slowly
    said = {"service_id": f"S-{unique}"}
    made = await department.subscribed(**said, address=receiver.url)
    backfill = [event(f"{unique}-{n}", "submitted", 1, **said) for n in range(5000)]
    await asyncio.gather(*(send(services, key, *backfill[start : start + 1000]) for start in range(0, 5000, 1000)))
    began = time.monotonic()
    await send(services, key, event(f"{unique}-live", "submitted", 1, **said))

    async def live() -> bool:
        return any(message.data["application_id"] == f"{unique}-live" for message in receiver.taken)

    await eventually(live)
    took = time.monotonic() - began
    assert len(receiver.taken) < 4000, "the backfill was over before it could delay anything"
    assert took < 3

    async def all_of_it() -> int:
        return len({message.id for message in receiver.taken})

    await eventually(all_of_it, lambda found: found == 5001, 120)
    _, answer = await department("GET", f"/v1/subscriptions/{made['id']}/deliveries?limit=3")
    assert [each["lane"] for each in answer["items"]] == ["live", "bulk", "bulk"]


# Several processes


@pytest.mark.long
async def test_two_processes_of_status_deliver_each_change_once_and_in_order(
    services: Services, http: aiohttp.ClientSession, key: str, department: Door, receiver: Receiver, unique: str,
    system: LocalSystem,
) -> None:  # fmt: skip
    states = ["submitted", "complete", "in_review", "decided"]
    applications = [f"{unique}-{n}" for n in range(24)]
    said = {"service_id": f"S-{unique}"}
    await department.subscribed(**said, address=receiver.url)
    async with second_service(system, http, "status"):
        for number, state in enumerate(states, 1):
            await send(services, key, *(event(each, state, number, **said) for each in applications))

        async def taken() -> int:
            return len(receiver.taken)

        await eventually(taken, lambda found: found >= len(states) * len(applications), 60)
    assert len(receiver.taken) == len({message.id for message in receiver.taken})
    for each in applications:
        told = [message.data["state"] for message in receiver.taken if message.data["application_id"] == each]
        assert told == states


async def test_a_channel_that_is_not_set_up_is_refused_and_says_so(
    services: Services, http: aiohttp.ClientSession, key: str, unique: str, system: LocalSystem
) -> None:
    await send(services, key, event(unique, "submitted", 1))
    without = {"GUICHET_SMTP": None, "GUICHET_NOTIFY_KEY": None}
    async with second_service(system, http, "status", **without) as url:
        for channel in ("email", "notify"):
            wanted = {"application_id": unique, "channel": channel, "language": "en", "address": "a@example.org"}
            async with http.post(
                f"{url}/v1/subscriptions", json=wanted, headers={"Authorization": f"Bearer {key}"}
            ) as answer:
                assert (answer.status, (await answer.json())["code"]) == (422, "channel_not_set_up")


# Killed


@pytest.mark.long
async def test_kill_9_at_any_moment_of_deliveries_loses_none_and_a_deduplicating_receiver_gets_each_once_in_order(
    services: Services, key: str, department: Door, receiver: Receiver, unique: str, system: LocalSystem
) -> None:
    chance = random.Random(9)
    states = ["submitted", "complete", "in_review", "information_requested", "information_received", "decided"]
    applications = [f"{unique}-{n}" for n in range(25)]
    said = {"service_id": f"S-{unique}"}

    async def slowly(_: web.Request) -> web.StreamResponse:
        await asyncio.sleep(chance.uniform(0, 0.05))
        return web.Response()

    receiver.answer = slowly
    await department.subscribed(**said, address=receiver.url)

    async def taken() -> int:
        return len({message.id for message in receiver.taken})

    for number, state in enumerate(states, 1):
        before = len(receiver.tried)
        sending = asyncio.create_task(send(services, key, *(event(a, state, number, **said) for a in applications)))
        if number % 3 == 0:
            await until_tried(receiver, before + chance.randrange(1, 20))
            process = system.addresses["processes"]["status"]
            os.kill(process, signal.SIGKILL)

            async def another(dead: int = process) -> bool:
                return bool(system.addresses["processes"]["status"] != dead)

            await eventually(another, seconds=60)
        await sending
    await eventually(taken, lambda found: found == len(states) * len(applications), 120)
    seen: dict[str, list[tuple[int, str]]] = {}
    known = set[str]()
    for message in receiver.taken:
        if message.id not in known:
            known.add(message.id)
            seen.setdefault(message.data["application_id"], []).append((message.data["version"], message.data["state"]))
    assert seen == {each: list(enumerate(states, 1)) for each in applications}


# The log


async def test_what_became_of_each_is_in_the_log_and_never_where_it_went(
    services: Services, key: str, department: Door, receiver: Receiver, unique: str
) -> None:
    await send(services, key, event(unique, "submitted", 1, client_id=f"client-{unique}"))
    made = await department.subscribed(application_id=unique, address=f"{receiver.url}?token=very-secret-{unique}")
    await send(services, key, event(unique, "complete", 2))
    await until_taken(receiver, ["complete"])

    async def delivered() -> Any:
        found = await services.ask("status", "/v1/log/events", query={"subject": f"{ORG}/{unique}"})
        return [each for each in found["items"] if "Notification" in each["type"]]

    (found,) = await eventually(delivered)
    assert found["type"] == "guichet.status.NotificationDelivered.v1"
    assert (found["topic"], found["key"]) == ("status.notifications.v1", f"{ORG}/{unique}")
    assert found["data"]["message_id"] == receiver.taken[0].id
    assert (found["data"]["version"], found["data"]["attempts"]) == (2, 1)
    for private in ("very-secret", "127.0.0.1", f"client-{unique}", made["secret"]):
        assert private not in orjson.dumps(found).decode()
    assert (await verify(services, lambda _: None))["reconciled"]
