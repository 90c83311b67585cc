"""`guichet rebuild` on the running system: readers notice nothing, and what differs is named."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import asyncpg
import orjson
import pytest

from guichet import keys
from guichet.client import Services
from guichet.tokens import token
from shared.testing import eventually, status_event
from tests.conftest import LocalSystem
from tests.e2e.conftest import Served

pytestmark = pytest.mark.timeout(180)


@dataclass
class Readers:
    """Those who read a service's figure, the freshness, and the stream, without a pause: what they saw, and what went wrong."""

    services: Services
    served: Served
    totals: list[int] = field(default_factory=list)
    heard: list[int] = field(default_factory=list)
    ids: list[int] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    async def figures(self, session: aiohttp.ClientSession) -> None:
        bearer = {"Authorization": f"Bearer {token(self.services.home, 'auditor', ['auditor'])}"}
        while True:
            async with session.get(f"/v1/performance/{self.served.service_id}", headers=bearer) as answer:
                body = await answer.json(content_type=None)
            if answer.status != 200 or not body["items"]:
                self.wrong.append(f"{answer.status}: {body}")
            else:
                self.totals.append(sum(item["events"] + item["open"] for item in body["items"]))

    async def freshness(self, session: aiohttp.ClientSession) -> None:
        while True:
            async with session.get("/v1/freshness") as answer:
                body = await answer.json(content_type=None)
            if answer.status != 200 or not body["feeds"]:
                self.wrong.append(f"{answer.status}: {body}")
            else:
                self.heard.append(sum(feed["events"] for feed in body["feeds"]))

    async def stream(self, session: aiohttp.ClientSession) -> None:
        async with session.get("/v1/stream", timeout=aiohttp.ClientTimeout(total=None)) as answer:
            async for line in answer.content:
                if line.startswith(b"id: "):
                    self.ids.append(int(line[4:]))
        self.wrong.append("the stream ended")

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[None]:
        async with aiohttp.ClientSession(self.services.url("reporting")) as session:
            tasks = [asyncio.create_task(each(session)) for each in (self.figures, self.freshness, self.stream)]
            try:
                yield
            finally:
                self.wrong += [repr(task.exception()) for task in tasks if task.done()]
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)


async def report(services: Services, served: Served, key: str, unique: str) -> None:
    """Applications that are submitted and decided, twenty at a time, for ever."""
    for number in itertools.count():
        events = [
            status_event(
                served.org_id, f"{unique}-{number}-{each}", state, number=n, channel=served.channel,
                service_id=served.service_id, time=datetime.now(UTC) - timedelta(days=3 - n),
            )
            for each in range(10)
            for n, state in ((1, "submitted"), (2, "decided"))
        ]  # fmt: skip
        receipts = await services.send("status", key, [orjson.dumps(event) for event in events])
        assert {receipt["outcome"] for receipt in receipts} == {"accepted"}


async def rebuilt(system: LocalSystem, *arguments: str, status: int = 0) -> dict[str, Any]:
    done = await asyncio.to_thread(system.command, "rebuild", *arguments, "--format", "json", check=False)
    assert done.returncode == status, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.long
async def test_views_are_rebuilt_twice_under_load_and_readers_see_no_gap(
    system: LocalSystem, services: Services, served: Served, unique: str
) -> None:
    key = (await keys.create(services, served.org_id))["key"]
    readers = Readers(services, served)
    reporting = asyncio.create_task(report(services, served, key, unique))
    try:
        await eventually(lambda: has_read(services, served), seconds=30)
        async with readers.reading():
            for _ in range(2):
                found = await rebuilt(system)
                assert found["state"] == "switched", found["differences"]
                assert all(each["equal"] for each in found["tables"].values())
                assert found["tables"]["event_cell"]["live"]["rows"] > 0
                assert found["switched_to"] >= found["compared_to"]
            assert not reporting.done()
    finally:
        reporting.cancel()
        with suppress(asyncio.CancelledError):
            await reporting
    assert readers.wrong == []
    assert len(readers.totals) > 10
    assert len(readers.heard) > 10
    assert len(set(readers.ids)) > 2
    for seen in (readers.totals, readers.heard, readers.ids):
        assert seen == sorted(seen)
    verified = await asyncio.to_thread(system.command, "verify", "--format", "json")
    assert json.loads(verified.stdout)["reconciled"] is True


