"""What operators ask of each service: keys, and the log's digest that `guichet verify` compares."""

from datetime import date
from typing import Annotated

import orjson
from fastapi import APIRouter, Query, Request, Response

from shared.access import Operator
from shared.event_log import digest, head, positions
from shared.logs import log
from shared.lost_events import router as lost_events
from shared.mending import router as mending
from shared.restoring import publish_again
from shared.tracing import router as tracing

router = APIRouter(tags=["operation"])
router.include_router(mending)
router.include_router(tracing)
router.include_router(lost_events)
Until = Annotated[int, Query(ge=0, lt=2**63, description="a position of the log")]


def _json(value: object, status: int = 200) -> Response:
    return Response(orjson.dumps(value), status, media_type="application/json")


@router.get("/v1/log", summary="The log's last position")
async def log_head(request: Request, _: Operator) -> Response:
    async with request.app.state.pool.acquire() as connection:
        position, recorded_at = await head(connection)
    return _json({"position": position, "recorded_at": recorded_at})


@router.post(
    "/v1/log/publications", summary="Publish all of the log once more; readers drop what they have", status_code=202
)
async def publish_log_again(request: Request, person: Operator) -> Response:
    async with request.app.state.pool.acquire() as connection:
        await publish_again(connection)
        position, _ = await head(connection)
    log.warning("log_published_again", until=position, by=person.subject)
    return _json({"position": position}, 202)


@router.get("/v1/log/digest", summary="Counts and sums of hashes per type, organisation and day, up to a position")
async def log_digest(request: Request, until: Until, _: Operator) -> Response:
    async with request.app.state.pool.acquire() as connection:
        return _json({"until": until, "cells": await digest(connection, until)})


@router.get("/v1/log/positions", summary="One cell of the digest, event by event")
async def log_positions(
    request: Request, _: Operator, until: Until, org_id: str, day: date, kind: Annotated[str, Query(alias="type")]
) -> Response:
    async with request.app.state.pool.acquire() as connection:
        return _json({"items": await positions(connection, (kind, org_id, day), until)})
