"""The page on which one chooses how one is told, in a real browser: by keyboard alone, and clean for axe, in both languages."""

from typing import Any

import aiohttp
import pytest

from guichet import keys
from guichet.client import Services
from services.status.delivering.letters import link
from shared.encryption import Seal
from shared.language import LANGUAGES, Language
from shared.testing import eventually
from tests.integration.mailboxes import Mailboxes
from tests.integration.subscribers import Door, now_event, send
from tests.integration.test_browser import ORG, WIDE, judge, to


@pytest.mark.parametrize("language", LANGUAGES)
async def test_how_one_is_told_is_chosen_by_keyboard_alone_and_a_contact_agrees_by_a_button(
    services: Services, http: aiohttp.ClientSession, browser: Any, mailboxes: Mailboxes, unique: str, language: Language
) -> None:
    key = (await keys.create(services, ORG))["key"]
    department = Door(services, http, key)
    await send(services, key, now_event(ORG, unique, "submitted", 1))
    made = await department.subscribed(
        application_id=unique, channel="email", address=f"{unique}@example.org", language=language
    )
    seal, url = Seal(services.home.secret("master-key-status")), services.url("status")
    page = await browser.new_page()
    await page.goto(link(seal, url, language, made["id"], "preferences"))
    await judge(page, f"preferences-{language}")
    await page.set_viewport_size(WIDE)
    await to(page, "told_in")
    await page.keyboard.press("ArrowDown" if language == "en" else "ArrowUp")
    await to(page, "quiet_hours")
    await page.keyboard.press("Space")
    await to(page, "digest")
    await to(page, "BUTTON")
    async with page.expect_navigation():
        await page.keyboard.press("Enter")
    await page.wait_for_selector(".notice[role=status]")
    await judge(page, f"preferences-kept-{language}")
    shown = await department.shown(made["id"])
    assert (shown["language"] == language, shown["quiet_hours"], shown["digest"]) == (False, True, False)
    hook = await department.subscribed(
        application_id=unique, address="http://127.0.0.1:9/", contact=f"owner-{unique}@example.org"
    )
    await page.goto(link(seal, url, language, hook["id"], "confirm-contact", f"owner-{unique}@example.org"))
    await judge(page, f"contact-{language}")
    await to(page, "BUTTON")
    async with page.expect_navigation():
        await page.keyboard.press("Enter")
    await page.wait_for_selector(".notice[role=status]")
    await judge(page, f"contact-done-{language}")

    async def contact() -> Any:
        return (await department.shown(hook["id"]))["contact"]

    await eventually(contact, lambda found: found["confirmed"])
