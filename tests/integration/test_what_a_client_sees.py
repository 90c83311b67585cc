"""What clients see of their applications, on pages and in answers: what counts, what is expected, and all of theirs at once."""

import base64
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from fastapi import FastAPI

from guichet.client import Services
from guichet.tokens import token
from services.status.api import expecting
from services.status.api.applications import read_applications
from shared.database import open_pool
from shared.encryption import Seal
from shared.testing import eventually, status_event
from tests.conftest import LocalSystem
from tests.integration.inventories import service_with_standard
from tests.integration.subscribers import send

DAY = timedelta(days=1)
FIVE_DAYS = {"limit": "P5D", "days": "calendar", "confirmed": True}


@pytest.fixture
async def browser() -> AsyncIterator[aiohttp.ClientSession]:
    """One that keeps its cookies, and says where its forms come from."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as found:
        yield found


@pytest.fixture
async def service(services: Services, key: str, org: str, unique: str) -> str:
    """A service with a standard of five days."""
    return await offered(services, key, org, f"S-{unique}", FIVE_DAYS)


async def offered(services: Services, key: str, org: str, name: str, measure: dict[str, Any]) -> str:
    sent = await services.send("inventory", key, service_with_standard(org, name, measure))
    assert {each["outcome"] for each in sent} == {"accepted"}
    return name


async def read(services: Services, key: str, application: str) -> Any:
    return await services.ask("status", f"/v1/applications/{application}", bearer=key)


async def measured(services: Services, key: str, application: str) -> Any:
    """The application, once its service's standards are known to status."""

    async def ask() -> Any:
        return await read(services, key, application)

    return await eventually(ask, lambda told: bool(told["standards"]))


async def page(session: aiohttp.ClientSession, url: str, **form: str) -> tuple[int, str]:
    async with session.post(url, data=form) if form else session.get(url) as answer:
        return answer.status, (await answer.text()).replace("&#39;", "'")


# What counts


async def test_a_decision_reported_after_the_end_is_shown_as_history_that_changes_nothing(
    services: Services, browser: aiohttp.ClientSession, key: str, org: str, unique: str
) -> None:
    states = ("submitted", "closed", "decided")
    events = [
        status_event(org, unique, state, number=n, **({"outcome": "refused"} if state == "decided" else {}))
        for n, state in enumerate(states, 1)
    ]
    receipts = await send(services, key, *events)
    told = await read(services, key, unique)
    assert (told["state"], told["decision"]) == ("closed", None)
    assert told["summary"]["en"] == "Your application has been closed."
    assert [(step["state"], step["counts"]) for step in told["history"]] == [
        ("submitted", True),
        ("closed", True),
        ("decided", False),
    ]
    _, shown = await page(browser, f"{services.url('status')}/en/", tracking_code=receipts[0]["tracking_code"])
    assert "<h1>Your application has been closed.</h1>" in shown
    assert "Decision:" not in shown
    assert "it changes nothing" in shown
    await send(services, key, status_event(org, unique, "reopened", number=4))
    assert (await read(services, key, unique))["decision"] is None


async def test_an_old_decision_is_not_shown_once_the_application_was_reopened(
    services: Services, browser: aiohttp.ClientSession, key: str, org: str, unique: str
) -> None:
    events = [
        status_event(org, unique, "submitted", number=1),
        status_event(org, unique, "decided", number=2, outcome="refused"),
    ]
    receipts = await send(services, key, *events)
    url = f"{services.url('status')}/fr/"
    _, shown = await page(browser, url, tracking_code=receipts[0]["tracking_code"])
    assert "<strong>Décision :</strong> Refusée" in shown
    assert (await read(services, key, unique))["decision"]["outcome"] == "refused"
    await send(services, key, status_event(org, unique, "reopened", number=3))
    _, shown = await page(browser, f"{url}applications/{org}/{unique}")
    assert "<strong>Décision :</strong>" not in shown


# What is expected


