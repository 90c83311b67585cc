"""Treasury Board's indicators of a fiscal year, as its own code computes them or exactly; public."""

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request, Response

from services.reporting.api.yearly.years import FiscalYear, check_year, services_of
from services.reporting.domain.indicators import OF_ALL, OF_GOVERNMENT, Formula, Indicator, indicators
from shared.access import ANYONE
from shared.described import refusals
from shared.problems import Refused, problem
from shared.reading import answer

router = APIRouter(tags=["indicators"], dependencies=[ANYONE])


@router.get("/v1/indicators", summary="Indicators of a fiscal year, of each organisation and of all of government")
async def all_indicators(
    request: Request, fiscal_year: FiscalYear, formula: Formula = "tbs-2025", org: str | None = None
) -> Response:
    """With `org`, those of that organisation alone."""
    year = check_year(fiscal_year)
    found = indicators(await services_of(request, year, org), year, formula)
    items = [indicator_answer(each) for each in found if org is None or each.org_id == org]
    asked = {"fiscal_year": year, "formula": formula, "as_of": datetime.now(UTC)}
    return answer(request, {"items": items, "next": None, **asked})


@router.get(
    "/v1/indicators/{indicator}/rows",
    summary="The services and standards behind one indicator, and what each adds to it",
    responses=refusals("not_found"),
)
async def rows(
    request: Request, indicator: str, fiscal_year: FiscalYear, formula: Formula = "tbs-2025", org: str | None = None
) -> Response:
    """Without `org`, those of all of government. A service that is not listed adds to neither number."""
    year = check_year(fiscal_year)
    if indicator not in {**OF_ALL, **OF_GOVERNMENT}:
        raise Refused(
            problem(
                "not_found",
                f"There is no such indicator; there are {', '.join((*OF_ALL, *OF_GOVERNMENT))}.",
                f"Cet indicateur n'existe pas; il y a {', '.join((*OF_ALL, *OF_GOVERNMENT))}.",
            )
        )
    found = indicators(await services_of(request, year, org), year, formula)
    wanted = next((each for each in found if (each.indicator, each.org_id) == (indicator, org)), None)
    items = [
        {
            "service_id": each.service_id,
            "service_standard_id": each.standard_id,
            "numerator": each.numerator,
            "denominator": each.denominator,
        }
        for each in (wanted.rows if wanted else ())
    ]
    return answer(
        request, {"items": items, "next": None, "fiscal_year": year, "formula": formula, "as_of": datetime.now(UTC)}
    )


def indicator_answer(each: Indicator) -> dict[str, Any]:
    return {
        "indicator": each.indicator,
        "org_id": each.org_id,
        "numerator": each.numerator,
        "denominator": each.denominator,
        "value": each.value,
        "band": each.band,
    }
