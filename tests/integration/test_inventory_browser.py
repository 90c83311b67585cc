"""Inventory's pages in a real browser: by keyboard alone, without script, at 400 %, and clean for axe, in both languages."""

from typing import Any

import pytest

from guichet import keys
from guichet.client import Services
from guichet.tokens import token
from shared.language import LANGUAGES, Language
from tests.integration.test_browser import judge, to
from tests.integration.test_corrections import STANDARD
from tests.integration.test_stewardship import event, record, send, service

ORG, NEXT = "9037", "9038"


@pytest.fixture
async def page(browser: Any) -> Any:
    """A page without script: all of it is there all the same."""
    context = await browser.new_context(java_script_enabled=False)
    return await context.new_page()


@pytest.fixture
async def with_script(browser: Any) -> Any:
    """What axe needs to run."""
    return await browser.new_page()


@pytest.fixture
async def described(services: Services, unique: str) -> str:
    """A service with all that its page can show; its number."""
    key, name = str((await keys.create(services, ORG))["key"]), f"S-{unique}"
    review = {
        "service_id": name, "on": "2025-05-01", "areas": ["mobile"],
        "recommendations": [{"id": "R1", "text": {"en": "a", "fr": "b"}}],
    }  # fmt: skip
    await send(
        services,
        key,
        service(ORG, name, fiscal_year="2024-2025"),
        service(ORG, f"{name}-gone", fiscal_year="2024-2025"),
        service(ORG, name, fiscal_year="2025-2026", service_fee="Y"),
        standard(name),
        record(ORG, "service_review_completed", **review),
        event(ORG, "ServiceTransferReported", service_id=name, on="2037-04-01", to_org=NEXT),
        event(ORG, "ServiceRetirementReported", service_id=name, on="2036-04-01"),
    )
    return name


def standard(name: str) -> dict[str, Any]:
    """Of this service; how it is measured is only read from its sentence."""
    said = {key: value for key, value in STANDARD.items() if key != "measure"}
    said |= {"service_id": name, "service_standard_id": f"STD-{name}", "fiscal_year": "2025-2026"}
    return event(ORG, "ServiceStandardReported", **said)


PATHS = (
    "/", "/services/{name}", "/services/{name}/standards/STD-{name}", f"/annual-update?org={ORG}&fiscal_year=2025-2026",
    "/tools/service?final_output=yes&need=no", "/tools/priority",
)  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
async def test_axe_finds_nothing_and_nothing_is_cut_off_at_400_percent(
    services: Services, with_script: Any, described: str, language: Language
) -> None:
    for number, path in enumerate(PATHS):
        await with_script.goto(f"{services.url('inventory')}/{language}{path.format(name=described)}")
        await judge(with_script, f"inventory-{number}-{language}")


@pytest.mark.parametrize(("language", "reviewed"), [("en", "mobile optimization"), ("fr", "optimisation mobile")])
async def test_a_service_s_page_tells_its_reviews_what_becomes_of_it_and_what_changed(
    services: Services, page: Any, described: str, language: Language, reviewed: str
) -> None:
    await page.goto(f"{services.url('inventory')}/{language}/services/{described}")
    text = await page.inner_text("main")
    assert reviewed in text
    assert "2036" in text
    assert "2037" in text
    assert "R1" in text
    await page.get_by_text("Changements : 1" if language == "fr" else "Changes: 1").first.click()
    assert "Frais de service" in await page.inner_text("main") or language == "en"


@pytest.mark.parametrize(
    ("language", "judged"), [("en", "This is not a service by itself"), ("fr", "Ce n'est pas un service à lui seul")]
)
async def test_the_eight_questions_are_answered_by_keyboard(
    services: Services, with_script: Any, language: Language, judged: str
) -> None:
    page = with_script
    await page.goto(f"{services.url('inventory')}/{language}/tools/service")
    await to(page, "final_output")
    await page.keyboard.press("Space")
    await to(page, "repeated")
    await page.keyboard.press("ArrowRight")
    async with page.expect_navigation():
        await page.keyboard.press("Enter")
    assert judged in await page.inner_text("[role=status]")


