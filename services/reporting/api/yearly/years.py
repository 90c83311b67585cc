"""A fiscal year as it is asked for, and the inventory of it."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Query, Request

from services.reporting import store
from services.reporting.domain.indicators import Service
from shared.contracts.reported.inventory_rows import is_fiscal_year
from shared.problems import Refused, problem

FiscalYear = Annotated[str, Query(description="such as 2024-2025", examples=["2024-2025"])]
Row = dict[str, Any]


def check_year(fiscal_year: str) -> str:
    """Raises Refused."""
    if not is_fiscal_year(fiscal_year):
        raise Refused(
            problem(
                "invalid_request",
                "fiscal_year must be a fiscal year such as 2025-2026, from 2005-2006 to 2029-2030.",
                "fiscal_year doit être un exercice tel que 2025-2026, de 2005-2006 à 2029-2030.",
                "fiscal_year",
            )
        )
    return fiscal_year


def year_before(fiscal_year: str, back: int) -> str:
    first = int(fiscal_year[:4]) - back
    return f"{first}-{first + 1}"


async def services_of(request: Request, fiscal_year: str, org: str | None) -> list[Service]:
    """The services of a year, each with its standards."""
    pool = request.app.state.pool
    services = await store.rows_of_years(pool, "ServiceRecorded", [fiscal_year], org)
    standards = await store.rows_of_years(pool, "ServiceStandardRecorded", [fiscal_year], org)
    return together(services, standards)


def together(services: Sequence[Row], standards: Sequence[Row]) -> list[Service]:
    own: dict[str, list[tuple[str, Row]]] = {}
    for each in standards:
        own.setdefault(each["service_id"], []).append((each["standard_id"], each["fields"]))
    return [
        Service(each["org_id"], each["service_id"], each["fields"], tuple(own.get(each["service_id"], ())))
        for each in services
    ]
