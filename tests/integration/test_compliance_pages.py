"""The pages of compliance in a real browser: three steps from an organisation to a record, clean for axe, in both languages."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest

from guichet import keys
from guichet.client import Services
from guichet.tokens import token
from services.reporting.domain.compliance.years import fiscal_year
from shared.language import LANGUAGES, Language
from shared.ownership import day_in_ottawa
from shared.testing import eventually
from tests.integration.inventories import inventory_event
from tests.integration.test_browser import WIDE, judge, to
from tests.integration.test_feedback_pages import until
from tests.unit.evidence import row

ORG = "9021"


@pytest.fixture
async def reported(services: Services, unique: str) -> str:
    """The position of a priority service's row."""
    key = (await keys.create(services, ORG))["key"]
    data = row(unique, "2017-2018", priority={"designated": True})
    (receipt,) = await services.send("inventory", key, [inventory_event(ORG, "ServiceReported", unique, data)])

    async def read_to() -> int:
        reading = await services.ask("reporting", "/v1/reading")
        return min(each["position"] for each in reading["items"] if each["service"] == "inventory")

    await eventually(read_to, lambda position: position >= receipt["position"])
    return str(receipt["position"])


def bearer(services: Services, role: str = "auditor") -> dict[str, str]:
    return {"Authorization": f"Bearer {token(services.home, 'reader', [role], ORG)}"}


@pytest.fixture
async def page(browser: Any, services: Services) -> AsyncIterator[Any]:
    """Of a browser behind a sign-in proxy, without script."""
    context = await browser.new_context(extra_http_headers=bearer(services), java_script_enabled=True)
    yield await context.new_page()
    await context.close()


@pytest.mark.parametrize("language", LANGUAGES)
async def test_three_steps_lead_from_an_organisation_to_the_record_and_each_page_is_clean(
    services: Services, page: Any, reported: str, unique: str, language: Language
) -> None:
    await page.goto(f"{services.url('reporting')}/{language}/compliance")
    await judge(page, f"compliance-{language}")
    await page.set_viewport_size(WIDE)
    await page.goto(f"{services.url('reporting')}/{language}/compliance/{ORG}?as_of=2018-03-31")
    await judge(page, f"organization-{language}")
    await page.set_viewport_size(WIDE)
    async with page.expect_navigation():
        await page.click("text='7.4'")
    await page.wait_for_selector(f"#inventory-{reported}")
    await judge(page, f"verdict-{language}")
    text = await page.inner_text("main")
    assert unique in text
    assert {"en": "insufficient evidence", "fr": "preuves insuffisantes"}[language] in text
    assert f"inventory {reported}" in text
    assert "inventory.services.v1" in text
    async with page.expect_navigation():
        await page.click(f"#inventory-{reported} a[href*='/events/']")
    await judge(page, f"event-{language}")
    await page.set_viewport_size(WIDE)
    async with page.expect_navigation():
        await page.click("th a >> text='7.4'")
    assert f"inventory {reported}" in await page.inner_text("main")


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_deputy_head_sees_what_is_left_has_it_corrected_and_signs_once(
    services: Services,
    browser: Any,
    language: Language,
) -> None:
    org = {"en": "9042", "fr": "9043"}[language]
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    address = f"{services.url('reporting')}/{language}/compliance/{org}/decisions"
    await page.goto(address)
    await page.fill("[name=token]", token(services.home, "the-deputy-head", ["deputy_head"], org))
    async with page.expect_navigation():
        await page.press("[name=token]", "Enter")
    assert page.url == address
    assert {"en": "none is open", "fr": "aucune en cours"}[language] in await page.inner_text("main")
    await page.click("details summary")
    form = page.locator("form[action$='/actions']")
    requirement = await page.locator("table th a").first.inner_text()
    await form.locator("[name=requirement]").select_option(requirement)
    for name in ("title_en", "title_fr", "owner_en", "owner_fr"):
        await form.locator(f"[name={name}]").fill(name)
    await form.locator("[name=due_on]").fill("2030-01-31")
    async with page.expect_navigation():
        await form.locator("button").click()
    assert f"title_{language}" in await page.locator("table tr", has_text=f"owner_{language}").inner_text()
    async with page.expect_navigation():
        await page.click("form:has([value=done]) button")
    assert await page.locator("h3 .good").count() == 1
    for _ in range(2):
        await page.select_option("[name=fiscal_year]", "2025-2026")
        async with page.expect_navigation():
            await page.click("form[action$='/confirmation'] button")
    assert "2025-2026" in await page.inner_text("[role=alert]")
    assert "the-deputy-head" in await page.inner_text("ol.steps")
    await context.close()
    context = await browser.new_context(extra_http_headers=bearer(services))
    page = await context.new_page()
    await page.goto(address)
    await judge(page, f"decisions-{language}")
    assert await page.locator("form[method=post]").count() == 0
    await context.close()


