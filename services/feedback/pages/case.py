"""The page on which a client follows their case, answers, and reopens it."""

import secrets
import time
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from services.feedback import store
from services.feedback.api.form import open_by_code
from services.feedback.api.handling import message_id, write
from services.feedback.api.opening import opened_case
from services.feedback.api.submitting import submit
from services.feedback.handlers.erasing import erase
from services.feedback.handlers.messages import Said
from services.feedback.handlers.tracking import CODES
from services.feedback.pages.words import NAMES, WHERE_TO, kept_nowhere, pages
from shared.access import ANYONE
from shared.language import Language
from shared.problems import TITLES, Problem, Refused, problem
from shared.signing_in import FROM_OUR_PAGES
from shared.tracking_codes import take_turn

router = APIRouter(tags=["pages"], default_response_class=HTMLResponse, dependencies=[ANYONE, FROM_OUR_PAGES])
REOPENED_WITHIN: Final = timedelta(days=30)
_MESSAGES_A_MINUTE = 10
_ERASURES_A_MINUTE = 5
_Path = "/{language}/cases/{org_id}/{feedback_id}"


@router.get("/{language}/cases")
async def code(request: Request, language: Language) -> HTMLResponse:
    return pages.render(request, "code.html", language, problem=None, opened=CODES.key_of_cookie(request))


@router.post("/{language}/cases", responses={303: {"description": "The case of this code"}})
async def follow(request: Request, language: Language, tracking_code: Annotated[str, Form(max_length=100)]) -> Response:
    try:
        key = await open_by_code(request, tracking_code)
    except Refused as refused:
        status = TITLES[refused.problem.code][0]
        page = pages.render(request, "code.html", language, status, problem=refused.problem, opened=None)
        page.headers.update(refused.headers)
        return page
    response = RedirectResponse(_path(language, key), 303)
    CODES.set_cookie(request, response, key)
    return response


@router.get(_Path, responses={303: {"description": "Open it by its code"}})
async def case(request: Request, language: Language, org_id: str, feedback_id: str) -> Response:
    return await _case(request, language, (org_id, feedback_id))


@router.post(f"{_Path}/messages", responses={303: {"description": "Written"}})
async def answer(
    request: Request,
    language: Language,
    org_id: str,
    feedback_id: str,
    text: Annotated[str, Form(min_length=1, max_length=6000)],
    token: Annotated[str, Form(max_length=100)] = "",
) -> Response:
    key = (org_id, feedback_id)
    if CODES.key_of_cookie(request) != key:
        return RedirectResponse(f"/{language}/cases", 303)
    try:
        take_turn(request, "message", _MESSAGES_A_MINUTE).append(time.monotonic())
        language_ = await store.language_of(request.app.state.pool, key)
        await write(request, key, Said("client", text, message_id(token), language_ or language))
    except Refused as refused:
        return await _case(request, language, key, refused.problem)
    return RedirectResponse(f"{_path(language, key)}#messages", 303)


@router.post(f"{_Path}/reopen", responses={303: {"description": "Reopened"}})
async def reopen(request: Request, language: Language, org_id: str, feedback_id: str) -> Response:
    """Within 30 days of its end; once for each end, however often the button is pressed."""
    key = (org_id, feedback_id)
    if CODES.key_of_cookie(request) != key:
        return RedirectResponse(f"/{language}/cases", 303)
    now = datetime.now(UTC)
    rows = await store.case(request.app.state.pool, org_id, feedback_id, now)
    if not rows or not may_reopen(rows[0], now):
        return await _case(request, language, key, _too_late())
    step = {"feedback_id": feedback_id, "state": "reopened"}
    ended = rows[0]["ended_at"].timestamp()
    try:
        await submit(
            request, org_id, "clients", "FeedbackHandlingReported", step, f"{feedback_id}-reopened-{ended:.0f}"
        )
    except Refused as refused:
        return await _case(request, language, key, refused.problem)
    return RedirectResponse(_path(language, key), 303)


@router.post(f"{_Path}/erase", responses={303: {"description": "Erased"}})
async def forget_me(request: Request, language: Language, org_id: str, feedback_id: str) -> Response:
    """Everything the client wrote in this case; whose the others of the same contact are, nobody has checked."""
    key = (org_id, feedback_id)
    if CODES.key_of_cookie(request) != key:
        return RedirectResponse(f"/{language}/cases", 303)
    state = request.app.state
    take_turn(request, "erase", _ERASURES_A_MINUTE).append(time.monotonic())
    await erase(state.pool, state.seal, key, "the client", linked=False)
    state.committed.set()
    response = pages.render(request, "erased.html", language)
    response.delete_cookie(CODES.cookie)
    return response


def may_reopen(row: dict[str, Any], now: datetime) -> bool:
    return row["ended_at"] is not None and row["recourse"] is None and now < row["ended_at"] + REOPENED_WITHIN


def _too_late() -> Problem:
    return problem(
        "case_ended",
        f"A case can be reopened within {REOPENED_WITHIN.days} days of its end; send new feedback instead.",
        f"Un cas peut être rouvert dans les {REOPENED_WITHIN.days} jours suivant sa fin; envoyez plutôt une nouvelle rétroaction.",
    )


def _path(language: Language, key: store.Key) -> str:
    return f"/{language}/cases/{key[0]}/{quote(key[1], safe='')}"


async def _case(request: Request, language: Language, key: store.Key, problem: Problem | None = None) -> Response:
    if CODES.key_of_cookie(request) != key:
        return RedirectResponse(f"/{language}/cases", 303)
    now = datetime.now(UTC)
    rows = await store.case(request.app.state.pool, *key, now)
    if not rows:
        return RedirectResponse(f"/{language}/cases", 303)
    return kept_nowhere(
        pages.render(
            request,
            "case.html",
            language,
            TITLES[problem.code][0] if problem else 200,
            address=_path(language, key),
            item=await opened_case(request, rows[0], own=True),
            reopens=may_reopen(rows[0], now),
            path=_path(language, key),
            where_to=WHERE_TO.get(rows[0]["recourse"] or ""),
            token=secrets.token_hex(8),
            problem=problem,
            now=now,
            **NAMES,
        )
    )
