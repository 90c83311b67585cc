"""A client follows an application to its end, on the page, by SSE, by webhook and by e-mail: each change once, in order."""

from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import orjson
import pytest

from guichet import keys
from guichet.client import Services
from guichet.tokens import token
from services.status.domain.words import SUMMARY
from shared.language import Language
from shared.testing import eventually, status_event
from tests.integration.mailboxes import Mailboxes, link_in, text_of
from tests.integration.receiving import Receiver
from tests.integration.subscribers import Door
from tests.integration.test_live import Follower, Stream

# With two pauses; then the second report is corrected, long after it was made.
STATES = (
    "submitted",
    "complete",
    "information_requested",
    "information_received",
    "in_review",
    "information_requested",
    "information_received",
    "decided",
)
ORG = "9035"


@pytest.fixture(scope="module")
async def key(services: Services) -> str:
    return str((await keys.create(services, ORG))["key"])


async def read_until(stream: Stream, version: int) -> list[tuple[int, str]]:
    """The version and state of each message up to the one of this version."""
    found: list[tuple[int, str]] = []
    while not found or found[-1][0] < version:
        _, _, told = await stream.next()
        found.append((told["version"], told["state"]))
    return found


async def page(http: aiohttp.ClientSession, url: str) -> str:
    async with http.get(url) as answer:
        assert answer.status == 200
        return await answer.text()


@pytest.mark.parametrize("language", ["en", "fr"])
async def test_eight_changes_with_pauses_and_a_late_correction_come_by_every_way_once_and_in_order(
    services: Services,
    key: str,
    unique: str,
    receiver: Receiver,
    mailboxes: Mailboxes,
    language: Language,
) -> None:
    application, client_id, address = f"A-{unique}-{language}", f"c-{unique}", f"{unique}.{language}@example.org"
    began = datetime.now(UTC) - timedelta(minutes=10)
    status = services.url("status")

    def report(number: int) -> dict[str, Any]:
        at = began + timedelta(minutes=number)
        return status_event(
            ORG, application, STATES[number], number=number, time=at, client_id=client_id, language=language
        )

    async def send(event: dict[str, Any]) -> dict[str, Any]:
        (receipt,) = await services.send("status", key, [orjson.dumps(event)])
        assert receipt["outcome"] == "accepted", receipt
        return dict(receipt)

    code = (await send(report(0)))["tracking_code"]
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as http:
        client = Door(services, http, token(services.home, client_id))
        hook = await client.subscribed(application_id=application, address=receiver.url, language=language)
        mail = {"application_id": application, "channel": "email", "address": address, "language": language}
        await client.subscribed(**mail)
        (letter,) = await eventually(lambda: of(mailboxes, address), lambda found: len(found) == 1)
        async with http.post(status + link_in(letter, "confirm")) as confirmed:
            assert confirmed.status == 200
        async with http.post(f"{status}/{language}/", data={"tracking_code": code}) as opened:
            url = str(opened.url)
            assert SUMMARY["submitted"].in_(language) in await opened.text()
        follower = Follower(services, key, ORG, application)
        async with follower.stream() as stream:
            assert await read_until(stream, 1) == [(1, "submitted")]
            for number, state in enumerate(STATES[1:], 1):
                await send(report(number))
                # What is seen at once is the last message of a change, and never an older one.
                assert await read_until(stream, number + 1) == [(number + 1, state)]
                assert f"<h1>{SUMMARY[state].in_(language)}" in (await page(http, url)).replace("&#39;", "'")
            why = {"en": "The wrong minute", "fr": "La mauvaise minute"}
            meant = report(1)
            correction = {
                **meant,
                "id": f"{meant['id']}-meant",
                "type": "guichet.status.ReportCorrected.v1",
                "time": (began + timedelta(seconds=90)).isoformat(),
                "data": {"corrects": meant["id"], "reason": why, "data": meant["data"]},
            }
            await send(correction)
            assert await read_until(stream, 9) == [(9, "decided")]
    await eventually(lambda: letters(mailboxes, address), lambda found: len(found) >= 7)
    await eventually(lambda: states(receiver), lambda found: len(found) >= 7)
    assert receiver.states == list(STATES[1:])
    assert len({message.id for message in receiver.taken}) == 7
    for message in receiver.taken:
        told = message.verified(hook["secret"])["data"]
        assert told["summary"] == SUMMARY[told["state"]].in_(language)
    told_by_mail = await letters(mailboxes, address)
    assert len(told_by_mail) == 7
    for text, state in zip(told_by_mail, STATES[1:], strict=True):
        assert SUMMARY[state].in_(language) in text


async def of(mailboxes: Mailboxes, address: str) -> list[Any]:
    return mailboxes.of(address)


async def letters(mailboxes: Mailboxes, address: str) -> list[str]:
    """The texts of those that tell of a change; the first one asked for confirmation."""
    return [text_of(message) for message in mailboxes.of(address)[1:]]


async def states(receiver: Receiver) -> list[str]:
    return receiver.states
