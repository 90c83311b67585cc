"""What OpenAPI says of every endpoint beside the endpoint's own words: the refusals it may answer with."""

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI

from shared.access import access_of
from shared.problem_details import MEDIA_TYPE
from shared.problems import TITLES

# Whatever is asked, these may be the answer.
_ANY = ("invalid_request", "too_many_requests", "internal_error", "temporarily_unavailable")
_TOO_MUCH = ("request_timeout", "uri_too_long", "headers_too_large")
_OF_A_BODY = ("too_large", "unsupported_media_type")
_OF_A_CALLER = ("unauthorized", "forbidden")

_PROBLEM = {
    "type": "object",
    "title": "Problem",
    "description": "RFC 9457 problem details; docs/problems.md has every code",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string", "pattern": "^urn:guichet:problem:"},
        "title": {"type": "string", "description": "in the language asked by Accept-Language (en, fr)"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "likewise"},
        "code": {"type": "string", "enum": sorted(TITLES)},
    },
}


def refusals(*codes: str) -> dict[int | str, dict[str, Any]]:
    """The `responses` of an endpoint that may refuse for these reasons too."""
    by_status: dict[int, list[str]] = defaultdict(list)
    for code in codes:
        status, title = TITLES[code]
        by_status[status].append(f"{title.en} ({code})")
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": " ".join(said), "content": content} for status, said in by_status.items()}


def list_refusals(app: FastAPI) -> None:
    """Put into OpenAPI what every endpoint may be refused for, in place of what FastAPI supposes."""
    access, describe = None, app.openapi

    def described() -> dict[str, Any]:
        nonlocal access
        access = access or access_of(app)
        document = describe()
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        schemas["Problem"] = _PROBLEM
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                secured = "anyone" not in access[path, method].who
                _complete(operation["responses"], refusals(*_codes(path, operation, secured=secured)))
                _name_places(path, operation)
        return document

    app.openapi = described  # type: ignore[method-assign]  # FastAPI's own way to extend it


def _codes(path: str, operation: dict[str, Any], *, secured: bool) -> Iterator[str]:
    yield from _ANY
    yield from _TOO_MUCH
    if secured:
        yield from _OF_A_CALLER
    if "{" in path or "requestBody" in operation:
        yield "not_found"
    if "requestBody" in operation:
        yield from _OF_A_BODY


def _complete(responses: dict[str, Any], said: dict[int | str, dict[str, Any]]) -> None:
    """A page says as a page why there is none, unless it is refused before it is asked."""
    if "HTTPValidationError" in str(responses.get("422")):
        del responses["422"]
    pages: dict[str, Any] = {"text/html": {}} if "text/html" in responses.get("200", {}).get("content", {}) else {}
    for status, response in said.items():
        known = responses.setdefault(str(status), {"description": response["description"]})
        known["content"] = {**known.get("content", {}), **pages, **response["content"]}


def _name_places(path: str, operation: dict[str, Any]) -> None:
    """An endpoint that has no use for a part of its path does not name it to FastAPI; OpenAPI wants each."""
    parameters = operation.setdefault("parameters", [])
    known = {parameter["name"] for parameter in parameters}
    for name in re.findall(r"{(\w+)", path):
        if name not in known:
            parameters.append({"name": name, "in": "path", "required": True, "schema": {"type": "string"}})
