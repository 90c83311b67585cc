"""What programs read of services; public."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from services.inventory import store
from services.inventory.api.answers import no_such_service, service_answer, versions
from shared.access import ANYONE
from shared.contracts.reported.inventory_rows import is_fiscal_year
from shared.official import comparing
from shared.problems import Problem, Refused, problem
from shared.reading import After, Limit, after, answer, page, tag_of

router = APIRouter(tags=["inventory"])


@router.get("/v1/services", summary="Services, in their newest version or that of a year", dependencies=[ANYONE])
async def services(
    request: Request,
    org: str | None = None,
    fiscal_year: str | None = None,
    q: str | None = None,
    limit: Limit = 100,
    after_: After = None,
) -> Response:
    pool = request.app.state.pool
    rows = await store.list_services(pool, org, fiscal_year, q, after(after_)[0], limit + 1)
    fates = await store.fates(pool, (row["service_id"] for row in rows))
    items = [service_answer(row, fates.get(row["service_id"], store.Fate())) for row in rows]
    return answer(request, page(items, limit, lambda item: [item["service_id"]], as_of=datetime.now(UTC)))


@router.get("/v1/services/changes", summary="What changed from one fiscal year to another", dependencies=[ANYONE])
async def changes(
    request: Request,
    from_: Annotated[str, Query(alias="from", description="a fiscal year, such as 2022-2023")],
    to: Annotated[str, Query(description="a later one")],
    org: str | None = None,
) -> Response:
    for name, year in (("from", from_), ("to", to)):
        if not is_fiscal_year(year):
            raise Refused(no_fiscal_year(name))
    pool = request.app.state.pool
    found = {
        "services": comparing.compare(
            by_key(await store.services_of_year(pool, from_, org)), by_key(await store.services_of_year(pool, to, org))
        ),
        "standards": comparing.compare(
            by_key(await store.standards_of_year(pool, from_, org)),
            by_key(await store.standards_of_year(pool, to, org)),
        ),
    }
    return answer(request, {"from": from_, "to": to, **found, "as_of": datetime.now(UTC)}, tag=tag_of(found))


@router.get("/v1/services/{service_id}", summary="One service", dependencies=[ANYONE])
async def service(request: Request, service_id: str) -> Response:
    pool = request.app.state.pool
    row = await store.service(pool, service_id)
    if row is None:
        raise Refused(no_such_service(service_id))
    found = service_answer(row, (await store.fates(pool, [service_id])).get(service_id, store.Fate()))
    return answer(request, {**found, "as_of": datetime.now(UTC)}, tag=tag_of(found))


@router.get("/v1/services/{service_id}/history", summary="Every version of one service", dependencies=[ANYONE])
async def history(request: Request, service_id: str) -> Response:
    rows = await store.history(request.app.state.pool, service_id)
    if not rows:
        raise Refused(no_such_service(service_id))
    found = {"items": versions(rows, service_answer), "next": None}
    return answer(request, {**found, "as_of": datetime.now(UTC)}, tag=tag_of(found))


def by_key(rows: list[dict[str, Any]]) -> dict[comparing.Key, dict[str, Any]]:
    """The fields of services or standards of a year, by what they are known by."""
    return {
        (row["service_id"], row["standard_id"]) if "standard_id" in row else (row["service_id"],): row["fields"]
        for row in rows
    }


def no_fiscal_year(name: str) -> Problem:
    return problem(
        "invalid_request",
        f"{name} must be a fiscal year such as 2025-2026, from 2005-2006 to 2029-2030.",
        f"{name} doit être un exercice tel que 2025-2026, de 2005-2006 à 2029-2030.",
        name,
    )
