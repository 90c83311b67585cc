"""Feedback as the public sees it: how much there is of each kind, and how much has been dealt with."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from services.feedback import store
from shared.access import ANYONE
from shared.language import Bilingual, Language
from shared.web import Pages

router = APIRouter(tags=["pages"], default_response_class=HTMLResponse, dependencies=[ANYONE])
pages = Pages("feedback")

KINDS = {
    "compliment": Bilingual(en="Compliments", fr="Compliments"),
    "suggestion": Bilingual(en="Suggestions", fr="Suggestions"),
    "complaint": Bilingual(en="Complaints", fr="Plaintes"),
    "issue": Bilingual(en="Service issues", fr="Problèmes de service"),
}
_FEWEST_SHOWN = 10


@router.get("/{language}/")
async def feedback(request: Request, language: Language) -> HTMLResponse:
    rows = await store.totals(request.app.state.pool)
    shown = [{**row, "suppressed": row["cases"] < _FEWEST_SHOWN} for row in rows]
    return pages.render(request, "feedback.html", language, rows=shown, kinds=KINDS)
