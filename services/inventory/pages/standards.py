"""One service standard: what it promises, how that is measured, and the form by which an officer confirms it."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import ValidationError

from services.inventory import store
from services.inventory.api.answers import standard_answer, versions
from services.inventory.api.standards import confirm_as_read, only, refuse_another_s
from services.inventory.pages.words import CALENDARS, LABELS, pages, written
from shared.access import ANYONE
from shared.contracts.measure import Measure
from shared.language import Bilingual, Language
from shared.organizations import name_of
from shared.problems import TITLES, Problem, Refused, first_problem, problem
from shared.reading import tag_of
from shared.signing_in import FROM_OUR_PAGES, reader, signed_in, to_sign_in

router = APIRouter(tags=["pages"], default_response_class=HTMLResponse, dependencies=[ANYONE, FROM_OUR_PAGES])
_ADDRESS = "/{language}/services/{service_id}/standards/{standard_id}"
# What stands before and behind the number in an ISO 8601 duration.
_UNITS = {
    "business_day": ("P", "D"), "day": ("P", "D"), "week": ("P", "W"), "month": ("P", "M"),
    "hour": ("PT", "H"), "minute": ("PT", "M"), "second": ("PT", "S"),
}  # fmt: skip
_UNIT_NAMES = {
    "business_day": Bilingual(en="business days", fr="jours ouvrables"),
    "day": Bilingual(en="calendar days", fr="jours civils"),
    "week": Bilingual(en="weeks", fr="semaines"),
    "month": Bilingual(en="months", fr="mois"),
    "hour": Bilingual(en="hours", fr="heures"),
    "minute": Bilingual(en="minutes", fr="minutes"),
    "second": Bilingual(en="seconds", fr="secondes"),
}
_STARTS = {
    "submitted": Bilingual(en="the application is submitted", fr="la demande est soumise"),
    "complete": Bilingual(en="the application is complete", fr="la demande est complète"),
}
_ENDS = {
    "decided": Bilingual(en="it is decided", fr="la décision est rendue"),
    "issued": Bilingual(en="what was applied for is issued", fr="ce qui était demandé est délivré"),
}
_TO: dict[int | str, dict[str, Any]] = {
    303: {"description": "Sign in, or the standard as it is now"},
    403: {"description": "Only an officer of the organisation confirms", "content": {"text/html": {}}},
    412: {"description": "The page again: the standard has another version since", "content": {"text/html": {}}},
    422: {"description": "The page again, and what is wrong", "content": {"text/html": {}}},
}


@router.get(_ADDRESS)
async def standard(request: Request, language: Language, service_id: str, standard_id: str) -> HTMLResponse:
    return await _shown(request, language, service_id, standard_id)


@router.post(_ADDRESS, responses=_TO)
async def confirm(
    request: Request,
    language: Language,
    service_id: str,
    standard_id: str,
    amount: Annotated[str, Form(max_length=7)],
    unit: Annotated[str, Form(max_length=12)],
    starts: Annotated[str, Form(max_length=12)],
    ends: Annotated[str, Form(max_length=12)],
    calendar: Annotated[str, Form(max_length=5)],
    version: Annotated[str, Form(max_length=100)],
) -> Response:
    try:
        officer = await reader(request, "officer")
        if officer is None:
            return to_sign_in(request, language)
        row = await only(request.app.state.pool, standard_id, service_id)
        refuse_another_s(officer, row)
        measure = _measure(amount.strip(), unit, {"starts": starts, "ends": ends, "calendar": calendar})
        await confirm_as_read(request, officer, row, frozenset({version}), measure)
    except ValidationError as error:
        return await _shown(request, language, service_id, standard_id, first_problem(error))
    except Refused as refused:
        return await _shown(request, language, service_id, standard_id, refused.problem)
    return RedirectResponse(request.url.path, 303)


def _measure(amount: str, unit: str, fields: dict[str, str]) -> Measure:
    """Raises ValidationError, or Refused."""
    before, behind = _UNITS.get(unit, ("", unit))
    most = 9_999 if before == "P" else 9_999_999
    if not (amount.isascii() and amount.isdigit() and 1 <= int(amount) <= most):
        raise Refused(_no_amount(most))
    days = "business" if unit == "business_day" else "calendar"
    return Measure.model_validate({"limit": f"{before}{amount}{behind}", "days": days, **fields})


def _no_amount(most: int) -> Problem:
    return problem(
        "invalid_value",
        f"The time limit is a whole number from 1 to {most}.",
        f"Le délai est un nombre entier de 1 à {most}.",
        "limit",
    )


async def _shown(
    request: Request, language: Language, service_id: str, standard_id: str, refusal: Problem | None = None
) -> HTMLResponse:
    try:
        row = await only(request.app.state.pool, standard_id, service_id)
    except Refused as refused:
        return pages.refuse(request, language, refused.problem)
    item, officer = standard_answer(row), await signed_in(request, "officer")
    history = await store.standard_history(request.app.state.pool, row["service_id"], standard_id)
    return pages.render(
        request,
        "standard.html",
        language,
        TITLES[refusal.code][0] if refusal else 200,
        item=item,
        organization=name_of(row["owner"]),
        version=tag_of(item),
        chosen=_chosen(item["measure"]),
        units=_UNIT_NAMES,
        starts=_STARTS,
        ends=_ENDS,
        calendars=CALENDARS,
        may_confirm=officer is not None and officer.org_id == row["owner"],
        signed_in=officer is not None,
        problem=refusal,
        versions=versions(history, standard_answer),
        label=LABELS.get,
        written=written,
    )


def _chosen(measure: dict[str, Any] | None) -> dict[str, Any]:
    """A measure as the form shows it; what it begins with where there is none."""
    if measure is None:
        return {"amount": "", "unit": "business_day", "starts": "submitted", "ends": "decided", "calendar": "CA"}
    limit = measure["limit"]
    part = ("PT" if "T" in limit else "P", limit[-1])
    names = [name for name, each in _UNITS.items() if each == part]
    unit = names[0] if measure["days"] == "business" or len(names) == 1 else names[-1]
    return {**measure, "amount": limit.removeprefix(part[0])[:-1], "unit": unit}
