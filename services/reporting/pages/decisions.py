"""Decisions about compliance: what stands before the annual confirmation, and the forms of deputy heads, officers and oversight.

Each form does what its endpoint does (`/v1/confirmations`, `/v1/corrective-actions`, `/v1/oversight/steps`).
"""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import ValidationError

from services.reporting import store
from services.reporting.api.compliance import verdicts
from services.reporting.api.compliance.asking import Reader, another_s, organization_of
from services.reporting.api.deciding.actions import REQUIREMENTS, Action, act_on
from services.reporting.api.deciding.confirmations import Confirmation, sign_year
from services.reporting.api.deciding.steps import Step, oversee
from services.reporting.api.performance import today
from services.reporting.api.yearly.years import year_before
from services.reporting.domain.compliance.titles import TITLES
from services.reporting.domain.compliance.years import fiscal_year as fiscal_year_of
from services.reporting.handlers.deciding import Kind, answers_of, no_such_action
from services.reporting.pages.words import ACTION_STATES, STEPS, pages, words
from shared.access import ANYONE
from shared.contracts.reported.inventory_rows import FISCAL_YEARS
from shared.identity import Person
from shared.language import Language
from shared.problems import TITLES as PROBLEMS
from shared.problems import Problem, Refused, first_problem
from shared.signing_in import FROM_OUR_PAGES, reader, to_sign_in

reading = APIRouter(
    tags=["pages"], default_response_class=HTMLResponse, responses={303: {"description": "A browser signs in first"}}
)
deciding = APIRouter(tags=["pages"], default_response_class=HTMLResponse, dependencies=[ANYONE, FROM_OUR_PAGES])
_ADDRESS = "/{language}/compliance/{org_id}/decisions"
# What asks for somebody before a deputy head signs.
_OPEN = ("non_compliant", "partially_compliant", "insufficient_evidence")
_DAYS = ("opened_on", "due_on", "done_on")
_Short = Annotated[str, Form(max_length=200)]
_Long = Annotated[str, Form(max_length=2000)]
_TO: dict[int | str, dict[str, Any]] = {
    303: {"description": "Sign in, or the decisions as they are now"},
    403: {"description": "Another role is needed, or another organisation's", "content": {"text/html": {}}},
    404: {"description": "There is no such action", "content": {"text/html": {}}},
    409: {
        "description": "The page again: it was signed before, or the step cannot follow",
        "content": {"text/html": {}},
    },
    412: {"description": "The page again: the action was changed meanwhile", "content": {"text/html": {}}},
    422: {"description": "The page again, and what is wrong", "content": {"text/html": {}}},
}


@reading.get(_ADDRESS)
async def decisions(request: Request, reader: Reader, language: Language, org_id: str) -> HTMLResponse:
    return await _shown(request, reader, language, org_id)


@deciding.post(f"{_ADDRESS}/confirmation", responses=_TO)
async def sign(
    request: Request, language: Language, org_id: str, fiscal_year: _Short, en: _Long = "", fr: _Long = ""
) -> Response:
    async def decide(person: Person) -> None:
        said = {"fiscal_year": fiscal_year, "note": _both(en, fr)}
        await sign_year(request, person, Confirmation.model_validate(said))

    return await _done(request, language, org_id, ("deputy_head",), decide)


@deciding.post(f"{_ADDRESS}/actions", responses=_TO)
async def open_action(
    request: Request,
    language: Language,
    org_id: str,
    requirement: _Short,
    due_on: _Short,
    title_en: _Short = "",
    title_fr: _Short = "",
    owner_en: _Short = "",
    owner_fr: _Short = "",
) -> Response:
    async def decide(person: Person) -> None:
        said = {"title": _both(title_en, title_fr), "owner": _both(owner_en, owner_fr), "due_on": due_on}
        await act_on(request, person, Action.model_validate({"requirement": requirement, **said}), None)

    return await _done(request, language, org_id, ("officer", "deputy_head"), decide)


@deciding.post(f"{_ADDRESS}/actions/{{action_id}}", responses=_TO)
async def end_action(
    request: Request,
    language: Language,
    org_id: str,
    action_id: str,
    version: Annotated[int, Form(ge=1, le=1_000_000)],
    state: _Short,
    en: _Long = "",
    fr: _Long = "",
) -> Response:
    async def decide(person: Person) -> None:
        row = await store.newest_decision(request.app.state.pool, "action", org_id, action_id)
        if row is None:
            raise Refused(no_such_action())
        kept = {name: value for name, value in row["fields"].items() if name in Action.model_fields}
        ended = {"state": state, "done_on": today() if state == "done" else None, "reason": _both(en, fr)}
        await act_on(request, person, Action.model_validate({**kept, **ended, "action_id": action_id}), version)

    return await _done(request, language, org_id, ("officer", "deputy_head"), decide)


