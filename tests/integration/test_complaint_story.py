"""A complaint sent through the form and resolved late changes, with nobody's help, its department's verdict on feedback."""

import secrets
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from guichet import keys
from guichet.client import Services
from guichet.tokens import token
from shared.kafka import Kafka
from shared.ownership import day_in_ottawa
from shared.testing import eventually
from tests.conftest import LocalSystem
from tests.integration.records import everything_on
from tests.integration.second_service import second_service
from tests.integration.test_stewardship import URL, event, record, send
from tests.unit.evidence import row

# So that a service can be run as it was forty days ago.
OTHER_TIME = next(iter(Path("/usr/lib").glob("*/faketime/libfaketime.so.1")), None)
pytestmark = pytest.mark.skipif(OTHER_TIME is None, reason="there is no libfaketime here (apt install libfaketime)")
ORG, TOPIC = "9045", "feedback.cases.v1"
DAYS_AGO = 40


class Story:
    """Who takes part, by what they can reach: a client's browser, an officer, an auditor."""

    def __init__(self, services: Services, http: aiohttp.ClientSession, service: str) -> None:
        self.services, self._http, self._service = services, http, service

    async def complain(self, url: str) -> None:
        """By the form, as a browser sends it without script."""
        said = {"service_id": self._service, "token": secrets.token_urlsafe(16), "kind": "complaint", "text": "Closed!"}
        async with self._http.post(f"{url}/en/new", data=said) as answer:
            assert answer.status in {200, 201}, await answer.text()

    async def cases(self) -> list[dict[str, Any]]:
        path = f"/v1/cases?org={ORG}&service={self._service}"
        found = await self._ask("GET", self.services.url("feedback") + path, "officer")
        return sorted(found["items"], key=lambda case: case["received_at"])

    async def resolve(self, case: dict[str, Any]) -> None:
        url = f"{self.services.url('feedback')}/v1/cases/{case['feedback_id']}/steps"
        await self._ask("POST", url, "officer", {"state": "resolved"})

    async def verdict(self) -> dict[str, Any]:
        query = "rules=policy-2014&as_if_in_force=true"
        url = f"{self.services.url('reporting')}/v1/compliance/{ORG}?{query}"
        found = await self._ask("GET", url, "auditor")
        return next(dict(each) for each in found["verdicts"] if each["requirement"] == "7.3")

    async def evidence(self, verdict: dict[str, Any]) -> dict[str, Any]:
        url = f"{self.services.url('reporting')}/v1/verdicts/{verdict['verdict_id']}/evidence"
        return dict(await self._ask("GET", url, "auditor"))

    async def changed_by(self, reported: dict[str, Any]) -> list[dict[str, Any]]:
        query = {"source": reported["source"], "rules": "policy-2014", "as_if_in_force": "true"}
        url = f"{self.services.url('reporting')}/v1/events/{reported['event_id']}"
        return list((await self._ask("GET", url, "auditor", params=query))["verdicts"])

    async def _ask(self, method: str, url: str, role: str, body: Any = None, params: Any = None) -> Any:
        bearer = {"Authorization": f"Bearer {token(self.services.home, role, [role], ORG)}"}
        async with self._http.request(method, url, json=body, params=params, headers=bearer) as answer:
            assert answer.status < 300, await answer.text()
            return await answer.json()


@pytest.fixture
async def story(services: Services, http: aiohttp.ClientSession, unique: str) -> Story:
    """A department with one service, a way to give feedback on it, and its promise to resolve nine complaints in ten in 30 days."""
    key = str((await keys.create(services, ORG))["key"])
    today = day_in_ottawa(datetime.now(UTC))
    first = today.year if today.month > 3 else today.year - 1
    within = {"kind": "complaint", "resolve_within": "P30D", "target": 0.9, "from": "2020-01-01"}
    promise = event(ORG, "ResolutionTimeReported", **within)
    promise["type"] = "guichet.feedback.ResolutionTimeReported.v1"
    mechanism = record(
        ORG, "feedback_mechanism_published", services="all", channels=["ONL"], url=URL, accessible=True, on="2020-01-01"
    )
    await send(
        services, key, event(ORG, "ServiceReported", **row(unique, f"{first}-{first + 1}")), mechanism, door="inventory"
    )
    await send(services, key, promise, door="feedback")
    found = Story(services, http, unique)

    async def offered() -> str:
        async with http.get(f"{services.url('feedback')}/en/new?q={unique}") as page:
            return await page.text()

    await eventually(offered, lambda text: f"service={unique}" in text)
    return found


async def test_a_complaint_through_the_form_resolved_late_changes_the_verdict_down_to_the_record(
    services: Services, system: LocalSystem, http: aiohttp.ClientSession, story: Story, kafka: Kafka
) -> None:
    await story.complain(services.url("feedback"))
    await story.resolve((await story.cases())[0])
    kept = await eventually(story.verdict, lambda each: each["state"] == "compliant")
    assert kept["numerator"] == kept["denominator"] > 0

    then = {"LD_PRELOAD": str(OTHER_TIME), "FAKETIME": f"-{DAYS_AGO}d", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    async with second_service(system, http, "feedback", **then) as forty_days_ago:
        await story.complain(forty_days_ago)
    overdue = await eventually(story.verdict, lambda each: each["state"] != "compliant")
    assert overdue["state"] == "partially_compliant"

    late = (await story.cases())[0]
    assert late["overdue"] is True
    age = datetime.now(UTC) - datetime.fromisoformat(late["received_at"])
    assert age > timedelta(days=DAYS_AGO - 1)
    await story.resolve(late)

    async def judged() -> dict[str, Any]:
        return await story.evidence(await story.verdict())

    def with_its_end(found: dict[str, Any]) -> bool:
        ends = [each for each in found["events"] if each["type"] == "guichet.feedback.FeedbackStateChanged.v1"]
        return found["state"] == "partially_compliant" and len(ends) >= 2

    found = await eventually(judged, with_its_end)
    assert "1 of 2" in found["explanation"]["en"]
    assert "1 problèmes de service sur 2" in found["explanation"]["fr"]

    on_topic = {sha256(value).hexdigest() for value in await everything_on(kafka, TOPIC)}
    records = [each for each in found["events"] if each["topic"] == TOPIC]
    assert records
    assert {each["sha256"] for each in records} <= on_topic
    [up] = [each for each in await story.changed_by(records[-1]) if each["requirement"] == "7.3"]
    assert up["rests_on_it"]
