"""Whose word is taken on who is calling: nobody's but a proxy's that the installation names. What a service that ends still answers."""

import asyncio
import base64
from functools import partial
from typing import Any

import orjson
import pytest
import uvicorn
from fastapi import FastAPI, Request
from pydantic import ValidationError

from shared.answers import refuse_by_problems
from shared.serving import config_of
from shared.settings import Settings
from shared.testing import eventually


def settings(**changes: Any) -> Settings:
    key = base64.urlsafe_b64encode(bytes(32)).decode()
    given = {"database_url": "postgresql://", "kafka_bootstrap": "k:1", "pepper": "p" * 32, "master_key": key}
    return Settings(**{**given, **changes})


async def caller_of(proxies: str, connected_from: str) -> str:
    """The address that a service sees of a request that says to be forwarded for another."""
    app, seen = FastAPI(), list[str]()

    @app.get("/")
    async def see(request: Request) -> None:
        seen.append(request.client.host if request.client else "")

    config = config_of(app, settings(trusted_proxies=proxies))
    config.load()

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(_: Any) -> None:
        pass

    scope = {"type": "http", "method": "GET", "path": "/", "raw_path": b"/", "query_string": b"", "scheme": "http"}
    scope |= {"headers": [(b"x-forwarded-for", b"203.0.113.9")], "client": (connected_from, 1), "server": ("s", 80)}
    scope |= {"asgi": {"version": "3.0"}, "http_version": "1.1", "root_path": ""}
    await config.loaded_app(scope, receive, send)
    return seen[0]


@pytest.mark.parametrize("connected_from", ["127.0.0.1", "10.0.0.7"])
async def test_without_a_trusted_proxy_a_caller_is_who_opened_the_connection(connected_from: str) -> None:
    assert await caller_of("", connected_from) == connected_from


async def test_a_named_proxy_is_believed_and_another_is_not() -> None:
    proxies = "10.0.0.7, 10.1.0.0/16"
    assert await caller_of(proxies, "10.0.0.7") == "203.0.113.9"
    assert await caller_of(proxies, "10.1.2.3") == "203.0.113.9"
    assert await caller_of(proxies, "127.0.0.1") == "127.0.0.1"


@pytest.mark.parametrize("proxies", ["*", "proxy.example", "10.0.0.0/99"])
def test_a_proxy_is_named_by_its_address(proxies: str) -> None:
    with pytest.raises(ValidationError, match="trusted_proxies"):
        settings(trusted_proxies=proxies)


async def is_started(server: uvicorn.Server) -> bool:
    return server.started


@pytest.mark.parametrize(("language", "word"), [("en", "stopped"), ("fr", "arrête")])
async def test_a_request_that_outlasts_its_service_is_told_to_ask_again(language: str, word: str) -> None:
    app, asked = FastAPI(), asyncio.Event()
    refuse_by_problems(app)

    @app.get("/")
    async def never() -> None:
        asked.set()
        await asyncio.Event().wait()

    config = config_of(app, settings(host="127.0.0.1"))
    config.port = 0
    config.timeout_graceful_shutdown = 0
    server = uvicorn.Server(config)
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        serving = group.create_task(server.serve())
        await eventually(partial(is_started, server))
        reader, writer = await asyncio.open_connection(*server.servers[0].sockets[0].getsockname())
        writer.write(f"GET / HTTP/1.1\r\nHost: x\r\nAccept-Language: {language}\r\n\r\n".encode())
        await asked.wait()
        server.should_exit = True
        answer = await reader.read()
        writer.close()
        await serving
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 503")
    assert b"retry-after: 2" in head.lower()
    problem = orjson.loads(body)
    assert problem["code"] == "temporarily_unavailable"
    assert word in problem["detail"]
