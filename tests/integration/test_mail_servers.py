"""What a mail server may do to a letter: slow with every command, refusing the mailbox, or refusing ourselves."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from services.status.delivering.mail import Mail, relay_of
from services.status.delivering.worker import attempt
from tests.unit.test_status_letters import SEAL, URL, claimed

NEVER = ""


@asynccontextmanager
async def mail_server(**answers: str) -> AsyncIterator[int]:
    """Its port. It answers as SMTP has it, but to the commands that are named; NEVER: not at all. `BODY` is the letter."""
    usual = {
        "GREETING": "220 here",
        "EHLO": "250-here\r\n250 AUTH PLAIN",
        "AUTH": "235 in",
        "DATA": "354 go on",
        "BODY": "250 taken",
    } | answers

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def say(answer: str) -> None:
            if answer == NEVER:
                await reader.read()
            else:
                writer.write(answer.encode() + b"\r\n")

        await say(usual["GREETING"])
        while line := await reader.readline():
            verb = line.decode().split()[0].upper()
            answer = usual.get(verb, "250 OK")
            await say(answer)
            if answer.startswith("354"):
                await reader.readuntil(b"\r\n.\r\n")
                await say(usual["BODY"])
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def mail_by(port: int) -> Mail:
    return Mail(SEAL, relay_of(f"smtp://user:word@127.0.0.1:{port}"), "guichet@example.org", URL)


@pytest.mark.parametrize("command", ["EHLO", "AUTH", "MAIL", "RCPT", "DATA", "BODY"])
async def test_a_try_is_over_in_its_time_whichever_command_a_mail_server_is_slow_with(command: str) -> None:
    async with mail_server(**{command: NEVER}) as port:
        began = time.monotonic()
        tried = await attempt(mail_by(port), [claimed()], seconds=0.3)
    assert (tried.error, tried.hopeless, tried.ours) == ("timeout", False, True)
    assert time.monotonic() - began < 3


async def test_a_letter_that_was_taken_is_delivered_however_slow_the_goodbye() -> None:
    async with mail_server(QUIT=NEVER) as port:
        tried = await attempt(mail_by(port), [claimed()])
    assert (tried.delivered, tried.code) == (True, 250)


@pytest.mark.parametrize(
    ("command", "answer", "error", "whose"),
    [
        ("RCPT", "550 no such user", "mailbox_refused", "theirs"),
        ("RCPT", "550 5.1.1 no such user", "mailbox_refused", "theirs"),
        ("RCPT", "552 5.2.2 mailbox full", "mailbox_refused", "theirs"),
        ("BODY", "550 5.1.10 no such recipient", "mailbox_refused", "theirs"),
        ("RCPT", "451 4.2.1 come again later", "mailbox_refused", "passing"),
        ("RCPT", "554 relay access denied", "mail_refused", "ours"),
        ("RCPT", "550 5.7.1 relaying denied", "mail_refused", "ours"),
        ("RCPT", "530 5.7.0 authentication required", "mail_refused", "ours"),
        ("RCPT", "553 5.1.8 sender's domain does not exist", "mail_refused", "ours"),
        ("BODY", "554 5.7.1 rejected as spam", "mail_refused", "ours"),
        ("BODY", "550 rejected", "mail_refused", "ours"),
        ("AUTH", "535 5.7.8 wrong password", "mail_login_refused", "ours"),
        ("MAIL", "550 5.7.1 you may not send as that", "mail_sender_refused", "ours"),
        ("GREETING", "554 go away", "mail_refused", "ours"),
    ],
)
async def test_only_what_is_said_of_the_mailbox_is_final_and_what_is_said_of_us_is_tried_again(
    command: str, answer: str, error: str, whose: Any
) -> None:
    async with mail_server(**{command: answer}) as port:
        tried = await attempt(mail_by(port), [claimed()])
    assert (tried.error, tried.code) == (error, int(answer[:3]))
    assert (tried.hopeless, tried.ours, tried.failed) == (whose == "theirs", whose == "ours", whose != "ours")


async def test_a_mail_server_that_is_away_is_no_fault_of_the_mailbox() -> None:
    async with mail_server() as port:
        pass
    tried = await attempt(mail_by(port), [claimed()])
    assert (tried.error, tried.ours) == ("connection_failed", True)
