"""What each stage of the system holds: tables of the four databases, topics, logs; read as it stands, each time what is new."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from shared.kafka import Kafka
from tests.faults.departments import ORGS
from tests.faults.history import Identity

LOGS = ("inventory", "feedback", "status")  # those that reporting reads; it has one of its own besides
EVERY_LOG = (*LOGS, "reporting")
STRAY = b"stray"  # the key of records that the harness has written itself
NOTIFICATIONS = "status.notifications.v1"
TOPICS = (
    "inventory.services.v1",
    "inventory.stewardship.v1",
    "feedback.cases.v1",
    "status.applications.v1",
    NOTIFICATIONS,
    "reporting.verdicts.v1",
)
# The tables that keep cases, and what their cases are called there.
_CASES = {"status": ("application", "application_id"), "feedback": ("feedback_case", "feedback_id")}
_CELL = "org_id, service_id, standard_id, channel"
_PERFORMANCE = f"select {_CELL}, day::text, sum({{}})::int from views_1.performance_cell where org_id = any($1) group by 1, 2, 3, 4, 5"
_VIEWS = {
    "met": _PERFORMANCE.format("met"),
    "total": _PERFORMANCE.format("total"),
    "excluded": _PERFORMANCE.format("withdrawn + closed_undecided"),
    "open": f"select {_CELL}, state, sum(cases)::int from views_1.open_cell where org_id = any($1) group by 1, 2, 3, 4, 5",
    "durations": f"select {_CELL}, day::text, bucket, sum(cases)::int from views_1.duration_cell "
    "where org_id = any($1) group by 1, 2, 3, 4, 5, 6",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a service's log."""

    position: int
    cause: Identity
    type: str
    topic: str
    key: str
    value: bytes


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a topic between services; `position` is 0 for a relay's word of how far it is."""

    topic: str
    partition: int
    offset: int
    key: bytes
    value: bytes
    position: int
    cause: Identity


@dataclass(slots=True)
class Stages:
    """What is new at each stage since the last look; of the views and versions, all there is."""

    received: dict[str, list[tuple[Identity, int]]] = field(default_factory=dict)
    entries: dict[str, list[Entry]] = field(default_factory=dict)
    # What a service found in Kafka beyond its restored log, and said to be void.
    lost: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    letters: dict[str, list[Identity]] = field(default_factory=dict)
    refused: list[tuple[Identity, str]] = field(default_factory=list)  # which record, and by whom
    # How far each relay said to have published, before the topics were read.
    published: dict[str, int] = field(default_factory=dict)
    records: list[Record] = field(default_factory=list)
    refusals: list[bytes] = field(default_factory=list)
    logged: dict[str, list[tuple[int, bytes]]] = field(default_factory=lambda: defaultdict(list))
    versions: dict[tuple[str, str, str], int] = field(default_factory=dict)
    cells: dict[str, dict[Any, Any]] = field(default_factory=dict)
    written: dict[str, bytes] = field(default_factory=dict)