async def test_what_others_took_lately_leaves_out_old_cases_that_were_reported_just_now(
    services: Services, key: str, org: str, unique: str, service: str
) -> None:
    now = datetime.now(UTC)
    late = status_event(org, f"{unique}-late", "submitted", service_id=service, time=(now - 8 * DAY).isoformat())
    old = [
        status_event(org, f"{unique}-{n}", state, number=at, service_id=service, time=(now - at * DAY).isoformat())
        for n in range(12)
        for state, at in (("submitted", 300), ("decided", 200))
    ]
    await send(services, key, late, *old)
    told = await measured(services, key, f"{unique}-late")
    assert "counts as late" in told["expected_because"]["en"]
    assert "eight in ten" not in told["expected_because"]["en"]


async def test_a_department_s_date_that_has_passed_is_not_late_while_its_standard_is_kept(
    services: Services, browser: aiohttp.ClientSession, key: str, org: str, unique: str, service: str
) -> None:
    now = datetime.now(UTC)
    said = {"service_id": service, "time": (now - 3 * DAY).isoformat(), "expected_at": (now - DAY).isoformat()}
    (receipt,) = await send(services, key, status_event(org, unique, "submitted", **said))
    told = await measured(services, key, unique)
    assert told["late"] is False
    assert "The date that the department gave has passed." in told["expected_because"]["en"]
    assert told["expected_at"] == told["standard"]["due_at"]
    _, shown = await page(browser, f"{services.url('status')}/en/", tracking_code=receipt["tracking_code"])
    assert 'class="late"' not in shown


@pytest.mark.parametrize("confirmed", [True, False])
async def test_a_measure_that_nobody_confirmed_is_marked_wherever_a_client_reads_it(
    services: Services, browser: aiohttp.ClientSession, key: str, org: str, unique: str, *, confirmed: bool
) -> None:
    name = await offered(services, key, org, f"S-{unique}", {**FIVE_DAYS, "confirmed": confirmed})
    (receipt,) = await send(services, key, status_event(org, unique, "submitted", service_id=name))
    told = await measured(services, key, unique)
    assert told["standard"]["confirmed"] is confirmed
    for language, mark in (("en", "not yet confirmed"), ("fr", "non encore confirmée")):
        assert (mark in told["expected_because"][language]) is not confirmed
        url = f"{services.url('status')}/{language}/"
        _, shown = await page(browser, url, tracking_code=receipt["tracking_code"])
        assert shown.count(mark) == (0 if confirmed else 2)
        _, listed = await page(browser, f"{url}applications")
        assert (mark in listed) is not confirmed


# All of one's own


async def test_all_that_a_browser_follows_and_all_of_who_is_signed_in_are_on_one_page_in_both_languages(
    services: Services, browser: aiohttp.ClientSession, key: str, org: str, unique: str, service: str
) -> None:
    now, client = datetime.now(UTC), f"c-{unique}"
    late = {"service_id": service, "time": (now - 8 * DAY).isoformat()}
    receipts = await send(
        services,
        key,
        status_event(org, f"{unique}-late", "submitted", **late),
        status_event(org, f"{unique}-open", "submitted", service_id=service),
        status_event(org, f"{unique}-own", "submitted", service_id=service, client_id=client),
        status_event(org, f"{unique}-other", "submitted", service_id=service, client_id="somebody"),
    )
    await measured(services, key, f"{unique}-own")
    url = services.url("status")
    for receipt in receipts[:2]:
        await page(browser, f"{url}/en/", tracking_code=receipt["tracking_code"])
    _, shown = await page(browser, f"{url}/en/applications")
    assert [name in shown for name in (f"{unique}-late", f"{unique}-open", f"{unique}-own")] == [True, True, False]
    assert (shown.count(">late<"), shown.count(">not late<")) == (1, 1)
    assert "(has passed)" in shown
    signed = {"token": token(services.home, client), "back": "/fr/applications"}
    status, shown = await page(browser, f"{url}/fr/sign-in", **signed)
    assert (status, "Les vôtres, selon votre session" in shown) == (200, True)
    assert [f"{unique}-{name}" in shown for name in ("late", "open", "own", "other")] == [True, True, True, False]
    assert (shown.count(">en retard<"), shown.count(">pas en retard<")) == (1, 2)
    status, shown = await page(browser, f"{url}/fr/applications/{org}/{unique}-own")
    assert (status, "Nous avons reçu votre demande." in shown) == (200, True)
    await page(browser, f"{url}/fr/applications/forget", sent="true")
    _, shown = await page(browser, f"{url}/fr/applications")
    assert [f"{unique}-{name}" in shown for name in ("late", "own")] == [False, True]
    await page(browser, f"{url}/fr/sign-out", sent="true")
    _, shown = await page(browser, f"{url}/fr/applications")
    assert f"{unique}-own" not in shown
    assert (await page(browser, f"{url}/fr/applications/{org}/{unique}-own"))[1] != shown


