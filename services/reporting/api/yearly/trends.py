"""Trends of the policy's expected results (5.2), fiscal year by fiscal year; public."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response

from services.reporting import store
from services.reporting.api.performance import may_see_few, reader, today
from services.reporting.api.yearly.years import Row, together
from services.reporting.domain.compliance.years import first_day, last_day
from services.reporting.domain.trend_words import DRIVER_NAMES, NAMES, said
from services.reporting.domain.trends import Known, Share, Year, changes, summed, years
from shared.access import ANYONE
from shared.contracts.reported.inventory_rows import FISCAL_YEARS
from shared.database import Connection, Pool
from shared.organizations import organizations
from shared.reading import answer

router = APIRouter(tags=["indicators"], dependencies=[ANYONE])
_SECONDS = 60.0


@router.get(
    "/v1/trends",
    summary="Trends of the policy's expected results: client experience, priority e-services and their uptake, efficiency",
)
async def trends(request: Request, org: str | None = None) -> Response:
    """Of one organisation, or of all. To the public, nothing live on fewer than 10, and answers of clients of whole months."""
    if may_see_few(await reader(request), org):
        return answer(request, await read_trends(request.app.state.pool, org, public=False))
    return answer(request, await request.app.state.trends.read(org))


class PublicTrends:
    """What the public reads, worked out once a minute for each organisation: the answers of a large one take seconds."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._kept: dict[str | None, tuple[float, asyncio.Future[dict[str, Any]]]] = {}

    async def read(self, org: str | None) -> dict[str, Any]:
        if org is not None and org not in organizations():
            return await read_trends(self._pool, org, public=True)  # there is nothing of it, and names are without end
        begun, found = self._kept.get(org, (-_SECONDS, None))
        if found is None or time.monotonic() - begun >= _SECONDS:
            found = asyncio.ensure_future(read_trends(self._pool, org, public=True))
            self._kept[org] = time.monotonic(), found
        try:
            return await asyncio.shield(found)
        except Exception:
            self._kept.pop(org, None)
            raise


def prepare(app: FastAPI) -> None:
    app.state.trends = PublicTrends(app.state.pool)


async def read_trends(pool: Pool, org: str | None, *, public: bool) -> dict[str, Any]:
    """Every year, the oldest first, and how each measure went; from one state of the database."""
    now = today()
    async with store.one_state(pool) as connection:
        known = await _known(connection, org, now, public=public)
        watermark, _ = await store.freshness(connection)
    found = await asyncio.to_thread(years, known)
    return {
        "org_id": org,
        "items": [_shown(each, now, public=public) for each in found],
        "next": None,
        "changes": [
            {
                "measure": each.measure,
                "from": each.first,
                "to": each.last,
                "direction": each.direction,
                "text": said(each).model_dump(),
            }
            for each in changes(found, public=public)
        ],
        "as_of": watermark,
    }


async def _known(connection: Connection, org: str | None, now: date, *, public: bool) -> Known:
    services = await store.rows_of_years(connection, "ServiceRecorded", sorted(FISCAL_YEARS), org)
    own = _by_year(await store.rows_of_years(connection, "ServiceStandardRecorded", sorted(FISCAL_YEARS), org))
    # An answer of this month would be told by the difference it makes.
    before = now.replace(day=1) if public else date(now.year + 1, now.month, 1)
    answers = await store.answers_by_year(connection, org, before)
    within = _grouped(await store.within_by_year(connection, org, now), _year)
    return Known(
        {year: together(some, own.get(year, ())) for year, some in _by_year(services).items()},
        {
            (_year(row), row["question"]): Share(row["satisfied"], row["answers"], row["silent"], sampled=True)
            for row in answers
        },
        {year: summed([_share(row) for row in rows], public=public) for year, rows in within.items()},
    )


def _by_year(rows: Sequence[Row]) -> dict[str, list[Row]]:
    return _grouped(rows, lambda row: str(row["fiscal_year"]))


def _grouped(rows: Sequence[Row], year_of: Callable[[Row], str]) -> dict[str, list[Row]]:
    found = defaultdict(list)
    for row in rows:
        found[year_of(row)].append(row)
    return found


def _share(row: Row) -> Share:
    return Share(row["met"], row["total"], row["excluded"], sampled=True)


def _year(row: Any) -> str:
    return f"{row['year']}-{row['year'] + 1}"


def _shown(found: Year, now: date, *, public: bool) -> dict[str, Any]:
    measures: dict[str, Any] = {
        name: {"name": NAMES[name].model_dump(), **share.answer(public=public)}
        for name, share in found.measures.items()
    }
    drivers = {
        name: {"name": DRIVER_NAMES[name].model_dump(), **share.answer(public=public)}
        for name, share in found.drivers.items()
    }
    ended = last_day(found.year) < now
    until = last_day(found.year) if ended else now
    span = {"fiscal_year": found.year, "from": first_day(found.year), "to": until, "complete": ended}
    return {**span, **measures, "drivers": drivers}
