"""What holds for every request and answer of a service: no NUL, a bounded body, headers that browsers obey, and an answer though the
service ends.
"""

import asyncio
from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.problem_details import CAUTIOUS, MEDIA_TYPE, details
from shared.problems import Problem, Refused, TemporarilyUnavailable, problem

MAX_BODY_BYTES = 4 * 1024 * 1024
_CAUTIOUS = [(name.lower().encode(), value.encode()) for name, value in CAUTIOUS.items()]


class Safeguards:
    """In front of every route. A body that says it is too large is refused before it is sent, another as soon as it is."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif (found := _wrong(scope)) is not None:
            await _refusal(found, scope)(scope, receive, send)
        else:
            await _answered(self._app, scope, _bounded(receive), send)


def _refusal(found: Problem, scope: Scope, more: Mapping[str, str] | None = None) -> Response:
    body, status, headers = details(found, Headers(scope=scope).get("accept-language"), more)
    return Response(body, status, headers, MEDIA_TYPE)


async def _answered(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """With the headers of `CAUTIOUS`, where an answer brings none of its own. A service that ends waits for its requests some
    seconds, and cancels what is left: that is answered too.
    """
    begun = False

    async def cautious(message: Message) -> None:
        nonlocal begun
        if message["type"] == "http.response.start":
            begun = True
            headers = list(message.get("headers", ()))
            present = {name for name, _ in headers}
            message["headers"] = headers + [each for each in _CAUTIOUS if each[0] not in present]
        await send(message)

    try:
        await app(scope, receive, cautious)
    except asyncio.CancelledError:
        if begun:
            raise
        ended = TemporarilyUnavailable(
            "The service is being stopped; ask again. An event that comes again with the same id counts once.",
            "Le service s'arrête; redemandez. Un événement qui revient avec le même identifiant ne compte qu'une fois.",
        )
        await _refusal(ended.problem, scope, ended.headers)(scope, receive, send)


def _wrong(scope: Scope) -> Problem | None:
    if "\x00" in scope["path"] or b"%00" in scope["query_string"]:
        return problem(
            "invalid_request",
            "A path or parameter holds the character NUL; remove it.",
            "Un chemin ou un paramètre contient le caractère NUL; retirez-le.",
        )
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit() and int(value) > MAX_BODY_BYTES:
            return _too_large()
    return None


def _too_large() -> Problem:
    return problem(
        "too_large",
        "A request may have 4 MiB at most; send fewer events at once.",
        "Une requête compte au plus 4 Mio; envoyez moins d'événements à la fois.",
    )


def _bounded(receive: Receive) -> Receive:
    size = 0

    async def bounded() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > MAX_BODY_BYTES:
            raise Refused(_too_large())
        return message

    return bounded
