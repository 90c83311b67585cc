"""What OpenAPI says of the HTTP door: the events it reads, each by its contract, and the receipts it answers with."""

from typing import Any

from pydantic import BaseModel

from shared.contracts.envelope import Event
from shared.contracts.media_types import JSON
from shared.contracts.reported.kinds import Kinds
from shared.door.reading import BATCH, MAX_BATCH, NDJSON, STRUCTURED
from shared.problems import TITLES

Schema = dict[str, Any]

_BILINGUAL: Schema = {
    "type": "object",
    "required": ["en", "fr"],
    "properties": {"en": {"type": "string"}, "fr": {"type": "string"}},
}
PROBLEM: Schema = {
    "type": "object",
    "required": ["code", "title", "detail"],
    "properties": {
        "code": {"type": "string", "enum": sorted(TITLES)},
        "title": _BILINGUAL,
        "detail": _BILINGUAL,
        "field": {"type": "string"},
    },
}
RECEIPT: Schema = {
    "type": "object",
    "required": ["id", "outcome", "position", "recorded_at"],
    "properties": {
        "index": {"type": "integer", "description": "the event's place in the request"},
        "id": {"type": ["string", "null"], "description": "null where it could not be read"},
        "source": {"type": "string"},
        "outcome": {"enum": ["accepted", "duplicate", "rejected"]},
        "position": {"type": ["integer", "null"], "description": "the event's place in the service's log"},
        "recorded_at": {"type": ["string", "null"], "format": "date-time"},
        "tracking_code": {"type": "string"},
        "warnings": {"type": "array", "items": PROBLEM},
        "problem": PROBLEM,
    },
}
_RECEIPTS: Schema = {
    "type": "object",
    "required": ["receipts"],
    "properties": {"receipts": {"type": "array", "minItems": 1, "items": RECEIPT}},
}


def answered(schema: Schema, **descriptions: str) -> dict[int | str, dict[str, Any]]:
    """The `responses` of an endpoint with JSON of one schema: a description for each status (`_200`)."""
    content = {JSON: {"schema": schema}}
    return {int(status[1:]): {"description": text, "content": content} for status, text in descriptions.items()}


RECEIPTS = answered(
    _RECEIPTS,
    _202="At least one event was accepted; one receipt for each, in order",
    _200="None was new: each was accepted before, or rejected, as its receipt says",
    _422="All of them were rejected",
)


def bodies(kinds: Kinds) -> Schema:
    """The request body, in each of its media types."""
    events = [_event(kind, model) for kind, model in sorted(kinds.items())]
    event = {"anyOf": events}
    binary = {"anyOf": [each["properties"]["data"] for each in events]}
    return {
        "required": True,
        "content": {
            STRUCTURED: {"schema": event},
            BATCH: {"schema": {"type": "array", "items": event, "minItems": 1, "maxItems": MAX_BATCH}},
            NDJSON: {"schema": {"type": "string", "description": "one event a line"}},
            JSON: {
                "schema": {
                    "anyOf": [event, binary],
                    "description": "an event; or, in binary mode (its attributes in ce-* headers), its data alone",
                }
            },
        },
    }


def _event(kind: str, model: type[BaseModel]) -> Schema:
    envelope = Event.model_json_schema()
    about = {**envelope["properties"], "type": {"const": kind}, "data": _inlined(model.model_json_schema())}
    return {**envelope, "title": kind, "properties": about}


def _inlined(schema: Schema) -> Schema:
    """A schema without references: OpenAPI would look for them in the document that this becomes part of."""
    definitions = schema.pop("$defs", {})

    def inline(value: Any) -> Any:
        if isinstance(value, list):
            return [inline(each) for each in value]
        if not isinstance(value, dict):
            return value
        named = definitions.get(str(value.get("$ref", "")).rpartition("/")[2])
        if named is None:
            return {key: inline(each) for key, each in value.items()}
        return inline({**named, **{key: each for key, each in value.items() if key != "$ref"}})

    inlined: Schema = inline(schema)
    return inlined
