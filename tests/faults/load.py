"""The load: each department's streams through both doors at once, retried until they are answered, and readers beside."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import product
from typing import Any, Self

import aiohttp
import orjson
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from shared.identity import key_id_of
from shared.kafka import Kafka
from tests.faults.departments import DOORS, ORGS, SERVICES, Department, Pending
from tests.faults.history import Event, History
from tests.faults.thorough import Thorough

_MOST, _UNANSWERED_SECONDS = 120, 240.0
_LATER = {429, 503}
_PAUSES = (0.05, 0.1, 0.25, 0.5)
_VERSION_OF, _HEAD_OF = "version of", "reading of"


def share_of(service: str) -> float:
    """Status is reported most, as in life; inventory least."""
    return {"status": 0.6, "feedback": 0.3, "inventory": 0.1}[service]


class Load:
    """Streams of events at `rate` events a second in all, from `start` to `stop`; `history` says what became of them."""

    def __init__(self, urls: dict[str, str], kafka: Kafka, keys: dict[str, str], history: History) -> None:
        self.urls, self.kafka, self.keys, self.history = urls, kafka, keys, history
        self.latencies: list[tuple[str, float]] = []  # who sent, and the seconds to a 202 or 200, of single tries
        self._session: aiohttp.ClientSession | None = None
        self._lanes: list[asyncio.Task[None]] = []
        self._stopping = asyncio.Event()

    async def __aenter__(self) -> Self:
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=5, sock_read=30)
        self._session = aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(limit=0))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()
        assert self._session is not None
        await self._session.close()

    def start(self, seed: str, rate: float, invalid: float) -> None:
        """Begin every stream anew, under ids of this seed."""
        self._stopping.clear()
        for org, service, door in product(ORGS, SERVICES, DOORS):
            self._begin(
                Department(org, service, door, seed, invalid), rate * share_of(service) / len(ORGS) / len(DOORS)
            )

    def add_thorough(self, seed: str, rate: float) -> None:
        """The streams of the fifth department beside the others', until these stop; each service is reported alike."""
        for service, door in product(SERVICES, DOORS):
            self._begin(Thorough(service, door, seed), rate / len(SERVICES) / len(DOORS))

    def _begin(self, department: Department, rate: float) -> None:
        self._lanes.append(asyncio.create_task(self._lane(department, rate)))

    async def stop(self) -> None:
        """Let every stream come to the end of its batch: nothing is left without an answer."""
        self._stopping.set()
        lanes, self._lanes = self._lanes, []
        await asyncio.gather(*lanes)

    async def _lane(self, department: Department, rate: float) -> None:
        size = max(1, min(_MOST, int(rate * 0.6)))
        producer = _Producer(self, department.org_id) if department.door == "kafka" else None
        try:
            while not self._stopping.is_set():
                began = time.monotonic()
                batch = department.batch(department._rng.randrange(1, 2 * size))
                if producer is not None:
                    await producer.send(f"ingest.{department.service}.{department.org_id}", batch)
                else:
                    await self.post(department.service, department.org_id, batch)
                # At times of its own: streams in step would meet each other, and every slow moment, together.
                await self._pause(began + department._rng.uniform(0.5, 1.5) * len(batch) / rate)
        finally:
            if producer is not None:
                await producer.close()

    async def _pause(self, until: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), max(0.0, until - time.monotonic()))

    async def post(self, service: str, org_id: str, batch: Sequence[Pending], *, timed: bool = True) -> None:
        """Send a batch over HTTP, again and again with the same ids, until it is answered."""
        kind = "application/x-ndjson" if len(batch) > 1 else "application/cloudevents+json"
        body = b"\n".join(body for _, body in batch)
        headers = {"Authorization": f"Bearer {self.keys[org_id]}", "Content-Type": kind}
        deadline, tries = time.monotonic() + _UNANSWERED_SECONDS, 0
        while True:
            for event, _ in batch:
                self.history.invoke(event, "http")
            receipts = await self._try(service, org_id, body, headers, timed=timed)
            if receipts is not None:
                for (event, _), receipt in zip(batch, receipts, strict=True):
                    self.history.answer(event, receipt)
                return
            for event, _ in batch:
                self.history.lost_answer(event, "http")
            if time.monotonic() > deadline:
                self.history.notice("unanswered", batch[0][0], f"no answer within {_UNANSWERED_SECONDS} s")
                return
            await asyncio.sleep(_PAUSES[min(tries, len(_PAUSES) - 1)])
            tries += 1

    async def _try(
        self, service: str, org_id: str, body: bytes, headers: Mapping[str, str], *, timed: bool
    ) -> list[dict[str, Any]] | None:
        assert self._session is not None
        began = time.monotonic()
        try:
            url = f"{self.urls[service]}/v1/events"
            async with self._session.post(url, data=body, headers=headers) as answer:
                text = await answer.read()
                if answer.status in _LATER:
                    return None
                if answer.status >= 500:
                    self.history.refusal(service, answer.status, text)
                    return None
                receipts: list[dict[str, Any]] = orjson.loads(text)["receipts"]
                if timed:
                    self.latencies.append((org_id, time.monotonic() - began))
                self.history.keep(text)
                return receipts
        except (aiohttp.ClientError, TimeoutError, orjson.JSONDecodeError):
            return None


