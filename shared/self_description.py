"""What a service says of itself to programs: its AsyncAPI document, and the JSON Schemas of the events it takes."""

from typing import Annotated

import orjson
from fastapi import APIRouter, Path, Response

from shared.access import ANYONE
from shared.contracts.reported.kinds import Kinds
from shared.event_schemas import Schema, event_schema, recorded
from shared.problems import Refused, problem


class SchemaResponse(Response):
    """A JSON Schema."""

    media_type = "application/schema+json"


def schemas(kinds: Kinds) -> APIRouter:
    """`GET /schemas/<type>.json` for each type of events that a door records."""
    router = APIRouter(tags=["events"])
    written = {kind: orjson.dumps(event_schema(kind)) for kind in recorded(kinds)}

    @router.get(
        "/schemas/{type}.json",
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

    return router


_ANY: Schema = {"type": "object"}
