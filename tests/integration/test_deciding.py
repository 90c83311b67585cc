"""What people decide about compliance: signed once, changed with If-Match, step by step, and verdicts that rest on it."""

from hashlib import sha256
from typing import Any

import aiohttp
import orjson
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from guichet import keys
from guichet.client import Services
from guichet.tokens import token
from shared.kafka import Kafka
from shared.testing import eventually
from tests.integration.inventories import inventory_event

_organizations = map(str, range(9048, 9057))
REASON = {"en": "Nothing was published.", "fr": "Rien n'a été publié."}
ACTION = {
    "requirement": "7.3",
    "title": {"en": "Publish a mechanism", "fr": "Publier un mécanisme"},
    "owner": {"en": "Director, Service", "fr": "Directeur, Service"},
    "due_on": "2099-03-31",
}


@pytest.fixture
def org() -> str:
    return next(_organizations)


class Caller:
    def __init__(self, services: Services, role: str, org: str) -> None:
        self._url, self._bearer = services.url("reporting"), token(services.home, f"a-{role}", [role], org)

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        sent = {"Authorization": f"Bearer {self._bearer}", **headers}
        async with (
            aiohttp.ClientSession() as session,
            session.request(method, self._url + path, json=body, headers=sent) as answer,
        ):
            return answer.status, orjson.loads(await answer.read())


@pytest.fixture
def deputy_head(services: Services, org: str) -> Caller:
    return Caller(services, "deputy_head", org)


@pytest.fixture
def oversight(services: Services) -> Caller:
    return Caller(services, "oversight", "9001")


async def verdict(caller: Caller, org: str, requirement: str, rules: str = "policy-2014") -> Any:
    _, found = await caller.ask("GET", f"/v1/compliance/{org}?rules={rules}&as_if_in_force=true")
    return next(each for each in found["verdicts"] if each["requirement"] == requirement)


async def test_a_year_is_confirmed_once_by_its_deputy_head_with_what_the_verdicts_said(
    services: Services, deputy_head: Caller, org: str
) -> None:
    body = {"fiscal_year": "2024-2025", "note": REASON}
    status, signed = await deputy_head.ask("POST", "/v1/confirmations", body)
    assert (status, signed["decided_by"], signed["org_id"]) == (201, "a-deputy_head", org)
    assert sum(signed["states"].values()) > 10
    again = await deputy_head.ask("POST", "/v1/confirmations", body)
    assert (again[0], again[1]["code"]) == (409, "id_conflict")
    officer = Caller(services, "officer", org)
    assert (await officer.ask("POST", "/v1/confirmations", body))[0] == 403
    assert [each["fiscal_year"] for each in (await officer.ask("GET", "/v1/confirmations"))[1]["items"]] == [
        "2024-2025"
    ]
    stranger = Caller(services, "officer", "9001")
    assert (await stranger.ask("GET", f"/v1/confirmations?org={org}"))[0] == 403


async def test_a_confirmation_answers_8_1b_and_is_found_below_it(
    services: Services, kafka: Kafka, deputy_head: Caller, org: str
) -> None:
    before = await verdict(deputy_head, org, "8.1b")
    assert before["state"] == "insufficient_evidence"
    this_year = (await deputy_head.ask("GET", f"/v1/compliance/{org}"))[1]["as_of"]
    first = int(this_year[:4]) - (this_year[5:7] < "04")
    await deputy_head.ask("POST", "/v1/confirmations", {"fiscal_year": f"{first}-{first + 1}"})

    async def now() -> Any:
        return await verdict(deputy_head, org, "8.1b")

    after = await eventually(now, lambda found: found["state"] == "compliant", seconds=30)
    _, below = await deputy_head.ask("GET", f"/v1/verdicts/{after['verdict_id']}/evidence")
    [event] = below["events"]
    assert event["type"] == "guichet.reporting.ConfirmationSigned.v1"
    assert event["in_kafka"] is True
    place = TopicPartition(event["topic"], event["partition"])
    async with AIOKafkaConsumer(**kafka.options(), enable_auto_commit=False) as consumer:
        consumer.assign([place])
        consumer.seek(place, event["offset"])
        assert sha256((await consumer.getone(place)).value).hexdigest() == event["sha256"]


