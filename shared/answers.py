"""How a whole request that cannot be answered is refused: RFC 9457 problem details, in the language it asks for."""

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.database import TRANSIENT
from shared.language import preferred
from shared.problems import TITLES, Refused, TemporarilyUnavailable, problem


def refuse_by_problems(app: FastAPI) -> None:
    """Every way a request can fail has its answer here."""
    app.add_exception_handler(Refused, answer_refused)
    app.add_exception_handler(RequestValidationError, answer_invalid)
    app.add_exception_handler(HTTPException, answer_unrouted)
    for away in TRANSIENT:
        app.add_exception_handler(away, answer_away)
    app.add_exception_handler(Exception, answer_fault)
    app.add_middleware(RefuseNul)


async def answer_refused(request: Request, error: Exception) -> Response:
    """The RFC 9457 answer to a refused request, in the language it asks for."""
    assert isinstance(error, Refused)  # noqa: S101 - registered for Refused alone
    language = preferred(request.headers.get("accept-language"))
    status, title = TITLES[error.problem.code]
    body = {
        "type": f"urn:guichet:problem:{error.problem.code}",
        "title": title.in_(language),
        "status": status,
        "detail": error.problem.detail.in_(language),
        "code": error.problem.code,
    }
    headers = {"Content-Language": language, **error.headers}
    return Response(orjson.dumps(body), status, headers, media_type="application/problem+json")


async def answer_invalid(request: Request, error: Exception) -> Response:
    """The same for a request whose parameters FastAPI refuses."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for RequestValidationError alone
    found = error.errors()[0]
    name = str(found["loc"][-1])
    refusal = problem(
        "invalid_request",
        f"The parameter {name} is not valid: {found['msg']}.",
        f"La valeur du paramètre {name} n'est pas valide.",
        name,
    )
    return await answer_refused(request, Refused(refusal))


async def answer_unrouted(request: Request, error: Exception) -> Response:
    """A path or method that nothing here answers (Starlette's 404 and 405)."""
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for HTTPException alone
    answers = (
        f"Nothing here answers {request.method} {request.url.path[:200]}; /openapi.json lists what does.",
        f"Rien ici ne répond à {request.method} {request.url.path[:200]}; /openapi.json énumère ce qui répond.",
    )
    refusal = problem("method_not_allowed", *answers) if error.status_code == 405 else problem("not_found", *answers)
    return await answer_refused(request, Refused(refusal, dict(error.headers or {})))


async def answer_away(request: Request, _error: Exception) -> Response:
    """PostgreSQL, or something else needed, is away for the moment."""
    refusal = TemporarilyUnavailable(
        "Our database cannot be reached just now; ask again.",
        "Notre base de données est inaccessible pour l'instant; redemandez.",
    )
    return await answer_refused(request, refusal)


async def answer_fault(request: Request, _error: Exception) -> Response:
    """A fault of ours, whose details stand in the log alone."""
    refusal = problem(
        "internal_error",
        "A fault of ours kept this from being answered; it is logged, and will be mended.",
        "Une faute de notre part a empêché de répondre; elle est consignée et sera corrigée.",
    )
    return await answer_refused(request, Refused(refusal))


class RefuseNul:
    """Refuses a request whose path or query holds the character NUL, which no database of ours can compare."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not ("\x00" in scope["path"] or b"%00" in scope["query_string"]):
            await self._app(scope, receive, send)
            return
        refusal = problem(
            "invalid_request",
            "A path or parameter holds the character NUL; remove it.",
            "Un chemin ou un paramètre contient le caractère NUL; retirez-le.",
        )
        await (await answer_refused(Request(scope), Refused(refusal)))(scope, receive, send)
