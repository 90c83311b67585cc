"""The client's pages in a real browser: by keyboard alone, without script, at 400 %, and clean for axe, in both languages."""

import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from guichet import keys
from guichet.client import Services
from shared.language import LANGUAGES, Language
from shared.testing import eventually, status_event
from tests.integration.mailboxes import Mailboxes, link_in

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
playwright = pytest.importorskip("playwright.async_api", reason="playwright is not installed")
axe = pytest.importorskip("axe_playwright_python.async_playwright", reason="axe is not installed")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium here (apt install chromium)")

ORG = "9036"
# What a reader sees who has set the window of 1280 by 1024 to 400 %.
NARROW = {"width": 320, "height": 256}
WIDE = {"width": 1280, "height": 1024}


@pytest.fixture
async def browser() -> AsyncIterator[Any]:
    async with playwright.async_playwright() as started:
        # Root may run no sandbox, and a container's shared memory is small.
        arguments = ["--no-sandbox", "--disable-dev-shm-usage"]
        found = await started.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield found
        await found.close()


@pytest.fixture
async def code(services: Services, unique: str) -> str:
    """The tracking code of an application of which something is asked."""
    key = (await keys.create(services, ORG))["key"]
    reason = {"en": "Send the second page of your form.", "fr": "Envoyez la deuxième page de votre formulaire."}
    events = [
        status_event(ORG, f"A-{unique}", "submitted"),
        status_event(ORG, f"A-{unique}", "information_requested", number=2, reason=reason),
    ]
    receipts = await services.send("status", key, [orjson.dumps(event) for event in events])
    return str(receipts[0]["tracking_code"])


async def opened(page: Any, services: Services, language: Language, code: str) -> None:
    """An application, by keyboard alone."""
    await page.goto(f"{services.url('status')}/{language}/")
    await to(page, "tracking_code")
    await page.keyboard.type(code)
    await page.keyboard.press("Enter")
    await page.wait_for_selector("#application")


async def to(page: Any, name: str) -> None:
    """Tab on until the field of this name has the focus, and shows it."""
    for _ in range(40):
        await page.keyboard.press("Tab")
        focused = await page.evaluate(
            "() => { const e = document.activeElement, s = getComputedStyle(e);"
            " return [e.name || e.tagName, s.outlineStyle !== 'none' || s.boxShadow !== 'none'] }"
        )
        if focused[0] == name:
            assert focused[1], f"{name} has the focus and does not show it"
            return
    raise AssertionError(f"{name} is not reached by Tab")


async def judge(page: Any, name: str) -> None:
    """Nothing that axe finds, in a wide window and a narrow one; in the narrow one nothing to scroll sideways but tables."""
    for size in (WIDE, NARROW):
        await page.set_viewport_size(size)
        if folder := os.environ.get("GUICHET_SCREENSHOTS"):
            await page.screenshot(path=Path(folder) / f"{name}-{size['width']}.png", full_page=True)
        found = await axe.Axe().run(page)
        assert found.violations_count == 0, f"{name} at {size['width']}: {found.generate_report()}"
    assert await page.evaluate("document.scrollingElement.scrollWidth") <= NARROW["width"], f"{name} scrolls sideways"


@pytest.mark.parametrize("language", LANGUAGES)
async def test_an_application_is_opened_and_followed_by_keyboard_alone_and_each_page_of_the_way_is_clean(
    services: Services, browser: Any, mailboxes: Mailboxes, code: str, unique: str, language: Language
) -> None:
    page = await browser.new_page()
    await page.goto(f"{services.url('status')}/{language}/")
    await judge(page, f"form-{language}")
    await page.set_viewport_size(WIDE)
    await opened(page, services, language, code)
    await page.wait_for_selector("#live.on", timeout=10_000)
    await judge(page, f"application-{language}")
    await to(page, "address")
    await page.keyboard.type(f"{unique}@example.org")
    await to(page, "quiet_hours")
    await page.keyboard.press("Space")
    await to(page, "digest")
    await to(page, "BUTTON")
    await page.keyboard.press("Enter")
    await page.wait_for_selector("#mail ~ .notice[role=status]")
    await judge(page, f"followed-{language}")

    async def letters() -> list[Any]:
        return mailboxes.of(f"{unique}@example.org")

    (letter,) = await eventually(letters, lambda found: len(found) == 1)
    await page.goto(services.url("status") + link_in(letter, "confirm"))
    await judge(page, f"confirmed-{language}")


@pytest.mark.parametrize("language", LANGUAGES)
async def test_without_script_everything_is_there_and_the_page_says_to_read_it_again(
    services: Services, browser: Any, code: str, language: Language
) -> None:
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(f"{services.url('status')}/{language}/")
    await page.fill("[name=tracking_code]", code)
    await page.press("[name=tracking_code]", "Enter")
    await page.wait_for_selector("#application")
    text = await page.inner_text("main")
    assert {"en": "Send the second page", "fr": "Envoyez la deuxième page"}[language] in text
    assert {"en": "Read again for changes", "fr": "Rechargez la page"}[language] in text
    assert await page.locator("form [name=address]").count() == 1


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_change_shows_by_itself_and_is_spoken_while_the_focus_stays(
    services: Services, browser: Any, code: str, unique: str, language: Language
) -> None:
    page = await browser.new_page()
    await opened(page, services, language, code)
    await page.wait_for_selector("#live.on", timeout=10_000)
    await to(page, "address")
    key = (await keys.create(services, ORG))["key"]
    await services.send("status", key, [orjson.dumps(status_event(ORG, f"A-{unique}", "decided", number=3))])
    said = {"en": "A decision has been made", "fr": "Une décision a été rendue"}[language]
    await page.wait_for_function("said => document.querySelector('h1').innerText.includes(said)", arg=said)
    assert said in await page.inner_text("#spoken")
    assert await page.evaluate("document.activeElement.name") == "address"
