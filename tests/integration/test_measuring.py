"""What Prometheus is told of the state of things, as an operator would look at it."""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import asyncpg
import orjson

from guichet.client import Services
from shared.measuring import Measures
from shared.testing import eventually, status_event
from tests.conftest import LocalSystem


async def measured(http: aiohttp.ClientSession, services: Services, service: str) -> dict[str, float]:
    async with http.get(f"{services.url(service)}/metrics") as answer:
        text = await answer.text()
    return {name: float(value) for name, value in re.findall(r"^(guichet_\S+) (\S+)$", text, re.MULTILINE)}


async def test_dead_letters_that_wait_are_counted_by_code_until_they_are_dropped(
    http: aiohttp.ClientSession, services: Services, key: str, org: str, unique: str
) -> None:
    name = 'guichet_dead_letters_waiting{code="invalid_value"}'

    async def waiting() -> float:
        return (await measured(http, services, "status")).get(name, 0)

    before = await waiting()
    await services.send("status", key, [orjson.dumps(status_event(org, unique, "unheard_of"))])
    await eventually(waiting, lambda number: number == before + 1)
    (letter,) = (await services.ask("status", "/v1/dead-letters", query={"about": unique}))["items"]
    await services.ask("status", f"/v1/dead-letters/{letter['id']}", method="DELETE")
    await eventually(waiting, lambda number: number == before)


async def test_what_kafka_has_not_acknowledged_is_counted(
    http: aiohttp.ClientSession, services: Services, system: LocalSystem
) -> None:
    """The log's head moved ahead, as it would be while Kafka is away."""

    async def unsent() -> float:
        return (await measured(http, services, "feedback"))["guichet_unsent_events"]

    await eventually(unsent, lambda number: number == 0)
    async with no_relay(system, "feedback") as connection:
        await connection.execute("update relay_cursor set position = position - 7")
        await eventually(unsent, lambda number: number == 7)
        await connection.execute(
            "update relay_cursor set position = least(position + 7, (select position from log_head))"
        )
    await eventually(unsent, lambda number: number == 0)


@asynccontextmanager
async def no_relay(system: LocalSystem, service: str) -> AsyncIterator[asyncpg.Connection]:
    """Its lock is held here: a relay that led would take a moved cursor for a log to be published again."""
    connection, other = [await asyncpg.connect(system.dsn("postgres", service)) for _ in range(2)]
    try:
        held = asyncio.create_task(connection.execute("select pg_advisory_lock(hashtext('guichet.relay'))"))
        while not held.done():
            await other.execute(
                "select pg_terminate_backend(l.pid) from pg_locks l, pg_locks w where l.locktype = 'advisory' and l.granted "
                "and (l.database, l.classid, l.objid) = (w.database, w.classid, w.objid) and w.pid = $1 and not w.granted",
                connection.get_server_pid(),
            )
        await held
        yield connection
    finally:
        await connection.close()
        await other.close()


async def test_reporting_says_how_fresh_it_is_for_each_service_and_who_is_silent(
    http: aiohttp.ClientSession, services: Services, key: str, org: str, unique: str
) -> None:
    await services.send("status", key, [orjson.dumps(status_event(org, unique, "submitted"))])

    async def fresh() -> dict[str, float]:
        return await measured(http, services, "reporting")

    name = 'guichet_freshness_seconds{service="status"}'
    found = await eventually(
        fresh, lambda values: name in values and 'guichet_silent_departments{service="status"}' in values
    )
    assert 0 <= found[name] < 60
    assert not any("freshness" in name for name in await measured(http, services, "status"))


async def test_while_the_database_does_not_answer_the_last_values_stand(database: asyncpg.Pool) -> None:
    measures = Measures()
    await database.execute("update log_head set position = 5")
    await measures.take(database)
    async with database.acquire() as connection, connection.transaction():
        await connection.execute("lock table dead_letter in access exclusive mode")
        measures._asked_at = -10
        begun = time.monotonic()
        await measures.take(database)
        assert time.monotonic() - begun < 5
