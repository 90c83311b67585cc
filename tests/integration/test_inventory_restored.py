"""What inventory says again when it was restored from a backup: of each thing a void event was about, how it stands here."""

from datetime import UTC, datetime
from typing import Any

import asyncpg
import orjson
import pytest

from services.inventory.handlers import record_reports
from services.inventory.handlers.restoring import say_again
from shared.contracts.reported.kinds import KINDS
from shared.database import Connection, transaction
from shared.decoding import Arrival, Corrects, Received, decode
from shared.encryption import Seal
from shared.event_log import LogEntry
from shared.intake import Recorded
from shared.language import Bilingual
from shared.migrating import migrate
from tests.integration.test_corrections import SERVICE
from tests.integration.test_stewardship import event, record

NOW = datetime.now(UTC)
ORG, NEXT = "9003", "9004"
Told = list[LogEntry]


@pytest.fixture
async def tables(database: asyncpg.Pool) -> asyncpg.Pool:
    async with database.acquire() as connection:
        await migrate(connection, "inventory")
    return database


async def told(connection: Connection, *events: dict[str, Any], corrects: Corrects | None = None) -> Told:
    entries: Told = []
    for each in events:
        received = decode(Arrival(orjson.dumps(each), ORG), KINDS["inventory"], NOW)
        assert isinstance(received, Received), received
        if corrects is not None:  # as the door makes a withdrawal of it
            received.corrects, received.data = corrects, None
        (outcome,) = await record_reports(Seal("A" * 43), connection, [received], NOW)
        assert isinstance(outcome, Recorded), outcome
        entries += outcome.entries
    return entries


def as_published(entry: LogEntry, position: int) -> dict[str, Any]:
    """As reporting and the topics have it."""
    return {**orjson.loads("{" + entry.value_after_position().lstrip("{, ")), "id": str(position)}


EVENTS = (
    event(ORG, "ServiceReported", **{**SERVICE, "service_id": "S"}),
    event(ORG, "ServiceTransferReported", service_id="S", on="2036-04-01", to_org=NEXT),
    event(ORG, "ServiceRetirementReported", service_id="S", on="2035-04-01"),
    record(ORG, "strategy_approved", strategy_id="X", to="2019-03-31", approved_by="A", parts=[], **{"from": "2016-04-01"}),
)  # fmt: skip


async def test_what_is_still_here_is_said_again_as_it_was(tables: asyncpg.Pool) -> None:
    async with transaction(tables) as connection:
        entries = await told(connection, *EVENTS)
        again = await say_again(connection, [as_published(each, n) for n, each in enumerate(entries, 1)])
    said = {(each.topic, each.key, each.name, each.data.model_dump_json()) for each in again}
    assert said == {(each.topic, each.key, each.name, each.data.model_dump_json()) for each in entries}


async def test_what_is_not_here_any_more_is_said_to_be_withdrawn(tables: asyncpg.Pool) -> None:
    async with tables.acquire() as connection:
        trial = connection.transaction()
        await trial.start()
        void = [as_published(each, n) for n, each in enumerate(await told(connection, *EVENTS), 1)]
        await trial.rollback()
    async with transaction(tables) as connection:
        again = await say_again(connection, void)
    assert {each.name for each in again} == {
        "ServiceRecorded", "ServiceTransferred", "ServiceRetired", "StewardshipRecorded",
    }  # fmt: skip
    assert all(getattr(each.data, "withdrawn", False) for each in again)


async def test_what_was_withdrawn_here_stays_so(tables: asyncpg.Pool) -> None:
    reason = Bilingual(en="Why", fr="Pourquoi")
    async with transaction(tables) as connection:
        entries = await told(connection, *EVENTS)
        gone = {**EVENTS[3], "id": "gone"}
        await told(connection, gone, corrects=Corrects(EVENTS[3]["id"], ORG, reason))
        (again,) = await say_again(connection, [as_published(entries[3], 4)])
    assert getattr(again.data, "withdrawn", False) is True
