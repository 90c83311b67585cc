"""What a connection may hold and how long it may take, told by bytes on a socket and answered by problem details."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import orjson
import pytest
import uvicorn
from fastapi import FastAPI, Request

from guichet.client import Services
from shared.answers import refuse_by_problems
from shared.connections import MAX_ADDRESS_BYTES, MAX_HEAD_BYTES, MAX_HEADERS, BoundedConnection
from shared.safeguards import MAX_BODY_BYTES
from shared.testing import eventually, status_event
from tests.integration.conftest import Raw, answers_in

GET = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"
CLOSE = b"Connection: close\r\n"


@pytest.fixture
def post(raw: Raw, key: str) -> Any:
    """A POST to the status door with these header lines and this body, which is sent as it is."""

    async def send(body: bytes, *lines: str, rest: bytes = b"") -> list[tuple[int, dict[str, str], Any]]:
        head = [
            "POST /v1/events HTTP/1.1",
            "Host: x",
            f"Authorization: Bearer {key}",
            "Content-Type: application/cloudevents+json",
            *lines,
        ]
        return answers_in(await raw("\r\n".join([*head, "", ""]).encode("latin-1") + body, rest))

    return send


def length(body: bytes) -> str:
    return f"Content-Length: {len(body)}"


@pytest.fixture
def event(org: str, unique: str) -> bytes:
    return orjson.dumps(status_event(org, unique, "submitted"))


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        (b"GET /" + b"x" * MAX_ADDRESS_BYTES + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414, "uri_too_long"),
        (b"GET /healthz?" + b"x" * 1_000_000, 414, "uri_too_long"),
        (GET + b"A: " + b"x" * MAX_HEAD_BYTES + b"\r\n\r\n", 431, "headers_too_large"),
        (GET + b"A: b\r\n" * MAX_HEADERS + b"\r\n", 431, "headers_too_large"),
        (GET + b"A: " + b"x" * 1_000_000, 431, "headers_too_large"),
        (b"\x16\x03\x01\x02\x00\x01\x00", 400, "invalid_request"),
        (b"GET /\xe2\x80\xae HTTP/1.1\r\nHost: x\r\n\r\n", 400, "invalid_request"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, "invalid_request"),
        (b"CONNECT x:1 HTTP/1.1\r\nHost: x:1\r\n\r\n", 400, "invalid_request"),
        (b"G\x00T / HTTP/1.1\r\n\r\n", 400, "invalid_request"),
        (b"GET / HTTP/9.9\r\n\r\n", 400, "invalid_request"),
        (GET + b"Bad Name: x\r\n\r\n", 400, "invalid_request"),
        (GET + b"A: b\x00c\r\n\r\n", 400, "invalid_request"),
        (GET + b"A: b\nInjected: c\r\n\r\n", 400, "invalid_request"),
        (GET + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n", 400, "invalid_request"),
        (GET + b"Content-Length: -1\r\n\r\n", 400, "invalid_request"),
        (GET + b"Content-Length: 99999999999999999999\r\n\r\n", 400, "invalid_request"),
        (GET + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "invalid_request"),
        (b"POST /v1/events HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400, "invalid_request"),
        (b"POST /v1/events HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", 400, "invalid_request"),
    ],
)
async def test_what_cannot_be_read_as_a_request_is_answered_by_problem_details_and_the_connection_ends(
    raw: Raw, sent: bytes, status: int, code: str
) -> None:
    (answered, headers, problem), *more = answers_in(await raw(sent[:100_000], sent[100_000:]))
    assert (answered, problem["code"], more) == (status, code, [])
    assert headers["content-type"] == "application/problem+json"
    assert headers["connection"] == "close"
    assert headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in headers["content-security-policy"]


async def test_a_connection_s_own_refusal_speaks_the_language_asked(raw: Raw) -> None:
    lines = b"Accept-Language: en;q=0.3, fr-CA;q=0.9\r\n"
    (_, headers, problem), *_ = answers_in(await raw(GET + lines + b"A: b\r\n" * MAX_HEADERS + b"\r\n"))
    assert headers["content-language"] == "fr"
    assert problem["title"] == "Les en-têtes sont trop volumineux."


async def test_a_head_within_its_limits_is_read_in_however_small_pieces(raw: Raw) -> None:
    head = GET + CLOSE + b"A: " + b"x" * 20_000 + b"\r\n" + b"B: c\r\n" * 80 + b"\r\n"
    (status, _, answer), *_ = answers_in(await raw(*(head[at : at + 1000] for at in range(0, len(head), 1000))))
    assert (status, answer) == (200, {"status": "alive"})


async def test_a_body_may_come_in_chunks_and_is_bounded_all_the_same(post: Any, event: bytes) -> None:
    chunk = b"%x\r\n%s\r\n"
    halves = chunk % (100, event[:100]) + chunk % (len(event) - 100, event[100:]) + b"0\r\n\r\n"
    (status, _, answer), *_ = await post(halves, "Transfer-Encoding: chunked", "Connection: close")
    assert (status, answer["receipts"][0]["outcome"]) == (202, "accepted")
    endless = (chunk % (65_536, b" " * 65_536)) * (MAX_BODY_BYTES // 65_536 + 1) + b"0\r\n\r\n"
    (status, headers, answer), *_ = await post(endless, "Transfer-Encoding: chunked", "Connection: close")
    assert (status, answer["code"]) == (413, "too_large")
    assert headers["content-type"] == "application/problem+json"


async def test_a_body_that_says_it_is_too_large_is_refused_before_it_comes(post: Any) -> None:
    lines = (f"Content-Length: {MAX_BODY_BYTES + 1}", "Expect: 100-continue", "Connection: close")
    (status, _, answer), *more = await post(b"", *lines)
    assert (status, answer["code"], more) == (413, "too_large", [])


async def test_who_is_refused_while_still_sending_reads_the_answer_all_the_same(raw: Raw) -> None:
    size = MAX_BODY_BYTES + 1
    head = b"POST /v1/events HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % size
    (status, headers, answer), *more = answers_in(await raw(head, b" " * size))
    assert (status, answer["code"], headers["connection"], more) == (413, "too_large", "close", [])


async def test_who_asks_whether_to_go_on_is_told_to(raw: Raw, key: str, event: bytes) -> None:
    head = (
        f"POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nConnection: close\r\n"
        f"Content-Type: application/json\r\n{length(event)}\r\nExpect: 100-continue\r\n\r\n"
    )
    received = await raw(head.encode(), event)
    go_on, _, rest = received.partition(b"\r\n\r\n")
    assert go_on == b"HTTP/1.1 100 Continue"
    (status, _, answer), *_ = answers_in(rest)
    assert (status, answer["receipts"][0]["outcome"]) == (202, "accepted")


async def test_a_length_that_lies_harms_only_its_own_request(post: Any, event: bytes) -> None:
    (status, _, first), *more = await post(event, "Content-Length: 10")
    assert (status, first["receipts"][0]["problem"]["code"], more) == (422, "unreadable", [])


async def test_requests_sent_in_one_go_are_answered_in_order(post: Any, key: str, event: bytes) -> None:
    last = GET + CLOSE + b"\r\n"
    (status, _, first), (second, _, alive) = await post(event + last, length(event))
    assert (status, first["receipts"][0]["outcome"]) == (202, "accepted")
    assert (second, alive) == (200, {"status": "alive"})


async def test_what_follows_a_good_request_does_not_cost_it_its_answer(post: Any, event: bytes) -> None:
    answered, *more = await post(event + b"\x00\x01 no request at all\r\n\r\n", length(event))
    assert (answered[0], answered[2]["receipts"][0]["outcome"], more) == (202, "accepted", [])


async def test_an_offer_of_another_protocol_is_passed_over(post: Any, event: bytes) -> None:
    lines = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__")
    rest = GET + CLOSE + b"\r\n"
    (status, _, answer), *_ = await post(event, length(event), *lines, rest=rest)
    assert (status, answer["receipts"][0]["outcome"]) == (202, "accepted")


async def test_a_sender_that_hangs_up_in_the_middle_leaves_nothing_behind(
    services: Services, raw: Raw, key: str, event: bytes, receipt_of: Any, unique: str
) -> None:
    head = f"POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\n"
    started = head.encode() + length(event).encode() + b"\r\n\r\n" + event[:-1]
    with pytest.raises(TimeoutError):
        await raw(started, seconds=0.3)
    assert await receipt_of(f"{unique}-1") is None
    ready = await eventually(lambda: services.ask("status", "/readyz", public=True))
    assert ready["database"] == "up"


# Time: the same protocol with less patience, in front of a small app


class Hurried(BoundedConnection):
    seconds = 0.4


@pytest.fixture
async def hurried() -> AsyncIterator[Callable[..., Any]]:
    app = FastAPI()
    refuse_by_problems(app)

    @app.post("/")
    async def read(request: Request) -> dict[str, int]:
        return {"size": len(await request.body())}

    server = uvicorn.Server(uvicorn.Config(app, port=0, http=Hurried, ws="none", log_config=None, lifespan="off"))
    task = asyncio.create_task(server.serve())

    async def started() -> bool:
        return server.started

    await eventually(started)
    port = server.servers[0].sockets[0].getsockname()[1]

    async def send(*parts: bytes) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for part in parts:
            writer.write(part)
        async with asyncio.timeout(10):
            received = await reader.read()
        writer.close()
        return received

    yield send
    server.should_exit = True
    await task


@pytest.mark.parametrize(
    "started",
    [
        b"POST / HT",
        b"POST / HTTP/1.1\r\nHost: x\r\nA: b",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
    ],
)
async def test_a_request_that_is_not_whole_in_time_is_told_so(hurried: Callable[..., Any], started: bytes) -> None:
    (status, headers, problem), *more = answers_in(await hurried(started))
    assert (status, problem["code"], more) == (408, "request_timeout", [])
    assert headers["connection"] == "close"


async def test_a_connection_that_asks_nothing_is_ended_without_a_word(hurried: Callable[..., Any]) -> None:
    assert await hurried() == b""


async def test_the_clock_begins_anew_with_each_request(hurried: Callable[..., Any]) -> None:
    whole = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody"
    answers = answers_in(await hurried(whole, whole, whole, b"POST / HTTP/1.1\r\n"))
    assert [status for status, _, _ in answers] == [200, 200, 200, 408]
