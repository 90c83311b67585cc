"""Verdicts follow what is reported within a second: on the topic, and on the stream of who may read them."""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any

import aiohttp
import orjson
import pytest
from aiokafka import AIOKafkaConsumer

from guichet import keys
from guichet.client import Services
from guichet.tokens import token
from services.reporting.domain.compliance.years import day_of, fiscal_year
from shared.kafka import Kafka
from tests.integration.inventories import inventory_event
from tests.integration.test_live import Stream
from tests.unit.evidence import row

ORG = "9074"
EVENTS = 20


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
            heard.hear(event.get("causedby", ""))

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
    services: Services,
    topic: Heard,
    stream: Heard,
    unique: str,
    record_property: Callable[[str, object], None],
) -> None:
    """What was measured stands in the report (`--junitxml`)."""
    key = (await keys.create(services, ORG))["key"]
    year = fiscal_year(day_of(datetime.now(UTC)))
    on_topic, on_stream = [], []
    for number in range(EVENTS):
        name = f"{unique}-{number}"
        sent = inventory_event(ORG, "ServiceReported", name, row(name, year))
        (receipt,) = await services.send("inventory", key, [sent])
        answered = time.monotonic()
        assert receipt["outcome"] == "accepted", receipt
        on_topic.append(await topic.wait(name) - answered)
        on_stream.append(await stream.wait(name) - answered)
    record_property("p50_and_p95_on_the_topic", _said(on_topic))
    record_property("p50_and_p95_on_the_stream", _said(on_stream))
    assert p95(on_topic) < 1
    assert p95(on_stream) < 1


def _said(seconds: list[float]) -> str:
    return f"{sorted(seconds)[len(seconds) // 2]:.3f} s, {p95(seconds):.3f} s"
