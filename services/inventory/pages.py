"""The inventory as people read it, the annual update as they work through it, and the two tools that they decide by."""

from datetime import UTC, datetime
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse

from services.inventory import domain, store
from services.inventory.api.annual import guide, refuse
from services.inventory.api.answers import no_such_service, service_answer, standard_answer, versions
from shared.access import ANYONE
from shared.contracts.reported.inventory_rows import FISCAL_YEARS
from shared.contracts.reported.words import FIELDS
from shared.language import Bilingual, Language
from shared.organizations import name_of, organizations
from shared.ownership import day_in_ottawa
from shared.problems import TITLES, Problem, problem
from shared.web import Pages

router = APIRouter(tags=["pages"], default_response_class=HTMLResponse, dependencies=[ANYONE])
pages = Pages("inventory")
_PAGE = 50
_LABELS = {
    name: Bilingual(en=en, fr=fr)
    for kind in ("ServiceReported", "ServiceStandardReported")
    for name, (en, fr) in FIELDS[kind].items()
}


@router.get("/{language}/")
async def services(request: Request, language: Language, org: str = "", q: str = "", after: str = "") -> HTMLResponse:
    pool = request.app.state.pool
    rows = await store.list_services(pool, org or None, None, q or None, after, _PAGE + 1)
    return pages.render(
        request,
        "services.html",
        language,
        items=[service_answer(row) for row in rows[:_PAGE]],
        following=rows[_PAGE - 1]["service_id"] if len(rows) > _PAGE else None,
        counts=await store.counts(pool),
        org=org,
        q=q,
        organizations=_departments(language),
    )


@router.get("/{language}/services/{service_id}")
async def service(request: Request, language: Language, service_id: str) -> HTMLResponse:
    pool = request.app.state.pool
    row = await store.service(pool, service_id)
    if row is None:
        return pages.refuse(request, language, no_such_service(service_id))
    fate = (await store.fates(pool, [service_id])).get(service_id, store.Fate())
    standards = await store.list_standards(pool, None, service_id, None, ["", ""], 1000)
    return pages.render(
        request,
        "service.html",
        language,
        item=service_answer(row, fate),
        standards=[standard_answer(standard) for standard in standards],
        organization=name_of(row["owner"]),
        reviews=await _reviews(request, service_id),
        versions=versions(await store.history(pool, service_id), service_answer),
        name_of=name_of,
        label=_LABELS.get,
        written=_written,
    )


async def _reviews(request: Request, service_id: str) -> list[dict[str, Any]]:
    """What was reviewed, and what was decided of each recommendation; the newest first, without what was written."""
    rows = await store.list_stewardship(request.app.state.pool, None, None, service_id, ("", ""), 1000)
    decided: dict[str, dict[str, Any]] = {}
    for row in sorted((row for row in rows if row["kind"] == "recommendation_decided"), key=lambda row: row["on_date"]):
        decided[row["fields"]["recommendation_id"]] = row["fields"]
    reviews = [row for row in rows if row["kind"] == "service_review_completed"]
    return [
        {
            "on": row["on_date"],
            "areas": row["fields"]["areas"],
            "recommendations": [
                {"id": each["id"], "decision": decided.get(each["id"], {}).get("decision")}
                for each in row["fields"]["recommendations"]
            ],
        }
        for row in sorted(reviews, key=lambda row: row["on_date"], reverse=True)
    ]


@router.get("/{language}/annual-update")
async def annual_update(request: Request, language: Language, org: str = "", fiscal_year: str = "") -> HTMLResponse:
    year = fiscal_year or _year_that_ended()
    refusal = refuse(org, year) if org else None
    return pages.render(
        request,
        "annual.html",
        language,
        TITLES[refusal.code][0] if refusal else 200,
        organizations=_departments(language),
        years=sorted(FISCAL_YEARS, reverse=True),
        org=org,
        fiscal_year=year,
        problem=refusal,
        found=await guide(request.app.state.pool, org, year) if org and refusal is None else None,
        label=_LABELS.get,
        written=_written,
    )


def _year_that_ended() -> str:
    """The last fiscal year that has ended, which is the one to report."""
    today = day_in_ottawa(datetime.now(UTC))
    end = today.year if today.month > 3 else today.year - 1
    return f"{end - 1}-{end}"


@router.get("/{language}/tools/service")
async def is_it_a_service(request: Request, language: Language) -> HTMLResponse:
    """The eight-question test: answers stand in the address, so that they can be kept and shown to others."""
    said = {name: request.query_params.get(name) for name in domain.QUESTIONS}
    answers = {name: value == "yes" for name, value in said.items() if value in {"yes", "no"}}
    return pages.render(
        request,
        "is_it_a_service.html",
        language,
        questions=domain.QUESTIONS,
        answers=answers,
        judgement=domain.is_a_service(answers) if answers else None,
    )


@router.get("/{language}/tools/priority")
async def is_it_priority(request: Request, language: Language) -> HTMLResponse:
    return _priority(request, language, frozenset(), "", "")


@router.post(
    "/{language}/tools/priority",
    responses={422: {"description": "The form again: the rationale is in one language alone"}},
)
async def propose_priority(
    request: Request,
    language: Language,
    yes: Annotated[list[str], Form(max_length=50)] = [],  # noqa: B006 - FastAPI copies it
    rationale_en: Annotated[str, Form(max_length=2000)] = "",
    rationale_fr: Annotated[str, Form(max_length=2000)] = "",
) -> HTMLResponse:
    """What the answers speak for, as `priority` of a ServiceReported; nothing is kept here."""
    return _priority(request, language, frozenset(yes), rationale_en.strip(), rationale_fr.strip(), answered=True)


def _priority(
    request: Request, language: Language, yes: frozenset[str], en: str, fr: str, *, answered: bool = False
) -> HTMLResponse:
    refusal = _one_language() if bool(en) != bool(fr) else None
    proposed = domain.propose_priority(yes, Bilingual(en=en, fr=fr) if en and fr else None)
    return pages.render(
        request,
        "priority.html",
        language,
        TITLES[refusal.code][0] if refusal else 200,
        aspects=domain.ASPECTS,
        criteria=domain.CRITERIA,
        yes=yes,
        rationale={"en": en, "fr": fr},
        problem=refusal,
        proposed=proposed if answered and refusal is None else None,
        as_json=proposed.model_dump_json(indent=2, exclude_none=True),
    )


def _one_language() -> Problem:
    return problem(
        "invalid_value",
        "Write the rationale in both languages, or in neither.",
        "Rédigez les motifs dans les deux langues, ou dans aucune.",
        "rationale",
    )


def _departments(language: Language) -> list[Any]:
    return sorted(organizations().values(), key=lambda each: each.name.in_(language))


def _written(value: Any) -> str:
    """A value of a field, cut where it is long."""
    if value is None:
        return "–"
    plain = value if isinstance(value, str) else orjson.dumps(value).decode()
    text = ", ".join(map(str, value)) if isinstance(value, list) else plain
    return text if len(text) <= 200 else f"{text[:199]}…"
