"""The third of README's commands to the first verified webhook: `guichet listen`."""

import asyncio
import os
import re
import sys
import time

import aiohttp
import orjson
from aiohttp import web
from aiohttp.test_utils import TestServer

from guichet.receiving import Receiver
from services.status.delivering.sealing import new_secret
from services.status.delivering.webhooks import signed
from tests.conftest import ROOT, LocalSystem

README = (ROOT / "README.md").read_text(encoding="utf-8")


async def listen(system: LocalSystem, *arguments: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "guichet", "listen", *arguments,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, cwd=ROOT,
        env={**os.environ, "GUICHET_HOME": str(system.home)},
    )  # fmt: skip
    async with asyncio.timeout(60):
        out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


async def test_the_command_of_the_readme_receives_a_verified_webhook_and_again_a_test_message(
    system: LocalSystem,
) -> None:
    (file,) = re.findall(r"^\.venv/bin/guichet listen (\S+)", README, re.MULTILINE)
    status, out, err = await listen(system, file, "--once")
    assert status == 0, err
    assert re.fullmatch(r"verified  msg_[0-9a-f]{32}  application A-2026-0001: .+\n", out)
    status, out, err = await listen(system, file, "--once", "--format", "json", "--language", "fr")
    assert (status, "duplicate" in err) == (0, True), err
    message = orjson.loads(out)
    assert (message["type"], message["data"]["summary"][:15]) == ("subscription.test", "Ceci est un ess")


async def test_what_cannot_be_listened_to_says_what_to_do(system: LocalSystem) -> None:
    for arguments, said in (
        ((), "give a file of reports"),
        (("docs/examples/status.json", "--language", "de"), "--language is en or fr"),
        (("docs/examples/correction.json",), "reports of applications of one service"),
    ):
        status, _, err = await listen(system, *arguments, "--once")
        assert (status, said in err) == (2, True), err


async def test_lesson_5_16_a_message_without_its_id_is_not_taken_and_one_that_comes_again_is_told_once() -> None:
    """Dedup skipped when the id header is missing (open-mercato #1343)."""
    receiver, secret = Receiver(), new_secret()
    receiver.trust(secret)
    app = web.Application()
    app.router.add_post("/", receiver.handle)
    body = b'{"type":"application.state_changed","timestamp":"2026-11-09T16:00:00Z","data":{}}'
    headers = signed("msg_1", int(time.time()), body, [secret])
    async with TestServer(app) as server, aiohttp.ClientSession() as session:

        async def post(without: str = "") -> int:
            kept = {name: value for name, value in headers.items() if name != without}
            async with session.post(server.make_url("/"), data=body, headers=kept) as answer:
                return answer.status

        assert [await post(name) for name in headers] == [400] * 3
        assert receiver.messages.empty()
        assert [await post(), await post()] == [204, 204]
    assert receiver.messages.qsize() == 1
