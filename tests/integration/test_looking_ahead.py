"""What is said of one service beyond its shares, and of a department's years, over HTTP and on pages anyone can use."""

from datetime import date, datetime, timedelta
from typing import Any

import aiohttp
import asyncpg
import orjson
import pytest

from guichet import keys
from guichet.client import Services
from guichet.tokens import token
from services.reporting.store.trends import answers_by_year
from shared.calendars import calendar
from shared.language import LANGUAGES, Language
from shared.testing import eventually, feedback_event, status_event
from tests.conftest import LocalSystem
from tests.integration.inventories import inventory_event, service_with_standard
from tests.integration.test_browser import WIDE, judge
from tests.unit.evidence import row

ORG, SERVICE, TIMED = "9075", "ahead-service", "ahead-service-1"
TODAY = datetime.now(calendar("CA").zone).replace(hour=10, minute=0, second=0, microsecond=0)
ENDED, LATE = 24, 12


def ago(days: float) -> str:
    return (TODAY - timedelta(days=days)).isoformat()


def case(name: str, state: str, number: int, days: float) -> bytes:
    said = {"service_id": SERVICE, "time": ago(days), "id": f"{name}-{number}"}
    return orjson.dumps(status_event(ORG, name, state, number=number, **said))


def applications() -> list[bytes]:
    """Ended within three days in each of the last eight weeks, and as long as that open: late for a week, and not before."""
    ended = [(f"ahead-ended-{n}", 7 * (n % 8) + 1) for n in range(ENDED)]
    sent = [case(name, "submitted", 1, days + 3) for name, days in ended]
    sent += [case(name, "decided", 2, days) for name, days in ended]
    return sent + [case(f"ahead-late-{n}", "submitted", 1, 17) for n in range(LATE)]


def result(standard: str, **said: Any) -> bytes:
    period = {
        "from": (TODAY.date() - timedelta(days=20)).isoformat(),
        "to": (TODAY.date() - timedelta(days=5)).isoformat(),
    }
    data = {"service_id": SERVICE, "service_standard_id": standard, **period, **said}
    return inventory_event(ORG, "ServiceStandardResultReported", f"result-{standard}", data)


def standard(name: str, **said: Any) -> bytes:
    names = {"service_name_en": SERVICE, "service_name_fr": SERVICE}
    data = {
        "dialect": "collection",
        "fiscal_year": "2024-2025",
        "service_id": SERVICE,
        **names,
        "service_standard_id": name,
    }
    return inventory_event(ORG, "ServiceStandardReported", name, {**data, **said})


def inventory() -> list[bytes]:
    filed = {"volume_meeting_target": 40, "total_volume": 50}
    return [
        *service_with_standard(ORG, SERVICE, {"limit": "P10D", "confirmed": True}),
        standard("accuracy", type=["ACY"], target=0.9, **filed),
        standard("average", type=["OTH"]),
        inventory_event(ORG, "ServiceReported", "ahead-2023", row(SERVICE, "2023-2024", points="NYYYYY", priority={"designated": True})),
        inventory_event(ORG, "ServiceReported", "ahead-2024", row(SERVICE, "2024-2025", priority={"designated": True})),
        result("accuracy", met=95, total=100),
        result("average", value=1.6, unit="weeks"),
    ]  # fmt: skip


@pytest.fixture(scope="module")
async def reported(services: Services) -> str:
    key = (await keys.create(services, ORG))["key"]
    answers = [
        orjson.dumps(feedback_event(ORG, f"ahead-{n}", "suggestion", service_id=SERVICE, rating=4 + n % 2, drivers={"ease": 2}, time=ago(60)))
        for n in range(12)
    ]  # fmt: skip
    for service, events in (("inventory", inventory()), ("status", applications()), ("feedback", answers)):
        receipts = await services.send(service, key, events)
        assert {each["outcome"] for each in receipts} == {"accepted"}, receipts

    async def read() -> Any:
        return await items_of(services, "fiscal_year")

    await eventually(read, lambda items: items[TIMED]["total"] == ENDED and items[TIMED]["open"] == LATE)

    async def answered() -> Any:
        return (await services.ask("reporting", "/v1/trends", query={"org": ORG}))["items"]

    await eventually(answered, lambda items: any(each["satisfied"]["denominator"] == 12 for each in items))
    return SERVICE


