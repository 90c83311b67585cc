"""One row of the inventory judged before it is reported: what is wrong, missing or suspicious. Changes nothing; public."""

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, ValidationError

from services.inventory import store
from services.inventory.api import bodies
from shared.access import ANYONE
from shared.contracts.reported.inventory import ServiceReported, ServiceStandardReported
from shared.database import Pool
from shared.described import refusals
from shared.official import annual, comparing, computed
from shared.ownership import day_in_ottawa
from shared.problems import all_problems
from shared.reading import to_json

router = APIRouter(tags=["inventory"])


class Row(BaseModel):
    """The data of a ServiceReported or, with a service_standard_id, of a ServiceStandardReported."""

    model_config = ConfigDict(extra="allow")


@router.post(
    "/v1/services/check",
    summary="What is wrong, missing or suspicious about a row, before it is reported; changes nothing",
    dependencies=[ANYONE],
    openapi_extra=bodies.described(Row),
    responses=refusals(*bodies.REFUSED),
)
async def check(request: Request) -> Response:
    row = (await bodies.read(request, Row)).model_extra or {}
    return Response(to_json(await judge(request.app.state.pool, row)), media_type="application/json")


async def judge(pool: Pool, row: dict[str, Any]) -> dict[str, Any]:
    """`{valid, problems, findings, computed, since, changes}`: problems would refuse it, findings would not."""
    kind = ServiceStandardReported if "service_standard_id" in row else ServiceReported
    try:
        reported = kind.model_validate(row)
    except ValidationError as error:
        problems = [each.as_dict() for each in all_problems(error, "data")]
        return {"valid": False, "problems": problems, "findings": [], "computed": {}, "since": None, "changes": []}
    fields = reported.model_dump(mode="json", exclude_none=True)
    if isinstance(reported, ServiceStandardReported):
        found = await _of_standard(pool, reported)
        worked_out = {"performance": computed.performance(fields), "target_met": computed.target_met(fields)}
    else:
        found = await _of_service(pool, reported)
        worked_out = {"num_applications_total": computed.num_applications_total(fields)}
    before = await _before(pool, reported)
    return {
        "valid": True,
        "problems": [],
        "findings": found,
        "computed": worked_out,
        "since": before and {"fiscal_year": before["fiscal_year"], "version": before["version"]},
        "changes": comparing.changes(before["fields"], fields) if before else [],
    }


async def _of_service(pool: Pool, service: ServiceReported) -> list[dict[str, Any]]:
    rows = await store.history(pool, service.service_id)
    years = {row["fiscal_year"]: row["fields"] for row in rows if not row["withdrawn"]}
    earlier = [ServiceReported.kept(years[year]) for year in sorted(years) if year < service.fiscal_year]
    remarks = annual.of_service(service, earlier, day_in_ottawa(datetime.now(UTC)))
    return [annual.finding(remark, (service.service_id,)) for remark in remarks]


async def _of_standard(pool: Pool, standard: ServiceStandardReported) -> list[dict[str, Any]]:
    rows = await store.history(pool, standard.service_id)
    years = {row["fiscal_year"]: row["fields"] for row in rows if not row["withdrawn"]}
    fields = years.get(standard.fiscal_year)
    service = ServiceReported.kept(fields) if fields else None
    key = (standard.service_id, standard.service_standard_id)
    return [annual.finding(remark, key) for remark in annual.of_standard(standard, service)]


async def _before(pool: Pool, reported: ServiceReported | ServiceStandardReported) -> dict[str, Any] | None:
    """The newest version of the same year, or else of an earlier one."""
    if isinstance(reported, ServiceStandardReported):
        rows = await store.standard_history(pool, reported.service_id, reported.service_standard_id)
    else:
        rows = await store.history(pool, reported.service_id)
    kept = [row for row in rows if not row["withdrawn"] and row["fiscal_year"] <= reported.fiscal_year]
    return kept[-1] if kept else None
