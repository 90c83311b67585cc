"""E-mail and GC Notify: confirmed first, in the reader's language, once, when the reader wants it, and no more when not."""

import re
from functools import partial
from typing import Any

import aiohttp
import orjson
import pytest

from guichet import keys
from guichet.client import Services
from guichet.tokens import token
from shared.testing import eventually
from tests.conftest import LocalSystem
from tests.integration.mailboxes import GcNotify, Mailboxes, link_in, text_of
from tests.integration.subscribers import Door, now_event, owner_of_status, send

ORG = "9034"
event = partial(now_event, ORG)


@pytest.fixture(scope="module")
async def key(services: Services) -> str:
    return str((await keys.create(services, ORG))["key"])


async def letters_of(mailboxes: Mailboxes, address: str, many: int) -> list[Any]:
    async def found() -> list[Any]:
        return mailboxes.of(address)

    return await eventually(found, lambda letters: len(letters) >= many)


async def opened(services: Services, http: aiohttp.ClientSession, path: str, method: str = "GET") -> tuple[int, str]:
    async with http.request(method, services.url("status") + path) as answer:
        return answer.status, await answer.text()


async def test_e_mail_goes_to_a_confirmed_address_in_the_client_s_language_until_it_wants_no_more(
    services: Services, http: aiohttp.ClientSession, key: str, mailboxes: Mailboxes, unique: str
) -> None:
    address, client = f"{unique}@example.org", Door(services, http, token(services.home, f"c-{unique}"))
    await send(services, key, event(unique, "submitted", 1, client_id=f"c-{unique}"))
    made = await client.subscribed(application_id=unique, channel="email", address=address, language="fr")
    assert (made["secret"], made["state"]) == (None, "unconfirmed")
    await send(services, key, event(unique, "complete", 2))  # not for an address that nobody confirmed
    (asked,) = await letters_of(mailboxes, address, 1)
    assert "confirmer" in asked["Subject"]
    assert (await opened(services, http, link_in(asked, "confirm")[:-3] + "xyz"))[0] == 404
    status, page = await opened(services, http, link_in(asked, "confirm"))
    assert (status, "Confirmer mon adresse" in page) == (200, True)
    assert (await client.shown(made["id"]))["state"] == "unconfirmed"  # a program that opens links confirms nothing
    status, page = await opened(services, http, link_in(asked, "confirm"), "POST")
    assert (status, "Votre adresse est confirmée" in page) == (200, True)
    await send(services, key, event(unique, "decided", 3))
    _, told = await letters_of(mailboxes, address, 2)
    assert told["Subject"] == f"Votre demande {unique}"
    assert "Une décision a été rendue." in text_of(told)
    assert "Une décision a été rendue." in text_of(told, "html")
    assert (told["Content-Language"], told["Auto-Submitted"]) == ("fr", "auto-generated")
    assert re.fullmatch(r"<msg_[0-9a-f]{32}@status\.example\.org>", told["Message-ID"])
    assert told["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = link_in(told, "unsubscribe")
    assert told["List-Unsubscribe"] == f"<https://status.example.org{link}>"
    assert (await client.shown(made["id"]))["address"] == f"{unique[0]}…@example.org"
    assert "<form" in (await opened(services, http, link))[1]
    assert (await client.shown(made["id"]))["state"] == "active"  # a program that opens links ends nothing
    assert (await opened(services, http, link, "POST"))[0] == 200
    assert (await opened(services, http, link, "POST"))[0] == 200
    assert (await client("GET", f"/v1/subscriptions/{made['id']}"))[0] == 404
    await send(services, key, event(unique, "issued", 4))
    assert len(mailboxes.of(address)) == 2


async def test_a_mailbox_that_is_no_more_fails_and_one_that_is_busy_is_tried_again(
    services: Services, http: aiohttp.ClientSession, key: str, department: Door, mailboxes: Mailboxes, unique: str
) -> None:
    gone, busy = f"gone-{unique}@example.org", f"busy-{unique}@example.org"
    await send(services, key, event(unique, "submitted", 1))
    made = {}
    for address in (gone, busy):
        made[address] = await department.subscribed(application_id=unique, channel="email", address=address)
        (asked,) = await letters_of(mailboxes, address, 1)
        await opened(services, http, link_in(asked, "confirm"), "POST")
    mailboxes.refused.add(gone)
    mailboxes.busy.add(busy)
    await send(services, key, event(unique, "complete", 2))

    async def last(address: str) -> Any:
        found = (await department.deliveries(made[address]["id"]))[-1]
        return found["status"], [(each["code"], each["error"]) for each in found["attempts"]]

    await eventually(lambda: last(gone), lambda found: found == ("failed", [(550, "mailbox_refused")]))
    await eventually(lambda: last(busy), lambda found: found[1][:1] == [(451, "mailbox_refused")])
    mailboxes.busy.clear()
    assert len(await letters_of(mailboxes, busy, 2)) == 2


async def test_lesson_5_9_a_digest_is_one_letter_a_day_with_each_change_once(
    services: Services, http: aiohttp.ClientSession, key: str, department: Door, mailboxes: Mailboxes, unique: str,
    system: LocalSystem,
) -> None:  # fmt: skip
    """Duplicate digest (novu #2569, #1633)."""
    address, said = f"{unique}@example.org", {"service_id": f"S-{unique}"}
    made = await department.subscribed(**said, channel="email", address=address, digest=True)
    (asked,) = await letters_of(mailboxes, address, 1)
    await opened(services, http, link_in(asked, "confirm"), "POST")
    reported = [
        event(f"{unique}-{n}", state, number, **said)
        for n in (1, 2)
        for number, state in ((1, "submitted"), (2, "decided"))
    ]
    await send(services, key, *reported)

    async def waits() -> list[Any]:
        return [each for each in await department.deliveries(made["id"]) if each["version"] == 1]

    def until_morning(found: list[Any]) -> bool:
        return bool(found) and all(each["next_try_at"][14:16] == "00" and not each["attempts"] for each in found)

    await eventually(waits, until_morning)
    async with owner_of_status(system) as connection:  # a day goes by
        await connection.execute(
            "update delivery set made_at = made_at - interval '1 day', due_at = due_at - interval '1 day' "
            "where subscription_id = $1 and status = 'pending'",
            made["id"],
        )
    _, digest = await letters_of(mailboxes, address, 2)
    assert digest["Subject"] == "4 changes to your applications"
    assert digest["Message-ID"].startswith("<digest_")
    assert [text_of(digest).count(f"Your application {unique}-{n}:") for n in (1, 2)] == [2, 2]

    async def statuses() -> set[str]:
        return {each["status"] for each in await department.deliveries(made["id"])}

    await eventually(statuses, lambda found: found == {"delivered"})
    assert len(mailboxes.of(address)) == 2


async def test_gc_notify_is_asked_until_it_says_what_became_of_a_letter(
    services: Services, http: aiohttp.ClientSession, key: str, department: Door, gc_notify: GcNotify, unique: str,
    system: LocalSystem,
) -> None:  # fmt: skip
    await send(services, key, event(unique, "submitted", 1))
    address = f"{unique}@example.org"
    made = await department.subscribed(application_id=unique, channel="notify", address=address, language="fr")

    async def taken() -> list[Any]:
        return [each for each in gc_notify.taken.values() if each["email_address"] == address]

    (asked,) = await eventually(taken)
    assert asked["template_id"] == "en-francais"
    (link,) = re.findall(
        r"https://status.example.org(/fr/subscriptions/\S+/confirm/\S+)", asked["personalisation"]["message"]
    )
    await opened(services, http, link, "POST")
    gc_notify.status = "delivered"
    await send(services, key, event(unique, "complete", 2))
    _, told = await eventually(taken, lambda found: len(found) == 2)
    assert "Votre demande est complète." in told["personalisation"]["message"]

    async def due() -> Any:
        async with owner_of_status(system) as connection:
            await connection.execute("update delivery set due_at = now() where subscription_id = $1", made["id"])
        found = await department.deliveries(made["id"])
        return [(each["status"], [attempt["error"] for attempt in each["attempts"]]) for each in found]

    await eventually(due, lambda found: found == [("delivered", ["under_way", None])] * 2)
    gc_notify.status = "permanent-failure"
    await send(services, key, event(unique, "decided", 3))
    failed = ("failed", ["under_way", "permanent_failure"])
    await eventually(due, lambda found: found[-1] == failed)
    assert len(await taken()) == 3
    gc_notify.refuses = 400
    await send(services, key, event(unique, "issued", 4))
    await eventually(due, lambda found: found[-1] == ("failed", ["notify_refused"]))


@pytest.mark.parametrize(
    "address", ["no mailbox", "a@b", "a@b.c\r\nBcc: x@example.org", "@example.org", "a b@example.org"]
)
async def test_what_is_no_mailbox_is_refused(
    services: Services, key: str, department: Door, unique: str, address: str
) -> None:
    await send(services, key, event(unique, "submitted", 1))
    wanted = {"application_id": unique, "channel": "email", "language": "en", "address": address}
    status, answer = await department("POST", "/v1/subscriptions", wanted)
    assert (status, answer["code"]) == (422, "address_not_allowed")


async def test_a_client_asks_for_e_mail_on_the_page_of_the_application(
    services: Services, key: str, mailboxes: Mailboxes, unique: str
) -> None:
    address = f"page-{unique}@example.org"
    (receipt,) = await send(services, key, event(unique, "submitted", 1))
    url = services.url("status")
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser:
        async with browser.post(f"{url}/fr/", data={"tracking_code": receipt["tracking_code"]}) as page:
            assert "Être avisé par courriel" in await page.text()
            place = page.url
        async with browser.post(place, data={"address": "nobody"}) as page:
            assert page.status == 422
            assert "Ce n&#39;est pas une adresse électronique" in await page.text()
        async with browser.post(place, data={"address": address, "digest": "true"}) as page:
            assert page.status == 200
            assert "Un courriel vous a été envoyé" in await page.text()
    (asked,) = await letters_of(mailboxes, address, 1)
    assert "confirmer" in asked["Subject"]


async def test_who_has_not_opened_the_application_asks_for_nothing(
    services: Services, http: aiohttp.ClientSession, key: str, mailboxes: Mailboxes, unique: str
) -> None:
    await send(services, key, event(unique, "submitted", 1))
    place = f"{services.url('status')}/en/applications/{ORG}/{unique}"
    async with http.post(place, data={"address": f"other-{unique}@example.org"}, allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (303, "/en/")
    assert not mailboxes.of(f"other-{unique}@example.org")


async def test_asking_again_sends_the_letter_to_confirm_once_more_and_an_address_that_is_told_already_is_told_so(
    services: Services, http: aiohttp.ClientSession, key: str, department: Door, mailboxes: Mailboxes, unique: str
) -> None:
    address = f"{unique}@example.org"
    await send(services, key, event(unique, "submitted", 1))
    wanted = {"application_id": unique, "channel": "email", "address": address, "language": "en"}
    made = await department.subscribed(**wanted)
    await letters_of(mailboxes, address, 1)
    status, again = await department("POST", "/v1/subscriptions", {**wanted, "language": "fr", "digest": True})
    assert (status, again) == (200, {"id": made["id"], "secret": None, "state": "unconfirmed"})
    _, second = await letters_of(mailboxes, address, 2)
    assert "confirmer" in second["Subject"]
    shown = await department.shown(made["id"])
    assert (shown["language"], shown["digest"]) == ("fr", True)
    assert (await opened(services, http, link_in(second, "confirm"), "POST"))[0] == 200
    for language, words in (("en", "told of these changes already"), ("fr", "déjà avisée de ces changements")):
        status, answer = await department("POST", "/v1/subscriptions", wanted, Accept_Language=language)
        assert (status, answer["code"], words in answer["detail"]) == (409, "subscription_exists", True)
        assert "secret" not in answer["detail"]


async def test_letters_to_confirm_are_sent_ten_times_an_hour_at_most(
    services: Services, key: str, department: Door, mailboxes: Mailboxes, unique: str
) -> None:
    await send(services, key, event(unique, "submitted", 1))
    wanted = {"application_id": unique, "channel": "email", "address": f"{unique}@example.org", "language": "en"}
    found = [(await department("POST", "/v1/subscriptions", wanted))[0] for _ in range(12)]
    assert found == [201] + [200] * 9 + [429] * 2
    assert len(await letters_of(mailboxes, wanted["address"], 10)) == 10


async def test_a_suspended_address_is_told_again_once_it_opens_the_letter_it_asked_for(
    services: Services, http: aiohttp.ClientSession, key: str, department: Door, mailboxes: Mailboxes, unique: str,
    system: LocalSystem,
) -> None:  # fmt: skip
    address = f"{unique}@example.org"
    await send(services, key, event(unique, "submitted", 1))
    wanted = {"application_id": unique, "channel": "email", "address": address, "language": "en"}
    made = await department.subscribed(**wanted)
    (asked,) = await letters_of(mailboxes, address, 1)
    await opened(services, http, link_in(asked, "confirm"), "POST")
    async with owner_of_status(system) as connection:
        await connection.execute("update subscription set state = 'suspended' where subscription_id = $1", made["id"])
    await send(services, key, event(unique, "complete", 2))
    mailboxes.busy.add(address)  # the letter is tried again like any other
    assert (await department("POST", "/v1/subscriptions", wanted))[0] == 200

    async def tried() -> int:
        return len((await department.deliveries(made["id"]))[-1]["attempts"])

    await eventually(tried)
    mailboxes.busy.clear()
    _, again = await letters_of(mailboxes, address, 2)
    assert (await opened(services, http, link_in(again, "confirm"), "POST"))[0] == 200
    assert (await department.shown(made["id"]))["state"] == "active"
    *_, told = await letters_of(mailboxes, address, 3)
    assert told["Subject"] == f"Your application {unique}"


async def test_how_one_is_told_is_changed_by_its_owner_and_by_nobody_else(
    services: Services, http: aiohttp.ClientSession, key: str, mailboxes: Mailboxes, unique: str
) -> None:
    address, client = f"{unique}@example.org", Door(services, http, token(services.home, f"c-{unique}"))
    stranger = Door(services, http, token(services.home, f"d-{unique}"))
    await send(services, key, event(unique, "submitted", 1, client_id=f"c-{unique}"))
    made = await client.subscribed(application_id=unique, channel="email", address=address, digest=True)
    path = f"/v1/subscriptions/{made['id']}"
    assert (await stranger("PATCH", path, {"language": "fr"}))[0] == 404
    for wrong in ({"language": "la"}, {"language": None}, {"digest": "perhaps"}, {"address": "x@example.org"}):
        assert (await client("PATCH", path, wrong))[0] == 400, wrong
    (asked,) = await letters_of(mailboxes, address, 1)
    await opened(services, http, link_in(asked, "confirm"), "POST")
    await send(services, key, event(unique, "complete", 2))

    async def postponed() -> bool:
        *_, found = await client.deliveries(made["id"])
        return found["version"] == 2 and found["next_try_at"][14:19] == "00:00"

    await eventually(postponed)
    status, shown = await client("PATCH", path, {"language": "fr", "digest": False})
    assert (status, shown["language"], shown["digest"], shown["quiet_hours"]) == (200, "fr", False, False)
    _, told = await letters_of(mailboxes, address, 2)  # what waited for the morning is wanted now
    assert told["Subject"] == f"Votre demande {unique}"


async def test_how_one_is_told_is_changed_on_the_page_that_every_letter_leads_to(
    services: Services, http: aiohttp.ClientSession, key: str, department: Door, mailboxes: Mailboxes, unique: str
) -> None:
    address = f"{unique}@example.org"
    await send(services, key, event(unique, "submitted", 1))
    made = await department.subscribed(application_id=unique, channel="email", address=address, language="fr")
    (asked,) = await letters_of(mailboxes, address, 1)
    await opened(services, http, link_in(asked, "confirm"), "POST")
    await send(services, key, event(unique, "complete", 2))
    _, told = await letters_of(mailboxes, address, 2)
    link = link_in(told, "preferences")
    status, page = await opened(services, http, link)
    assert (status, "Enregistrer ces choix" in page, address in page) == (200, True, False)
    assert f"{unique[0]}…@example.org" in page
    chosen = {"told_in": "en", "quiet_hours": "true", "digest": "true"}
    async with http.post(services.url("status") + link, data=chosen) as answer:
        assert (answer.status, "Enregistré" in await answer.text()) == (200, True)
    shown = await department.shown(made["id"])
    assert (shown["language"], shown["quiet_hours"], shown["digest"]) == ("en", True, True)
    async with http.post(services.url("status") + link, data={"told_in": "fr"}) as answer:
        assert answer.status == 200
    shown = await department.shown(made["id"])
    assert (shown["language"], shown["quiet_hours"], shown["digest"]) == ("fr", False, False)
    status, page = await opened(services, http, link[:-3] + "xyz")
    assert (status, "ne mène plus nulle part" in page) == (404, True)
    assert link in (await opened(services, http, link_in(told, "unsubscribe")))[1]
    assert (await opened(services, http, link_in(told, "unsubscribe"), "POST"))[0] == 200
    assert (await opened(services, http, link))[0] == 404


async def test_what_is_refused_to_ourselves_is_said_in_the_log_and_tried_again_and_is_no_fault_of_the_reader(
    services: Services, http: aiohttp.ClientSession, key: str, department: Door, gc_notify: GcNotify, unique: str,
    system: LocalSystem,
) -> None:  # fmt: skip
    await send(services, key, event(unique, "submitted", 1))
    made = await department.subscribed(application_id=unique, channel="notify", address=f"{unique}@example.org")
    async with owner_of_status(system) as connection:
        await connection.execute("update subscription set state = 'active' where subscription_id = $1", made["id"])
    gc_notify.refuses = 403
    await send(services, key, event(unique, "complete", 2))

    async def tried() -> Any:
        return (await department.deliveries(made["id"]))[-1]

    found = await eventually(tried, lambda delivery: delivery["version"] == 2 and delivery["attempts"])
    assert (found["status"], found["attempts"][0]["error"]) == ("pending", "notify_refused")
    assert (await department.shown(made["id"]))["failing_since"] is None
    lines = (system.home / "logs" / "status.log").read_text(encoding="utf-8").splitlines()
    (said,) = [orjson.loads(line) for line in lines if '"channel_refused"' in line][-1:]
    assert (said["level"], said["channel"], said["error"], said["code"]) == ("error", "notify", "notify_refused", 403)
