"""Two tools by which a department decides: is it a service, and is it a priority service. They keep nothing."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse

from services.inventory import domain
from services.inventory.pages.words import pages
from shared.access import ANYONE
from shared.language import Bilingual, Language
from shared.problems import TITLES, Problem, problem

router = APIRouter(tags=["pages"], default_response_class=HTMLResponse, dependencies=[ANYONE])
_Rating = Annotated[str, Form(max_length=10)]


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
    return _priority(request, language, frozenset(), {}, "", "")


@router.post(
    "/{language}/tools/priority",
    responses={422: {"description": "The form again: the rationale is in one language alone"}},
)
async def propose_priority(
    request: Request,
    language: Language,
    yes: Annotated[list[str], Form(max_length=50)] = [],  # noqa: B006 - FastAPI copies it
    volume: _Rating = "",
    mandate: _Rating = "",
    government_priority: _Rating = "",
    rationale_en: Annotated[str, Form(max_length=2000)] = "",
    rationale_fr: Annotated[str, Form(max_length=2000)] = "",
) -> HTMLResponse:
    """What the answers speak for, as `priority` of a ServiceReported; nothing is kept here."""
    ratings = {"volume": volume, "mandate": mandate, "government_priority": government_priority}
    en, fr = rationale_en.strip(), rationale_fr.strip()
    return _priority(request, language, frozenset(yes), ratings, en, fr, answered=True)


def _priority(
    request: Request,
    language: Language,
    yes: frozenset[str],
    ratings: dict[str, str],
    en: str,
    fr: str,
    *,
    answered: bool = False,
) -> HTMLResponse:
    refusal = _one_language() if bool(en) != bool(fr) else None
    proposed = domain.propose_priority(yes, ratings, Bilingual(en=en, fr=fr) if en and fr else None)
    return pages.render(
        request,
        "priority.html",
        language,
        TITLES[refusal.code][0] if refusal else 200,
        aspects=domain.ASPECTS,
        rated=domain.RATED,
        levels=domain.RATINGS,
        criteria=domain.CRITERIA,
        yes=yes,
        ratings=ratings,
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
