"""How a connection is read: heads, addresses and time are bounded, and what is no HTTP is answered by problem details.

uvicorn's protocol on httptools bounds none of them by itself: an endless header would be kept in memory, and a sender that
never ends its request would keep its connection.
"""

import asyncio
from http import HTTPStatus
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from shared.problem_details import details
from shared.problems import Problem, problem

MAX_ADDRESS_BYTES = 8 * 1024
MAX_HEAD_BYTES = 32 * 1024
MAX_HEADERS = 100
SECONDS_FOR_A_REQUEST = 30.0
_LINGER_SECONDS = 2.0


class _Unacceptable(Exception):
    """Raised inside the parser's callbacks, which stops it."""


class BoundedConnection(HttpToolsProtocol):
    """A connection whose requests must be whole within `seconds` of their first byte, and within the limits above."""

    seconds = SECONDS_FOR_A_REQUEST

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._clock: asyncio.TimerHandle | None = None
        self._found: Problem | None = None
        self._in_head = False
        self._deaf = False
        self._head_bytes = self._pieces = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)  # type: ignore[arg-type]  # as uvicorn declares it
        self._start_clock()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_clock()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._deaf:
            return
        self._unset_keepalive_if_required()
        head = self.scope if self._in_head else None
        try:
            self.parser.feed_data(data)
            # The parser hands over whole headers only; one that never ends is seen by what has come meanwhile.
            if self._in_head and head is self.scope:
                self._pieces += len(data)
                self._check_head(self._pieces)
        except httptools.HttpParserUpgrade as offer:
            self._pass_over(data[offer.args[0] :])
        except (httptools.HttpParserError, _Unacceptable):
            self._refuse(self._found or _no_http())

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head, self._head_bytes, self._pieces = True, 0, 0
        if self._clock is None:
            self._start_clock()

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        if len(self.url) > MAX_ADDRESS_BYTES:
            self._found = problem(
                "uri_too_long",
                "An address may have 8 KiB at most; ask for less at once.",
                "Une adresse compte au plus 8 Kio; demandez-en moins à la fois.",
            )
            raise _Unacceptable

    def on_header(self, name: bytes, value: bytes) -> None:
        super().on_header(name, value)
        self._head_bytes += len(name) + len(value)
        self._check_head(self._head_bytes)

    def on_headers_complete(self) -> None:
        self._in_head = False
        if not self.parser.should_upgrade():
            super().on_headers_complete()
            self.cycle.transport = _Patient(self)  # type: ignore[assignment]  # all of a transport that a cycle uses

    def on_message_complete(self) -> None:
        if not self.parser.should_upgrade():
            self._stop_clock()
            super().on_message_complete()

    def _pass_over(self, rest: bytes) -> None:
        """Read a request again without its offer of another protocol: the parser would drop its body, and Java's client
        makes the offer with every first request.
        """
        method = self.parser.get_method()
        if method == b"CONNECT":
            self._refuse(_no_http())
            return
        lines = [b"%s %s HTTP/%s" % (method, self.url, self.parser.get_http_version().encode())]
        lines += [b"%s: %s" % header for header in self.headers if header[0] != b"upgrade"]
        self.parser = httptools.HttpRequestParser(self)
        self.data_received(b"\r\n".join([*lines, b"", rest]))

    def _check_head(self, size: int) -> None:
        if size > MAX_HEAD_BYTES or len(self.headers) > MAX_HEADERS:
            self._found = problem(
                "headers_too_large",
                "A request may have 100 headers, and 32 KiB of them, at most; send fewer.",
                "Une requête compte au plus 100 en-têtes et 32 Kio d'en-têtes; envoyez-en moins.",
            )
            raise _Unacceptable

    def _start_clock(self) -> None:
        self._clock = self.loop.call_later(self.seconds, self._too_slow)

    def _stop_clock(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None

    def _too_slow(self) -> None:
        self._clock = None
        if self.headers is None:  # nothing was ever asked
            self.transport.close()
            return
        self._refuse(
            problem(
                "request_timeout",
                f"The request was not whole within {self.seconds:g} seconds; send less at once.",
                f"La requête n'était pas entière après {self.seconds:g} secondes; envoyez-en moins à la fois.",
            )
        )

    def _refuse(self, found: Problem) -> None:
        """Answer the request that is being read, and read no further. Answers still owed to others before it come first."""
        self._deaf = True
        self._stop_clock()
        asked = self.cycle
        if asked is not None and not self._in_head and asked.more_body:
            unanswered = not asked.response_started and not self.pipeline
            asked.disconnected = True
            asked.message_event.set()
        elif asked is not None and not asked.response_complete:
            asked.keep_alive = False
            return
        else:
            unanswered = True
        if unanswered and not self.transport.is_closing():
            self.transport.write(self._answer(found))
            self._linger()
        else:
            self.transport.close()

    def hang_up(self) -> None:
        """Once the last answer is written."""
        self._deaf = True
        self._stop_clock()
        if self.cycle.more_body and not self.transport.is_closing():
            self._linger()
        else:
            self.transport.close()

    def _linger(self) -> None:
        """Hanging up on a sender that still sends would lose it the answer: what comes for a moment is passed over."""
        self.transport.write_eof()
        self._clock = self.loop.call_later(_LINGER_SECONDS, self.transport.close)

    def _answer(self, found: Problem) -> bytes:
        asked = dict(self.headers or ())
        body, status, headers = details(found, asked.get(b"accept-language", b"").decode("latin-1"))
        lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        lines += [f"Content-Length: {len(body)}", "Connection: close", "", ""]
        return "\r\n".join(lines).encode("latin-1") + body


class _Patient:
    """A connection's transport as a cycle of request and response sees it."""

    def __init__(self, connection: BoundedConnection) -> None:
        self._connection = connection
        self.write, self.is_closing = connection.transport.write, connection.transport.is_closing

    def close(self) -> None:
        self._connection.hang_up()


def _no_http() -> Problem:
    return problem(
        "invalid_request",
        "This is not a request in HTTP/1.1 that can be read; check the length, the encoding and the headers.",
        "Ce n'est pas une requête HTTP/1.1 lisible; vérifiez la longueur, le codage et les en-têtes.",
    )
