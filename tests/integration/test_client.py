"""How long the command waits for a service that is silent, or asks it to come again later."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from guichet.client import Services, _seconds
from guichet.errors import NotReachable
from guichet.home import Home


@pytest.fixture
async def alone(services: Services) -> AsyncIterator[Services]:
    """The system's services, to be led elsewhere."""
    async with Services(Home()) as found:
        yield found


async def test_a_service_that_hangs_is_away_after_as_long_as_one_waits_for_an_answer(alone: Services) -> None:
    gone = asyncio.Event()

    async def hang(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await gone.wait()
        writer.close()

    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    alone.addresses["status"]["url"] = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    began = time.monotonic()
    with pytest.raises(NotReachable, match="does not answer"):
        await alone.ask("status", "/v1/keys", patient=False, seconds=0.3)
    assert 0.3 <= time.monotonic() - began < 5
    gone.set()
    server.close()
    await server.wait_closed()


async def test_a_request_comes_again_when_it_is_asked_to_and_not_before(alone: Services) -> None:
    asked: list[float] = []

    async def later(_: web.Request) -> web.Response:
        asked.append(time.monotonic())
        if len(asked) == 1:
            return web.json_response({}, status=429, headers={"Retry-After": "1"})
        return web.json_response({"position": 7})

    app = web.Application()
    app.router.add_get("/v1/log", later)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    alone.addresses["status"]["url"] = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        assert await alone.ask("status", "/v1/log") == {"position": 7}
        assert asked[1] - asked[0] >= 1
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(("said", "seconds"), [(None, 0), ("soon", 0), ("2", 2), ("45", 45), ("60", 60), ("86400", 60)])
def test_as_long_as_a_service_asks_for_is_waited_up_to_a_minute(said: str | None, seconds: float) -> None:
    assert _seconds(said) == seconds
