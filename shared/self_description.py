"""What a service says of itself to programs: its AsyncAPI document, and the JSON Schemas of the events it takes."""

from collections.abc import Sequence
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import RedirectResponse

from shared.access import ANYONE
from shared.asyncapi import Hearing, asyncapi
from shared.consuming import Consumption
from shared.contracts.reported.kinds import Kinds
from shared.event_schemas import Schema, event_schema
from shared.ingest import RETENTION
from shared.problems import Refused, problem


class SchemaResponse(Response):
    """A JSON Schema."""

    media_type = "application/schema+json"


def self_description(service: str, kinds: Kinds, topics: Sequence[str]) -> APIRouter:
    """`GET /asyncapi.json`; whoever looks for a page of it is led to `/openapi.json`; and for each type of events that a door records, `GET /schemas/<type>.json`."""
    router = APIRouter()

    @router.get(
        "/asyncapi.json",
        tags=["operation"],
        summary="What this service receives, refuses, listens to and publishes in Kafka, as AsyncAPI 3.0",
        dependencies=[ANYONE],
    )
    async def document(request: Request) -> dict[str, Any]:
        consumptions: Sequence[Consumption] = request.app.state.consumptions
        hearings = [Hearing(each.group, each.topics, each.hears) for each in consumptions if each.topics]
        tls = request.app.state.settings.kafka_tls
        return asyncapi(service, kinds, topics, hearings, RETENTION, tls=tls)

    @router.get("/docs", include_in_schema=False, dependencies=[ANYONE])
    @router.get("/redoc", include_in_schema=False, dependencies=[ANYONE])
    async def page() -> Response:
        return RedirectResponse("/openapi.json")

    if kinds:
        _add_schemas(router, kinds)
    return router


def _add_schemas(router: APIRouter, kinds: Kinds) -> None:
    written = {kind: orjson.dumps(event_schema(kind)) for kind in kinds}

    @router.get(
        "/schemas/{type}.json",
        tags=["events"],
        summary="The JSON Schema of an event to report, attributes and data; docs/schemas has the same",
        response_class=SchemaResponse,
        responses={200: {"description": "The schema", "content": {SchemaResponse.media_type: {"schema": _ANY}}}},
        dependencies=[ANYONE],
    )
    async def schema(kind: Annotated[str, Path(alias="type")]) -> Response:
        if kind not in written:
            raise Refused(
                problem(
                    "not_found",
                    f"This service records: {', '.join(sorted(written))}.",
                    f"Ce service enregistre : {', '.join(sorted(written))}.",
                )
            )
        return SchemaResponse(written[kind])


_ANY: Schema = {"type": "object"}
