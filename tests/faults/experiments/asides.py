"""Beside the receivers of webhooks in F14: whoever is told by e-mail, and subscriptions that end, are suspended and resumed, and
are tried again by hand.
"""

import asyncio
import os
import re
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
from aiohttp import web

from shared.testing import eventually
from tests.faults.departments import THOROUGH, reported, services_of
from tests.faults.rig import Rig
from tests.integration.mailboxes import text_of
from tests.integration.receiving import Receiver, Receivers

_SERVICE = services_of(THOROUGH)[1]
_LINK = re.compile(r"https?://[^/\s]+(/\w\w/subscriptions/\w+/confirm(?:-contact)?/\S+)")
_TOLD_SECONDS = 60.0
_AT_ONCE = 3  # of each act: most do not come to their end, since status ends before
_AWAY = 503
# Status is back by then after it has ended, and a letter that it had in hand is sent again once nobody holds it.
_AWAY_SECONDS, _LETTER_SECONDS = 10.0, 40.0
_CUT = (
    "select pg_terminate_backend(pid) from pg_stat_activity where datname = 'status' and application_name = 'guichet'"
)
_STATES = ("submitted", "in_review", "decided", "issued")


class Asides:
    """Each again and again until `ended`; whom it asks may end at any await, and then it begins anew, with another application."""

    def __init__(self, rig: Rig, receivers: Receivers) -> None:
        self._rig, self._receivers = rig, receivers
        self._mailbox = _Mailbox(rig.system.home.path / "mail")
        self._numbers = count()
        self._ended = asyncio.Event()
        self._to_tell: set[str] = set()  # applications of which a letter must say that they are in review

    @asynccontextmanager
    async def going_on(self) -> AsyncIterator[None]:
        """For the length of the block. Raises AssertionError where somebody was not told by then, nor soon after."""
        acts = (self._letter, self._digest, self._end, self._suspend, self._by_hand, self._contact, self._all)
        async with asyncio.TaskGroup() as group:
            for act in (*acts * _AT_ONCE, self._break):
                group.create_task(self._again_and_again(act))
            try:
                yield
            finally:
                self._ended.set()
        await eventually(self._untold, lambda untold: not untold, seconds=_TOLD_SECONDS)

    async def _again_and_again(self, act: Callable[[], Awaitable[None]]) -> None:
        while not self._ended.is_set():
            # Whom it asked took too long to come back.
            with suppress(TimeoutError, AssertionError):
                await act()
            await asyncio.sleep(0.1)

    async def _letter(self) -> None:
        """Somebody asks to be told of an application by e-mail, confirms, and is told that it is in review."""
        name = await self._application()
        await self._told_by_mail(name)
        await self._report(name, 1)
        self._to_tell.add(name)

    async def _digest(self) -> None:
        """Somebody is told once a day, and a day goes by."""
        name = await self._application()
        subscription = await self._told_by_mail(name, digest=True)
        for number in (1, 2, 3):
            await self._report(name, number)
        await asyncio.sleep(0.5)
        await self._fetch(
            "update delivery set made_at = made_at - interval '1 day', due_at = now() where subscription_id = $1 "
            "and status = 'pending' and leased_until is null returning n",
            subscription,
        )

    async def _end(self) -> None:
        """A receiver is gone."""
        name, subscription, _ = await self._told_by_webhook(410)
        await self._report(name, 1)
        await self._until(subscription, "ended")

    async def _suspend(self) -> None:
        """A receiver fails for days; once it is well again, a trial resumes it."""
        name, subscription, receiver = await self._told_by_webhook(500)
        await self._fetch(
            "update subscription set failing_since = now() - interval '6 days', failed_at = now() - interval '1 day' "
            "where subscription_id = $1 returning state",
            subscription,
        )
        await self._report(name, 1)
        await self._until(subscription, "suspended")
        receiver.answer = None
        await self._ask("POST", f"/v1/subscriptions/{subscription}/test")
        await self._until(subscription, "active")

    async def _by_hand(self) -> None:
        """Whoever made a subscription looks at what failed, and has it tried again."""
        name, subscription, _ = await self._told_by_webhook(500)
        await self._report(name, 1)
        await asyncio.sleep(0.5)
        found = await self._ask("GET", f"/v1/subscriptions/{subscription}/deliveries")
        for each in found["items"]:
            await self._ask("POST", f"/v1/subscriptions/{subscription}/deliveries/{each['n']}/retry")

    async def _contact(self) -> None:
        """The contact of a webhook agrees, and is told that its receiver is gone."""
        name, subscription, _ = await self._told_by_webhook(410)
        await self._confirm(f"{name}@example.org")
        await self._report(name, 1)
        await self._until(subscription, "ended")

    async def _all(self) -> None:
        """A department is told of everything of a service, for a moment."""
        receiver = await self._receivers.one()
        wanted = {"service_id": _SERVICE, "channel": "webhook", "address": receiver.url, "language": "en"}
        made = await self._ask("POST", "/v1/subscriptions", wanted)
        await self._ask("DELETE", f"/v1/subscriptions/{made['id']}")
        await asyncio.sleep(1)

    async def _break(self) -> None:
        """Status loses its connections, and is ended in order while a receiver has not answered."""
        for _ in range(3):
            await asyncio.sleep(1)
            connection = await asyncpg.connect(self._rig.system.home_dsn("status"))
            await connection.execute(_CUT)
            await connection.close()
        async with self._awaited():
            pid = self._rig.pid("status")
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
            await eventually(self._pid_of_status, lambda found: found != pid)

    async def _pid_of_status(self) -> int:
        return self._rig.pid("status")

    @asynccontextmanager
    async def _awaited(self) -> AsyncIterator[None]:
        """From when a receiver was asked to when it answers, at the end of the block."""

        async def answer(_: web.Request) -> web.StreamResponse:
            asked.set()
            await answered.wait()
            return web.Response(status=204)

        asked, answered = asyncio.Event(), asyncio.Event()
        name, _, receiver = await self._told_by_webhook(204)
        receiver.answer = answer
        await self._report(name, 1)
        try:
            async with asyncio.timeout(20):
                await asked.wait()
            yield
        finally:
            answered.set()

    async def _application(self) -> str:
        name = f"{self._rig.segment}.aside-{next(self._numbers)}"
        await self._report(name, 0)
        return name

    async def _report(self, name: str, number: int) -> None:
        data = {"application_id": name, "service_id": _SERVICE, "state": _STATES[number]}
        said = reported(
            "status", THOROUGH, "ApplicationStatusReported", f"{name}-{number}", name, datetime.now(UTC), data
        )
        await self._rig.load.post("status", THOROUGH, [said], timed=False)

    async def _told_by_mail(self, name: str, **more: Any) -> str:
        address = f"{name}@example.org"
        wanted = {"application_id": name, "channel": "email", "address": address, "language": "fr", **more}
        made = await self._ask("POST", "/v1/subscriptions", wanted)
        await self._confirm(address)
        return str(made["id"])

    async def _confirm(self, address: str) -> None:
        """Whoever was written to there agrees."""
        letter = await eventually(
            lambda: self._letter_to(address),
            lambda found: found is not None or self._ended.is_set(),
            seconds=_LETTER_SECONDS,
        )
        assert letter is not None
        link = _LINK.search(text_of(letter))
        assert link is not None
        await self._ask("POST", link[1])

    async def _told_by_webhook(self, status: int) -> tuple[str, str, Receiver]:
        """An application, a subscription to it, and its receiver, which answers with a status."""
        name, receiver = await self._application(), await self._receivers.one()
        receiver.answers(status)
        wanted = {"application_id": name, "channel": "webhook", "address": receiver.url, "language": "en"}
        made = await self._ask("POST", "/v1/subscriptions", {**wanted, "contact": f"{name}@example.org"})
        return name, str(made["id"]), receiver

    async def _letter_to(self, address: str) -> EmailMessage | None:
        return next((each for each in self._mailbox.letters() if each["To"] == address), None)

    async def _until(self, subscription: str, state: str) -> None:
        async def shown() -> str:
            return str((await self._ask("GET", f"/v1/subscriptions/{subscription}"))["state"])

        await eventually(shown, lambda found: found == state, seconds=30)

    async def _fetch(self, query: str, subscription: str) -> None:
        await self._rig.fetch("status", query, subscription)

    async def _ask(self, method: str, path: str, body: Any = None) -> Any:
        """The answer, once status is there. Raises AssertionError where it is refused, or none comes."""
        until = time.monotonic() + _AWAY_SECONDS
        status, answer = _AWAY, None
        while status == _AWAY and time.monotonic() < until and not self._ended.is_set():
            with suppress(aiohttp.ClientError, TimeoutError):
                status, answer = await self._rig.ask(method, "status", path, body, bearer=self._rig.load.keys[THOROUGH])
            if status == _AWAY:
                await asyncio.sleep(0.2)
        assert status < 400, f"{method} {path} was answered with {status}"
        return answer

    async def _untold(self) -> set[str]:
        rows = await self._rig.fetch(
            "status",
            "select webhook_id, application_id from delivery where facts ->> 'state' = $1 and application_id = any($2)",
            _STATES[1],
            list(self._to_tell),
        )
        applications = dict(tuple(row) for row in rows)
        ids = (str(each["Message-ID"]).strip("<>").partition("@")[0] for each in self._mailbox.letters())
        return self._to_tell - {applications.get(each) for each in ids}


class _Mailbox:
    """What has come, as far as it was looked at before there were too many."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[str, EmailMessage] = {}

    def letters(self) -> Iterable[EmailMessage]:
        for file in self._folder.glob("*.eml"):
            if file.name not in self._read:
                self._read[file.name] = BytesParser(policy=policy.default).parsebytes(file.read_bytes())
        return self._read.values()
