"""Case work for officers: what needs them first, each case whole, and every step of it; without script."""

import secrets
from datetime import UTC, datetime
from typing import Annotated, Any, get_args
from urllib.parse import quote

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import ValidationError

from services.feedback import store
from services.feedback.api.access import no_such_case
from services.feedback.api.cases import note_reading
from services.feedback.api.handling import Mark, Step, message_id, put_right, take_step, write
from services.feedback.api.opening import opened_case
from services.feedback.handlers.erasing import erase
from services.feedback.handlers.messages import Said
from services.feedback.pages.words import NAMES, RECOURSES, kept_nowhere, pages
from shared.access import ANYONE
from shared.contracts.reported.feedback import HandlingState
from shared.identity import Person
from shared.language import Language
from shared.organizations import name_of
from shared.problems import TITLES, Problem, Refused, first_problem
from shared.signing_in import FROM_OUR_PAGES, reader, to_sign_in

router = APIRouter(tags=["pages"], default_response_class=HTMLResponse, dependencies=[ANYONE, FROM_OUR_PAGES])
_SHOWN = 100
_Short = Annotated[str, Form(max_length=200)]
_Long = Annotated[str, Form(max_length=2000)]
_TO: dict[int | str, dict[str, Any]] = {
    303: {"description": "Sign in, or the case as it is now"},
    403: {"description": "Another role is needed", "content": {"text/html": {}}},
    409: {"description": "The case has ended", "content": {"text/html": {}}},
}


@router.get("/{language}/case-work", responses=_TO)
async def work(request: Request, language: Language) -> Response:
    try:
        officer = await reader(request, "officer")
    except Refused as refused:
        return pages.refuse(request, language, refused.problem)
    if officer is None:
        return to_sign_in(request, language)
    now = datetime.now(UTC)
    rows = await store.work_list(request.app.state.pool, officer.org_id or "", _SHOWN + 1, now)
    return kept_nowhere(
        pages.render(
            request,
            "work.html",
            language,
            items=rows[:_SHOWN],
            more=len(rows) > _SHOWN,
            organization=name_of(officer.org_id or "").in_(language),
            now=now,
            **NAMES,
        )
    )


@router.get("/{language}/case-work/{feedback_id}", responses=_TO)
async def case(request: Request, language: Language, feedback_id: str) -> Response:
    return await _case(request, language, feedback_id)


@router.post("/{language}/case-work/{feedback_id}/steps", responses=_TO)
async def step(
    request: Request,
    language: Language,
    feedback_id: str,
    state: _Short,
    to: _Short = "",
    en: _Long = "",
    fr: _Long = "",
    token: _Short = "",
) -> Response:
    said: dict[str, Any] = {"state": state, "to": to or None, "id": token or None}
    if en or fr:
        said["resolution"] = {"en": en, "fr": fr}

    async def do(_: Person, row: dict[str, Any]) -> None:
        await take_step(request, row, Step.model_validate(said))

    return await _done(request, language, feedback_id, do)


@router.post("/{language}/case-work/{feedback_id}/messages", responses=_TO)
async def message(
    request: Request,
    language: Language,
    feedback_id: str,
    text: Annotated[str, Form(min_length=1, max_length=6000)],
    token: _Short = "",
) -> Response:
    async def do(_: Person, row: dict[str, Any]) -> None:
        await write(request, (row["org_id"], feedback_id), Said("officer", text, message_id(token)))

    return await _done(request, language, feedback_id, do)


@router.post("/{language}/case-work/{feedback_id}/marks", responses=_TO)
async def marks(request: Request, language: Language, feedback_id: str, mark: _Short) -> Response:
    chosen = {
        "seen": Mark(concern_seen=True),
        "spam": Mark(spam=True),
        "no_spam": Mark(spam=False),
        "separate": Mark(group=None),
    }.get(mark, Mark())

    async def do(_: Person, row: dict[str, Any]) -> None:
        await put_right(request, (row["org_id"], feedback_id), chosen)

    return await _done(request, language, feedback_id, do)


@router.post("/{language}/case-work/{feedback_id}/erase", responses=_TO)
async def erase_person(request: Request, language: Language, feedback_id: str) -> Response:
    async def do(officer: Person, row: dict[str, Any]) -> None:
        state = request.app.state
        await erase(state.pool, state.seal, (row["org_id"], feedback_id), officer.subject, linked=True)
        state.committed.set()

    return await _done(request, language, feedback_id, do)


async def _done(request: Request, language: Language, feedback_id: str, do: Any) -> Response:
    """Do something with a case of the officer's own organisation, and show it as it is then."""
    try:
        officer, row = await _officers(request, feedback_id)
        if officer is None:
            return to_sign_in(request, language, _path(language, feedback_id))
        await do(officer, row)
    except ValidationError as error:
        return await _case(request, language, feedback_id, first_problem(error))
    except Refused as refused:
        return await _case(request, language, feedback_id, refused.problem)
    return RedirectResponse(_path(language, feedback_id), 303)


def _path(language: Language, feedback_id: str) -> str:
    return f"/{language}/case-work/{quote(feedback_id, safe='')}"


async def _officers(request: Request, feedback_id: str) -> tuple[Person | None, dict[str, Any]]:
    """Who is signed in, and the case. Raises Refused."""
    officer = await reader(request, "officer")
    if officer is None:
        return None, {}
    rows = await store.case(request.app.state.pool, officer.org_id or "", feedback_id, datetime.now(UTC))
    if not rows:
        raise Refused(no_such_case())
    return officer, rows[0]


async def _case(request: Request, language: Language, feedback_id: str, problem: Problem | None = None) -> Response:
    try:
        officer, row = await _officers(request, feedback_id)
    except Refused as refused:
        return pages.refuse(request, language, refused.problem)
    if officer is None:
        return to_sign_in(request, language)
    await note_reading(request, row["org_id"], feedback_id)
    return kept_nowhere(
        pages.render(
            request,
            "work_case.html",
            language,
            TITLES[problem.code][0] if problem else 200,
            address=_path(language, feedback_id),
            item=await opened_case(request, row, own=False),
            steps=get_args(HandlingState),
            recourses=RECOURSES,
            token=secrets.token_hex(8),
            problem=problem,
            now=datetime.now(UTC),
            **NAMES,
        )
    )
