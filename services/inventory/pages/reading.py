"""The services of all departments, and each one whole: its standards, its reviews, its history."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from services.inventory import store
from services.inventory.api.answers import no_such_service, service_answer, standard_answer, versions
from services.inventory.pages.words import LABELS, departments, pages, written
from shared.access import ANYONE
from shared.language import Language
from shared.organizations import name_of

router = APIRouter(tags=["pages"], default_response_class=HTMLResponse, dependencies=[ANYONE])
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
        organizations=departments(language),
    )


@router.get("/{language}/services/{service_id}")
async def service(request: Request, language: Language, service_id: str) -> HTMLResponse:
    pool = request.app.state.pool
    row = await store.service(pool, service_id)
    if row is None:
        return pages.refuse(request, language, no_such_service(service_id))
    fate = (await store.fates(pool, [service_id])).get(service_id, store.Fate())
    standards = await store.list_standards(pool, None, service_id, None, ["", ""], 1000)
    return pages.render(
        request,
        "service.html",
        language,
        item=service_answer(row, fate),
        standards=[standard_answer(standard) for standard in standards],
        organization=name_of(row["owner"]),
        reviews=await _reviews(request, service_id),
        versions=versions(await store.history(pool, service_id), service_answer),
        name_of=name_of,
        label=LABELS.get,
        written=written,
    )


async def _reviews(request: Request, service_id: str) -> list[dict[str, Any]]:
    """What was reviewed, and what was decided of each recommendation; the newest first, without what was written."""
    rows = await store.list_stewardship(request.app.state.pool, None, None, service_id, ("", ""), 1000)
    decided: dict[str, dict[str, Any]] = {}
    for row in sorted((row for row in rows if row["kind"] == "recommendation_decided"), key=lambda row: row["on_date"]):
        decided[row["fields"]["recommendation_id"]] = row["fields"]
    reviews = [row for row in rows if row["kind"] == "service_review_completed"]
    return [
        {
            "on": row["on_date"],
            "areas": row["fields"]["areas"],
            "recommendations": [
                {"id": each["id"], "decision": decided.get(each["id"], {}).get("decision")}
                for each in row["fields"]["recommendations"]
            ],
        }
        for row in sorted(reviews, key=lambda row: row["on_date"], reverse=True)
    ]
