"""One application as it changes, by SSE: no gap between what was read and what is told, and an answer to every id."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import orjson
import pytest

from guichet.client import Services
from shared.testing import status_event
from tests.conftest import LocalSystem

Told = tuple[int, str, dict[str, Any]]  # id, event, data


class Stream:
    """An open stream, event by event."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self._answer = answer

    async def next(self) -> Told:
        fields: dict[str, str] = {}
        async with asyncio.timeout(20):
            while line := (await self._answer.content.readline()).decode():
                name, _, value = line.rstrip("\n").partition(": ")
                if name:
                    fields[name] = value
                elif "event" in fields:
                    return int(fields["id"]), fields["event"], orjson.loads(fields["data"])
        raise AssertionError("the stream has ended")


class Follower:
    """A department that follows one of its own applications."""

    def __init__(self, services: Services, key: str, org: str, application: str) -> None:
        self._services, self._key, self._org, self.application = services, key, org, application
        self._number = 0

    async def report(self, *states: str) -> None:
        events = []
        for state in states:
            self._number += 1
            events.append(orjson.dumps(status_event(self._org, self.application, state, number=self._number)))
        for receipt in await self._services.send("status", self._key, events):
            assert receipt["outcome"] == "accepted", receipt

    @asynccontextmanager
    async def stream(self, last_id: str | None = None) -> AsyncIterator[Stream]:
        headers = {"Authorization": f"Bearer {self._key}", **({"Last-Event-ID": last_id} if last_id else {})}
        url = f"{self._services.url('status')}/v1/applications/{self.application}/events"
        async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as answer:
            assert answer.status == 200
            assert answer.content_type == "text/event-stream"
            yield Stream(answer)

    async def read(self) -> tuple[dict[str, Any], str]:
        """The application, and the id from which a stream goes on after it."""
        url = f"{self._services.url('status')}/v1/applications/{self.application}"
        headers = {"Authorization": f"Bearer {self._key}"}
        async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as answer:
            return orjson.loads(await answer.read()), answer.headers["Last-Event-ID"]


@pytest.fixture
async def follower(system: LocalSystem, services: Services, key: str, org: str, unique: str) -> Follower:
    found = Follower(services, key, org, f"A-{unique}")
    await found.report("submitted")
    return found


async def test_the_application_is_told_as_it_stands_and_then_each_change_once_in_order(follower: Follower) -> None:
    async with follower.stream() as stream:
        first, event, now = await stream.next()
        assert (event, now["state"], now["version"]) == ("application", "submitted", 1)
        ids = [first]
        for version, state in enumerate(("complete", "in_review", "information_requested"), 2):
            await follower.report(state)
            position, _, told = await stream.next()
            assert (told["state"], told["version"]) == (state, version)
            assert told["summary"]["fr"]
            ids.append(position)
        assert ids == sorted(set(ids))


async def test_nothing_falls_between_the_page_that_was_read_and_its_stream(follower: Follower) -> None:
    """Lessons 5.15, the gap between page and stream."""
    _, last_id = await follower.read()
    await follower.report("complete")  # after the page, before its stream
    async with follower.stream(last_id) as stream:
        _, _, told = await stream.next()
        assert told["version"] == 2


async def test_who_resumes_without_having_missed_anything_is_told_nothing_twice(follower: Follower) -> None:
    async with follower.stream() as stream:
        position, _, _ = await stream.next()
    async with follower.stream(str(position)) as stream:
        await follower.report("complete")
        _, _, told = await stream.next()
        assert told["version"] == 2


@pytest.mark.parametrize("last_id", ["999999999999999", "none", "-1", "٣", "9" * 40])
async def test_an_id_that_was_never_given_is_answered_at_once(follower: Follower, last_id: str) -> None:
    """Lessons 5.15, an unknown id hangs."""
    async with follower.stream(last_id.encode().decode("latin-1")) as stream:
        _, event, told = await stream.next()
        assert (event, told["version"]) == ("application", 1)


async def test_changes_that_another_process_of_status_recorded_are_told(
    follower: Follower, system: LocalSystem
) -> None:
    """Nothing in this process says that they happened; the log does."""
    async with follower.stream() as stream:
        _, _, now = await stream.next()
        await follower.report("complete", "in_review", "decided")
        version = now["version"]
        while version < 4:
            _, _, told = await stream.next()
            assert told["version"] > version
            version = told["version"]
        assert told["state"] == "decided"


async def test_an_application_of_somebody_else_has_no_stream(
    follower: Follower, services: Services, system: LocalSystem
) -> None:
    token = orjson.loads(system.command("token", "--client", "somebody").stdout)["token"]
    url = f"{services.url('status')}/v1/applications/{follower.application}/events"
    async with (
        aiohttp.ClientSession() as session,
        session.get(url, headers={"Authorization": f"Bearer {token}"}) as answer,
    ):
        assert answer.status == 404
