"""What `guichet verify` asks of reporting: how far it has read, the digest of its log, and whether the views are its fold."""

from datetime import date
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request, Response

from services.reporting import handlers, store
from shared.access import Operator
from shared.contracts.envelope import ServiceName
from shared.operation import Until
from shared.reading import Moment

router = APIRouter(tags=["operation"])


def _json(value: Any) -> Response:
    return Response(orjson.dumps(value), media_type="application/json")


@router.get("/v1/reading", summary="How far each partition is known to be whole")
async def reading(request: Request, _: Operator) -> Response:
    return _json({"items": await store.advanced(request.app.state.pool), "next": None})


@router.get("/v1/reading/lag", summary="From recorded to readable, in milliseconds, of events recorded since a moment")
async def lag(request: Request, _: Operator, since: Moment) -> Response:
    return _json(await store.lag(request.app.state.pool, since))


@router.get("/v1/reading/digest", summary="Counts and sums of hashes of what was read of a service's log")
async def digest(request: Request, _: Operator, service: ServiceName, until: Until) -> Response:
    return _json({"until": until, "cells": await store.cells_of_log(request.app.state.pool, service, until)})


@router.get("/v1/reading/positions", summary="One cell of the digest, event by event")
async def positions(
    request: Request,
    _: Operator,
    service: ServiceName,
    until: Until,
    org_id: str,
    day: date,
    kind: Annotated[str, Query(alias="type")],
) -> Response:
    return _json(
        {"items": await store.positions(request.app.state.pool, service, (kind, org_id, day), until), "next": None}
    )


@router.get("/v1/reading/views", summary="Whether the views are the fold of the log, both as of one moment")
async def views(request: Request, _: Operator) -> Response:
    async with store.one_state(request.app.state.pool) as connection:
        differences = await handlers.differing_views(connection)
    return _json({"equal": not differences, "differences": differences})
