"""What is doubtful about the inventory of a fiscal year, by Treasury Board's checks (policy.md 2.4)."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from fastapi import APIRouter, Request, Response

from services.reporting import store
from services.reporting.api.readers import READER, readable_org
from services.reporting.api.yearly.years import FiscalYear, Row, check_year, year_before
from shared.official import annual
from shared.ownership import day_in_ottawa
from shared.reading import answer

router = APIRouter(tags=["indicators"])
# Volumes are compared with those of so many years before.
_YEARS_BEFORE = 5


@router.get(
    "/v1/quality",
    summary="Doubts about the data of a fiscal year (officers: their organisation's)",
    dependencies=[READER],
)
async def quality(request: Request, fiscal_year: FiscalYear, org: str | None = None) -> Response:
    year = check_year(fiscal_year)
    org = await readable_org(request, org)
    years = [year_before(year, back) for back in range(_YEARS_BEFORE, -1, -1)]
    services = await store.rows_of_years(request.app.state.pool, "ServiceRecorded", years, org)
    standards = await store.rows_of_years(request.app.state.pool, "ServiceStandardRecorded", [year], org)
    items = await asyncio.to_thread(findings, services, standards, years, day_in_ottawa(datetime.now(UTC)))
    return answer(request, {"items": items, "next": None, "fiscal_year": year, "as_of": datetime.now(UTC)})


def findings(
    services: Sequence[Row], standards: Sequence[Row], years: Sequence[str], today: date
) -> list[dict[str, Any]]:
    """Of the last of `years`, the most severe first."""
    by_year: dict[str, dict[tuple[str, ...], Any]] = {year: {} for year in years}
    for each in services:
        by_year[each["fiscal_year"]][(each["service_id"],)] = each["fields"]
    owners = {each["service_id"]: each["org_id"] for each in (*services, *standards)}
    *earlier, year = years
    own: dict[tuple[str, ...], Any] = {(each["service_id"], each["standard_id"]): each["fields"] for each in standards}
    found = annual.findings(by_year[year], own, [by_year[each] for each in earlier], today)
    return [
        {**_parted(each), "org_id": owners[each["service_id"]]} for each in found if each["issue"].startswith("qa_")
    ]


def _parted(finding: dict[str, Any]) -> dict[str, Any]:
    """A finding's sentence says what is wrong, and then what to do."""
    text, action = {}, {}
    for language, sentence in finding["text"].items():
        wrong, mark, what = sentence.partition("; ") if "; " in sentence else sentence.rpartition(". ")
        text[language] = f"{wrong.removesuffix('.')}."
        action[language] = what[:1].upper() + what[1:] if mark else sentence
    return {**finding, "text": text, "action": action}
