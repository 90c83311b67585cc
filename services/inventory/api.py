"""What programs read of inventory; public."""

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Depends, Request, Response

from services.inventory import store
from shared.access import ANYONE, May
from shared.organizations import name_of
from shared.problems import Refused, problem
from shared.reading import After, Limit, after, answer, page

router = APIRouter(tags=["inventory"])
_OFFICER = Depends(May("officer"))


@router.get("/v1/services", summary="Services, in their newest version", dependencies=[ANYONE])
async def services(
    request: Request,
    org: str | None = None,
    fiscal_year: str | None = None,
    q: str | None = None,
    limit: Limit = 100,
    after_: After = None,
) -> Response:
    rows = await store.list_services(request.app.state.pool, org, fiscal_year, q, after(after_)[0], limit + 1)
    items = [service_answer(row) for row in rows]
    return answer(request, page(items, limit, lambda item: [item["service_id"]], as_of=datetime.now(UTC)))


@router.get("/v1/services/{service_id}", summary="One service", dependencies=[ANYONE])
async def service(request: Request, service_id: str) -> Response:
    row = await store.service(request.app.state.pool, service_id)
    if row is None:
        raise Refused(no_such_service(service_id))
    return answer(request, {**service_answer(row), "as_of": datetime.now(UTC)})


@router.get("/v1/services/{service_id}/history", summary="Every version of one service", dependencies=[ANYONE])
async def history(request: Request, service_id: str) -> Response:
    rows = await store.history(request.app.state.pool, service_id)
    if not rows:
        raise Refused(no_such_service(service_id))
    told = ("recorded_at", "withdrawn")
    items = [{**service_answer(row), **{name: row[name] for name in told}} for row in rows]
    return answer(request, {"items": items, "next": None, "as_of": datetime.now(UTC)})


@router.get("/v1/standards", summary="Service standards, in their newest version", dependencies=[ANYONE])
async def standards(
    request: Request,
    org: str | None = None,
    service: str | None = None,
    limit: Limit = 100,
    after_: After = None,
) -> Response:
    rows = await store.list_standards(request.app.state.pool, org, service, after(after_, 2), limit + 1)
    items = [standard_answer(row) for row in rows]
    listed = page(items, limit, lambda item: [item["service_id"], item["standard_id"]], as_of=datetime.now(UTC))
    return answer(request, listed)


@router.put(
    "/v1/standards/{standard_id}/measure", summary="Confirm a measure (not in this version)", dependencies=[_OFFICER]
)
async def confirm_measure(standard_id: str) -> Response:
    raise Refused(
        problem(
            "not_available",
            f"Measures cannot be confirmed here in this version; report standard {standard_id} with its measure.",
            f"Cette version ne permet pas de confirmer les mesures; déclarez la norme {standard_id} avec sa mesure.",
        )
    )


def no_such_service(service_id: str) -> Any:
    return problem(
        "not_found",
        f"No department has reported a service {service_id}.",
        f"Aucun ministère n'a déclaré de service {service_id}.",
    )


def service_answer(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "service_id": row["service_id"],
        "org_id": row["org_id"],
        "organization": name_of(row["org_id"]).model_dump(),
        "fiscal_year": row["fiscal_year"],
        "version": row["version"],
        "name": {"en": row["name_en"], "fr": row["name_fr"]},
        "priority": row["priority"],
        "fields": row["fields"],
    }


def standard_answer(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "service_id": row["service_id"],
        "standard_id": row["standard_id"],
        "org_id": row["org_id"],
        "fiscal_year": row["fiscal_year"],
        "version": row["version"],
        "name": {"en": row["name_en"], "fr": row["name_fr"]},
        "target": row["target"],
        "measure": row["measure"],
        "fields": row["fields"],
    }
