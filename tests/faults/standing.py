"""How a system stands: what its services say of themselves, what its databases hold, and what is still to be read."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import aiohttp
import asyncpg
import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError
from prometheus_client.parser import text_string_to_metric_families

from guichet.client import Services
from guichet.home import SERVICES
from shared.kafka import cluster_id
from shared.testing import eventually
from tests.faults.departments import DEPARTMENTS
from tests.faults.load import Load
from tests.faults.stages import LOGS
from tests.faults.system import FaultSystem

# How long a system at rest may take to have read everything, whatever happened to it before.
_AT_REST_SECONDS = 90.0


class Standing:
    """A system that is asked how it stands; whatever of it is away."""

    def __init__(self, system: FaultSystem, services: Services, load: Load) -> None:
        self.system, self.services, self.load = system, services, load
        self.rate = 0.0  # of the load, events a second
        self._consumer: AIOKafkaConsumer | None = None

    async def ready(self, name: str) -> dict[str, Any]:
        """A service's /readyz; empty where it does not answer."""
        assert self.load._session is not None
        with suppress(aiohttp.ClientError, TimeoutError, ValueError):
            timeout = aiohttp.ClientTimeout(total=2)
            async with self.load._session.get(f"{self.services.url(name)}/readyz", timeout=timeout) as answer:
                return dict(orjson.loads(await answer.read()))
        return {}

    async def fetch(self, name: str, query: str, *parameters: Any) -> list[Any]:
        """Rows of a service's database; none where it does not answer."""
        return await self.rows(self.system.database(name, owner=True), query, *parameters)

    async def rows(self, dsn: str, query: str, *parameters: Any) -> list[Any]:
        """Rows of any database; none where it does not answer."""
        try:
            connection = await asyncpg.connect(dsn, timeout=2)
        except (OSError, TimeoutError, asyncpg.PostgresError):
            return []
        try:
            return list(await connection.fetch(query, *parameters))
        except asyncpg.PostgresConnectionError:
            return []
        finally:
            await connection.close()

    async def logs(self) -> AsyncIterator[tuple[str, int]]:
        """Each log, and how many entries it has."""
        for name in LOGS:
            rows = await self.fetch(name, "select count(*) from recorded_event")
            yield name, rows[0][0]

    async def metrics(self, name: str) -> str:
        """A service's, in Prometheus' text. Raises ClientError where it does not answer."""
        async with aiohttp.ClientSession() as session, session.get(f"{self.services.url(name)}/metrics") as answer:
            return await answer.text()

    async def repeated(self, name: str) -> float:
        """How many records a process has read again and dropped, since it began."""
        families = text_string_to_metric_families(await self.metrics(name))
        samples = (sample for family in families for sample in family.samples)
        return sum(each.value for each in samples if each.name == "guichet_records_repeated_total")

    async def healed(self, bound: float) -> float:
        """Seconds until every service is ready, what was recorded by now is read, and no door lags by a second's load.

        Raises AssertionError beyond the bound.
        """
        began = time.monotonic()
        cut = await eventually(self._heads, seconds=bound)
        left = max(0.1, bound - (time.monotonic() - began))
        await eventually(lambda: self._trouble(cut, int(self.rate)), lambda trouble: not trouble, seconds=left)
        return round(time.monotonic() - began, 1)

    async def at_rest(self) -> None:
        """Until everything that was recorded is read everywhere, and nothing waits at any door."""

        async def trouble() -> list[str]:
            return await self._trouble(await self._heads(), 0) or await self._to_follow()

        await eventually(trouble, lambda trouble: not trouble, seconds=_AT_REST_SECONDS)

    async def _heads(self) -> dict[str, int]:
        """The last position of each log; empty where a database does not answer."""
        found = {name: await self.fetch(name, "select position from log_head") for name in LOGS}
        return {name: rows[0][0] for name, rows in found.items()} if all(found.values()) else {}

    async def _trouble(self, cut: dict[str, int], most: int) -> list[str]:
        """What keeps the system from being whole: whoever is degraded, lags by more than `most`, or has not read the logs."""
        if not cut:
            return ["a database does not answer"]
        for name in SERVICES:
            ready = await self.ready(name)
            if ready.get("degraded", True):
                return [f"{name} is {ready.get('status', 'away')}: {orjson.dumps(ready).decode()}"]
        return await self._untaken(most) or await self._unread(cut)

    async def _to_follow(self) -> list[str]:
        """What is to come of what was read: applications whose clocks have moved."""
        return [
            f"{row[0]} is to be measured again"
            for row in await self.fetch("status", "select service_id from measure_again")
        ]

    async def _untaken(self, most: int) -> list[str]:
        """Departments' topics of which more than `most` records are not taken in, by Kafka's ends and the databases' offsets."""
        try:
            async with asyncio.timeout(5):
                ends = await self._ends()
                cluster = await cluster_id(self.system.kafka)
        except (KafkaError, OSError, TimeoutError) as error:
            await self.ask_kafka_anew()
            return [f"Kafka does not answer: {type(error).__name__}"]
        taken: dict[str, int] = {}
        for name in LOGS:
            rows = await self.fetch(
                name,
                "select topic, next_offset from consumed where consumer like '%.ingest' and cluster_id = $1",
                cluster,
            )
            taken.update(tuple(row) for row in rows)
        return [
            f"{each.topic} was taken to {taken.get(each.topic, 0)} of {end}"
            for each, end in ends.items()
            if end - taken.get(each.topic, 0) > most
        ]

    async def _ends(self) -> dict[TopicPartition, int]:
        """By a consumer that is kept: to start one takes a second."""
        if self._consumer is None:
            self._consumer = AIOKafkaConsumer(**self.system.kafka.options(), request_timeout_ms=3_000)
            await self._consumer.start()
        partitions = [TopicPartition(f"ingest.{name}.{org}", 0) for name in LOGS for org in DEPARTMENTS]
        return dict(await self._consumer.end_offsets(partitions))

    async def ask_kafka_anew(self) -> None:
        """The consumer that is kept is closed; whoever asks next has another."""
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            await consumer.stop()

    async def _unread(self, cut: dict[str, int]) -> list[str]:
        rows = await self.fetch("reporting", "select service, min(position) from advanced group by service")
        read = dict(tuple(row) for row in rows)
        return [
            f"reporting has read {name} to {read.get(name, 0)} of {position}"
            for name, position in cut.items()
            if read.get(name, 0) < position
        ]
