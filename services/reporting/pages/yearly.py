"""What a fiscal year comes to, for everyone: Treasury Board's indicators, overall and of one organisation, in both formulas."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from services.reporting.api.performance import today
from services.reporting.api.yearly.indicators import indicator_answer
from services.reporting.api.yearly.years import check_year, services_of, year_before
from services.reporting.domain.compliance.years import fiscal_year as fiscal_year_of
from services.reporting.domain.indicators import FORMULAS, Formula, indicators
from shared.access import ANYONE
from shared.contracts.reported.inventory_rows import FISCAL_YEARS
from shared.language import Bilingual, Language
from shared.organizations import name_of, organizations
from shared.problems import Refused
from shared.web import Pages

router = APIRouter(tags=["pages"], default_response_class=HTMLResponse, dependencies=[ANYONE])
pages = Pages("reporting")

NAMES = {
    "maf1": Bilingual(en="Services that have service standards", fr="Services dotés de normes de service"),
    "maf2": Bilingual(en="Service standards that met their target", fr="Normes de service ayant atteint leur cible"),
    "maf5": Bilingual(en="Services online from end to end", fr="Services offerts en ligne de bout en bout"),
    "maf6": Bilingual(en="Client interaction points online", fr="Points d'interaction avec le client en ligne"),
    "maf8": Bilingual(
        en="Services improved from client feedback in the last year",
        fr="Services améliorés grâce à la rétroaction des clients au cours de la dernière année",
    ),
    "reviewed_5y": Bilingual(
        en="Services reviewed in the last five years", fr="Services examinés au cours des cinq dernières années"
    ),
    "improved_5y": Bilingual(
        en="Services improved in the last five years", fr="Services améliorés au cours des cinq dernières années"
    ),
    "dr2467": Bilingual(
        en="High-volume services online from end to end", fr="Services à volume élevé en ligne de bout en bout"
    ),
    "dr2468": Bilingual(
        en="High-volume services that met at least one standard",
        fr="Services à volume élevé ayant respecté au moins une norme",
    ),
    "dr2469": Bilingual(
        en="Applications to high-volume services made online",
        fr="Demandes présentées en ligne auprès des services à volume élevé",
    ),
}
BANDS = {
    "low": ("bad", Bilingual(en="low", fr="faible")),
    "medium": ("warn", Bilingual(en="medium", fr="moyen")),
    "high": ("good", Bilingual(en="high", fr="élevé")),
}


@router.get("/{language}/indicators")
async def yearly(
    request: Request, language: Language, fiscal_year: str = "", formula: Formula = "tbs-2025", org: str = ""
) -> HTMLResponse:
    try:
        year = check_year(fiscal_year or year_before(fiscal_year_of(today()), 1))
    except Refused as refused:
        return pages.refuse(request, language, refused.problem)
    found = indicators(await services_of(request, year, org or None), year, formula)
    shown = [indicator_answer(each) for each in found if each.org_id == (org or None)]
    return pages.render(
        request,
        "indicators.html",
        language,
        items=shown,
        names=NAMES,
        bands=BANDS,
        year=year,
        years=sorted(FISCAL_YEARS, reverse=True),
        formula=formula,
        formulas=FORMULAS,
        org=org,
        organization=name_of(org).in_(language) if org in organizations() else None,
        organizations=sorted(organizations().values(), key=lambda each: each.name.in_(language)),
    )
