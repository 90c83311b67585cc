"""One application as it changes, by SSE: no gap between what was read and what is told, and an answer to every id."""

import asyncio
import base64
import os
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import aiohttp
import orjson
import pytest
from fastapi import FastAPI

from guichet import keys, revoking
from guichet.client import Services
from guichet.tokens import token
from services.status.api import expecting
from services.status.api.live import Live
from services.status.store import following
from shared.database import open_pool
from shared.encryption import Seal
from shared.testing import status_event
from tests.conftest import LocalSystem
from tests.integration.test_corrections import correction

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


async def test_lesson_5_15_nothing_falls_between_the_page_that_was_read_and_its_stream(follower: Follower) -> None:
    """The gap between page and stream."""
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
async def test_lesson_5_15_an_id_that_was_never_given_is_answered_at_once(follower: Follower, last_id: str) -> None:
    """An unknown id hangs (Mercure #704)."""
    async with follower.stream(last_id.encode().decode("latin-1")) as stream:
        _, event, told = await stream.next()
        assert (event, told["version"]) == ("application", 1)


@pytest.fixture
async def live(system: LocalSystem) -> AsyncIterator[Live]:
    """What tells readers, in this process, of what the system's database holds."""
    app = FastAPI()
    app.state.pool = await open_pool(system.dsn("postgres", "status"), 2)
    app.state.seal = Seal(base64.urlsafe_b64encode(os.urandom(32)).decode())
    expecting.prepare(app)
    yield Live(app)
    await app.state.pool.close()


@pytest.mark.parametrize("missed", [True, False])
async def test_lesson_5_15_behind_an_id_too_old_nothing_is_looked_for_and_the_application_is_told_as_it_stands(
    follower: Follower, live: Live, org: str, monkeypatch: pytest.MonkeyPatch, *, missed: bool
) -> None:
    """A capped scan kills replay (Mercure #1382): where the log is not gone through, the reader is taken to have missed some."""
    _, last_id = await follower.read()
    if missed:
        await follower.report("complete")
    await other_changes(follower, 3)
    key = (org, follower.application)

    async def first_told() -> bytes:
        async with aclosing(live.read(key, last_id)) as messages:
            assert b"retry" in await anext(messages)
            return await anext(messages)

    looked = await first_told()
    assert (b"event: application" in looked) is missed
    assert missed or b"nothing missed" in looked
    monkeypatch.setattr(following, "_FAR", 2)
    told = await first_told()
    assert b"event: application" in told
    assert b'"version":%d' % (1 + missed) in told


async def other_changes(follower: Follower, number: int) -> None:
    """The log goes on by other applications."""
    for n in range(number):
        other = Follower(follower._services, follower._key, follower._org, f"{follower.application}-{n}")
        await other.report("submitted")


# Who may read, while a stream is open


async def test_a_key_that_is_revoked_is_told_nothing_more_by_a_stream_that_is_open(
    follower: Follower, services: Services, org: str
) -> None:
    made = await keys.make(services, keys.Scope(org, ["status"]))
    reader = Follower(services, made["key"], org, follower.application)
    async with reader.stream() as stream, follower.stream() as others:
        assert (await stream.next())[2]["version"] == (await others.next())[2]["version"] == 1
        await revoking.revoke(services, made["id"])
        await follower.report("complete")
        with pytest.raises(AssertionError, match="the stream has ended"):
            await stream.next()
        assert (await others.next())[2]["version"] == 2


async def test_a_client_whom_a_correction_removed_is_told_nothing_more_not_even_of_the_correction(
    services: Services, key: str, org: str, unique: str, system: LocalSystem
) -> None:
    first = status_event(org, f"A-{unique}", "submitted", client_id=f"wrong-{unique}")
    await services.send("status", key, [orjson.dumps(first)])
    client = Follower(services, token(services.home, f"wrong-{unique}"), org, f"A-{unique}")
    async with client.stream() as stream:
        assert (await stream.next())[2]["version"] == 1
        right = correction(first, {**first["data"], "client_id": f"right-{unique}"})
        await services.send("status", key, [orjson.dumps(right)])
        with pytest.raises(AssertionError, match="the stream has ended"):
            await stream.next()


async def test_the_stream_of_an_application_ends_with_its_last_report_withdrawn(
    services: Services, key: str, org: str, unique: str
) -> None:
    only = status_event(org, f"A-{unique}", "submitted")
    await services.send("status", key, [orjson.dumps(only)])
    department = Follower(services, key, org, f"A-{unique}")
    async with department.stream() as stream:
        await stream.next()
        await services.send("status", key, [orjson.dumps(correction(only, None))])
        with pytest.raises(AssertionError, match="the stream has ended"):
            await stream.next()


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