async def test_a_list_that_is_longer_than_a_page_goes_on_without_leaving_anything_out_or_showing_it_twice(
    services: Services, key: str, org: str, unique: str, browser: aiohttp.ClientSession
) -> None:
    client = f"c-{unique}"
    names = [f"{unique}-{n:02}" for n in range(60)]
    await send(services, key, *(status_event(org, name, "submitted", client_id=client) for name in names))
    url = services.url("status")
    _, shown = await page(browser, f"{url}/en/sign-in", token=token(services.home, client), back="/en/applications")
    (more,) = [part.partition('"')[0] for part in shown.split('<a href="?after=')[1:]]
    _, rest = await page(browser, f"{url}/en/applications?after={more}")
    assert [name in shown for name in names] == [True] * 50 + [False] * 10
    assert [name in rest for name in names] == [False] * 50 + [True] * 10
    assert '<a href="?after=' not in rest


async def test_a_list_of_those_that_are_late_is_read_in_bounded_steps_and_leaves_none_out(
    services: Services, key: str, org: str, unique: str, service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many as a step has are not late: it says so by an empty page with a `next`, and does not read on without end."""
    now, client = datetime.now(UTC), f"c-{unique}"
    many = [
        status_event(org, f"{unique}-{n:03}", "submitted", service_id=service, client_id=client) for n in range(520)
    ]
    said = {"service_id": service, "client_id": client, "time": (now - 8 * DAY).isoformat()}
    late = [status_event(org, f"{unique}-{name}", "submitted", **said) for name in ("x", "y", "z")]
    await send(services, key, *many, *late)
    await measured(services, key, f"{unique}-x")
    bearer = token(services.home, client)

    async def pages(**query: Any) -> list[list[str]]:
        found, after = [], {}
        while True:
            told = await services.ask("status", "/v1/applications", query={**query, **after}, bearer=bearer)
            found.append([each["application_id"].removeprefix(f"{unique}-") for each in told["items"]])
            if told["next"] is None:
                return found
            after = {"after": told["next"]}

    assert await pages(late="true", limit=2) == [[], ["x", "y"], ["z"]]
    assert [len(each) for each in await pages(late="false", limit=400)] == [400, 120]
    assert [len(each) for each in await pages(limit=261)] == [261, 261, 1]


async def test_a_page_of_applications_costs_as_many_statements_however_many_there_are(
    services: Services, system: LocalSystem, key: str, org: str, unique: str
) -> None:
    now = datetime.now(UTC)
    kinds = [await offered(services, key, org, f"S-{unique}-{n}", FIVE_DAYS) for n in range(3)]
    events = [
        status_event(org, f"{unique}-{n}", "submitted", service_id=kinds[n % 3], time=(now - 8 * DAY).isoformat())
        for n in range(30)
    ]
    await send(services, key, *events)
    for n in range(3):
        await measured(services, key, f"{unique}-{n}")
    pool = await open_pool(system.dsn("postgres", "status"), 2)
    try:
        counts = [await statements(pool, [(org, f"{unique}-{n}") for n in range(number)]) for number in (1, 30)]
    finally:
        await pool.close()
    assert counts[0] == counts[1] <= 5


async def statements(pool: Any, keys: list[tuple[str, str]]) -> int:
    """How many it takes to read these, all of which are late."""
    app, asked = FastAPI(), list[str]()
    app.state.seal = Seal(base64.urlsafe_b64encode(os.urandom(32)).decode())
    expecting.prepare(app)
    async with pool.acquire() as connection:
        with connection.query_logger(lambda each: asked.append(each.query)):
            app.state.pool = connection
            read = await read_applications(app, keys, datetime.now(UTC))
    assert [each["late"] for each in read] == [True] * len(keys)
    return len(asked)
