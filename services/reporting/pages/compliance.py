"""Compliance for deputy heads, oversight and auditors: from an organisation's verdicts to one verdict's things and records.

Whoever reads signs in first with their token, or comes through a proxy that sends it along.
"""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from services.reporting.api.compliance import evidence, verdicts
from services.reporting.api.compliance.asking import AsIf, AsOf, KnownAt, Reader, RuleSet
from services.reporting.api.performance import today
from services.reporting.domain.compliance import RULE_SETS, rules_in_force
from services.reporting.domain.compliance.years import last_day
from shared.language import Bilingual, Language
from shared.organizations import name_of, organizations
from shared.problems import Refused
from shared.web import Pages

router = APIRouter(
    tags=["pages"], default_response_class=HTMLResponse, responses={303: {"description": "A browser signs in first"}}
)
pages = Pages("reporting")

STATES = {
    "compliant": ("good", Bilingual(en="compliant", fr="conforme")),
    "partially_compliant": ("warn", Bilingual(en="partially compliant", fr="partiellement conforme")),
    "non_compliant": ("bad", Bilingual(en="not compliant", fr="non conforme")),
    "insufficient_evidence": ("none", Bilingual(en="insufficient evidence", fr="preuves insuffisantes")),
    "not_applicable": ("none", Bilingual(en="not applicable", fr="sans objet")),
    "not_yet_in_force": ("none", Bilingual(en="not yet in force", fr="pas encore en vigueur")),
    "excepted": ("none", Bilingual(en="excepted", fr="visé par une exception")),
    "superseded": ("none", Bilingual(en="superseded", fr="remplacée")),
}
OUTCOMES = {
    "met": ("good", Bilingual(en="met", fr="respectée")),
    "partial": ("warn", Bilingual(en="in part", fr="en partie")),
    "failed": ("bad", Bilingual(en="not met", fr="non respectée")),
    "unknown": ("none", Bilingual(en="not known", fr="inconnu")),
    "excepted": ("none", Bilingual(en="excepted", fr="exception")),
    "pending": ("none", Bilingual(en="not due yet", fr="échéance à venir")),
}
POLICIES = {
    "policy-2014": Bilingual(en="Policy on Service (2014)", fr="Politique sur les services (2014)"),
    "policy-2020": Bilingual(
        en="Policy and Directive on Service and Digital (2020)",
        fr="Politique et Directive sur les services et le numérique (2020)",
    ),
}


@router.get("/{language}/compliance")
async def compliance(request: Request, reader: Reader, language: Language) -> HTMLResponse:
    seen = [(each, name_of(each).in_(language)) for each in organizations() if reader.may_read(each)]
    return pages.render(
        request, "compliance.html", language, organizations=sorted(seen, key=lambda pair: pair[1]), **_words()
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
    found["asked"] = as_of
    # The stream tells of verdicts as they are today, by the rules in force.
    found["live"] = (found["as_of"], found["known_by"], found["rules"]) == (today(), "all", rules_in_force(today()))
    return pages.render(request, "organization.html", language, found=found, tiles=_tiles(found), **_words())


@router.get("/{language}/verdicts/{verdict_id}")
async def verdict(request: Request, reader: Reader, language: Language, verdict_id: str) -> HTMLResponse:
    try:
        found = await evidence.explain(request, reader, verdict_id)
    except Refused as refused:
        return pages.refuse(request, language, refused.problem)
    return pages.render(
        request, "verdict.html", language, found=found, organization=name_of(found["org_id"]), **_words()
    )


def _words() -> dict[str, Any]:
    marches = [last_day(f"{year}-{year + 1}") for year in range(2014, 2020)]
    return {"states": STATES, "outcomes": OUTCOMES, "policies": POLICIES, "rule_sets": RULE_SETS, "marches": marches}


def _tiles(found: dict[str, Any]) -> dict[str, int]:
    """How many requirements are in each state that any is in, in the order of the states."""
    return {state: found["states"][state] for state in STATES if found["states"][state]}
