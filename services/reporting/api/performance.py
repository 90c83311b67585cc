"""Live performance against service standards, and how fresh it is."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request, Response

from services.reporting import store
from services.reporting.api.details import details_of
from services.reporting.domain.figures import Window, figure, total_shown, window
from services.reporting.domain.freshness import cadence, is_silent
from services.reporting.store import Filters
from shared.access import ANYONE
from shared.database import Connection, Pool
from shared.identity import Department, Person, caller, shows_key
from shared.problems import Problem, Refused, problem
from shared.reading import After, Limit, after, answer, page

router = APIRouter(tags=["performance"], dependencies=[ANYONE])

_OTTAWA = ZoneInfo("America/Toronto")
PUBLIC_WINDOWS = {"7d", "28d", "fiscal_year"}
_HEARD_WITHIN = timedelta(days=7)

WindowName = Annotated[str, Query(alias="window", description="7d, 28d, fiscal_year, or 2026-04-01/2026-06-30")]


def today() -> date:
    """The day it is where figures are counted by the day."""
    return datetime.now(_OTTAWA).date()


@router.get("/v1/performance", summary="Live performance per service standard and channel")
async def performance(
    request: Request,
    org: str | None = None,
    priority: bool | None = None,
    below_target: bool | None = None,
    channel: str | None = None,
    window_: WindowName = "28d",
    limit: Limit = 100,
    after_: After = None,
) -> Response:
    ask = await asked(request, window_, org)
    filters = Filters(ask.org_id, None, priority, channel)
    figures = await read_figures(request.app.state.pool, ask.span, filters, public=ask.public)
    items = [
        item for item in figures["items"] if below_target is None or (item["verdict"] == "not_met") == below_target
    ]
    start = after(after_, 3)
    items = [item for item in items if _key(item) > start]
    return answer(request, page(items[: limit + 1], limit, _key, as_of=figures["as_of"]))


def _key(item: dict[str, Any]) -> list[str]:
    return [item["service_id"], item["standard_id"], item["channel"] or ""]


@router.get("/v1/performance/{service_id}", summary="Live performance of one service")
async def performance_of(
    request: Request, service_id: str, channel: str | None = None, window_: WindowName = "28d"
) -> Response:
    pool = request.app.state.pool
    known = await store.service(pool, service_id, today())
    if known is None:
        raise Refused(no_such_service(service_id))
    ask = await asked(request, window_, known["org_id"])
    figures = await read_service(pool, known, ask.span, channel, public=ask.public)
    return answer(request, {**known, "items": figures["items"], "next": None, "as_of": figures["as_of"]})


@router.get("/v1/freshness", summary="How fresh each feed and view is, and who has gone silent")
async def freshness(request: Request) -> Response:
    return answer(request, await read_freshness(request.app.state.pool))


@dataclass(frozen=True, slots=True)
class Asked:
    """What a reader may see: `public` figures (nothing on fewer than 10 cases) or all, of which window and organisation."""

    public: bool
    span: Window
    org_id: str | None


async def asked(request: Request, name: str, org: str | None) -> Asked:
    """Judge a reader and the window asked. Raises Refused. An officer's own windows are of their own organisation."""
    found = await reader(request)
    try:
        span = window(name, today())
    except ValueError:
        raise Refused(
            problem(
                "invalid_request",
                "window is 7d, 28d, fiscal_year, or two dates, the first first, such as 2026-04-01/2026-06-30.",
                "window vaut 7d, 28d, fiscal_year, ou deux dates, la première d'abord, telles que 2026-04-01/2026-06-30.",
                "window",
            )
        ) from None
    if name in PUBLIC_WINDOWS:
        return Asked(not may_see_few(found, org), span, org)
    org = org or (found.org_id if isinstance(found, Person) and not found.reads_all else None)
    if not may_see_few(found, org):
        raise Refused(
            problem(
                "forbidden" if found else "unauthorized",
                "Other windows than 7d, 28d and fiscal_year need a token with a role there.",
                "Les fenêtres autres que 7d, 28d et fiscal_year exigent un jeton portant un rôle à cet endroit.",
                "window",
            ),
            {} if found else {"WWW-Authenticate": "Bearer"},
        )
    return Asked(public=False, span=span, org_id=org)


async def reader(request: Request) -> Department | Person | None:
    """Who reads. A department's key opens nothing here, and no list of them is kept: its holder is the public."""
    return None if shows_key(request) else await caller(request)


def may_see_few(found: Department | Person | None, org: str | None) -> bool:
    """Whether figures on fewer than 10 are shown: to who reads of all, or of the organisation that is asked of."""
    return isinstance(found, Person) and (found.reads_all or (org is not None and found.may_read(org)))


async def read_figures(pool: Pool, span: Window, filters: Filters, *, public: bool) -> dict[str, Any]:
    """Figures from one state of the database, with how far it had read."""
    async with store.one_state(pool) as connection:
        return await _figures(connection, span, filters, datetime.now(UTC), public=public)


async def read_service(
    pool: Pool, known: dict[str, Any], span: Window, channel: str | None, *, public: bool
) -> dict[str, Any]:
    """The figures of one service, and of each what more can be said of it: from one state of the database."""
    now, filters = datetime.now(UTC), Filters(None, [known["service_id"]], None, channel)
    async with store.one_state(pool) as connection:
        figures = await _figures(connection, span, filters, now, public=public)
        standards = figures.pop("standards").values()
        more = await details_of(connection, known["service_id"], known["org_id"], standards, span, today())
    # Beside the loop: a busy service has tens of thousands of cells in a year.
    await asyncio.to_thread(more.add_to, figures["items"], figures.pop("tallies"), now, figures["as_of"], public=public)
    return figures


async def _figures(
    connection: Connection, span: Window, filters: Filters, now: datetime, *, public: bool
) -> dict[str, Any]:
    tallies = await store.tallies(connection, span, filters, now)
    standards = await store.standards(connection, sorted({tally.service_id for tally in tallies}), span.last)
    position = await store.head(connection)
    watermark, _ = await store.freshness(connection)
    items = [
        figure(tally, standards.get((tally.service_id, tally.standard_id)), span, position, public=public)
        for tally in tallies
    ]
    totals = {
        "open": total_shown([tally.open for tally in tallies]),
        "open_late": total_shown([tally.open_late for tally in tallies]),
    }
    said = {"items": items, "as_of": watermark, "position": position, "totals": totals}
    return {**said, "tallies": tallies, "standards": standards}


async def read_freshness(pool: Pool) -> dict[str, Any]:
    now = datetime.now(UTC)
    watermark, views = await store.freshness(pool)
    feeds = await store.feeds(pool, now - _HEARD_WITHIN)
    for feed in feeds:
        feed["expected_cadence"] = cadence(feed.pop("hours"), feed.pop("days"))
        feed["silent"] = is_silent(feed["last_event"], feed["expected_cadence"], now)
    for view in views:
        view["view"] = f"performance from {view['service']}"
        view["lag_seconds"] = view["watermark"] and round((now - view["watermark"]).total_seconds(), 3)
    return {"as_of": watermark, "watermark": watermark, "feeds": feeds, "views": views}


def no_such_service(service_id: str) -> Problem:
    return problem(
        "not_found",
        f"The inventory has no service {service_id}.",
        f"Le répertoire n'a pas de service {service_id}.",
    )