async def test_a_corrective_action_is_changed_by_who_read_it_last(deputy_head: Caller) -> None:
    _, opened = await deputy_head.ask("POST", "/v1/corrective-actions", ACTION)
    change = {**ACTION, "action_id": opened["action_id"], "state": "done", "done_on": "2026-11-01"}
    assert (await deputy_head.ask("POST", "/v1/corrective-actions", change))[0] == 428
    status, done = await deputy_head.ask("POST", "/v1/corrective-actions", change, **{"If-Match": '"1"'})
    assert (status, done["version"], done["opened_on"]) == (201, 2, opened["opened_on"])
    stale = await deputy_head.ask("POST", "/v1/corrective-actions", change, **{"If-Match": '"1"'})
    assert (stale[0], stale[1]["code"]) == (412, "precondition_failed")


@pytest.mark.parametrize(
    "wrong",
    [
        {"requirement": "7.99"},
        {"state": "done"},
        {"state": "cancelled"},
        {"due_on": "soon"},
        {"title": {"en": "Only English"}},
    ],
)
async def test_an_action_that_says_too_little_is_refused(deputy_head: Caller, wrong: dict[str, Any]) -> None:
    status, answer = await deputy_head.ask("POST", "/v1/corrective-actions", {**ACTION, **wrong})
    assert status in {400, 422}
    assert answer["detail"]


async def test_a_finding_is_answered_by_an_action_and_by_a_step_of_oversight(
    services: Services, deputy_head: Caller, oversight: Caller, org: str
) -> None:
    key = (await keys.create(services, org))["key"]
    appointed = {"kind": "provider_appointed", "provider_id": "p-1", "on": "2015-01-05"}
    assessed = {"kind": "assessment_completed", "fiscal_year": "2024-2025", "on": "2025-03-01"}
    sent = [inventory_event(org, "StewardshipReported", each["kind"], each) for each in (appointed, assessed)]
    assert {each["outcome"] for each in await services.send("inventory", key, sent)} == {"accepted"}

    async def findings() -> list[str]:
        _, found = await deputy_head.ask("GET", f"/v1/compliance/{org}?rules=policy-2014&as_if_in_force=true")
        return [
            each["requirement"]
            for each in found["verdicts"]
            if each["state"] == "non_compliant" and each["requirement"] == "7.2"
        ]

    [about, *_] = await eventually(findings)
    assert (await deputy_head.ask("POST", "/v1/corrective-actions", {**ACTION, "requirement": about}))[0] == 201
    step = {"org_id": org, "requirement": about, "step": "corrective_action_recommended", "reason": REASON}
    assert (await oversight.ask("POST", "/v1/oversight/steps", step))[0] == 201
    again = await oversight.ask("POST", "/v1/oversight/steps", {**step, "step": "treasury_board_decided"})
    assert (again[0], again[1]["code"]) == (409, "step_out_of_order")

    async def answered() -> tuple[int, int]:
        return (await verdict(deputy_head, org, "9.1"))["numerator"], (await verdict(deputy_head, org, "8.2"))[
            "numerator"
        ]

    await eventually(answered, lambda found: found >= (1, 1), seconds=30)


async def test_oversight_of_an_agent_of_parliament_is_barred_with_the_clause(oversight: Caller) -> None:
    step = {"org_id": "238", "requirement": "7.3", "step": "corrective_action_recommended", "reason": REASON}
    status, answer = await oversight.ask("POST", "/v1/oversight/steps", step)
    assert (status, answer["code"]) == (409, "barred_by_policy")
    assert "2.2" in answer["detail"]
    assert "8.2" in answer["detail"]
