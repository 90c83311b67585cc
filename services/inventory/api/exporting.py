"""A fiscal year of the inventory as the open government portal publishes it; public."""

from typing import Literal

from fastapi import APIRouter, Request, Response

from services.inventory import store
from services.inventory.api.services import no_fiscal_year
from shared.access import ANYONE
from shared.contracts.reported.inventory_rows import is_fiscal_year
from shared.official import portal_files
from shared.problems import Refused
from shared.reading import answer_csv

router = APIRouter(tags=["inventory"])
_FILE = {"description": "the portal's dialect: UTF-8 with a byte-order mark, commas", "content": {"text/csv": {}}}


@router.get(
    "/v1/export/{fiscal_year}/{file}",
    summary="A fiscal year in the portal's dialect: service.csv, service-std.csv",
    dependencies=[ANYONE],
    response_class=Response,
    responses={200: _FILE},
)
async def export(
    request: Request, fiscal_year: str, file: Literal["service.csv", "service-std.csv"], org: str | None = None
) -> Response:
    if not is_fiscal_year(fiscal_year):
        raise Refused(no_fiscal_year("fiscal_year"))
    pool = request.app.state.pool
    if file == "service.csv":
        rows = await store.services_of_year(pool, fiscal_year, org)
        cells = [portal_files.service_cells(row["fields"], row["org_id"]) for row in rows]
        text = portal_files.write(portal_files.SERVICE_COLUMNS, cells)
    else:
        rows = await store.standards_of_year(pool, fiscal_year, org)
        cells = [portal_files.standard_cells(row["fields"], row["org_id"]) for row in rows]
        text = portal_files.write(portal_files.STANDARD_COLUMNS, cells)
    return answer_csv(request, file, text)
