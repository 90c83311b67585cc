"""Verdicts follow what is reported within a second: on the topic, and on the stream of who may read them."""

import asyncio
import math
import sys
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import aiohttp
import orjson
import pytest
from aiokafka import AIOKafkaConsumer

from guichet import keys
from guichet.client import Services
from guichet.tokens import token
from services.reporting.domain.compliance.years import fiscal_year
from shared.kafka import Kafka
from shared.ownership import day_in_ottawa
from shared.testing import eventually
from tests.integration.inventories import inventory_event
from tests.integration.test_live import Stream
from tests.unit.evidence import row

ORG = "9074"
EVENTS = 60


class Heard:
    """When each event's change of a verdict was heard of, by the event's id."""

    def __init__(self) -> None:
        self.at: dict[str, float] = {}
        self._new = asyncio.Event()

    def hear(self, event_id: str) -> None:
        self.at.setdefault(event_id, time.monotonic())
        self._new.set()

    async def wait(self, event_id: str) -> float:
        async with asyncio.timeout(20):
            while event_id not in self.at:
                self._new.clear()
                await self._new.wait()
        return self.at[event_id]


@pytest.fixture
async def topic(kafka: Kafka) -> AsyncIterator[Heard]:
    heard = Heard()
    consumer = AIOKafkaConsumer(
        "reporting.verdicts.v1", **kafka.options(), group_id=None, auto_offset_reset="latest", enable_auto_commit=False
    )
    await consumer.start()
    for partition in consumer.assignment():
        await consumer.position(partition)  # from here on nothing is missed

    async def listen() -> None:
        async for record in consumer:
            event: dict[str, Any] = orjson.loads(record.value)
            if event["type"] == "guichet.reporting.VerdictChanged.v1":
                heard.hear(event["causedby"])
                heard.hear(f"{event['org']} {event['causedby']}")

    listening = asyncio.create_task(listen())
    yield heard
    listening.cancel()
    await consumer.stop()


@pytest.fixture
async def stream(services: Services, http: aiohttp.ClientSession) -> AsyncIterator[Heard]:
    heard = Heard()
    headers = {"Authorization": f"Bearer {token(services.home, 'an-officer', ['officer'], ORG)}"}
    async with http.get(f"{services.url('reporting')}/v1/stream", headers=headers) as answer:
        told = Stream(answer)
        assert (await told.next())[1] == "start"

        async def listen() -> None:
            while True:
                _, event, data = await told.next()
                for each in data["items"] if event == "verdicts" else ():
                    assert each["org_id"] == ORG
                    heard.hear(each["caused_by"]["id"])

        listening = asyncio.create_task(listen())
        yield heard
        listening.cancel()


def p95(seconds: list[float]) -> float:
    """By nearest rank."""
    return sorted(seconds)[math.ceil(0.95 * len(seconds)) - 1]


async def test_a_verdict_is_on_the_topic_and_on_the_stream_within_a_second_of_the_202(
    services: Services, topic: Heard, stream: Heard, unique: str
) -> None:
    """What was measured is told with `-rP`."""
    key = (await keys.create(services, ORG))["key"]
    year = fiscal_year(day_in_ottawa(datetime.now(UTC)))
    on_topic, on_stream = [], []
    for number in range(EVENTS):
        name = f"{unique}-{number}"
        sent = inventory_event(ORG, "ServiceReported", name, row(name, year))
        (receipt,) = await services.send("inventory", key, [sent])
        answered = time.monotonic()
        assert receipt["outcome"] == "accepted", receipt
        on_topic.append(await topic.wait(name) - answered)
        on_stream.append(await stream.wait(name) - answered)
    sys.stdout.write(f"p50, p95 of {EVENTS}: on the topic {_said(on_topic)}; on the stream {_said(on_stream)}\n")
    assert p95(on_topic) < 1
    assert p95(on_stream) < 1


def _said(seconds: list[float]) -> str:
    return f"{sorted(seconds)[len(seconds) // 2]:.3f} s, {p95(seconds):.3f} s"


async def test_a_verdict_that_a_decision_changes_is_on_the_topic_within_a_second_too(
    services: Services, topic: Heard, http: aiohttp.ClientSession
) -> None:
    """A corrective action, in a department whose service providers were offered nothing."""
    waited = []
    for org in DECIDING:
        await _fail(services, topic, org)
        bearer = token(services.home, "a-deputy-head", ["deputy_head"], org)
        headers = {"Authorization": f"Bearer {bearer}"}
        async with http.post(
            f"{services.url('reporting')}/v1/corrective-actions", json=ACTION, headers=headers
        ) as answer:
            assert answer.status == 201
            action = await answer.json()
        answered = time.monotonic()
        waited.append(await topic.wait(f"action-{action['action_id']}-1") - answered)
    sys.stdout.write(f"of {len(waited)}: on the topic {_said(waited)}\n")
    assert sorted(waited)[len(waited) // 2] < 1


async def test_an_organisation_that_is_given_a_service_is_judged_though_it_has_reported_nothing(
    services: Services, topic: Heard, unique: str
) -> None:
    key, today = (await keys.create(services, ORG))["key"], day_in_ottawa(datetime.now(UTC))
    transfer = {"service_id": unique, "on": today.isoformat(), "to_org": "9077"}
    sent = [
        inventory_event(ORG, "ServiceReported", f"{unique}-1", row(unique, fiscal_year(today))),
        inventory_event(ORG, "ServiceTransferReported", f"{unique}-2", transfer),
    ]
    assert {each["outcome"] for each in await services.send("inventory", key, sent)} == {"accepted"}
    await topic.wait(f"9077 {unique}-2")


DECIDING = ("9071", "9072", "9073")
ACTION = {
    "requirement": "PSD-4.1.33",
    "title": {"en": "Offer learning", "fr": "Offrir des formations"},
    "owner": {"en": "Director, Service", "fr": "Directeur, Service"},
    "due_on": "2099-03-31",
}


async def _fail(services: Services, topic: Heard, org: str) -> None:
    """Report what makes a finding of the organisation, and wait until it is one, and told: a decision told together with a report
    has that as its cause.
    """
    key, today = (await keys.create(services, org))["key"], day_in_ottawa(datetime.now(UTC))
    appointed = {"kind": "provider_appointed", "provider_id": "p-1", "on": "2015-01-05"}
    assessed = {"kind": "assessment_completed", "fiscal_year": fiscal_year(today), "on": today.isoformat()}
    sent = [inventory_event(org, "StewardshipReported", each["kind"], each) for each in (appointed, assessed)]
    assert {each["outcome"] for each in await services.send("inventory", key, sent)} == {"accepted"}

    async def found() -> Any:
        answer = await services.ask("reporting", f"/v1/compliance/{org}")
        return {each["requirement"]: each["state"] for each in answer["verdicts"]}

    await eventually(found, lambda states: states["PSD-4.1.33"] == "non_compliant")
    await topic.wait(f"{org} {assessed['kind']}")
