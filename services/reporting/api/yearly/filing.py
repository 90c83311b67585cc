"""The annual filing in the portal's dialect, from what was recorded; public."""

from collections.abc import Sequence
from typing import Literal

from fastapi import APIRouter, Request, Response

from services.reporting import store
from services.reporting.api.yearly.years import Row, check_year
from shared.access import ANYONE
from shared.official import portal_files
from shared.reading import answer_csv

router = APIRouter(tags=["indicators"], dependencies=[ANYONE])
_FILE = {"description": "the portal's dialect: UTF-8 with a byte-order mark, commas", "content": {"text/csv": {}}}


@router.get(
    "/v1/filing/{fiscal_year}/{file}",
    summary="The annual filing: service.csv, service-std.csv",
    response_class=Response,
    responses={200: _FILE},
)
async def filing(
    request: Request, fiscal_year: str, file: Literal["service.csv", "service-std.csv"], org: str | None = None
) -> Response:
    """Values as they were reported; `performance` and `target_met` as Treasury Board computes them."""
    year, pool = check_year(fiscal_year), request.app.state.pool
    if file == "service.csv":
        rows = await store.rows_of_years(pool, "ServiceRecorded", [year], org)
        cells = [portal_files.service_cells(each["fields"], each["org_id"]) for each in _in_order(rows)]
        text = portal_files.write(portal_files.SERVICE_COLUMNS, cells)
    else:
        rows = await store.rows_of_years(pool, "ServiceStandardRecorded", [year], org)
        cells = [portal_files.standard_cells(each["fields"], each["org_id"]) for each in _in_order(rows)]
        text = portal_files.write(portal_files.STANDARD_COLUMNS, cells)
    return answer_csv(request, file, text)


def _in_order(rows: Sequence[Row]) -> list[Row]:
    return sorted(rows, key=lambda each: (each["org_id"], each["service_id"], str(each.get("standard_id", ""))))
