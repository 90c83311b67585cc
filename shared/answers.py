"""How a whole request that cannot be answered is refused: RFC 9457 problem details, in the language it asks for."""

from urllib.parse import urlencode

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from shared.database import TRANSIENT
from shared.described import list_refusals
from shared.language import LANGUAGES
from shared.problem_details import MEDIA_TYPE, details
from shared.problems import Problem, Refused, TemporarilyUnavailable, problem
from shared.safeguards import Safeguards


def refuse_by_problems(app: FastAPI) -> None:
    """Every way a request can fail has its answer here."""
    app.add_exception_handler(Refused, answer_refused)
    app.add_exception_handler(RequestValidationError, answer_invalid)
    app.add_exception_handler(HTTPException, answer_by_status)
    app.add_exception_handler(ClientDisconnect, answer_gone)
    for away in TRANSIENT:
        app.add_exception_handler(away, answer_away)
    app.add_exception_handler(Exception, answer_fault)
    app.add_middleware(Safeguards)
    list_refusals(app)


async def answer_refused(request: Request, error: Exception) -> Response:
    """The RFC 9457 answer to a refused request, in the language it asks for."""
    assert isinstance(error, Refused)  # noqa: S101 - registered for Refused alone
    if error.problem.code == "unauthorized" and (page := _sign_in(request)):
        return RedirectResponse(page, 303)
    body, status, headers = details(error.problem, request.headers.get("accept-language"), error.headers)
    return Response(body, status, headers, MEDIA_TYPE)


def _sign_in(request: Request) -> str | None:
    """Where a browser that asks for a page signs in first, and comes back from."""
    _, language, *_ = f"{request.url.path}//".split("/")
    if request.method != "GET" or language not in LANGUAGES or "text/html" not in request.headers.get("accept", ""):
        return None
    if not request.app.state.signs_in:
        return None
    return f"/{language}/sign-in?{urlencode({'back': str(request.url.replace(scheme='', netloc=''))})}"


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


async def answer_by_status(request: Request, error: Exception) -> Response:
    """What Starlette and FastAPI refuse by a status alone: a path or method that nothing answers, a body they cannot read."""
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for HTTPException alone
    # FastAPI hides what went wrong while it read a body behind a status of its own.
    if isinstance(error.__cause__, Refused):
        return await answer_refused(request, error.__cause__)
    if isinstance(error.__cause__, ClientDisconnect):
        return await answer_gone(request, error)
    return await answer_refused(request, Refused(_by_status(request, error.status_code), dict(error.headers or {})))


def _by_status(request: Request, status: int) -> Problem:
    if status not in {404, 405}:
        return problem("invalid_request", "The body cannot be read.", "Le corps est illisible.")
    asked = f"{request.method} {request.url.path[:200]}"
    answers = (
        f"Nothing here answers {asked}; /openapi.json lists what does.",
        f"Rien ici ne répond à {asked}; /openapi.json énumère ce qui répond.",
    )
    return problem("not_found", *answers) if status == 404 else problem("method_not_allowed", *answers)


async def answer_gone(_request: Request, _error: Exception) -> Response:
    """Nobody is there to read it: the sender hung up before its request was whole."""
    return Response(status_code=400)


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