async def has_read(services: Services, served: Served) -> bool:
    bearer = token(services.home, "auditor", ["auditor"])
    found = await services.ask("reporting", f"/v1/performance/{served.service_id}", bearer=bearer)
    return any(item["total"] for item in found["items"])


@pytest.mark.long
async def test_a_row_changed_by_hand_is_named_stays_until_somebody_says_why_and_there_is_a_way_back(
    system: LocalSystem, services: Services, served: Served
) -> None:
    changed = (
        "update views_1.feed_hour set events = events + {} where ctid = (select min(ctid) from views_1.feed_hour "
        "where org_id = $1)"
    )
    connection = await asyncpg.connect(system.dsn("postgres", "reporting"))
    try:
        assert await connection.execute(changed.format(1000), served.org_id) == "UPDATE 1"
        found = await rebuilt(system, status=1)
        assert found["state"] == "differs"
        assert {each["view"] for each in found["differences"]} == {"feed_hour", "feed"}
        hour = next(each for each in found["differences"] if each["view"] == "feed_hour")
        assert hour["key"]["org_id"] == served.org_id
        assert hour["live"]["events"] == hour["rebuilt"]["events"] + 1000
        table = await asyncio.to_thread(system.command, "rebuild", "--watch", check=False)
        assert table.returncode == 1
        assert "feed_hour" in table.stdout
        assert "guichet rebuild --accept REASON" in table.stderr

        accepted = await rebuilt(system, "--accept", "changed by hand, for a test")
        assert (accepted["state"], accepted["reason"]) == ("switched", "changed by hand, for a test")
        assert (await rebuilt(system))["state"] == "switched"
        assert (await rebuilt(system, "--rollback"))["state"] == "rolled_back"
        again = await asyncio.to_thread(system.command, "rebuild", "--rollback", check=False)
        assert again.returncode == 1
        assert "There are no views to go back to" in again.stderr
        await asyncio.to_thread(system.command, "rebuild", "--forget")
        assert (await services.ask("reporting", "/v1/rebuilds"))["bytes"]["other"] == 0
    finally:
        await connection.close()
    verified = await asyncio.to_thread(system.command, "verify", "--format", "json")
    assert json.loads(verified.stdout)["reconciled"] is True


async def test_while_one_is_under_way_another_is_refused_by_name(system: LocalSystem, services: Services) -> None:
    connection = await asyncpg.connect(system.dsn("postgres", "reporting"))
    try:
        async with connection.transaction():
            await connection.execute("lock table views_1.event_cell in access share mode")  # a long reader
            begun = await services.ask("reporting", "/v1/rebuilds", method="POST", body={})
            path = f"/v1/rebuilds/{begun['rebuild_id']}"
            await eventually(lambda: services.ask("reporting", path), lambda now: now["state"] == "switching")
            refused = await asyncio.to_thread(system.command, "rebuild", check=False)
            assert refused.returncode == 1
            assert f"Rebuild {begun['rebuild_id']} is under way" in refused.stderr
        watched = await rebuilt(system, "--watch")
        assert (watched["rebuild_id"], watched["state"]) == (begun["rebuild_id"], "switched")
    finally:
        await connection.close()


async def test_from_kafka_what_the_log_lost_is_there_again_and_nothing_else_has_changed(
    system: LocalSystem, services: Services, served: Served
) -> None:
    connection = await asyncpg.connect(system.dsn("postgres", "reporting"))
    try:
        lost = "delete from logged_event where position % 5 = 0 returning 1"
        number = len(await connection.fetch(lost))
        assert number > 0
        found = await rebuilt(system, "--from", "kafka")
    finally:
        await connection.close()
    assert (found["state"], found["added"]) == ("switched", number)
    assert all(each["equal"] for each in found["tables"].values())
    assert found["verified"]["reconciled"] is True


def test_help_has_an_example_and_wrong_use_is_refused(system: LocalSystem) -> None:
    assert "Example: guichet rebuild --from log" in system.command("rebuild", "--help").stdout
    for wrong in (["--rollback", "--forget"], ["--watch", "--from", "kafka"], ["--accept", " "], ["--from", "memory"]):
        assert system.command("rebuild", *wrong, check=False).returncode == 2, wrong
