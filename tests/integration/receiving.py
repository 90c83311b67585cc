"""A real receiver of webhooks on this machine: keeps what comes, verifies it, and answers as it is told."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web
from standardwebhooks import Webhook

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Message:
    """What came: under which id, and whether the reference implementation verifies it by the receiver's secret."""

    id: str
    headers: dict[str, str]
    body: bytes

    @property
    def data(self) -> dict[str, Any]:
        return dict(orjson.loads(self.body)["data"])

    def verified(self, secret: str) -> Any:
        """Raises WebhookVerificationError."""
        return Webhook(secret).verify(self.body, self.headers)


@dataclass
class Receiver:
    """One endpoint; `answer` says how it answers, 204 unless told otherwise."""

    url: str
    tried: list[Message] = field(default_factory=list)
    taken: list[Message] = field(default_factory=list)
    answer: Answer | None = None

    def answers(self, status: int, **headers: str) -> None:
        async def answer(_: web.Request) -> web.StreamResponse:
            return web.Response(status=status, headers={k.replace("_", "-"): v for k, v in headers.items()})

        self.answer = answer

    @property
    def states(self) -> list[str]:
        """What a receiver that drops what it has by its id sees, in the order in which it came."""
        seen = {message.id: message for message in reversed(self.taken)}
        return [message.data["state"] for message in self.taken if seen.get(message.id) is message]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        message = Message(request.headers["webhook-id"], dict(request.headers), await request.read())
        self.tried.append(message)
        answer = web.Response(status=204) if self.answer is None else await self.answer(request)
        if answer.status < 300:
            self.taken.append(message)
        return answer


class Receivers:
    """Receivers on one port, each by its path; or each on a port of its own, as another host would be."""

    def __init__(self) -> None:
        self._runners: list[web.AppRunner] = []

    async def one(self) -> Receiver:
        receiver = Receiver("")
        app = web.Application()
        app.router.add_post("/hook", receiver.handle)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        self._runners.append(runner)
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
        return receiver

    async def close(self) -> None:
        await asyncio.gather(*(runner.cleanup() for runner in self._runners))


@asynccontextmanager
async def receivers() -> AsyncIterator[Receivers]:
    found = Receivers()
    try:
        yield found
    finally:
        await found.close()