async def items_of(services: Services, window: str = "28d", **who: Any) -> dict[str, Any]:
    answer = await services.ask("reporting", f"/v1/performance/{SERVICE}", query={"window": window}, **who)
    return {each["standard_id"]: each for each in answer["items"]}


async def test_open_cases_count_beside_the_share_of_ended_ones_and_the_difference_is_told(
    services: Services, reported: str
) -> None:
    item = (await items_of(services, "fiscal_year", public=True))[TIMED]
    assert (item["share"], item["verdict"]) == (1.0, "met")
    found = item["including_open"]
    assert (found["at_risk"], found["ended"], found["passed"], found["censored"]) == (ENDED + LATE, ENDED, LATE, 0)
    assert found["share"] == pytest.approx(ENDED / (ENDED + LATE))
    assert found["interval"][0] < found["share"] < found["interval"][1]
    assert found["excluded"] == {"late_before": 0, "paused": 0, "not_started": 0}
    assert "have not ended yet" in found["explanation"]["en"]
    assert "n'ont pas encore pris fin" in found["explanation"]["fr"]
    assert found["as_of"]


async def test_early_warning_is_given_with_an_interval_and_the_numbers_behind_it(
    services: Services, reported: str
) -> None:
    item = (await items_of(services, public=True))[TIMED]
    found = item["outlook"]
    assert found["state"] in {"on_track", "uncertain", "off_track"}
    assert (found["met"], found["total"], found["open_late"]) == (ENDED, ENDED, LATE)
    assert found["expected"]["low"] <= found["expected"]["middle"] <= found["expected"]["high"]
    assert found["interval"][0] <= found["share"] <= found["interval"][1]
    assert str(ENDED) in found["explanation"]["fr"]


async def test_each_standard_says_where_its_figures_come_from(services: Services, reported: str) -> None:
    items = await items_of(services, public=True)
    assert {name: each["source"] for name, each in items.items()} == {
        TIMED: "applications", "accuracy": "reported_results", "average": None,
    }  # fmt: skip
    assert (items["accuracy"]["kind"], items["accuracy"]["share"], items["accuracy"]["verdict"]) == ("ACY", 0.95, "met")
    assert items["accuracy"]["filed"] == {
        "fiscal_year": "2024-2025", "met": 40, "total": 50, "share": 0.8, "target": 0.9, "target_met": "N", "channel": None,
    }  # fmt: skip
    (average,) = items["average"]["results"]
    assert (average["value"], average["unit"], average["met"], average["total"]) == (1.6, "weeks", None, None)
    assert items["average"]["share"] is None
    assert "1.6 weeks" in items["average"]["expect"]["en"]
    assert items["accuracy"]["outlook"]["reason"] == "reported_results"
    assert items["average"]["including_open"]["reason"] == "no_clock"


async def test_the_public_is_told_nothing_on_fewer_than_ten_where_a_role_is(services: Services, reported: str) -> None:
    public = (await items_of(services, "7d", public=True))[TIMED]
    assert public["total"] is None
    assert public["including_open"]["suppressed"] is True
    assert public["outlook"]["suppressed"] is True
    assert "not shown" in public["expect"]["en"]
    auditor = (await items_of(services, "7d", bearer=token(services.home, "auditor", ["auditor"], "9001")))[TIMED]
    assert auditor["total"] == 3
    assert auditor["including_open"]["share"] is not None
    assert auditor["outlook"]["state"] is not None


