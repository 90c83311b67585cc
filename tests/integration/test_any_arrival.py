"""However Kafka hands over the services' logs, reporting ends with the same log and the same views, on real PostgreSQL."""

import base64
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from zlib import crc32

import asyncpg
import orjson
import pytest
from aiokafka import ConsumerRecord
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bench.events import BEGIN, status_events
from services.reporting import handlers
from shared.consuming import Consumption
from shared.database import Connection
from shared.dead_letters import DeadLetters
from shared.encryption import Seal
from shared.kafka import Record

LETTERS = DeadLetters(Seal(base64.urlsafe_b64encode(os.urandom(32)).decode()))
STATUS, INVENTORY, FEEDBACK = "status.applications.v1", "inventory.services.v1", "feedback.cases.v1"
WIDTH = {STATUS: 3, INVENTORY: 2, FEEDBACK: 1}

Place = tuple[str, int]  # topic, partition
Published = dict[Place, list[tuple[str, bytes]]]  # of each partition its records, in order: key, value


def envelope(service: str, position: int, name: str, org: str, subject: str, data: dict[str, Any]) -> bytes:
    moment = (BEGIN + timedelta(hours=position)).isoformat()
    return orjson.dumps(
        {
            "specversion": "1.0", "id": str(position), "recordedat": moment, "source": f"/services/{service}",
            "type": f"guichet.{service}.{name}.v1", "subject": subject, "time": moment, "org": org, "data": data,
            "causedby": f"{service}-{position}", "causedbysource": f"/organizations/{org}/any",
        }
    )  # fmt: skip


def inventory() -> list[tuple[str, bytes]]:
    """Versions of services, standards and results, and what takes them back."""
    said: list[tuple[str, str, dict[str, Any]]] = []
    for year, word, withdrawn in ((2025, "a", False), (2025, "b", False), (2026, "c", False), (2026, "c", True)):
        for n in (1, 2):
            valid = {"valid_from": date(year, 4, 1).isoformat(), "withdrawn": withdrawn}
            name = {"en": f"S{n} {word}", "fr": f"S{n} {word}"}
            service = {"service_id": f"SRV{n}", "name": name, "priority": word == "b", **valid}
            standard = {"standard_id": f"SRV{n}-1", "kind": "TML", "channel": None, "target": 0.8, "measure": None}
            result = {"to_date": "2026-05-31", "channel": "ONL", "standard_id": f"SRV{n}-1", "service_id": f"SRV{n}"}
            after = {"met": year - 2020, "total": year - 2010}
            before = None if word == "a" else {"met": 5, "total": 15}
            said.append((f"SRV{n}", "ServiceRecorded", service))
            said.append((f"SRV{n}", "ServiceStandardRecorded", {**service, **standard}))
            said.append((f"SRV{n}", "ServiceStandardResultRecorded", {**result, "before": before, "after": after}))
    return [(key, envelope("inventory", n, name, "9001", key, data)) for n, (key, name, data) in enumerate(said, 1)]


def feedback() -> list[tuple[str, bytes]]:
    return [(f"F-{n}", envelope("feedback", n, "FeedbackRecorded", "9002", f"F-{n}", {"n": n})) for n in range(1, 9)]


def advanced(service: str, position: int) -> bytes:
    moment = (BEGIN + timedelta(hours=position)).isoformat()
    data = {"position": position, "recorded_at": moment}
    kind = f"guichet.{service}.LogAdvanced.v1"
    return orjson.dumps({"id": f"advanced-{position}", "source": f"/services/{service}", "type": kind, "data": data})


def restored(service: str, after: int, until: int) -> bytes:
    kind = f"guichet.{service}.LogRestored.v1"
    said = {"id": f"restored-{after}-{until}", "source": f"/services/{service}", "type": kind}
    return orjson.dumps({**said, "data": {"after": after, "until": until}})


