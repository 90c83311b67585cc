"""One event from a department to the public view, as each user meets it."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from yarl import URL

from guichet import keys
from guichet.client import Services
from guichet.tokens import token
from shared.testing import eventually, status_event
from tests.conftest import ROOT, LocalSystem
from tests.e2e.conftest import Served


def _event(served: Served, application: str, state: str, number: int, days_ago: float) -> dict[str, Any]:
    moment = datetime.now(UTC) - timedelta(days=days_ago)
    return status_event(
        served.org_id,
        application,
        state,
        number=number,
        time=moment,
        service_id=served.service_id,
        channel=served.channel,
    )


async def _figure(services: Services, served: Served, bearer: str | None) -> dict[str, Any]:
    path = f"/v1/performance/{served.service_id}"
    answer = await services.ask("reporting", path, bearer=bearer, public=bearer is None)
    return next(i for i in answer["items"] if (i["standard_id"], i["channel"]) == (served.standard_id, served.channel))


async def test_an_event_is_seen_by_the_department_the_client_and_the_auditor_but_not_yet_by_the_public(
    system: LocalSystem, services: Services, served: Served, unique: str, tmp_path: Path
) -> None:
    auditor = token(services.home, "auditor", ["auditor"])
    before = await _figure(services, served, auditor)
    events = [_event(served, unique, "submitted", 1, 3), _event(served, unique, "decided", 2, 2)]
    file = tmp_path / "event.json"
    file.write_text(json.dumps(events), encoding="utf-8")

    receipts = [json.loads(line) for line in system.command("emit", str(file), "--to", "status").stdout.splitlines()]
    assert [receipt["outcome"] for receipt in receipts] == ["accepted", "accepted"]

    department = (await keys.create(services, served.org_id))["key"]
    application = await services.ask("status", f"/v1/applications/{unique}", bearer=department)
    assert application["state"] == "decided"
    assert application["summary"]["fr"] == "Une décision a été rendue."
    clock = next(each for each in application["standards"] if each["standard_id"] == served.standard_id)
    assert (clock["state"], clock["met"], clock["unit"]) == ("stopped", True, "business_day")

    after = await eventually(
        lambda: _figure(services, served, auditor), lambda figure: figure["total"] == before["total"] + 1
    )
    assert after["met"] == before["met"] + 1
    assert after["suppressed"] is False
    public = await _figure(services, served, None)
    assert (public["total"] is None) is (0 < after["total"] < 10)
    assert (public["share"] is None) is (after["total"] < 10)


async def test_a_client_follows_an_application_with_the_tracking_code_alone(
    services: Services, served: Served, unique: str
) -> None:
    department = (await keys.create(services, served.org_id, ["status"]))["key"]
    receipts = await services.send(
        "status", department, [json.dumps(_event(served, unique, "submitted", 1, 1)).encode()]
    )
    code = receipts[0]["tracking_code"].lower().replace("-", " ")
    url = services.url("status")
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as client:
        async with client.get(f"{url}/v1/applications/{unique}") as answer:
            assert answer.status == 401
        async with client.post(f"{url}/v1/tracking", json={"tracking_code": "AAAAA-AAAAA-AAAAA-AAAAA"}) as answer:
            assert answer.status == 404
        async with client.post(f"{url}/v1/tracking", json={"tracking_code": code}) as answer:
            assert answer.status == 200
            assert "HttpOnly" in answer.headers["Set-Cookie"]
        async with client.get(f"{url}/v1/applications/{unique}") as answer:
            found = await answer.json(content_type=None)
        assert found["state"] == "submitted"
        assert found["expected_at"]
        for language, words in (("en", "We have received your application."), ("fr", "Nous avons reçu votre demande.")):
            async with client.get(f"{url}/{language}/applications/{served.org_id}/{unique}") as answer:
                page = await answer.text()
            assert answer.status == 200
            assert f'<html lang="{language}-CA">' in page
            assert words in page.replace("&#39;", "'")


async def test_another_department_s_application_is_not_there(services: Services, served: Served, unique: str) -> None:
    mine = (await keys.create(services, served.org_id, ["status"]))["key"]
    other = (await keys.create(services, "134", ["status"]))["key"]
    await services.send("status", mine, [json.dumps(_event(served, unique, "submitted", 1, 1)).encode()])
    status, answer = await services._request(
        "GET", "status", f"/v1/applications/{unique}", None, "application/json", other
    )
    assert (status, answer["code"]) == (404, "not_found")
    client = token(services.home, "someone-else")
    status, _ = await services._request("GET", "status", f"/v1/applications/{unique}", None, "application/json", client)
    assert status == 404


async def test_an_event_for_another_organisation_s_service_is_refused(
    services: Services, served: Served, unique: str
) -> None:
    other = (await keys.create(services, "134", ["status"]))["key"]
    event = status_event("134", unique, "submitted", service_id=served.service_id)
    receipts = await services.send("status", other, [json.dumps(event).encode()])
    assert receipts[0]["problem"]["code"] == "not_your_service"


async def test_a_late_report_takes_its_place_and_the_figures_follow(
    services: Services, served: Served, unique: str
) -> None:
    """First decided late; then the department says that it had waited for the client meanwhile: met after all."""
    department = (await keys.create(services, served.org_id, ["status"]))["key"]
    auditor = token(services.home, "auditor", ["auditor"])
    before = await _figure(services, served, auditor)
    begun = served.days * 2 + 10
    for event in (_event(served, unique, "submitted", 1, begun), _event(served, unique, "decided", 4, 0.1)):
        await services.send("status", department, [json.dumps(event).encode()])
    late = await eventually(lambda: _figure(services, served, auditor), lambda f: f["total"] == before["total"] + 1)
    assert late["met"] == before["met"]
    paused = [
        _event(served, unique, "information_received", 3, 0.2),
        _event(served, unique, "information_requested", 2, begun - 0.5),
    ]
    await services.send("status", department, [json.dumps(event).encode() for event in paused])
    met = await eventually(lambda: _figure(services, served, auditor), lambda f: f["met"] == before["met"] + 1)
    assert met["total"] == before["total"] + 1


async def test_from_ten_cases_on_the_public_sees_the_share(services: Services, served: Served, unique: str) -> None:
    department = (await keys.create(services, served.org_id, ["status"]))["key"]
    events = [
        _event(served, f"{unique}-{case}", state, number, days)
        for case in range(10)
        for number, (state, days) in enumerate((("submitted", 2), ("decided", 1)), 1)
    ]
    await services.send("status", department, [json.dumps(event).encode() for event in events])
    figure = await eventually(
        lambda: _figure(services, served, None), lambda f: f["total"] is not None and f["total"] >= 10
    )
    assert 0 < figure["share"] <= 1
    assert figure["interval"][0] < figure["share"] <= figure["interval"][1]


@pytest.mark.parametrize(
    ("window", "wanted"),
    [
        ("2026-01-01/2026-06-30", (401, "unauthorized")),
        ("2026-06-30/2026-01-01", (400, "invalid_request")),
        ("yesterday", (400, "invalid_request")),
    ],
)
async def test_the_public_may_not_choose_its_own_window(
    services: Services, served: Served, window: str, wanted: tuple[int, str]
) -> None:
    path = f"/v1/performance/{served.service_id}?window={window}"
    status, answer = await services._request("GET", "reporting", path, None, "application/json", None)
    assert (status, answer["code"]) == wanted


async def test_the_stream_tells_of_a_change_and_resumes_without_a_gap(
    services: Services, http: aiohttp.ClientSession, served: Served, unique: str
) -> None:
    department = (await keys.create(services, served.org_id, ["status"]))["key"]
    url = f"{services.url('reporting')}/v1/stream"

    async def next_of(answer: aiohttp.ClientResponse, wanted: str, after: int = -1) -> tuple[int, dict[str, Any]]:
        fields: dict[str, str] = {}
        async for line in answer.content:
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name:
                fields[name] = value
            elif fields.get("event") == wanted and int(fields["id"]) > after:
                return int(fields["id"]), json.loads(fields["data"])
            else:
                fields = {}
        raise AssertionError("the stream ended")

    async def send(number: int, state: str) -> None:
        await services.send(
            "status", department, [json.dumps(_event(served, unique, state, number, 3 - number)).encode()]
        )

    # The stream names no service with fewer than ten cases.
    many = [
        _event(served, f"{unique}-{case}", state, number, days)
        for case in range(10)
        for number, (state, days) in enumerate((("submitted", 2), ("decided", 1)), 1)
    ]
    await services.send("status", department, [json.dumps(event).encode() for event in many])
    await eventually(lambda: _figure(services, served, None), lambda f: f["total"] is not None and f["total"] >= 10)

    async with http.get(url) as answer:
        start, _ = await next_of(answer, "start")
        await send(1, "submitted")
        first, told = await next_of(answer, "performance", after=start)
        assert served.service_id in told["services"]
    await send(2, "decided")
    await services.ask("reporting", "/v1/freshness")
    async with http.get(url, headers={"Last-Event-ID": str(first)}) as answer:
        second, told = await next_of(answer, "performance")
        assert served.service_id in told["services"]
        assert second > first
    for unknown in ("999999999999", "²", "9" * 5000):
        async with http.get(url, params={"last_event_id": unknown}) as answer:
            await next_of(answer, "reset")


@pytest.mark.parametrize(
    ("service", "path"),
    [
        ("reporting", "/v1/performance?org=%00"),
        ("reporting", "/v1/performance/%00"),
        ("reporting", "/fr/services/%00"),
        ("reporting", "/v1/performance?after=WyJcdTAwMDAiLCIiLCIiXQ=="),
        ("inventory", "/v1/services?q=%00"),
        ("inventory", "/v1/services/a%00b/history"),
    ],
)
async def test_the_character_nul_is_refused_and_reaches_no_database(
    services: Services, http: aiohttp.ClientSession, service: str, path: str
) -> None:
    async with http.get(URL(services.url(service) + path, encoded=True)) as answer:
        assert answer.status == 400
        assert (await answer.json(content_type=None))["code"] == "invalid_request"


async def test_a_path_that_is_not_there_gets_problem_details(services: Services, http: aiohttp.ClientSession) -> None:
    async with http.get(f"{services.url('status')}/v1/nope") as answer:
        assert (answer.status, (await answer.json(content_type=None))["code"]) == (404, "not_found")
    async with http.put(f"{services.url('status')}/v1/tracking") as answer:
        assert (answer.status, (await answer.json(content_type=None))["code"]) == (405, "method_not_allowed")


async def test_next_year_s_standard_leaves_today_s_figure_alone(
    services: Services, served: Served, unique: str
) -> None:
    department = (await keys.create(services, served.org_id, ["inventory"]))["key"]
    standard = json.loads((ROOT / "docs/examples/standard.json").read_text(encoding="utf-8"))
    row = {**standard["data"], "service_id": served.service_id, "service_standard_id": f"X-{unique}"}
    for year, target in (("2026-2027", 0.9), ("2027-2028", 0.1)):
        event = {**standard, "id": f"{unique}-{year}", "source": f"/organizations/{served.org_id}/inventory"}
        event["data"] = {**row, "fiscal_year": year, "target": target}
        receipts = await services.send("inventory", department, [json.dumps(event).encode()])
        assert receipts[0]["outcome"] == "accepted", receipts

    async def targets() -> list[float]:
        answer = await services.ask("reporting", f"/v1/performance/{served.service_id}")
        return [item["target"] for item in answer["items"] if item["standard_id"] == f"X-{unique}"]

    position = receipts[0]["position"]

    async def read() -> bool:
        items = (await services.ask("reporting", "/v1/reading"))["items"]
        return all(item["position"] >= position for item in items if item["service"] == "inventory")

    await eventually(read)
    assert await targets() == [0.9]
