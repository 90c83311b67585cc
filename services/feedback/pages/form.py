"""The public form: choose a service, say what you think; without script, in either language, with or without a name."""

import secrets
from datetime import UTC, date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse
from pydantic import ValidationError

from services.feedback import store
from services.feedback.api.form import Said, no_such_service, tell
from services.feedback.domain.satisfaction import DRIVERS, LABELS
from services.feedback.domain.timing import in_force
from services.feedback.handlers.tracking import CODES
from services.feedback.pages.words import KINDS, RECOURSES, WHERE_TO, kept_nowhere, pages
from shared.access import ANYONE
from shared.language import Language
from shared.organizations import name_of
from shared.ownership import day_in_ottawa
from shared.problems import TITLES, Problem, Refused, first_problem
from shared.signing_in import FROM_OUR_PAGES

router = APIRouter(tags=["pages"], default_response_class=HTMLResponse, dependencies=[ANYONE, FROM_OUR_PAGES])
_SHOWN = 30
_Text = Annotated[str, Form(max_length=6000)]


@router.get("/{language}/new")
async def choose(request: Request, language: Language, q: str = "", service: str = "") -> HTMLResponse:
    """Which service it is about; with it, the form."""
    if service:
        return await _form(request, language, service, {}, None)
    found = await store.find_services(request.app.state.pool, q, _SHOWN + 1, _today())
    items = [{**each, "organization": name_of(each["org_id"]).in_(language)} for each in found[:_SHOWN]]
    return pages.render(request, "choose.html", language, q=q, items=items, more=len(found) > _SHOWN)


@router.post("/{language}/new")
async def send(
    request: Request,
    language: Language,
    service_id: Annotated[str, Form(max_length=100)],
    token: Annotated[str, Form(max_length=100, pattern=r"^[\w-]{16,}$")],
    kind: Annotated[str, Form(max_length=20)] = "",
    text: _Text = "",
    about: Annotated[str, Form(max_length=20)] = "",
    contact: Annotated[str, Form(max_length=400)] = "",
    reply_wanted: Annotated[bool, Form()] = False,
    rating: Annotated[str, Form(max_length=2)] = "",
    application_id: Annotated[str, Form(max_length=200)] = "",
) -> HTMLResponse:
    # A browser counts a line break as one character and sends two.
    given = {
        "kind": kind,
        "text": text.replace("\r\n", "\n"),
        "about": about,
        "contact": contact,
        "reply_wanted": reply_wanted,
    }
    given |= {"rating": rating, "application_id": application_id, "drivers": await _drivers(request)}
    try:
        said = Said.model_validate({
            "service_id": service_id,
            "language": language,
            **{name: value for name, value in given.items() if value != ""},
        })  # fmt: skip
        told = await tell(request, said, token)
    except ValidationError as error:
        return await _form(request, language, service_id, given, first_problem(error), token)
    except Refused as refused:
        return await _form(request, language, service_id, given, refused.problem, token)
    response = pages.render(
        request,
        "receipt.html",
        language,
        201,
        told=told,
        organization=name_of(told["org_id"]).in_(language),
        where_to=WHERE_TO.get(said.about or ""),
        path=f"/{language}/cases/{told['org_id']}/{told['feedback_id']}",
        promise=await _promise(request, told["org_id"], said),
    )
    CODES.set_cookie(request, response, (told["org_id"], told["feedback_id"]))
    return kept_nowhere(response)


def _today() -> date:
    return day_in_ottawa(datetime.now(UTC))


async def _drivers(request: Request) -> dict[str, str]:
    form = await request.form()
    return {each: str(form[f"driver_{each}"]) for each in DRIVERS if form.get(f"driver_{each}")}


async def _promise(request: Request, org_id: str, said: Said) -> dict[str, Any]:
    """In what time the department means to resolve it."""
    times = (await store.times_of(request.app.state.pool, [org_id])).get(org_id, [])
    time = in_force(times, said.kind, _today())
    return {"limit": time.resolve_within, "days": time.days, "own": time.own}


async def _form(
    request: Request,
    language: Language,
    service_id: str,
    given: dict[str, Any],
    problem: Problem | None,
    token: str | None = None,
) -> HTMLResponse:
    """Shown again with what was given, it is the same form: `token`."""
    if "\x00" in service_id:
        return pages.refuse(request, language, no_such_service(service_id.replace("\x00", "")))
    service = await store.service(request.app.state.pool, service_id, _today())
    if service is None:
        return pages.refuse(request, language, no_such_service(service_id))
    return pages.render(
        request,
        "form.html",
        language,
        TITLES[problem.code][0] if problem else 200,
        of={**service, "organization": name_of(service["org_id"]).in_(language)},
        kinds=KINDS,
        recourses=RECOURSES,
        questions={name: LABELS[name] for name in ("rating", *DRIVERS)},
        given=given,
        token=token or secrets.token_hex(16),
        problem=problem,
    )
