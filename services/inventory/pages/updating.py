"""The annual update as a department works through it: what is left, and at the end its officer or deputy head confirms it."""

from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from services.inventory import domain
from services.inventory.api.annual import guide, refuse
from services.inventory.handlers.confirming import year_confirmed
from services.inventory.pages.words import LABELS, departments, pages, written
from shared.access import ANYONE
from shared.contracts.reported.inventory_rows import FISCAL_YEARS, is_fiscal_year
from shared.identity import Person
from shared.language import Language
from shared.ownership import day_in_ottawa
from shared.problems import TITLES, Problem, Refused, problem
from shared.signing_in import FROM_OUR_PAGES, reader, signed_in

router = APIRouter(tags=["pages"], default_response_class=HTMLResponse, dependencies=[ANYONE, FROM_OUR_PAGES])
_ROLES = ("officer", "deputy_head")


@router.get("/{language}/annual-update")
async def annual_update(request: Request, language: Language, org: str = "", fiscal_year: str = "") -> Response:
    return await _shown(request, language, org, fiscal_year)


@router.post(
    "/{language}/annual-update",
    responses={
        303: {"description": "Confirmed: the year as it is now"},
        403: {"description": "The page again: only its own officers and deputy head confirm a year"},
        422: {"description": "The page again, and why the year cannot be confirmed"},
    },
)
async def confirm_year(
    request: Request,
    language: Language,
    org: Annotated[str, Form(max_length=20)],
    fiscal_year: Annotated[str, Form(max_length=9)],
) -> Response:
    try:
        await _confirm(request, await reader(request, *_ROLES), org, fiscal_year)
    except Refused as refused:
        return await _shown(request, language, org, fiscal_year, refused.problem)
    return RedirectResponse(f"/{language}/annual-update?{urlencode({'org': org, 'fiscal_year': fiscal_year})}", 303)


async def _confirm(request: Request, person: Person | None, org: str, fiscal_year: str) -> None:
    """Through the department's door, like any report of it. Raises Refused."""
    if person is None or person.org_id != org:
        raise Refused(_not_yours())
    if not is_fiscal_year(fiscal_year) or domain.first_day(fiscal_year) > day_in_ottawa(datetime.now(UTC)):
        raise Refused(_not_begun(fiscal_year))
    report = year_confirmed(person, fiscal_year, datetime.now(UTC))
    [receipt] = await request.app.state.group_commit.submit(person.org_id, [report])
    if receipt.problem is not None:
        raise Refused(receipt.problem)


async def _shown(
    request: Request, language: Language, org: str, fiscal_year: str, refusal: Problem | None = None
) -> HTMLResponse:
    year = fiscal_year or _year_that_ended()
    unknown = refuse(org, year) if org else None
    problem = unknown or refusal
    person = await signed_in(request, *_ROLES)
    return pages.render(
        request,
        "annual.html",
        language,
        TITLES[problem.code][0] if problem else 200,
        organizations=departments(language),
        years=sorted(FISCAL_YEARS, reverse=True),
        org=org,
        fiscal_year=year,
        problem=problem,
        found=await guide(request.app.state.pool, org, year) if org and unknown is None else None,
        person=person,
        may_confirm=person is not None and person.org_id == org,
        label=LABELS.get,
        written=written,
    )


def _year_that_ended() -> str:
    """The last fiscal year that has ended, which is the one to report."""
    today = day_in_ottawa(datetime.now(UTC))
    end = today.year if today.month > 3 else today.year - 1
    return f"{end - 1}-{end}"


def _not_begun(fiscal_year: str) -> Problem:
    return problem(
        "invalid_value",
        f"{fiscal_year} has not begun; a year is confirmed once it has.",
        f"L'exercice {fiscal_year} n'a pas commencé; un exercice est confirmé une fois commencé.",
        "fiscal_year",
    )


def _not_yours() -> Problem:
    return problem(
        "wrong_organization",
        "A year is confirmed by an officer or the deputy head of the department itself; sign in as one of them.",
        "Un exercice est confirmé par un agent ou par l'administrateur général du ministère même; ouvrez une session à ce titre.",
    )
