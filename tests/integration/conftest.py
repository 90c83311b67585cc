"""How a department reaches the doors: its Kafka login, raw connections to HTTP, and its receipts."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import orjson
import pytest

from guichet import keys
from guichet.client import Services
from shared.kafka import Kafka
from tests.integration.mailboxes import MAIL_PORT, NOTIFY_PORT, GcNotify, Mailboxes
from tests.integration.receiving import Receiver, Receivers, receivers
from tests.integration.subscribers import Door

# The system under test sends notifications to this very machine.
os.environ |= {
    "GUICHET_WEBHOOK_TARGETS": "any",
    "GUICHET_SMTP": f"smtp://127.0.0.1:{MAIL_PORT}",
    "GUICHET_MAIL_FROM": "Guichet <guichet@example.org>",
    "GUICHET_PUBLIC_URL": "https://status.example.org",
    "GUICHET_NOTIFY_URL": f"http://127.0.0.1:{NOTIFY_PORT}",
    "GUICHET_NOTIFY_KEY": "of-a-service",
    "GUICHET_NOTIFY_TEMPLATE_EN": "in-english",
    "GUICHET_NOTIFY_TEMPLATE_FR": "en-francais",
}

# (event id, service) -> the receipt, or None while there is none
LookUp = Callable[..., Awaitable[Any]]
# bytes for a service's HTTP door -> all that it answers until it hangs up
Raw = Callable[..., Awaitable[bytes]]


@pytest.fixture(scope="session")
async def kafka_of_department(services: Services, org: str) -> Kafka:
    """Kafka as the department of `org` enters it, with the login of a key of its own."""
    login = (await keys.create(services, org))["kafka"]
    return Kafka(services.kafka.bootstrap, login["username"], login["password"])


@pytest.fixture
def receipt_of(services: Services, key: str) -> LookUp:
    async def look_up(event_id: str, service: str = "status") -> Any:
        status, answer = await services._request(
            "GET", service, f"/v1/receipts/{event_id}", None, "application/json", key
        )
        return answer if status == 200 else None

    return look_up


@pytest.fixture
def raw(services: Services) -> Raw:
    async def send(*parts: bytes, service: str = "status", seconds: float = 20) -> bytes:
        address = urlsplit(services.url(service))
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        try:
            async with asyncio.timeout(seconds):
                for part in parts:
                    writer.write(part)
                    await writer.drain()
                return await reader.read()
        finally:
            writer.close()

    return send


def answers_in(received: bytes) -> list[tuple[int, dict[str, str], Any]]:
    """The HTTP answers (status, headers, JSON) in what a connection brought; each must say its length."""
    found = []
    while received:
        head, _, rest = received.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = int(headers.get("content-length", 0))
        found.append((int(first.split()[1]), headers, orjson.loads(rest[:length] or b"null")))
        received = rest[length:]
    return found


@pytest.fixture
async def receiving() -> AsyncIterator[Receivers]:
    async with receivers() as found:
        yield found


@pytest.fixture
async def receiver(receiving: Receivers) -> Receiver:
    return await receiving.one()


@pytest.fixture
def department(services: Services, http: aiohttp.ClientSession, key: str) -> Door:
    """The department of `key` at status's door."""
    return Door(services, http, key)


@pytest.fixture
def mailboxes() -> Iterator[Mailboxes]:
    with Mailboxes.at(MAIL_PORT) as found:
        yield found


@pytest.fixture
async def gc_notify() -> AsyncIterator[GcNotify]:
    async with GcNotify.at(NOTIFY_PORT) as found:
        yield found


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[Any]:
    installed = shutil.which("chromium") or shutil.which("chromium-browser")
    if installed is None:
        pytest.skip("there is no chromium here (apt install chromium)")
    playwright = pytest.importorskip("playwright.async_api", reason="playwright is not installed")
    async with playwright.async_playwright() as started:
        # Root may run no sandbox, and a container's shared memory is small.
        arguments = ["--no-sandbox", "--disable-dev-shm-usage"]
        found = await started.chromium.launch(executable_path=installed, args=arguments)
        yield found
        await found.close()


@pytest.fixture
async def browser(chromium: Any) -> AsyncIterator[Any]:
    """A browser that is started once; what a test opened in it is closed, and forgotten with it."""
    yield chromium
    for context in chromium.contexts:
        await context.close()
