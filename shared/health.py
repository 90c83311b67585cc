"""`/healthz`, `/readyz`, `/metrics`: health that watches progress, not just life."""

import asyncio
from typing import Any

import orjson
from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse

from shared.access import ANYONE
from shared.measuring import measure
from shared.metrics import exposition
from shared.migrating import missing_migrations

_STUCK_SECONDS = 30.0

router = APIRouter(tags=["operation"], dependencies=[ANYONE])


@router.get("/healthz", summary="Is this process alive?")
async def healthz() -> Response:
    return Response(b'{"status":"alive"}', media_type="application/json")


@router.get("/metrics", response_class=PlainTextResponse, summary="Prometheus metrics (docs/metrics.md)")
async def metrics(request: Request) -> Response:
    for consumption in request.app.state.consumptions:
        consumption.health()
    await measure(request.app.state)
    return Response(exposition(), media_type="text/plain; version=0.0.4; charset=utf-8")


@router.get(
    "/readyz",
    summary="Can this process serve? Each dependency, and lag",
    responses={503: {"description": "It cannot", "content": {"application/json": {}}}},
)
async def readyz(request: Request) -> Response:
    """503 when it cannot serve (no database, migrations missing); 200 with `degraded` when Kafka is away or behind."""
    state = request.app.state
    database = await _database(state)
    relay = state.relay.health()
    consumers = {consumption.group: consumption.health() for consumption in state.consumptions}
    kafka = "up" if state.kafka_connected and not relay["failing"] else "away"
    degraded = kafka != "up" or _stuck(relay, consumers)
    status = "down" if database != "up" else "degraded" if degraded else "ready"
    body = {
        "status": status,
        "degraded": status != "ready",
        "database": database,
        "kafka": kafka,
        "relay": relay,
        "consumers": consumers,
    }
    return Response(orjson.dumps(body), 503 if status == "down" else 200, media_type="application/json")


async def _database(state: Any) -> str:
    try:
        missing = await asyncio.wait_for(missing_migrations(state.pool, state.service), 2)
    except Exception as error:  # noqa: BLE001 - whatever keeps us from the database is the answer
        return f"away ({type(error).__name__})"
    return "up" if not missing else f"migrations missing: {', '.join(missing)}"


def _stuck(relay: dict[str, Any], consumers: dict[str, dict[str, Any]]) -> bool:
    """Nothing moves though something waits, for half a minute."""
    if relay["leading"] and relay["idle_seconds"] > _STUCK_SECONDS:
        return True
    return any(
        consumer["failures"] > 0 or (consumer["lag"] and consumer["idle_seconds"] > _STUCK_SECONDS)
        for consumer in consumers.values()
    )