def published() -> Published:
    """The three logs as their relays publish them: by key, with their word on how far they are between and at the end; status
    was restored from a backup once, and a second time from an older one.
    """
    status = [(each.key.decode(), each.value) for each in status_events(48, services=4)]
    found: Published = {(topic, n): [] for topic, width in WIDTH.items() for n in range(width)}
    for topic, log in ((STATUS, status), (INVENTORY, inventory()), (FEEDBACK, feedback())):
        service = topic.partition(".")[0]
        for position, (key, value) in enumerate(log, 1):
            found[topic, crc32(key.encode()) % WIDTH[topic]].append((key, value))
            if position in {len(log) // 2, len(log)}:
                for n in range(WIDTH[topic]):
                    found[topic, n].append(("", advanced(service, position)))
            if topic == STATUS and position in VOID:
                for n in range(WIDTH[topic]):
                    found[topic, n].append(("", restored(service, VOID[position], position)))
    return found


# The position at which status was restored -> that of its backup.
VOID = {20: 15, 44: 12}
PUBLISHED = published()
PLACES = sorted(PUBLISHED)


@dataclass(frozen=True)
class Arrival:
    """What Kafka holds of each partition, and the batches it hands over: of which partition how many records each; before
    one, partitions whose reader begins again so many records back.
    """

    again: dict[Place, list[tuple[int, int]]]
    batches: list[tuple[dict[Place, int], list[tuple[Place, int]]]]

    def partition(self, place: Place) -> list[Record]:
        """Its records by offset; the relay, started again at some of them, has published those before once more."""
        values = PUBLISHED[place]
        order: list[tuple[str, bytes]] = []
        at = 0
        for stop, back in [*self.again.get(place, ()), (len(values), 0)]:
            order += values[at : max(stop, at)]
            at = max(0, max(stop, at) - back)
        return [
            ConsumerRecord(place[0], place[1], offset, 0, 0, key.encode(), value, None, 0, 0, ())
            for offset, (key, value) in enumerate(order)
        ]

    def handed_over(self) -> list[list[Record]]:
        """All batches, and at the end one with whatever none of them had."""
        logs = {place: self.partition(place) for place in PLACES}
        at = dict.fromkeys(PLACES, 0)
        found = []
        for back, takes in [*self.batches, ({}, [(place, 1000) for place in PLACES])]:
            for place, number in back.items():
                at[place] = max(0, at[place] - number)
            batch: list[Record] = []
            for place, number in takes:
                batch += logs[place][at[place] : at[place] + number]
                at[place] = min(at[place] + number, len(logs[place]))
            found.append(batch)
        return [batch for batch in found if batch]


places = st.sampled_from(PLACES)
arrivals = st.builds(
    Arrival,
    st.dictionaries(
        places, st.lists(st.tuples(st.integers(1, 30), st.integers(1, 12)), max_size=2).map(sorted), max_size=4
    ),
    st.lists(
        st.tuples(
            st.dictionaries(places, st.integers(1, 15), max_size=2),
            st.lists(st.tuples(places, st.integers(1, 12)), min_size=1, max_size=6),
        ),
        max_size=8,
    ),
)
IN_ORDER = Arrival({}, [])

# The whole of each table, but for what names the moment or the order in which it was read, and for cells that add up to
# nothing, which are as good as none.
_CONTENT = {
    "logged_event": "select service, service_position, recorded_at, type, org_id, topic, partition, value "
    "from logged_event",
    "performance_cell": "select * from views_1.performance_cell where (met, total, withdrawn, closed_undecided, events) "
    "<> (0, 0, 0, 0, 0)",
    "duration_cell": "select * from views_1.duration_cell where cases <> 0",
    "open_cell": "select * from views_1.open_cell where cases <> 0",
    "event_cell": "select * from views_1.event_cell",
    "feed_hour": "select * from views_1.feed_hour",
    "feed": "select * from views_1.feed",
    "service_change": "select service_id from views_1.service_change",
    "known_service": "select * from known_service",
    "known_standard": "select * from known_standard",
    "advanced": "select * from advanced",
    "void_span": "select service, topic, partition, after, until from void_span",
    "dead_letter": "select code from dead_letter",
}
_VIEWS = ("performance_cell", "duration_cell", "open_cell", "event_cell", "feed_hour", "feed", "service_change")
_TABLES = ("logged_event", "known_service", "known_standard", "advanced", "consumed", "dead_letter", "void_span")
FORGET = "; ".join(
    f"delete from {name}" for name in (*_TABLES, *(f"views_1.{view}" for view in (*_VIEWS, "withdrawal")))
)


@pytest.fixture
def reporting(database_of_reporting: asyncpg.Pool) -> asyncpg.Pool:
    return database_of_reporting


async def read(pool: asyncpg.Pool, batches: Iterable[Sequence[Record]]) -> dict[str, list[Any]]:
    """What reporting holds after these batches, from nothing, by its own handlers behind the fence."""
    taken = set[tuple[str, int, int]]()

    async def apply(connection: Connection, records: Sequence[Record]) -> None:
        places = {(record.topic, record.partition, record.offset) for record in records}
        assert not taken & places, "the fence let a record through twice"
        taken.update(places)
        await handlers.read_records(connection, handlers.prepare(records), LETTERS)

    await pool.execute(FORGET)
    taking = Consumption("reporting", apply)
    taking.fence.cluster_id = "cluster"
    for batch in batches:
        await taking.take(pool, batch)
    async with pool.acquire() as connection:
        return {
            table: sorted((tuple(row.values()) for row in await connection.fetch(query)), key=repr)
            for table, query in _CONTENT.items()
        }


# Without making a failing arrival smaller: that would take minutes of real batches.
@settings(
    max_examples=60,
    phases=[phase for phase in Phase if phase is not Phase.shrink],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(arrival=arrivals)
async def test_any_arrival_of_the_same_records_gives_the_same_log_and_the_same_views(
    reporting: asyncpg.Pool, arrival: Arrival
) -> None:
    """Any interleaving of partitions and any batches; stretches published again; batches handed over again."""
    if not EXPECTED:
        EXPECTED.update(await read(reporting, IN_ORDER.handed_over()))
    found = await read(reporting, arrival.handed_over())
    for table, rows in EXPECTED.items():
        assert found[table] == rows, table


EXPECTED: dict[str, list[Any]] = {}


async def test_in_order_everything_is_in_a_view(reporting: asyncpg.Pool) -> None:
    """What the arrivals are compared with is itself whole: every view has rows, and nothing was set aside."""
    found = await read(reporting, IN_ORDER.handed_over())
    events = [value for values in PUBLISHED.values() for key, value in values if key]
    assert sorted(row[-1].encode() for row in found["logged_event"]) == sorted(events)
    assert found.pop("dead_letter") == []
    assert [table for table, rows in found.items() if not rows] == []
    async with reporting.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        assert await handlers.differing_views(connection) == []
