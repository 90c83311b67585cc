"""Subscriptions: who may make them, to what, at which address; tests, secrets and how they are ended."""

from functools import partial
from typing import Any

import aiohttp
import pytest
from standardwebhooks import WebhookVerificationError

from guichet import keys
from guichet.client import Services
from guichet.tokens import token
from shared.testing import eventually
from tests.conftest import LocalSystem
from tests.integration.receiving import Receiver, Receivers
from tests.integration.subscribers import Door, let_pass, now_event, send, until_taken
from tests.integration.test_corrections import correction

ORG, OTHER = "9031", "9032"
event = partial(now_event, ORG)


@pytest.fixture(scope="module")
async def key(services: Services) -> str:
    return str((await keys.create(services, ORG))["key"])


@pytest.fixture(scope="module")
async def others_key(services: Services) -> str:
    return str((await keys.create(services, OTHER))["key"])


@pytest.fixture
def other_department(services: Services, http: aiohttp.ClientSession, others_key: str) -> Door:
    return Door(services, http, others_key)


async def test_a_department_s_webhook_is_told_of_each_change_in_order_and_can_verify_it(
    services: Services, key: str, department: Door, receiver: Receiver, unique: str
) -> None:
    await send(services, key, event(unique, "submitted", 1))
    made = await department.subscribed(application_id=unique, address=receiver.url, language="fr")
    for number, state in enumerate(("complete", "in_review", "decided"), 2):
        await send(services, key, event(unique, state, number))

    await until_taken(receiver, ["complete", "in_review", "decided"])
    first = receiver.taken[0].verified(made["secret"])
    assert first["type"] == "application.state_changed"
    assert first["data"]["summary"] == "Votre demande est complète."
    assert (first["data"]["org_id"], first["data"]["application_id"], first["data"]["version"]) == (ORG, unique, 2)

    async def delivered() -> list[Any]:
        _, answer = await department("GET", f"/v1/subscriptions/{made['id']}/deliveries")
        return [(each["version"], each["status"], [a["code"] for a in each["attempts"]]) for each in answer["items"]]

    await eventually(delivered, lambda found: found == [(n, "delivered", [204]) for n in (4, 3, 2)])


# Who may


async def test_a_client_s_subscription_is_its_own_by_token_or_tracking_code_and_nobody_else_s(
    services: Services, http: aiohttp.ClientSession, key: str, department: Door, receiving: Receivers, unique: str
) -> None:
    mine, theirs = f"mine-{unique}", f"theirs-{unique}"
    (receipt, _) = await send(
        services,
        key,
        event(unique, "submitted", 1, client_id=mine),
        event(f"{unique}-2", "submitted", 1, client_id=theirs),
    )
    by_token, stranger = (
        Door(services, http, token(services.home, mine)),
        Door(services, http, token(services.home, theirs)),
    )
    receiver, second = await receiving.one(), await receiving.one()
    made = await by_token.subscribed(application_id=unique, address=receiver.url, language="fr")
    wanted = {"application_id": unique, "channel": "webhook", "language": "en", "address": second.url}
    assert (await stranger("POST", "/v1/subscriptions", wanted))[0] == 404
    assert (await by_token("POST", "/v1/subscriptions", {**wanted, "application_id": f"{unique}-2"}))[0] == 404
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        by_code = Door(services, session, None)
        assert (await by_code("POST", "/v1/subscriptions", wanted))[0] == 401
        assert (await by_code("POST", "/v1/tracking", {"tracking_code": receipt["tracking_code"]}))[0] == 200
        coded = await by_code.subscribed(**{**wanted, "application_id": unique})
        listed = (await by_code("GET", "/v1/subscriptions"))[1]["items"]
        assert {each["id"] for each in listed} == {made["id"], coded["id"]}
        assert all("secret" not in each and "/hook" not in each["address"] for each in listed)
    path = f"/v1/subscriptions/{made['id']}"
    for door in (stranger, department):
        assert made["id"] not in {each["id"] for each in (await door("GET", "/v1/subscriptions"))[1]["items"]}
        for method, rest in (
            ("GET", ""), ("DELETE", ""), ("GET", "/deliveries"), ("POST", "/test"), ("POST", "/rotate"),
            ("POST", "/deliveries/1/retry"),
        ):  # fmt: skip
            assert (await door(method, path + rest))[0] == 404, (method, rest)
    await send(services, key, event(unique, "complete", 2))
    await until_taken(receiver, ["complete"])
    await until_taken(second, ["complete"])
    assert (await by_token("DELETE", path))[0] == 204
    assert (await by_token("GET", path))[0] == 404


async def test_a_correction_of_whose_it_is_stops_telling_the_client_it_was_not(
    services: Services, http: aiohttp.ClientSession, key: str, department: Door, receiving: Receivers, unique: str
) -> None:
    wrong, right = f"wrong-{unique}", f"right-{unique}"
    first = event(unique, "submitted", 1, client_id=wrong)
    await send(services, key, first)
    told, watching = await receiving.one(), await receiving.one()
    await Door(services, http, token(services.home, wrong)).subscribed(application_id=unique, address=told.url)
    await department.subscribed(application_id=unique, address=watching.url)
    await send(services, key, correction(first, {**first["data"], "client_id": right}))
    await send(services, key, event(unique, "decided", 2))
    await until_taken(watching, ["decided"])
    assert told.tried == []


