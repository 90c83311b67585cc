"""`guichet rebuild`: views made anew beside the live ones, in a process of their own; how far that is, and what came of it."""

import asyncio
import sys
from contextlib import suppress
from datetime import timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, FastAPI, Request, Response
from pydantic import BaseModel, ConfigDict, StringConstraints

from services.reporting import store
from services.reporting.handlers.rebuilding.asking import ask, ask_back, forget, settle
from shared.access import Operator
from shared.database import TRANSIENT
from shared.described import refusals
from shared.problems import Refused, problem
from shared.reading import After, Limit, after, answer, page, to_json

router = APIRouter(tags=["operation"])
_LOOK_SECONDS = 10.0
_COUNTED = ("reading", "filling")
_PROCESS = "services.reporting.handlers.rebuilding"

Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]


class Asked(BaseModel):
    """`accept`: why the views are to change places although they differ."""

    model_config = ConfigDict(extra="forbid")

    source: Literal["log", "kafka"] = "log"
    accept: Reason | None = None


@router.post(
    "/v1/rebuilds",
    summary="Make the views anew beside the live ones, compare, and switch where they are equal",
    status_code=202,
    responses=refusals("rebuild_under_way"),
)
async def begin(request: Request, asked: Asked, person: Operator) -> Response:
    """With `accept`, the views that were found to differ last change places too."""
    return await _begun(request, await ask(request.app.state.pool, asked.source, person.subject, asked.accept))


@router.post(
    "/v1/rebuilds/rollback",
    summary="Go back to the views that were live before, once they have what was read since",
    status_code=202,
    responses=refusals("rebuild_under_way", "nothing_kept"),
)
async def roll_back(request: Request, _: Operator) -> Response:
    return await _begun(request, await ask_back(request.app.state.pool))


@router.delete(
    "/v1/rebuilds/kept",
    summary="Remove the views that are kept beside the live ones",
    status_code=204,
    responses=refusals("rebuild_under_way"),
)
async def remove_kept(request: Request, _: Operator) -> Response:
    await forget(request.app.state.pool)
    return Response(status_code=204)


@router.get("/v1/rebuilds", summary="Rebuilds, the newest first")
async def list_rebuilds(request: Request, _: Operator, limit: Limit = 100, after_: After = None) -> Response:
    start = after(after_)[0]
    rows = await store.rebuilds_before(request.app.state.pool, _id(start) if start else None, limit + 1)
    sizes = await store.sizes(request.app.state.pool)
    shown = page([_shown(row) for row in rows], limit, lambda item: [str(item["rebuild_id"])])
    return answer(request, {**shown, "bytes": sizes})


@router.get("/v1/rebuilds/{rebuild_id}", summary="One rebuild: how far it is, and what came of it")
async def read_rebuild(request: Request, rebuild_id: int, _: Operator) -> Response:
    return answer(request, await _one(request, rebuild_id))


async def _begun(request: Request, rebuild_id: int) -> Response:
    """The process that does it; it writes its log where this one does, and ends with it."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", _PROCESS, str(rebuild_id))
    waiting = asyncio.create_task(process.wait())
    request.app.state.rebuilding.add(waiting)
    waiting.add_done_callback(request.app.state.rebuilding.discard)
    return Response(to_json(await _one(request, rebuild_id)), 202, media_type="application/json")


async def _one(request: Request, rebuild_id: int) -> dict[str, Any]:
    row = await store.one_rebuild(request.app.state.pool, rebuild_id) if 0 < rebuild_id < 2**63 else None
    if row is None:
        raise Refused(
            problem(
                "not_found",
                f"There is no rebuild {rebuild_id}.",
                f"Il n'y a pas de reconstruction {rebuild_id}.",
            )
        )
    return _shown(row)


def _id(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 19 else 0


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    """A rebuild with how quick it is and how long it will take: of what is counted, in events a second and seconds."""
    seconds = (row.pop("now") - row["begun_at"]) / timedelta(seconds=1)
    counts = row["state"] in _COUNTED and row["done"] > 0 and seconds > 0
    rate = row["done"] / seconds if counts else None
    left = max(0, row["total"] - row["done"]) / rate if rate else None
    return {**row, "events_per_second": rate and round(rate), "eta_seconds": left if left is None else round(left, 1)}


def prepare(app: FastAPI) -> None:
    app.state.rebuilding = set[asyncio.Task[int]]()


async def put_right(app: FastAPI) -> None:
    """What a rebuild leaves half-made when its process ends before it is removed."""
    while True:
        with suppress(*TRANSIENT):
            await settle(app.state.pool)
        await asyncio.sleep(_LOOK_SECONDS)