@pytest.mark.parametrize("language", LANGUAGES)
async def test_from_a_verdict_to_its_record_and_back_by_keyboard_alone(
    services: Services, page: Any, reported: str, language: Language
) -> None:
    await page.goto(f"{services.url('reporting')}/{language}/compliance/{ORG}?as_of=2018-03-31")
    await until(page, "tbody a[href*='/verdicts/']")
    async with page.expect_navigation():
        await page.keyboard.press("Enter")
    await page.wait_for_selector(f"#inventory-{reported}")
    await until(page, f"#inventory-{reported} a")
    async with page.expect_navigation():
        await page.keyboard.press("Enter")
    await page.wait_for_selector("h3")
    await until(page, "th a[href*='/verdicts/']")
    async with page.expect_navigation():
        await page.keyboard.press("Enter")
    await page.wait_for_selector(f"#inventory-{reported}")


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_corrective_action_is_opened_and_a_year_signed_by_keyboard_alone(
    services: Services,
    browser: Any,
    language: Language,
) -> None:
    org = {"en": "9039", "fr": "9040"}[language]
    page = await browser.new_page()
    await page.goto(f"{services.url('reporting')}/{language}/compliance/{org}/decisions")
    await to(page, "token")
    await page.keyboard.type(token(services.home, "the-deputy-head", ["deputy_head"], org))
    async with page.expect_navigation():
        await page.keyboard.press("Enter")
    await until(page, "details summary")
    await page.keyboard.press("Enter")
    for name in ("title_en", "title_fr", "owner_en", "owner_fr"):
        await to(page, name)
        await page.keyboard.type(f"By {name}")
    await to(page, "due_on")
    await page.keyboard.type("01312030")
    async with page.expect_navigation():
        await page.keyboard.press("Enter")
    await page.wait_for_selector("h3 .warn")
    assert f"By title_{language}" in await page.inner_text("main")
    await until(page, "form[action$='/confirmation'] button")
    async with page.expect_navigation():
        await page.keyboard.press("Enter")
    assert "the-deputy-head" in await page.inner_text("ol.steps")


