"""Feedback as the public sees it: how much there is, how it is dealt with, what clients say, and what was improved."""

from datetime import UTC, datetime

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from services.feedback import store
from services.feedback.api.improvements import improvement_answer
from services.feedback.api.satisfaction import satisfaction_of, twelve_months
from services.feedback.pages.words import KINDS, pages
from shared.access import ANYONE
from shared.language import Language
from shared.ownership import day_in_ottawa

router = APIRouter(tags=["pages"], default_response_class=HTMLResponse, dependencies=[ANYONE])
_FEWEST_SHOWN = 10
_IMPROVEMENTS = 20


@router.get("/{language}/")
async def feedback(request: Request, language: Language) -> HTMLResponse:
    pool = request.app.state.pool
    rows = await store.totals(pool)
    months = twelve_months(day_in_ottawa(datetime.now(UTC)))
    return pages.render(
        request,
        "feedback.html",
        language,
        rows=[{**row, "suppressed": row["cases"] < _FEWEST_SHOWN} for row in rows],
        kinds=KINDS,
        satisfaction=await satisfaction_of(request, None, None, *months),
        improvements=[
            improvement_answer(row)
            for row in await store.list_improvements(pool, None, None, None, ["", "", ""], _IMPROVEMENTS)
        ],
    )
