"""How the policy's expected results go from year to year, for everyone: charts, and beside each the table it is drawn from."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from services.reporting.domain.trend_words import DRIVER_NAMES, NAMES
from shared.access import ANYONE
from shared.language import Bilingual, Language
from shared.organizations import name_of, organizations
from shared.web import Pages

router = APIRouter(tags=["pages"], default_response_class=HTMLResponse, dependencies=[ANYONE])
pages = Pages("reporting")

RESULTS = (
    (Bilingual(en="Service experience", fr="Expérience concernant les services"), ("satisfied",)),
    (
        Bilingual(
            en="Priority e-services and their uptake", fr="Services prioritaires électroniques et leur utilisation"
        ),
        ("e_services", "uptake"),
    ),
    (Bilingual(en="Efficient delivery", fr="Efficacité de la prestation"), ("within_standard", "targets_met")),
)
# The chart, in its own units: where the years stand, 0 % below and 100 % above.
_WIDTH, _LEFT, _RIGHT, _TOP, _BOTTOM = 400, 55, 375, 15, 165
_MOST_LABELS = 6


@router.get("/{language}/trends")
async def trends(request: Request, language: Language, org: str = "") -> HTMLResponse:
    found = await request.app.state.trends.read(org or None)
    return pages.render(
        request,
        "trends.html",
        language,
        found=found,
        results=RESULTS,
        names=NAMES,
        driver_names=DRIVER_NAMES,
        charts={name: chart(found["items"], name) for _, names in RESULTS for name in names},
        org=org,
        organization=name_of(org).in_(language) if org in organizations() else None,
        organizations=sorted(organizations().values(), key=lambda each: each.name.in_(language)),
    )


def chart(items: list[dict[str, Any]], measure: str) -> dict[str, Any] | None:
    """Where a measure's points stand, year by year, in lines that break where a year is not known; None without a point."""
    step = (_RIGHT - _LEFT) / max(1, len(items) - 1)
    points = [_point(item, measure, _LEFT + step * n) for n, item in enumerate(items)]
    every = max(1, -(-len(points) // _MOST_LABELS))
    labels = points[::-1][::every]
    lines: list[list[dict[str, Any]]] = [[]]
    for point in points:
        if point["y"] is None:
            lines.append([])
        else:
            lines[-1].append(point)
    shown = [line for line in lines if line]
    return {"points": points, "lines": shown, "labels": labels, "width": _WIDTH} if shown else None


def _point(item: dict[str, Any], measure: str, x: float) -> dict[str, Any]:
    share, interval = item[measure]["share"], item[measure]["interval"]
    return {
        "x": round(x, 1),
        "y": None if share is None else _height(share),
        "low": None if interval is None else _height(interval[0]),
        "high": None if interval is None else _height(interval[1]),
        "year": item["fiscal_year"],
        "share": share,
    }


def _height(share: float) -> float:
    return round(_BOTTOM - (_BOTTOM - _TOP) * share, 1)
