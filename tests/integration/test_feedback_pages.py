"""Feedback's pages in a real browser: by keyboard alone, without script, at 400 %, and clean for axe, in both languages."""

from typing import Any

import aiohttp
import pytest

from guichet import keys
from guichet.client import Services
from guichet.tokens import token
from shared.language import LANGUAGES, Language
from shared.testing import eventually
from tests.integration.inventories import service_with_standard
from tests.integration.test_browser import WIDE, judge, to

ORG = "9058"


@pytest.fixture
async def service(services: Services, unique: str) -> str:
    service_id = f"S-{unique}"
    key = (await keys.create(services, ORG))["key"]
    await services.send("inventory", key, service_with_standard(ORG, service_id, {"limit": "P10D"}))

    async def chosen() -> str:
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{services.url('feedback')}/en/new?q={service_id}") as page,
        ):
            return await page.text()

    await eventually(chosen, lambda text: f"service={service_id}" in text)
    return service_id


async def until(page: Any, selector: str) -> None:
    """Tab on until what the selector finds has the focus."""
    for _ in range(60):
        await page.keyboard.press("Tab")
        if await page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"{selector} is not reached by Tab")


@pytest.mark.parametrize("language", LANGUAGES)
async def test_feedback_is_sent_followed_and_answered_by_keyboard_alone_and_without_script(
    services: Services, browser: Any, service: str, language: Language
) -> None:
    context = await browser.new_context(java_script_enabled=True)
    page = await context.new_page()
    url = services.url("feedback")
    await page.goto(f"{url}/{language}/")
    await judge(page, f"feedback-{language}")
    await page.goto(f"{url}/{language}/new?q={service}")
    await judge(page, f"choose-{language}")
    await page.set_viewport_size(WIDE)
    await until(page, f"main a[href*='{service}']")
    async with page.expect_navigation():
        await page.keyboard.press("Enter")
    await page.wait_for_selector("#kind_complaint")
    await judge(page, f"form-feedback-{language}")
    await page.set_viewport_size(WIDE)
    await until(page, "[name=kind]")
    await page.keyboard.press("ArrowDown")
    await to(page, "text")
    await page.keyboard.type("046 454 286 – the counter closed early. Le guichet a fermé tôt.")
    await until(page, "form.wide button")
    async with page.expect_navigation():
        await page.keyboard.press("Enter")
    await judge(page, f"receipt-{language}")
    await page.set_viewport_size(WIDE)
    code = await page.inner_text(".code")
    assert {"en": "SIN", "fr": "NAS"}[language] in await page.inner_text("main")

    without = await browser.new_context(java_script_enabled=False)
    page = await without.new_page()
    await page.goto(f"{url}/{language}/cases")
    await page.fill("[name=tracking_code]", code)
    async with page.expect_navigation():
        await page.press("[name=tracking_code]", "Enter")
    assert {"en": "[SIN]", "fr": "[NAS]"}[language] in await page.inner_text(".letter")
    await page.fill("[name=text]", "Still closed. Toujours fermé.")
    async with page.expect_navigation():
        await page.click("form.wide button")
    await page.wait_for_selector("#messages + ol")
    address = page.url
    cookies = await without.cookies()

    await context.add_cookies(cookies)
    page = await context.new_page()
    await page.goto(address)
    await judge(page, f"case-{language}")


@pytest.mark.parametrize("language", LANGUAGES)
async def test_an_officer_works_on_a_case_by_the_pages(
    services: Services, browser: Any, service: str, language: Language, unique: str
) -> None:
    url = services.url("feedback")
    body = {
        "service_id": service,
        "kind": "complaint",
        "text": "I want to die of waiting",
        "reply_wanted": True,
        "rating": 1,
    }
    async with aiohttp.ClientSession() as session, session.post(f"{url}/v1/feedback", json=body) as answer:
        told = await answer.json()
    page = await browser.new_page()
    await page.goto(f"{url}/{language}/case-work")
    await judge(page, f"sign-in-{language}")
    await page.fill("[name=token]", token(services.home, "an-officer", ["officer"], ORG))
    async with page.expect_navigation():
        await page.press("[name=token]", "Enter")
    await judge(page, f"work-{language}")
    await page.set_viewport_size(WIDE)
    async with page.expect_navigation():
        await page.click(f"a[href$='{told['feedback_id']}']")
    await judge(page, f"work-case-{language}")
    await page.set_viewport_size(WIDE)
    async with page.expect_navigation():
        await page.click("[value=seen] + button")
    assert await page.locator("[value=seen]").count() == 0
    await page.select_option("[name=state]", "resolved")
    await page.fill("[name=en]", "We are sorry.")
    await page.fill("[name=fr]", "Nous sommes désolés.")
    async with page.expect_navigation():
        await page.click("form[action$='/steps'] button")
    assert await page.locator("ol.steps li").count() >= 2
    assert {"en": "We are sorry.", "fr": "Nous sommes désolés."}[language] in await page.inner_text("ol.steps")
