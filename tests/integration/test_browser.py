"""The client's pages in a real browser: by keyboard alone, without script, at 400 %, and clean for axe, in both languages.

What leads to another page stands in `expect_navigation`, which waits for all of it: a page half read has half of what is
asked of it.
"""

import asyncio
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from guichet import keys
from guichet.client import Services
from shared.language import LANGUAGES, Language
from shared.testing import eventually, status_event
from tests.integration.inventories import service_with_standard
from tests.integration.mailboxes import Mailboxes, link_in

axe = pytest.importorskip("axe_playwright_python.async_playwright", reason="axe is not installed")

ORG = "9036"
# What a reader sees who has set the window of 1280 by 1024 to 400 %.
NARROW = {"width": 320, "height": 256}
WIDE = {"width": 1280, "height": 1024}


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
    async with page.expect_navigation():
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
    async with page.expect_navigation():
        await page.keyboard.press("Enter")
    await page.wait_for_selector("#mail ~ .notice[role=status]")
    await judge(page, f"followed-{language}")

    async def letters() -> list[Any]:
        return mailboxes.of(f"{unique}@example.org")

    (letter,) = await eventually(letters, lambda found: len(found) == 1)
    for purpose, said in (("confirm", SAID_WHEN_CONFIRMED), ("unsubscribe", SAID_WHEN_STOPPED)):
        await page.goto(services.url("status") + link_in(letter, purpose))
        await judge(page, f"{purpose}-{language}")
        await to(page, "BUTTON")
        async with page.expect_navigation():
            await page.keyboard.press("Enter")
        assert said[language] in await page.inner_text("main")
        await judge(page, f"{purpose}-done-{language}")


SAID_WHEN_CONFIRMED = {"en": "Your address is confirmed", "fr": "Votre adresse est confirmée"}
SAID_WHEN_STOPPED = {"en": "You will receive no more", "fr": "Vous ne recevrez plus"}


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_wrong_code_and_an_address_that_is_none_are_told_where_they_were_typed(
    services: Services, browser: Any, code: str, language: Language
) -> None:
    page = await browser.new_page()
    await page.goto(f"{services.url('status')}/{language}/")
    await to(page, "tracking_code")
    await page.keyboard.type("AAAAA-BBBBB-CCCCC-DDDDD")
    async with page.expect_navigation():
        await page.keyboard.press("Enter")
    await page.wait_for_selector("[role=alert]")
    assert await page.get_attribute("[name=tracking_code]", "aria-describedby") == "problem"
    await judge(page, f"wrong-code-{language}")
    await opened(page, services, language, code)
    await to(page, "address")
    await page.keyboard.type("name@nowhere")  # which a browser lets pass, and we do not
    async with page.expect_navigation():
        await page.keyboard.press("Enter")
    await page.wait_for_selector("[role=alert]")
    assert await page.get_attribute("[name=address]", "aria-describedby") == "mail-problem"
    await judge(page, f"refused-address-{language}")


STATES = {
    "late": ("submitted", {"en": "late", "fr": "en retard"}),
    "paused": ("information_requested", {"en": "paused: waiting for you", "fr": "suspendue : en attente de vous"}),
    "decided": ("decided", {"en": "Decision:", "fr": "Décision :"}),
}


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_pages_of_what_is_late_paused_and_decided_and_of_all_of_them_are_clean(
    services: Services, browser: Any, unique: str, language: Language
) -> None:
    """With a measure that nobody confirmed, which is said too."""
    key, now = (await keys.create(services, ORG))["key"], datetime.now(UTC)
    service = f"S-{unique}"
    await services.send("inventory", key, service_with_standard(ORG, service, {"limit": "P20D", "days": "calendar"}))
    page = await browser.new_page()
    for name, (state, said) in STATES.items():
        began = now - timedelta(days=30 if name == "late" else 10)
        events = [
            status_event(
                ORG, f"{unique}-{name}", each, number=n, service_id=service, time=began + timedelta(hours=n), **more
            )
            for n, (each, more) in enumerate(
                (("submitted", {}), (state, {"outcome": "partial"} if state == "decided" else {}))
            )
        ]
        receipts = await services.send("status", key, [orjson.dumps(event) for event in events])
        application = f"/v1/applications/{unique}-{name}"

        async def told(path: str = application) -> Any:
            return await services.ask("status", path, bearer=key)

        await eventually(told, lambda found: bool(found["standards"]))
        await opened(page, services, language, str(receipts[0]["tracking_code"]))
        text = await page.inner_text("#application")
        assert said[language] in text
        assert {"en": "not yet confirmed", "fr": "non encore confirmée"}[language] in text
        await judge(page, f"{name}-{language}")
        await page.set_viewport_size(WIDE)
    await page.goto(f"{services.url('status')}/{language}/applications")
    assert await page.locator("tbody tr").count() == len(STATES)
    await judge(page, f"applications-{language}")
    await page.set_viewport_size(WIDE)
    await to(page, "BUTTON")  # forgets the codes that were given
    async with page.expect_navigation():
        await page.keyboard.press("Enter")
    await page.wait_for_selector("[name=tracking_code]")
    await page.goto(f"{services.url('status')}/{language}/applications")
    await judge(page, f"no-applications-{language}")
    assert await page.locator("tbody tr").count() == 0
    await page.goto(f"{services.url('status')}/{language}/sign-in")
    await judge(page, f"sign-in-{language}")


