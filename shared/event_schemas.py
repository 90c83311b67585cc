"""The JSON Schema (2020-12) of each event that departments report, whole: attributes and data, in both languages. Pure.

A schema says less than its contract: what one field demands of another, and the official limits of a row, only
`guichet validate` and the doors judge.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from shared.contracts.envelope import Event
from shared.contracts.reported.correction import ReportCorrected
from shared.contracts.reported.kinds import KINDS
from shared.contracts.reported.words import ATTRIBUTES, EVENTS, FIELDS, both

Schema = dict[str, Any]
Mode = Literal["validation", "serialization"]

# Where a schema refers to a definition: in a schema of its own, and in an AsyncAPI document.
ALONE = "#/$defs/{model}"
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_SOURCE = "^/organizations/[^/]+(/.*)?$"
_EXTENSION = {"pattern": "^[a-z0-9]*[a-z][a-z0-9]*$"}
_PLAIN = ["string", "integer", "boolean", "null"]


def names() -> list[str]:
    """The types of which there is a schema: those that this version records."""
    return [kind for kinds in KINDS.values() for kind in kinds]


def event_schema(kind: str) -> Schema:
    """The schema of one type as a document of its own. Raises KeyError for a type that is not recorded."""
    kinds = next((kinds for kinds in KINDS.values() if kind in kinds), {})
    model = kinds[kind]
    wanted = kinds.values() if model is ReportCorrected else [model]
    return {
        "$schema": _DIALECT,
        "$id": f"urn:guichet:schema:{kind}",
        **envelope(kind, model, ALONE),
        "$defs": definitions([(each, "validation") for each in wanted], ALONE),
    }


def definitions(models: Iterable[tuple[type[BaseModel], Mode]], ref: str) -> dict[str, Schema]:
    """The schemas of models and of their parts, by name, those that departments fill in with words in both languages."""
    made = list(models)
    _, document = models_json_schema(made, ref_template=ref)
    found: dict[str, Schema] = document.get("$defs", {})
    reports = [model.__name__ for model, mode in made if mode == "validation" and model is not ReportCorrected]
    for name, schema in found.items():
        _describe(name, schema)
        if name == ReportCorrected.__name__:
            corrected = [{"$ref": ref.format(model=each)} for each in reports]
            schema["properties"]["data"]["anyOf"] = [*corrected, {"type": "null"}]
    return found


def _describe(name: str, schema: Schema) -> None:
    """In place of what is said to whoever reads the code."""
    words = FIELDS.get(name.removesuffix("-Input"))
    if words is None:
        return
    # The last is OpenAPI's; the kinds tell themselves apart.
    for word in ("description", "title", "discriminator"):
        schema.pop(word, None)
    for field, about in schema.get("properties", {}).items():
        about.pop("title", None)
        about["description"] = both(words[field])


def envelope(kind: str, model: type[BaseModel], ref: str) -> Schema:
    """An event in structured mode, its data referred to. Other attributes than these are the sender's own extensions."""
    title, more = EVENTS[model.__name__]
    properties = {**attributes(kind), "data": {"$ref": ref.format(model=model.__name__)}}
    return {
        "title": both(title),
        "description": both(more),
        "type": "object",
        "properties": properties,
        "required": ["specversion", "id", "source", "type", *_time(kind), "data"],
        "propertyNames": _EXTENSION,
        "additionalProperties": {"type": _PLAIN},
    }


def _time(kind: str) -> Iterator[str]:
    """A row of the inventory describes its fiscal year, whatever its time; everything else happened at one."""
    if ".inventory." not in kind:
        yield "time"


def attributes(kind: str) -> dict[str, Schema]:
    """The attributes that CloudEvents names, by name, as they may stand in an event of this type."""
    known: Mapping[str, Schema] = Event.model_json_schema()["properties"]
    found = {
        name: _without_null(known[name]) if name == "time" and ".inventory." not in kind else known[name]
        for name in known
    }
    found |= {"source": {**known["source"], "pattern": _SOURCE}, "type": {"const": kind}}
    return {
        name: {**{key: value for key, value in schema.items() if key != "title"}, "description": both(ATTRIBUTES[name])}
        for name, schema in found.items()
        if name != "data"
    }


def _without_null(schema: Schema) -> Schema:
    (only,) = [each for each in schema["anyOf"] if each != {"type": "null"}]
    return dict(only)