class Look:
    """Reads every stage, from where the last look ended."""

    def __init__(self, databases: Mapping[str, str], kafka: Kafka, logs: Path) -> None:
        self._databases, self._kafka, self._logs = databases, kafka, logs
        self._seen: Counter[str] = Counter()
        self._offsets: dict[TopicPartition, int] = {}

    async def stages(self, segment: str) -> Stages:
        """In a system at rest; `segment` begins the ids of the cases whose versions are wanted."""
        stages = Stages()
        for service in LOGS:
            connection = await asyncpg.connect(self._databases[service])
            try:
                await self._received(connection, service, stages)
                await self._log(connection, service, stages)
                await self._letters(connection, service, stages)
                await self._versions(connection, service, segment, stages)
            finally:
                await connection.close()
        await self._reporting(stages)
        await self._topics(stages)
        await self._log_of_reporting(stages)
        self._written(stages)
        return stages

    def forget_topics(self) -> None:
        """The topics begin anew."""
        self._offsets.clear()

    def read_on(self, position: int) -> None:
        """What reporting holds up to one of its own positions was looked at before, at others."""
        self._seen["reporting"] = position

    async def positions(self) -> dict[str, set[int]]:
        """The positions of each log that its topics hold, all of them."""
        stages = Stages()
        await self._topics(stages)
        self._offsets.clear()
        found: dict[str, set[int]] = {name: set() for name in EVERY_LOG}
        for record in stages.records:
            if record.position:
                found[record.topic.partition(".")[0]].add(record.position)
        return found

    async def _log(self, connection: asyncpg.Connection, service: str, stages: Stages) -> None:
        seen = self._seen[f"{service} log"]
        rows = await connection.fetch(
            "select position, caused_by_source, caused_by_id, type, topic, key, value from recorded_event "
            "where position > $1 and topic = any($2::text[]) order by position",
            seen,
            list(TOPICS),
        )
        stages.entries[service] = [
            Entry(row[0], (row[1], row[2]), row[3], row[4], row[5], row[6].encode()) for row in rows
        ]
        stages.lost[service] = {row[0] for row in await connection.fetch("select position from lost_event")}
        self._seen[f"{service} log"] = rows[-1][0] if rows else seen
        stages.published.setdefault(service, self._seen[f"{service} log"])

    async def _log_of_reporting(self, stages: Stages) -> None:
        """Last of all: verdicts are told while everything else is at rest."""
        connection = await asyncpg.connect(self._databases["reporting"])
        try:
            await self._log(connection, "reporting", stages)
        finally:
            await connection.close()
        self._seen["reporting log"] = stages.published["reporting"]

    async def _received(self, connection: asyncpg.Connection, service: str, stages: Stages) -> None:
        rows = await connection.fetch(
            "select source, event_id, position from received_event where position > $1", self._seen[f"{service} log"]
        )
        stages.received[service] = [((row[0], row[1]), row[2]) for row in rows]

    async def _letters(self, connection: asyncpg.Connection, service: str, stages: Stages) -> None:
        seen = self._seen[f"{service} letters"]
        rows = await connection.fetch(
            "select dead_letter_id, source, event_id, problem::text, topic, record_offset, partition from dead_letter "
            "where dead_letter_id > $1 order by 1",
            seen,
        )
        stages.letters[service] = [(row[1], row[2]) for row in rows]
        stages.refused += [((row[1], row[2]), f"{row[4]} {row[6]}/{row[5]} by {service}") for row in rows if row[4]]
        stages.refusals += [row[3].encode() for row in rows]
        self._seen[f"{service} letters"] = rows[-1][0] if rows else seen

    async def _versions(self, connection: asyncpg.Connection, service: str, segment: str, stages: Stages) -> None:
        if service in _CASES:
            table, key = _CASES[service]
            rows = await connection.fetch(
                f"select org_id, {key}, version from {table} where {key} like $1", f"{segment}%"
            )
            stages.versions.update({(service, row[0], row[1]): row[2] for row in rows})

    async def _reporting(self, stages: Stages) -> None:
        connection = await asyncpg.connect(self._databases["reporting"])
        try:
            rows = await connection.fetch(
                "select position, service, service_position, value from logged_event where position > $1 order by position",
                self._seen["reporting"],
            )
            for row in rows:
                stages.logged[row[1]].append((row[2], row[3].encode()))
            self._seen["reporting"] = rows[-1][0] if rows else self._seen["reporting"]
            stages.published["reporting"] = await connection.fetchval("select position from relay_cursor")
            for name, query in _VIEWS.items():
                cells = await connection.fetch(query, list(ORGS))
                stages.cells[name] = {tuple(row)[:-1]: row[len(row) - 1] for row in cells if row[len(row) - 1]}
        finally:
            await connection.close()

    async def _topics(self, stages: Stages) -> None:
        consumer = AIOKafkaConsumer(**self._kafka.options(), group_id=None, auto_offset_reset="earliest")
        await consumer.start()
        try:
            partitions = await self._partitions()
            # Assigned before they are asked for: of topics that a consumer does not read it learns one after the other.
            consumer.assign(partitions)
            consumer.pause(*partitions)
            ends = await consumer.end_offsets(partitions)
            wanted = [each for each in partitions if self._offsets.get(each, 0) < ends[each]]
            consumer.assign(wanted)
            for each in wanted:
                consumer.seek(each, self._offsets.get(each, 0))
            while wanted:
                batch = await asyncio.wait_for(consumer.getmany(timeout_ms=1_000, max_records=20_000), 30)
                for records in batch.values():
                    self._keep(records, stages)
                wanted = [each for each in wanted if await consumer.position(each) < ends[each]]
            self._offsets.update(ends)
        finally:
            await consumer.stop()

    async def _partitions(self) -> list[TopicPartition]:
        admin = AIOKafkaAdminClient(**self._kafka.options())
        await admin.start()
        try:
            names = [name for name in await admin.list_topics() if name in TOPICS or name.startswith("rejected.")]
            topics = await admin.describe_topics(names)
        finally:
            await admin.close()
        return [TopicPartition(topic["topic"], each["partition"]) for topic in topics for each in topic["partitions"]]

    @staticmethod
    def _keep(records: Any, stages: Stages) -> None:
        for each in records:
            if each.key == STRAY:
                continue
            if each.topic not in TOPICS:
                stages.refusals.append(each.value or b"")
                continue
            document = orjson.loads(each.value)
            position = int(document["id"]) if document["id"].isdigit() else 0
            cause = document.get("causedbysource", ""), document.get("causedby", "")
            stages.records.append(
                Record(each.topic, each.partition, each.offset, each.key or b"", each.value, position, cause)
            )

    def _written(self, stages: Stages) -> None:
        """What processes have written on their output."""
        for file in sorted(self._logs.glob("*.log")):
            with file.open("rb") as log:
                log.seek(self._seen[file.name])
                stages.written[file.name] = log.read()
                self._seen[file.name] = log.tell()