async def test_all_of_a_service_is_for_its_own_department_alone(
    services: Services, http: aiohttp.ClientSession, key: str, department: Door, other_department: Door,
    receiving: Receivers, unique: str,
) -> None:  # fmt: skip
    service = f"S-{unique}"
    client = Door(services, http, token(services.home, f"c-{unique}"))
    own, others = await receiving.one(), await receiving.one()
    wanted = {"service_id": service, "channel": "webhook", "language": "en"}
    assert (await client("POST", "/v1/subscriptions", {**wanted, "address": own.url}))[0] == 404
    await department.subscribed(**{**wanted, "address": own.url})
    # Not known to the inventory yet, it may be theirs: they are told of their own applications alone.
    await other_department.subscribed(**{**wanted, "address": others.url})
    await send(services, key, event(unique, "submitted", 1, service_id=service, client_id=f"c-{unique}"))
    await until_taken(own, ["submitted"])
    assert others.tried == []
    assert (await other_department("POST", "/v1/subscriptions", {**wanted, "application_id": unique}))[0] == 400


async def test_officers_and_keys_that_may_not_read_subscribe_to_nothing(
    services: Services, http: aiohttp.ClientSession, unique: str
) -> None:
    officer = Door(services, http, token(services.home, "o", ["officer"], ORG))
    reports_alone = await keys.make(services, keys.Scope(ORG, actions=("report",)))
    for door in (officer, Door(services, http, reports_alone["key"])):
        assert (await door("GET", "/v1/subscriptions"))[0] == 403


# What may be asked for


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"address": "http://169.254.169.254/latest"}, 422, "address_not_allowed"),
        ({"address": "https://10.0.0.1/"}, 422, "address_not_allowed"),
        ({"address": "https://[::ffff:169.254.169.254]/"}, 422, "address_not_allowed"),
        ({"address": "https://user:word@example.org/"}, 422, "address_not_allowed"),
        ({"address": "ftp://example.org/"}, 422, "address_not_allowed"),
        ({"address": "not an address"}, 422, "address_not_allowed"),
        ({"channel": "pigeon"}, 400, "invalid_request"),
        ({"language": "la"}, 400, "invalid_request"),
        ({"secret": "mine"}, 400, "invalid_request"),
        ({"service_id": "S"}, 400, "invalid_request"),
        ({"digest": True}, 400, "invalid_request"),
        ({"application_id": None}, 400, "invalid_request"),
        ({"application_id": "a/b"}, 400, "invalid_request"),
        ({"application_id": "nowhere"}, 404, "not_found"),
    ],
)
async def test_what_cannot_be_is_refused_in_both_languages(
    services: Services, key: str, department: Door, unique: str, changes: dict[str, Any], status: int, code: str
) -> None:
    await send(services, key, event(unique, "submitted", 1))
    wanted = {"application_id": unique, "channel": "webhook", "language": "en", "address": "https://example.org/"}
    body = {name: value for name, value in {**wanted, **changes}.items() if value is not None}
    english = await department("POST", "/v1/subscriptions", body, Accept_Language="en")
    french = await department("POST", "/v1/subscriptions", body, Accept_Language="fr")
    assert (english[0], english[1]["code"]) == (french[0], french[1]["code"]) == (status, code)
    assert english[1]["title"] != french[1]["title"]


async def test_subscriptions_of_one_application_are_bounded(
    services: Services, http: aiohttp.ClientSession, key: str, unique: str
) -> None:
    await send(services, key, event(unique, "submitted", 1, client_id=unique))
    client = Door(services, http, token(services.home, unique))
    wanted = {"application_id": unique, "channel": "webhook", "language": "en"}
    found = [
        (await client("POST", "/v1/subscriptions", {**wanted, "address": f"http://127.0.0.1:9/{n}"}))[0]
        for n in range(12)
    ]
    assert found == [201] * 10 + [409] * 2


# Tests, secrets


async def test_a_test_message_is_signed_says_it_is_one_and_cannot_be_sent_without_end(
    services: Services, key: str, department: Door, receiver: Receiver, unique: str
) -> None:
    await send(services, key, event(unique, "submitted", 1))
    made = await department.subscribed(application_id=unique, address=receiver.url)
    path = f"/v1/subscriptions/{made['id']}/test"
    assert await department("POST", path) == (200, {"delivered": True, "code": 204, "error": None, "state": "active"})
    said = receiver.taken[0].verified(made["secret"])
    assert (said["type"], said["data"]["state"]) == ("subscription.test", None)
    assert (await department("POST", path))[0] == 429


async def test_while_a_secret_is_rotated_both_sign_and_then_the_new_one_alone(
    services: Services, key: str, department: Door, receiver: Receiver, unique: str, system: LocalSystem
) -> None:
    await send(services, key, event(unique, "submitted", 1))
    made = await department.subscribed(application_id=unique, address=receiver.url)
    status, rotated = await department("POST", f"/v1/subscriptions/{made['id']}/rotate")
    assert (status, rotated["secret"] != made["secret"]) == (200, True)
    await send(services, key, event(unique, "complete", 2))
    await until_taken(receiver, ["complete"])
    for secret in (made["secret"], rotated["secret"]):
        receiver.taken[0].verified(secret)
    await let_pass(system, made["id"], 1)
    await send(services, key, event(unique, "decided", 3))
    await until_taken(receiver, ["complete", "decided"])
    receiver.taken[1].verified(rotated["secret"])
    with pytest.raises(WebhookVerificationError):
        receiver.taken[1].verified(made["secret"])
