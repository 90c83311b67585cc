"""What a client sees: a form for the tracking code, and the application behind it."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import ValidationError

from services.status import store
from services.status.api.access import key_of, open_by_code
from services.status.api.applications import read_application
from services.status.api.subscribing import Wanted, not_a_mailbox, subscribe
from services.status.domain.words import OUTCOME, SUMMARY
from services.status.handlers import CODES
from shared.access import ANYONE
from shared.language import Language
from shared.organizations import name_of
from shared.problems import TITLES, Problem, Refused
from shared.signing_in import FROM_OUR_PAGES
from shared.web import Pages

router = APIRouter(tags=["pages"], default_response_class=HTMLResponse, dependencies=[ANYONE])
pages = Pages("status")


@router.get("/{language}/")
async def form(request: Request, language: Language) -> HTMLResponse:
    return pages.render(request, "form.html", language, problem=None, opened=CODES.key_of_cookie(request))


@router.post(
    "/{language}/", responses={303: {"description": "The application of this code"}}, dependencies=[FROM_OUR_PAGES]
)
async def follow(request: Request, language: Language, tracking_code: Annotated[str, Form(max_length=100)]) -> Response:
    try:
        key = await open_by_code(request, tracking_code)
    except Refused as refused:
        status = TITLES[refused.problem.code][0]
        page = pages.render(request, "form.html", language, status, problem=refused.problem, opened=None)
        page.headers.update(refused.headers)
        return page
    response = RedirectResponse(_path(language, key), 303)
    CODES.set_cookie(request, response, key)
    return response


@router.get(
    "/{language}/applications/{org_id}/{application_id}", responses={303: {"description": "Open it by its code"}}
)
async def application(
    request: Request, language: Language, org_id: str, application_id: str, letter: Literal["sent"] | None = None
) -> Response:
    return await _application(request, language, org_id, application_id, letter_sent=letter is not None)


@router.post(
    "/{language}/applications/{org_id}/{application_id}",
    responses={303: {"description": "The letter is on its way"}},
    dependencies=[FROM_OUR_PAGES],
)
async def follow_by_mail(
    request: Request,
    language: Language,
    org_id: str,
    application_id: str,
    address: Annotated[str, Form(max_length=300)],
    quiet_hours: Annotated[bool, Form()] = False,
    digest: Annotated[bool, Form()] = False,
) -> Response:
    """Whoever has the page open by its tracking code asks to be told of changes by e-mail."""
    key = CODES.key_of_cookie(request)
    if key != (org_id, application_id):
        return RedirectResponse(f"/{language}/", 303)
    try:
        wanted = _by_mail(application_id, address.strip(), language, quiet_hours=quiet_hours, digest=digest)
        await subscribe(request, store.Owner(key=key), wanted, org_id)
    except Refused as refused:
        return await _application(request, language, org_id, application_id, problem=refused.problem)
    return RedirectResponse(f"{_path(language, key)}?letter=sent#mail", 303)


def _by_mail(application_id: str, address: str, language: Language, *, quiet_hours: bool, digest: bool) -> Wanted:
    try:
        return Wanted(
            application_id=application_id,
            channel="email",
            address=address,
            language=language,
            quiet_hours=quiet_hours,
            digest=digest,
        )
    except ValidationError:
        raise Refused(not_a_mailbox()) from None


def _path(language: Language, key: store.Key) -> str:
    return f"/{language}/applications/{key[0]}/{quote(key[1], safe='')}"


async def _application(
    request: Request,
    language: Language,
    org_id: str,
    application_id: str,
    *,
    problem: Problem | None = None,
    letter_sent: bool = False,
) -> Response:
    try:
        key = await key_of(request, application_id, org_id)
    except Refused as refused:
        if refused.problem.code == "unauthorized":
            return RedirectResponse(f"/{language}/", 303)
        return pages.refuse(request, language, refused.problem)
    now = datetime.now(UTC)
    position = await store.log_head(request.app.state.pool)  # before it is read: its stream goes on from here
    item = await read_application(request.app, key, now)
    return pages.render(
        request,
        "application.html",
        language,
        TITLES[problem.code][0] if problem else 200,
        item=item,
        stream=f"/v1/applications/{quote(key[1], safe='')}/events?{urlencode({'org': key[0], 'last_event_id': position})}",
        summaries=SUMMARY,
        outcomes=OUTCOME,
        now=now,
        asked=_asked(item),
        outcome=next((step for step in reversed(item["history"]) if step["state"] == "decided"), None),
        organization=name_of(org_id).in_(language),
        service_name=await store.service_name(request.app.state.pool, item["service_id"]),
        mail="email" in request.app.state.senders and CODES.key_of_cookie(request) == key,
        problem=problem,
        letter_sent=letter_sent,
    )


def _asked(item: dict[str, Any]) -> dict[str, str] | None:
    """What the department asked for, while it waits for it."""
    if item["state"] != "information_requested":
        return None
    return next(
        (step["reason"] for step in reversed(item["history"]) if step["state"] == "information_requested"), None
    )
