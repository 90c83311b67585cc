"""The demo's mail server: what is sent ends on a page in both languages, and runs nothing there."""

import os
import signal
import smtplib
import subprocess
import sys
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import aiohttp
import pytest

from bench.rig import free_port_base
from shared.testing import eventually
from tests.conftest import ROOT


@pytest.fixture
def ports(tmp_path: Path) -> Iterator[tuple[int, int]]:
    """Of SMTP and of the pages."""
    base = free_port_base()
    command = [sys.executable, "-m", "guichet.mailbox", str(tmp_path), str(base), str(base + 1)]
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "GUICHET_LINKS": ""})
    try:
        yield base, base + 1
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def letter() -> EmailMessage:
    found = EmailMessage()
    found["Subject"], found["From"], found["To"] = (
        "Votre demande est à l'étude",
        "guichet@demo.invalid",
        "a@example.org",
    )
    found.set_content("Bonjour,\n\nhttp://127.0.0.1:8003/fr/\n<script>alert(1)</script>\n")
    found.add_alternative("<h1 style='color: red'>Bonjour</h1><script>alert(1)</script>", subtype="html")
    return found


async def test_a_letter_is_on_the_page_in_both_languages_with_its_links_and_runs_nothing(
    ports: tuple[int, int], http: aiohttp.ClientSession
) -> None:
    smtp, pages = ports
    url = f"http://127.0.0.1:{pages}"

    async def get(path: str) -> tuple[int, str, str]:
        async with http.get(f"{url}{path}") as answer:
            return answer.status, await answer.text(), answer.headers.get("Content-Security-Policy", "")

    async def answers() -> bool:
        try:
            return "Nothing has come yet" in (await get("/en/"))[1]
        except aiohttp.ClientError:
            return False

    await eventually(answers, seconds=30)
    with smtplib.SMTP("127.0.0.1", smtp) as server:
        server.send_message(letter())
    for language, title in (("en", "Mailbox of the demonstration"), ("fr", "Boîte aux lettres")):
        _, page, _ = await get(f"/{language}/")
        assert title in page
        assert "Votre demande est à l&#39;étude" in page
        name = page.partition("/letters/")[2].partition('"')[0]
        status, page, policy = await get(f"/{language}/letters/{name}")
        assert status == 200
        assert '<a href="http://127.0.0.1:8003/fr/"' in page
        assert "<script>alert" not in page
        assert "default-src 'self'" in policy
    _, _, policy = await get(f"/letters/{name}/html")
    assert "sandbox" in policy
    assert "script" not in policy
    assert (await get("/fr/letters/none"))[0] == 404