async def test_a_priority_is_proposed_with_its_rationale_in_both_languages_or_refused(
    services: Services, page: Any
) -> None:
    await page.goto(f"{services.url('inventory')}/fr/tools/priority")
    await page.select_option("#volume", "high")
    await page.fill("#rationale_en", "Most used")
    async with page.expect_navigation():
        await page.click("main button")
    assert "dans les deux langues" in await page.inner_text("[role=alert]")
    await page.fill("#rationale_fr", "Le plus utilisé")
    async with page.expect_navigation():
        await page.click("main button")
    assert '"designated": true' in await page.inner_text("pre")
    assert "Le plus utilisé" in await page.inner_text("pre")


async def test_the_annual_update_is_chosen_and_read_without_script(
    services: Services, page: Any, described: str
) -> None:
    await page.goto(f"{services.url('inventory')}/en/annual-update")
    await page.select_option("#org", ORG)
    await page.select_option("#fiscal_year", "2025-2026")
    async with page.expect_navigation():
        await page.click("main button")
    text = await page.inner_text("main")
    assert "What is left to do" in text
    assert f"{described}-gone" in text


MEASURED = {"en": "20 business days", "fr": "20 jours ouvrables"}


async def sign_in(services: Services, page: Any, language: Language, subject: str, role: str, org: str) -> None:
    """Where the page that is open leads to, and back to it."""
    async with page.expect_navigation():
        await page.click("a[href*='/sign-in']")
    await page.fill("[name=token]", token(services.home, subject, [role], org))
    async with page.expect_navigation():
        await page.press("[name=token]", "Enter")
    assert await page.locator("[name=token]").count() == 0


@pytest.mark.parametrize("language", LANGUAGES)
async def test_an_officer_confirms_a_measure_on_the_standard_s_page_and_nothing_unseen(
    services: Services, page: Any, with_script: Any, described: str, language: Language
) -> None:
    path = f"{services.url('inventory')}/{language}/services/{described}/standards/STD-{described}"
    await with_script.goto(path)
    await sign_in(services, with_script, language, "an-officer", "officer", ORG)
    await judge(with_script, f"inventory-measure-{language}")
    await page.goto(path)
    await sign_in(services, page, language, "another-officer", "officer", ORG)
    await page.fill("#amount", "20")
    await page.select_option("#unit", "business_day")
    async with page.expect_navigation():
        await page.click("form[method=post] button")
    assert MEASURED[language] in await page.inner_text("dl")
    assert await page.locator("dl .good").count() == 1
    async with with_script.expect_navigation():
        await with_script.click("form[method=post] button")
    assert await with_script.locator("[role=alert]").count() == 1


async def test_a_measure_that_is_none_is_told_on_the_page(services: Services, page: Any, described: str) -> None:
    await page.goto(f"{services.url('inventory')}/en/services/{described}/standards/STD-{described}")
    await sign_in(services, page, "en", "an-officer", "officer", ORG)
    await page.fill("#amount", "123456")
    async with page.expect_navigation():
        await page.click("form[method=post] button")
    assert "9999" in await page.inner_text("[role=alert]")


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_year_is_confirmed_on_the_page_by_the_department_s_own(
    services: Services, page: Any, described: str, language: Language
) -> None:
    year = {"en": "2024-2025", "fr": "2025-2026"}[language]
    await page.goto(f"{services.url('inventory')}/{language}/annual-update?org={ORG}&fiscal_year={year}")
    await sign_in(services, page, language, "another", "officer", NEXT)
    assert await page.locator("form[method=post]").count() == 0
    await page.context.clear_cookies()
    await page.goto(f"{services.url('inventory')}/{language}/annual-update?org={ORG}&fiscal_year={year}")
    await sign_in(services, page, language, "the-deputy-head", "deputy_head", ORG)
    assert await page.locator("ol.steps li").last.locator(".warn").count() == 1
    async with page.expect_navigation():
        await page.click("form[method=post] button")
    assert await page.locator("ol.steps li").last.locator(".good").count() == 1
    assert year in page.url