@pytest.mark.parametrize("language", LANGUAGES)
async def test_without_script_everything_is_there_and_the_page_says_to_read_it_again(
    services: Services, browser: Any, code: str, language: Language
) -> None:
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(f"{services.url('status')}/{language}/")
    await page.fill("[name=tracking_code]", code)
    async with page.expect_navigation():
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


class Following:
    """A page that follows an application, and its department."""

    def __init__(self, page: Any, services: Services, application: str) -> None:
        self.page, self._services, self._application = page, services, application
        self._number = 2

    async def report(self, state: str) -> None:
        self._number += 1
        key = (await keys.create(self._services, ORG))["key"]
        event = status_event(ORG, self._application, state, number=self._number)
        await self._services.send("status", key, [orjson.dumps(event)])

    async def shows(self, said: str, where: str = "h1") -> None:
        found = "([where, said]) => document.querySelector(where).textContent.includes(said)"
        await self.page.wait_for_function(found, arg=[where, said], timeout=20_000)


@pytest.fixture
async def followed(services: Services, browser: Any, code: str, unique: str) -> Following:
    page = await browser.new_page()
    await opened(page, services, "en", code)
    await page.wait_for_selector("#live.on", timeout=10_000)
    return Following(page, services, f"A-{unique}")


async def test_a_page_that_cannot_be_read_again_says_so_tries_again_and_says_when_it_is_right(
    followed: Following,
) -> None:
    failed = []

    async def fail(route: Any) -> None:
        failed.append(route.request.url)
        await route.abort()

    page = followed.page
    await page.route("**/en/applications/**", fail)
    await followed.report("decided")
    stale = "may be out of date"
    await followed.shows(stale, "#live")
    await followed.shows(stale, "#spoken")
    assert "We need information" in await page.inner_text("h1")
    assert not await page.locator("#live.on").count()
    await page.unroute("**/en/applications/**")
    await followed.shows("A decision has been made")
    await followed.shows("A decision has been made", "#spoken")
    await page.wait_for_selector("#live.on")
    assert failed


async def test_of_two_quick_changes_the_page_ends_with_the_last_though_the_answer_of_the_first_comes_late(
    followed: Following,
) -> None:
    """The first answer is held until the second change was told: it is older by then."""
    page, go = followed.page, asyncio.Event()
    held: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    async def hold(route: Any) -> None:
        if held.done():
            await route.continue_()
            return
        answer = await route.fetch()
        held.set_result(route.request)
        await go.wait()
        await route.fulfill(response=answer)

    await page.evaluate(
        "() => { const source = new EventSource(document.getElementById('live').dataset.stream);"
        " source.addEventListener('application', e => { window.told = JSON.parse(e.data).version }) }"
    )
    await page.route("**/en/applications/**", hold)
    await followed.report("in_review")
    first = await asyncio.wait_for(held, 20)
    await followed.report("decided")
    await page.wait_for_function("() => window.told === 4")
    async with page.expect_response(lambda answer: answer.request == first) as answered:
        go.set()
    await (await answered.value).finished()
    await followed.shows("A decision has been made")
    # Whatever the first answer leads to is done when the browser has drawn twice since.
    await page.evaluate("() => new Promise(go => requestAnimationFrame(() => requestAnimationFrame(go)))")
    assert "A decision has been made" in await page.inner_text("h1")


async def test_an_answer_that_is_older_than_what_was_told_is_asked_for_again(followed: Following) -> None:
    page = followed.page
    older = await (await page.request.get(page.url)).text()
    given: list[str] = []

    async def give(route: Any) -> None:
        given.append(route.request.url)
        await (route.fulfill(body=older, content_type="text/html") if len(given) == 1 else route.continue_())

    await page.route("**/en/applications/**", give)
    await followed.report("decided")
    await followed.shows("A decision has been made")
    assert len(given) == 2


async def test_a_stream_that_is_refused_is_opened_again_and_nothing_is_missed(followed: Following) -> None:
    """A browser gives up on an answer that is no stream; the page does not."""
    page = followed.page
    await page.route("**/events?**", lambda route: route.fulfill(status=503))
    await page.reload()
    await followed.shows("may be out of date", "#live")
    await followed.report("decided")
    await page.unroute("**/events?**")
    await followed.shows("A decision has been made")
    await page.wait_for_selector("#live.on", timeout=30_000)


async def test_a_page_whose_application_may_not_be_read_any_more_leads_to_what_may(followed: Following) -> None:
    await followed.page.context.clear_cookies()
    await followed.report("decided")
    await followed.page.wait_for_selector("[name=tracking_code]", timeout=20_000)
