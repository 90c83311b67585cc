"""The inventory as people read it."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from services.inventory import store
from services.inventory.api import no_such_service, service_answer, standard_answer
from shared.access import ANYONE
from shared.language import Language
from shared.organizations import name_of, organizations
from shared.web import Pages

router = APIRouter(tags=["pages"], default_response_class=HTMLResponse, dependencies=[ANYONE])
pages = Pages("inventory")
_PAGE = 50


@router.get("/{language}/")
async def services(request: Request, language: Language, org: str = "", q: str = "", after: str = "") -> HTMLResponse:
    pool = request.app.state.pool
    rows = await store.list_services(pool, org or None, None, q or None, after, _PAGE + 1)
    return pages.render(
        request,
        "services.html",
        language,
        items=[service_answer(row) for row in rows[:_PAGE]],
        following=rows[_PAGE - 1]["service_id"] if len(rows) > _PAGE else None,
        counts=await store.counts(pool),
        org=org,
        q=q,
        organizations=sorted(organizations().values(), key=lambda each: each.name.in_(language)),
    )


@router.get("/{language}/services/{service_id}")
async def service(request: Request, language: Language, service_id: str) -> HTMLResponse:
    pool = request.app.state.pool
    row = await store.service(pool, service_id)
    if row is None:
        return pages.refuse(request, language, no_such_service(service_id))
    standards = await store.list_standards(pool, None, service_id, ["", ""], 1000)
    return pages.render(
        request,
        "service.html",
        language,
        item=service_answer(row),
        standards=[standard_answer(standard) for standard in standards],
        organization=name_of(row["org_id"]),
        versions=await store.history(pool, service_id),
    )