async def test_oversight_takes_a_step_by_the_page_and_is_told_which_cannot_follow(
    services: Services,
    browser: Any,
) -> None:
    page = await browser.new_page()
    await page.goto(f"{services.url('reporting')}/fr/compliance/9044/decisions")
    await page.fill("[name=token]", token(services.home, "overseer", ["oversight"], None))
    async with page.expect_navigation():
        await page.press("[name=token]", "Enter")
    for step in ("corrective_action_recommended", "treasury_board_decided"):
        await page.select_option("[name=step]", step)
        await page.fill("[name=en]", "Why")
        await page.fill("[name=fr]", "Pourquoi")
        async with page.expect_navigation():
            await page.click("form[action$='/steps'] button")
    assert "Pourquoi" in await page.inner_text("ol.steps")
    assert "treasury_board_decided" in await page.inner_text("[role=alert]")
    await judge(page, "decisions-overseer-fr")


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_pages_are_for_readers_alone_and_say_what_is_not_there(
    services: Services, http: aiohttp.ClientSession, language: Language
) -> None:
    url = f"{services.url('reporting')}/{language}"
    for path in ("/compliance", f"/compliance/{ORG}", "/verdicts/x"):
        async with http.get(url + path) as answer:
            assert answer.status == 401
        async with http.get(url + path, headers={"Accept": "text/html"}) as page:
            assert (page.url.path, page.url.query["back"]) == (f"/{language}/sign-in", f"/{language}{path}")
    not_there = {"en": "There is no such thing here.", "fr": "Cet élément n'existe pas."}[language]
    for path in ("/compliance/nowhere", "/verdicts/x"):
        async with http.get(url + path, headers=bearer(services)) as answer:
            assert answer.status == 404
            assert not_there in (await answer.text()).replace("&#39;", "'")
    async with http.get(f"{url}/compliance/9022", headers=bearer(services, "officer")) as answer:
        assert answer.status == 403
    async with http.get(f"{url}/compliance", headers=bearer(services, "officer")) as answer:
        assert (await answer.text()).count(f"/{language}/compliance/") == 1


@pytest.mark.parametrize("language", LANGUAGES)
async def test_today_s_verdicts_follow_what_is_reported_by_themselves_while_the_focus_stays(
    services: Services, page: Any, language: Language
) -> None:
    await page.goto(f"{services.url('reporting')}/{language}/compliance/{ORG}")
    await page.wait_for_selector("#live.on", timeout=10_000)
    await judge(page, f"organization-live-{language}")
    before = await page.inner_text("tbody")
    await page.focus("tbody tr:nth-child(2) a")
    key, name = (await keys.create(services, ORG))["key"], f"live-{language}"
    year = fiscal_year(day_in_ottawa(datetime.now(UTC)))
    await services.send("inventory", key, [inventory_event(ORG, "ServiceReported", name, row(name, year))])
    await page.wait_for_function("before => document.querySelector('tbody').innerText !== before", arg=before)
    assert await page.evaluate("document.activeElement === document.querySelector('tbody tr:nth-child(2) a')")


async def test_another_day_s_verdicts_are_not_said_to_be_live(services: Services, http: aiohttp.ClientSession) -> None:
    url = f"{services.url('reporting')}/en/compliance/{ORG}"
    for query, live in (("", True), ("?as_of=2018-03-31", False), ("?rules=policy-2014&as_if_in_force=true", False)):
        async with http.get(url + query, headers=bearer(services)) as answer:
            assert ("verdicts.js" in await answer.text()) is live, query


async def test_nobody_signs_by_the_form_of_another_organisation(
    services: Services, http: aiohttp.ClientSession
) -> None:
    both = {"Authorization": f"Bearer {token(services.home, 'both', ['oversight', 'deputy_head'], '9046')}"}
    url = f"{services.url('reporting')}/en/compliance/9044/decisions"
    async with http.post(f"{url}/confirmation", data={"fiscal_year": "2024-2025"}, headers=both) as answer:
        assert answer.status == 403
    async with http.get(f"{services.url('reporting')}/v1/confirmations?org=9046", headers=both) as answer:
        assert (await answer.json())["items"] == []
    async with http.post(
        f"{url}/actions/none", data={"version": 1, "state": "done"}, headers=bearer(services)
    ) as answer:
        assert answer.status == 403
    own = {"Authorization": f"Bearer {token(services.home, 'own', ['officer'], '9044')}"}
    async with http.post(f"{url}/actions/none", data={"version": 1, "state": "done"}, headers=own) as answer:
        assert answer.status == 404
        assert 'href="/fr/compliance/9044/decisions"' in await answer.text()