async def test_trends_have_every_year_with_its_numbers_and_say_how_it_went(services: Services, reported: str) -> None:
    answer = await services.ask("reporting", "/v1/trends", query={"org": ORG}, public=True)
    years = {each["fiscal_year"]: each for each in answer["items"]}
    assert (years["2023-2024"]["e_services"]["numerator"], years["2023-2024"]["e_services"]["denominator"]) == (0, 1)
    assert (years["2024-2025"]["e_services"]["numerator"], years["2024-2025"]["e_services"]["denominator"]) == (1, 1)
    assert {each["measure"]: each["direction"] for each in answer["changes"]}["e_services"] == "up"
    rated = [each for each in years.values() if each["satisfied"]["denominator"]]
    assert [(each["satisfied"]["share"], each["satisfied"]["denominator"]) for each in rated] == [(1.0, 12)]
    assert rated[0]["drivers"]["ease"]["share"] == 0.0
    assert rated[0]["drivers"]["courtesy"]["share"] is None
    assert years["2023-2024"]["satisfied"]["share"] is None
    assert answer["as_of"]


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_page_of_a_service_says_what_to_expect_and_what_its_figures_count(
    services: Services,
    browser: Any,
    reported: str,
    language: Language,
) -> None:
    context = await browser.new_context(java_script_enabled=True)
    page = await context.new_page()
    await page.goto(f"{services.url('reporting')}/{language}/services/{SERVICE}?window=fiscal_year")
    await judge(page, f"expect-{language}")
    text = await page.inner_text("main")
    for said in {
        "en": ("What you can expect now", "8 in 10 cases that ended took 3 days or less", "an estimated 66.7%", "1.6 weeks", "40 / 50"),
        "fr": ("Ce à quoi vous attendre maintenant", "8 cas terminés sur 10 ont pris 3 jours ou moins", "on estime que 66,7 %", "1,6 semaines", "40 / 50"),
    }[language]:  # fmt: skip
        assert said in text, said


async def test_trends_before_a_day_leave_out_what_was_received_from_its_midnight_in_ottawa_on(
    services: Services, system: LocalSystem
) -> None:
    org, key = "9076", (await keys.create(services, "9076"))["key"]
    moments = ("2025-03-10T03:59:59Z", "2025-03-10T04:00:00Z")  # midnight is at four, in daylight saving time
    said = [
        feedback_event(org, f"midnight-{n}", "suggestion", service_id="midnight", rating=5, time=moment)
        for n, moment in enumerate(moments)
    ]
    receipts = await services.send("feedback", key, [orjson.dumps(each) for each in said])
    assert {each["outcome"] for each in receipts} == {"accepted"}, receipts
    connection = await asyncpg.connect(system.dsn("postgres", "reporting"))

    async def answers(before: date) -> int:
        return sum(each["answers"] for each in await answers_by_year(connection, org, before))

    try:
        await eventually(lambda: answers(date(2025, 3, 11)), lambda found: found == len(moments))
        assert await answers(date(2025, 3, 10)) == 1
    finally:
        await connection.close()


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_page_of_trends_draws_what_its_tables_say_and_is_clean(
    services: Services,
    browser: Any,
    reported: str,
    language: Language,
) -> None:
    page = await browser.new_page()
    await page.set_viewport_size(WIDE)
    await page.goto(f"{services.url('reporting')}/{language}/trends?org={ORG}")
    await judge(page, f"trends-{language}")
    drawn = await page.locator("svg.trend").count()
    assert drawn >= 3
    titles = await page.locator("svg.trend title").all_text_contents()
    assert any(
        {"en": "2024-2025 100.0%", "fr": "2024-2025 100,0"}[language] in each.replace("\u00a0", " ") for each in titles
    )
    assert await page.locator("main table").count() >= drawn
    text = await page.inner_text("main")
    assert {"en": "no data", "fr": "aucune donnée"}[language] in text
    assert {
        "en": "higher in 2024-2025 (1 of 1) than in 2023-2024 (0 of 1)",
        "fr": "plus élevée en 2024-2025 (1 sur 1) qu'en 2023-2024 (0 sur 1)",
    }[language] in text


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_pages_are_whole_without_script_and_without_anything_reported(
    services: Services, http: aiohttp.ClientSession, reported: str, language: Language
) -> None:
    async with http.get(f"{services.url('reporting')}/{language}/trends?org=303") as answer:
        assert answer.status == 200
        assert {"en": "Nothing was reported yet", "fr": "Rien n'a encore été déclaré"}[language] in (
            await answer.text()
        ).replace("&#39;", "'")
    async with http.get(f"{services.url('reporting')}/{language}/services/{SERVICE}") as answer:
        text = await answer.text()
        assert answer.status == 200
        assert "Kaplan-Meier" in text
