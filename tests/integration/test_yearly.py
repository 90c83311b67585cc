"""What a fiscal year comes to, over HTTP: indicators with the rows behind them, doubts, and the filing."""

from pathlib import Path
from typing import Any

import aiohttp
import pytest

from guichet import keys
from guichet.client import Services
from guichet.tokens import token
from shared.language import LANGUAGES, Language
from shared.testing import eventually
from tests.conftest import LocalSystem
from tests.integration.inventories import inventory_event
from tests.integration.test_browser import judge

ORG, YEAR = "9057", "2022-2023"
ONLINE = dict.fromkeys(
    (
        "os_account_registration",
        "os_authentication",
        "os_application",
        "os_decision",
        "os_issuance",
        "os_issue_resolution_feedback",
    ),
    "Y",
)


@pytest.fixture(scope="module")
async def service(services: Services) -> str:
    """An organisation's year: a service online with a standard that met more than there was, and one of no standard."""
    key = (await keys.create(services, ORG))["key"]
    first, second = "Y-1", "Y-2"
    row = {
        "dialect": "collection",
        "fiscal_year": YEAR,
        "service_scope": ["EXTERN"],
        "service_name_en": "A",
        "service_name_fr": "B",
    }
    standard = {"target": 0.8, "volume_meeting_target": 12, "total_volume": 10}
    sent = [
        inventory_event(ORG, "ServiceReported", first, {**row, "service_id": first, **ONLINE, "num_applications_online": 7}),
        inventory_event(ORG, "ServiceReported", second, {**row, "service_id": second, "os_decision": "N"}),
        inventory_event(ORG, "ServiceStandardReported", f"{first}-1", {
            **{name: value for name, value in row.items() if name != "service_scope"},
            "service_id": first, "service_standard_id": f"{first}-1", **standard,
        }),
    ]  # fmt: skip
    assert {each["outcome"] for each in await services.send("inventory", key, sent)} == {"accepted"}

    async def read() -> Any:
        return (await services.ask("reporting", "/v1/indicators", query={"fiscal_year": YEAR, "org": ORG}))["items"]

    await eventually(read, lambda items: items and items[1]["denominator"] == 1)
    return first


async def figures(services: Services, formula: str) -> dict[str, tuple[int, int, Any]]:
    asked = {"fiscal_year": YEAR, "org": ORG, "formula": formula}
    items = (await services.ask("reporting", "/v1/indicators", query=asked))["items"]
    return {each["indicator"]: (each["numerator"], each["denominator"], each["value"]) for each in items}


async def test_indicators_of_an_organisation_are_those_of_its_year_in_either_formula(
    services: Services, service: str
) -> None:
    board, exact = await figures(services, "tbs-2025"), await figures(services, "exact")
    assert board["maf1"] == (1, 2, 50.0)
    assert board["maf5"] == exact["maf5"] == (1, 2, 50.0)
    assert board["maf2"] == (1, 1, 100.0)
    assert exact["maf2"] == (0, 0, None)


async def test_the_rows_behind_an_indicator_add_up_to_it(services: Services, service: str) -> None:
    asked = {"fiscal_year": YEAR, "org": ORG}
    items = (await services.ask("reporting", "/v1/indicators/maf6/rows", query=asked))["items"]
    assert {each["service_id"]: (each["numerator"], each["denominator"]) for each in items} == {
        service: (6, 6),
        "Y-2": (0, 1),
    }


async def test_doubts_are_read_by_the_organisation_s_officers_with_what_to_do(services: Services, service: str) -> None:
    bearer = token(services.home, "an-officer", ["officer"], ORG)
    items = (await services.ask("reporting", "/v1/quality", query={"fiscal_year": YEAR}, bearer=bearer))["items"]
    assert items[0]["issue"] == "qa_performance_over_100"
    assert {each["org_id"] for each in items} == {ORG}
    assert all(each["text"]["fr"] and each["action"]["fr"] for each in items)


async def test_the_filing_is_what_the_inventory_exports(services: Services, service: str) -> None:
    async with aiohttp.ClientSession() as session:
        for file in ("service.csv", "service-std.csv"):
            texts = []
            for name, path in (("reporting", "filing"), ("inventory", "export")):
                async with session.get(f"{services.url(name)}/v1/{path}/{YEAR}/{file}?org={ORG}") as answer:
                    assert answer.status == 200
                    texts.append(await answer.text())
            assert texts[0] == texts[1]
            assert service in texts[0]


def test_the_command_writes_the_filing(system: LocalSystem, service: str, tmp_path: Path) -> None:
    system.command("filing", YEAR, "--out", str(tmp_path), "--org", ORG)
    assert service in (tmp_path / "service.csv").read_text("utf-8-sig")
    assert f"{service}-1" in (tmp_path / "service-std.csv").read_text("utf-8-sig")


async def test_a_year_that_is_none_is_refused_with_an_example(services: Services) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{services.url('reporting')}/v1/indicators?fiscal_year=2024") as answer,
    ):
        assert answer.status in {400, 422}
        assert "2025-2026" in (await answer.json())["detail"]


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_page_of_a_year_s_indicators_is_clean_and_says_what_each_share_is_of(
    services: Services,
    browser: Any,
    service: str,
    language: Language,
) -> None:
    page = await browser.new_page()
    await page.goto(f"{services.url('reporting')}/{language}/indicators?fiscal_year={YEAR}&org={ORG}")
    await judge(page, f"indicators-{language}")
    text = await page.inner_text("main")
    assert "1 / 2" in text
    assert {"en": "Services online from end to end", "fr": "Services offerts en ligne de bout en bout"}[
        language
    ] in text
    await page.goto(f"{services.url('reporting')}/{language}/indicators?fiscal_year=2006-2007")
    await judge(page, f"no-indicators-{language}")