class _Producer:
    """A department at Kafka's door, with a login of its own; what Kafka does not acknowledge is sent again."""

    def __init__(self, load: Load, org_id: str) -> None:
        self._load, self._org_id, self._history = load, org_id, load.history
        self._producer: AIOKafkaProducer | None = None

    async def send(self, topic: str, batch: Sequence[Pending]) -> None:
        for event, _ in batch:
            self._history.invoke(event, "kafka")
        deadline, tries, left = time.monotonic() + _UNANSWERED_SECONDS, 0, list(batch)
        while left:
            try:
                left = await self._some(topic, left)
            except (KafkaError, OSError, TimeoutError):
                for event, _ in left:
                    self._history.lost_answer(event, "kafka")
                await self.close()
                await asyncio.sleep(_PAUSES[min(tries, len(_PAUSES) - 1)])
                tries += 1
            if left and time.monotonic() > deadline:
                self._history.notice("unanswered", left[0][0], f"Kafka took nothing for {_UNANSWERED_SECONDS} s")
                return

    async def _some(self, topic: str, batch: Sequence[Pending]) -> list[Pending]:
        """Those that were not acknowledged, in order: from the first that failed on, so that order holds."""
        if self._producer is None:
            key = self._load.keys[self._org_id]
            kafka = Kafka(self._load.kafka.bootstrap, key_id_of(key), key)
            producer = AIOKafkaProducer(
                **kafka.options(), linger_ms=5, acks="all", request_timeout_ms=10_000, metadata_max_age_ms=10_000
            )
            self._producer = producer
            await asyncio.wait_for(producer.start(), 10)
        sent = [await asyncio.wait_for(self._producer.send(topic, body), 10) for _, body in batch]
        outcomes = await asyncio.wait_for(asyncio.gather(*sent, return_exceptions=True), 15)
        failed = next((n for n, outcome in enumerate(outcomes) if isinstance(outcome, BaseException)), len(batch))
        if failed < len(batch):
            await self.close()
        return list(batch[failed:])

    async def close(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            with suppress(Exception):
                await asyncio.wait_for(producer.stop(), 5)


class Readers:
    """Whoever reads while all this happens: what was seen must never be taken back."""

    def __init__(self, load: Load, reporting: str, operator: str) -> None:
        self._load, self._reporting, self.operator = load, reporting, operator
        self._seen: dict[tuple[str, str], int] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self.reads = 0

    def start(self) -> None:
        self._tasks = [asyncio.create_task(each) for each in (self._versions(), self._heads(), self._stream())]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _get(self, url: str, bearer: str) -> Any:
        """The JSON there; None where nothing answers just now."""
        assert self._load._session is not None
        with suppress(aiohttp.ClientError, TimeoutError, orjson.JSONDecodeError):
            headers = {"Authorization": f"Bearer {bearer}"}
            async with self._load._session.get(url, headers=headers) as answer:
                return orjson.loads(await answer.read()) if answer.status == 200 else None
        return None

    async def _versions(self) -> None:
        """The versions of applications that were answered for lately."""
        while True:
            await asyncio.sleep(0.2)
            for event in self._load.history.lately("status"):
                case = event.about.case
                url = f"{self._load.urls['status']}/v1/applications/{case.case_id}?org={case.org_id}"
                answer = await self._get(url, self._load.keys[case.org_id])
                if answer is not None:
                    self._look(_VERSION_OF, case.case_id, answer["version"], event)

    async def _heads(self) -> None:
        """How far reporting says it has read each partition."""
        while True:
            await asyncio.sleep(0.2)
            answer = await self._get(f"{self._reporting}/v1/reading", self.operator)
            for item in (answer or {}).get("items", ()):
                self._look(_HEAD_OF, f"{item['topic']} {item['partition']}", item["position"])

    def forget_heads(self) -> None:
        """How far reporting has read may be less from now on: it was lost on purpose, while nobody was reading."""
        self._seen = {key: value for key, value in self._seen.items() if key[0] != _HEAD_OF}

    def _look(self, what: str, which: str, value: int, event: Event | None = None) -> None:
        self.reads += 1
        before = self._seen.get((what, which), -1)
        if value < before:
            self._load.history.regressed(event, f"{what} {which} was {before}, then {value}")
        self._seen[what, which] = max(value, before)

    async def _stream(self) -> None:
        """Reporting's stream, resumed wherever it broke off."""
        last = 0
        while True:
            with suppress(aiohttp.ClientError, TimeoutError):
                assert self._load._session is not None
                headers = {"Last-Event-ID": str(last)} if last else {}
                async with self._load._session.get(f"{self._reporting}/v1/stream", headers=headers) as answer:
                    async for line in answer.content:
                        if line.startswith(b"id: "):
                            last = self._told(last, int(line[4:]))
            await asyncio.sleep(0.2)

    def _told(self, last: int, now: int) -> int:
        self.reads += 1
        if now < last:
            self._load.history.regressed(None, f"the stream's id was {last}, then {now}")
        return max(last, now)
