"""Compliance for deputy heads, oversight and auditors: from an organisation's verdicts to one verdict's things and records, and
from an event to what it changed.

Whoever reads signs in first with their token, or comes through a proxy that sends it along.
"""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from services.reporting.api.compliance import events, evidence, verdicts
from services.reporting.api.compliance.asking import AsIf, AsOf, KnownAt, Reader, RuleSet
from services.reporting.api.performance import today
from services.reporting.domain.compliance import rules_in_force
from services.reporting.pages.words import STATES, pages, words
from shared.language import Language
from shared.organizations import name_of, organizations
from shared.problems import Refused

router = APIRouter(
    tags=["pages"], default_response_class=HTMLResponse, responses={303: {"description": "A browser signs in first"}}
)


@router.get("/{language}/compliance")
async def compliance(request: Request, reader: Reader, language: Language) -> HTMLResponse:
    seen = [(each, name_of(each).in_(language)) for each in organizations() if reader.may_read(each)]
    return pages.render(
        request, "compliance.html", language, organizations=sorted(seen, key=lambda pair: pair[1]), **words()
    )


@router.get("/{language}/compliance/{org_id}")
async def organization(
    request: Request,
    reader: Reader,
    language: Language,
    org_id: str,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    rules: RuleSet = None,
    as_if_in_force: AsIf = False,
) -> HTMLResponse:
    try:
        found = await verdicts.judge(request, reader, org_id, as_of or today(), known_at, rules, as_if_in_force)
    except Refused as refused:
        return pages.refuse(request, language, refused.problem)
    # The stream tells of verdicts as they are today, by the rules in force.
    found["live"] = (found["as_of"], found["known_by"], found["rules"]) == (today(), "all", rules_in_force(today()))
    return pages.render(request, "organization.html", language, found=found, tiles=_tiles(found), **words())


@router.get("/{language}/verdicts/{verdict_id}")
async def verdict(request: Request, reader: Reader, language: Language, verdict_id: str) -> HTMLResponse:
    try:
        found = await evidence.explain(request, reader, verdict_id)
    except Refused as refused:
        return pages.refuse(request, language, refused.problem)
    return pages.render(
        request, "verdict.html", language, found=found, organization=name_of(found["org_id"]), **words()
    )


@router.get("/{language}/events/{event_id:path}")
async def event(
    request: Request,
    reader: Reader,
    language: Language,
    event_id: str,
    source: str | None = None,
    as_of: AsOf = None,
    rules: RuleSet = None,
    as_if_in_force: AsIf = False,
) -> HTMLResponse:
    asked = (as_of or today(), rules, as_if_in_force)
    try:
        found = await events.what_it_changed(request, reader, event_id, source, asked)
    except Refused as refused:
        return pages.refuse(request, language, refused.problem)
    return pages.render(request, "event.html", language, found=found, name_of=name_of, **words())


def _tiles(found: dict[str, Any]) -> dict[str, int]:
    """How many requirements are in each state that any is in, in the order of the states."""
    return {state: found["states"][state] for state in STATES if found["states"][state]}
