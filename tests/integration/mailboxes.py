"""Where letters arrive: a real mail server on this machine, and GC Notify's interface as its documentation has it."""

import email
import email.policy
import logging
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any, Self

from aiohttp import web
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from bench.rig import free_port_base

# Chosen once for the whole run; a system takes those from the base on, and bases are twenty apart.
MAIL_PORT, NOTIFY_PORT = (free_port_base() + offset for offset in (18, 19))


@dataclass
class Mailboxes:
    """Letters by mailbox; `refused` mailboxes are answered 550, `busy` ones 451."""

    letters: list[tuple[str, EmailMessage]] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    busy: set[str] = field(default_factory=set)

    @classmethod
    @contextmanager
    def at(cls, port: int) -> Iterator[Self]:
        # aiosmtpd tells of each command, into a stream that pytest has closed by then.
        logging.getLogger("mail.log").setLevel(logging.WARNING)
        found = cls()
        controller = Controller(found, hostname="127.0.0.1", port=port)
        controller.start()
        try:
            yield found
        finally:
            controller.stop()

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address in self.refused:
            return "550 no such mailbox"
        if address in self.busy:
            return "451 come again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - likewise
        message = email.message_from_bytes(envelope.original_content or b"", policy=email.policy.default)
        self.letters += [(address, message) for address in envelope.rcpt_tos]  # type: ignore[misc]
        return "250 taken"

    def of(self, address: str) -> list[EmailMessage]:
        return [message for to, message in self.letters if to == address]


def text_of(message: EmailMessage, kind: str = "plain") -> str:
    body = message.get_body((kind,))
    assert body is not None
    return str(body.get_content())


def link_in(message: EmailMessage, purpose: str) -> str:
    """The path of a link in a letter."""
    found = re.search(rf"https://status.example.org(/\w\w/subscriptions/\w+/{purpose}/\S+)", text_of(message))
    assert found, text_of(message)
    return found[1]


def link_in_notification(taken: dict[str, Any], purpose: str) -> str:
    """The path of a link in what GC Notify has taken."""
    said = "\n".join(taken["personalisation"].values())
    found = re.search(rf"https://status.example.org(/\w\w/subscriptions/\w+/{purpose}/\S+)", said)
    assert found, taken
    return found[1]


@dataclass
class GcNotify:
    """What GC Notify has taken, by reference; `status` is what it says of each."""

    taken: dict[str, dict[str, Any]] = field(default_factory=dict)
    status: str = "sending"
    refuses: int | None = None

    @classmethod
    @asynccontextmanager
    async def at(cls, port: int) -> AsyncIterator[Self]:
        found = cls()
        app = web.Application()
        app.router.add_post("/v2/notifications/email", found.send)
        app.router.add_get("/v2/notifications", found.by_reference)
        app.router.add_get("/v2/notifications/{id}", found.one)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        try:
            yield found
        finally:
            await runner.cleanup()

    async def send(self, request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == "ApiKey-v1 of-a-service"
        if self.refuses is not None:
            return web.json_response({"errors": [{"error": "BadRequestError"}]}, status=self.refuses)
        body = await request.json()
        self.taken[body["reference"]] = body
        return web.json_response({"id": f"id-{body['reference']}", "reference": body["reference"]}, status=201)

    def _shown(self, reference: str) -> dict[str, str]:
        return {"id": f"id-{reference}", "reference": reference, "status": self.status}

    async def by_reference(self, request: web.Request) -> web.Response:
        reference = request.query["reference"]
        found = [self._shown(reference)] if reference in self.taken else []
        return web.json_response({"notifications": found, "links": {}})

    async def one(self, request: web.Request) -> web.Response:
        reference = request.match_info["id"].removeprefix("id-")
        if reference not in self.taken:
            return web.json_response({"errors": [{"error": "NoResultFound"}]}, status=404)
        return web.json_response(self._shown(reference))
