"""The stream of changed figures and verdicts, whoever changes them: ids never go back, and nothing that changed is left out."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import asyncpg
import orjson
import pytest

from services.reporting import store
from services.reporting.api.stream import EVERY, Stream, _audience
from services.reporting.handlers.keeping import KeptFacts
from services.reporting.handlers.telling import tell_changes
from shared.database import transaction
from shared.identity import Department, Person
from tests.integration.test_compliance_log import DAY, advance, managed, read, records
from tests.unit.evidence import LATER

NAME = {"en": "A service", "fr": "Un service"}


@pytest.fixture
def figures(database_of_reporting: asyncpg.Pool) -> asyncpg.Pool:
    return database_of_reporting


async def change(pool: asyncpg.Pool, service: str) -> int:
    """A change of a service's figures, as another worker of reporting commits it."""
    async with pool.acquire() as connection, connection.transaction():
        position = await store.take_positions(connection, 1) + 1
        await connection.execute("insert into known_service values ($1, '2024-04-01', '9001', '{}', false, 1)", service)
        await connection.execute(
            "insert into known_standard (service_id, standard_id, org_id, name, valid_from, position) "
            "values ($1, $1 || '-1', '9001', $2, '2024-04-01', 1)",
            service,
            NAME,
        )
        await connection.execute(
            "insert into views_1.open_cell values ('9001', $1, $1 || '-1', '', 'running', '2025-01-01', '9999-01-01', 0, 10)",
            service,
        )
        await store.mark_changed(connection, {service: position})
    return position


async def judge(pool: asyncpg.Pool, day: date = DAY) -> int:
    """What another worker of reporting tells of verdicts; where that stands among what was read."""
    async with transaction(pool) as connection:
        assert await tell_changes(connection, day, KeptFacts())
        return await store.head(connection)


Told = tuple[int, str, Any]  # id, event, data


async def told(messages: AsyncIterator[bytes]) -> list[Told]:
    """The events of the next message that has any."""
    while True:
        text = (await asyncio.wait_for(anext(messages), 10)).decode()
        blocks = [dict(line.split(": ", 1) for line in each.split("\n")) for each in text.strip().split("\n\n")]
        found = [(int(each["id"]), each["event"], orjson.loads(each["data"])) for each in blocks if each.get("event")]
        if found:
            return found


def judged(found: Told) -> set[tuple[str, str]]:
    return {(each["org_id"], each["requirement"]) for each in found[2]["items"]}


async def test_a_change_that_another_worker_made_is_told(figures: asyncpg.Pool) -> None:
    stream = Stream(figures)
    running = asyncio.create_task(stream.run())
    messages = stream.read(None)
    try:
        assert b"retry" in await anext(messages)
        assert b"event: start" in await anext(messages)
        position = await change(figures, "S-1")
        told = await asyncio.wait_for(anext(messages), 10)
        assert told.startswith(b"id: %d\n" % position)
        assert b'"services":["S-1"]' in told
    finally:
        running.cancel()


async def test_what_was_on_its_way_while_a_reader_looked_does_not_come_after_what_it_saw(figures: asyncpg.Pool) -> None:
    stream = Stream(figures)
    before = await change(figures, "S-1")
    messages = stream.read(str(before - 1))
    await anext(messages)
    seen = await anext(messages)
    assert seen.startswith(b"id: %d\n" % before)
    stream._told = before - 1, 0  # the loop is behind what this reader has seen
    await stream._tell()
    after = await change(figures, "S-2")
    await stream._tell()
    assert (await asyncio.wait_for(anext(messages), 10)).startswith(b"id: %d\n" % after)


async def test_verdicts_are_told_to_who_may_read_of_the_organisation_and_never_to_the_public(
    figures: asyncpg.Pool,
) -> None:
    stream = Stream(figures)
    readers = {name: stream.read(None, name) for name in (None, EVERY, "9001", "9002")}
    for messages in readers.values():
        assert (await told(messages))[0][1] == "start"
    await read(figures, records(managed().entries[:9]))
    position = await judge(figures)
    await change(figures, "S-9")
    await stream._tell()
    for name in (EVERY, "9001"):
        (first,) = await told(readers[name])
        assert first[:2] == (position, "verdicts")
        assert ("9001", "7.4") in judged(first)
        assert {each["after"]["state"] for each in first[2]["items"]} & {"compliant", "insufficient_evidence"}
        assert all(each["caused_by"]["id"] for each in first[2]["items"])
        assert (await told(readers[name]))[0][1] == "performance"
    for name in (None, "9002"):
        (only,) = await told(readers[name])
        assert only[1] == "performance"


async def test_whoever_resumes_is_told_the_verdicts_that_changed_since_and_those_alone(figures: asyncpg.Pool) -> None:
    some = records(managed().entries)
    await read(figures, some[:6])
    await advance(figures, LATER)
    first = await judge(figures)
    await read(figures, some[6:9])
    second = await judge(figures)
    stream = Stream(figures)
    assert first < second
    (only,) = await told(stream.read(str(first), "9001"))
    assert (only[0], only[1]) == (second, "verdicts")
    assert judged(only) == {("9001", "7.3"), ("9001", "7.4")}
    both = [each for each in await told(stream.read(str(first - 1), EVERY)) if each[1] == "verdicts"]
    assert [each[0] for each in both] == [first, second]
    messages = stream.read(str(second), EVERY)
    assert b"retry" in await anext(messages)
    assert b"nothing missed" in await anext(messages)


@pytest.mark.parametrize(
    ("found", "audience"),
    [
        (None, None),
        (Department("9001", "gk_1"), None),
        (Person("a-client", frozenset(), None), None),
        (Person("x", frozenset({"officer"}), None), None),
        (Person("x", frozenset({"officer"}), "9001"), "9001"),
        (Person("x", frozenset({"deputy_head"}), "9002"), "9002"),
        (Person("x", frozenset({"oversight"}), "9001"), EVERY),
        (Person("x", frozenset({"auditor"}), None), EVERY),
    ],
)
def test_whose_verdicts_a_reader_is_told_follows_from_who_it_is(found: Any, audience: str | None) -> None:
    assert _audience(found) == audience