@deciding.post(f"{_ADDRESS}/steps", responses=_TO)
async def take_step(
    request: Request,
    language: Language,
    org_id: str,
    requirement: _Short,
    step: _Short,
    en: _Long = "",
    fr: _Long = "",
    due_on: _Short = "",
) -> Response:
    async def decide(person: Person) -> None:
        said = {"org_id": org_id, "requirement": requirement, "step": step, "reason": _both(en, fr)}
        await oversee(request, person, Step.model_validate({**said, "due_on": due_on or None}))

    return await _done(request, language, org_id, ("oversight",), decide)


def _both(en: str, fr: str) -> dict[str, str] | None:
    """A text in both languages; None where it is in neither."""
    return {"en": en.strip(), "fr": fr.strip()} if en.strip() or fr.strip() else None


async def _done(
    request: Request,
    language: Language,
    org_id: str,
    roles: tuple[str, ...],
    decide: Callable[[Person], Awaitable[None]],
) -> Response:
    """Decide something as who is signed in, and show the decisions as they are then."""
    try:
        person = await reader(request, *roles)
    except Refused as refused:
        return pages.refuse(request, language, refused.problem)
    if person is None:
        return to_sign_in(request, language, _path(language, org_id))
    try:
        _refuse_another_s(person, org_id, roles)
        await decide(person)
    except ValidationError as error:
        return await _shown(request, person, language, org_id, first_problem(error))
    except Refused as refused:
        return await _shown(request, person, language, org_id, refused.problem)
    return RedirectResponse(_path(language, org_id), 303)


def _path(language: Language, org_id: str) -> str:
    return f"/{language}/compliance/{quote(org_id, safe='')}/decisions"


def _refuse_another_s(person: Person, org_id: str, roles: tuple[str, ...]) -> None:
    """Raises Refused: a form says of which organisation it is, the token in whose name somebody decides."""
    organization_of(org_id, person)
    if roles != ("oversight",) and person.org_id != org_id:
        raise Refused(another_s(org_id))


async def _shown(
    request: Request, person: Person, language: Language, org_id: str, refusal: Problem | None = None
) -> HTMLResponse:
    try:
        found = await verdicts.judge(request, person, org_id, today(), None, None, False)
    except Refused as refused:
        return pages.refuse(request, language, refused.problem)
    actions = await _decided(request, "action", org_id)
    confirmations = await _decided(request, "confirmation", org_id)
    steps = await _decided(request, "step", org_id)
    return pages.render(
        request,
        "decisions.html",
        language,
        PROBLEMS[refusal.code][0] if refusal else 200,
        address=_path(language, org_id),
        found=found,
        left=[each for each in found["verdicts"] if each["state"] in _OPEN],
        actions=sorted(actions, key=lambda each: (each["state"] != "open", each["due_on"])),
        confirmations=sorted(confirmations, key=lambda each: each["fiscal_year"], reverse=True),
        steps=sorted(steps, key=lambda each: each["decided_at"], reverse=True),
        may={role: _may(person, role, org_id) for role in ("deputy_head", "officer", "oversight")},
        person=person,
        year=year_before(fiscal_year_of(today()), 1),
        years=[each for each in sorted(FISCAL_YEARS, reverse=True) if each <= fiscal_year_of(today())],
        requirements=REQUIREMENTS,
        titles=TITLES,
        action_states=ACTION_STATES,
        step_names=STEPS,
        problem=refusal,
        **words(),
    )


async def _decided(request: Request, kind: Kind, org_id: str) -> list[dict[str, Any]]:
    """The newest version of each, its days as days."""
    rows = await store.decisions(request.app.state.pool, kind, org_id, ("", ""), 1000)
    return [
        {**each, **{name: date.fromisoformat(each[name]) for name in _DAYS if each.get(name)}}
        for each in answers_of(rows, kind)
    ]


def _may(person: Person, role: str, org_id: str) -> bool:
    return role in person.roles and (role == "oversight" or person.org_id == org_id)
