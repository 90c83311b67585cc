"""A receiver of webhooks on this machine: subscribes, and tells of each message that its secret verifies."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from standardwebhooks import Webhook, WebhookVerificationError

from guichet.client import Services

Message = dict[str, Any]


class Receiver:
    """What has come and was verified, in order, waits in `messages`."""

    def __init__(self) -> None:
        self.messages: asyncio.Queue[Message] = asyncio.Queue()
        self._secret: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._seen: set[str] = set()

    def trust(self, secret: str) -> None:
        """Messages that came before are verified now."""
        self._secret.set_result(secret)

    async def handle(self, request: web.Request) -> web.Response:
        """400 for what the secret does not verify; what comes again under its id is taken, and told once."""
        body, message_id = await request.read(), request.headers.get("webhook-id", "")
        try:
            message = Webhook(await self._secret).verify(body, dict(request.headers))
        except WebhookVerificationError as error:
            return web.Response(status=400, text=f"{error}\n")
        if message_id not in self._seen:
            self._seen.add(message_id)
            self.messages.put_nowait({"webhook-id": message_id, **message})
        return web.Response(status=204)


@asynccontextmanager
async def receiving(
    services: Services, key: str, service_id: str, language: str
) -> AsyncIterator[tuple[Receiver, str]]:
    """A receiver that is told of every change of a service's applications, and the id of its subscription, which ends with
    it. Raises Stop or WrongUse where the subscription is refused.
    """
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/", receiver.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        address = f"http://127.0.0.1:{runner.addresses[0][1]}/"
        wanted = {"service_id": service_id, "channel": "webhook", "address": address, "language": language}
        made = await services.ask("status", "/v1/subscriptions", method="POST", body=wanted, bearer=key)
        receiver.trust(made["secret"])
        try:
            yield receiver, made["id"]
        finally:
            await services.ask("status", f"/v1/subscriptions/{made['id']}", method="DELETE", bearer=key)
    finally:
        await runner.cleanup()
