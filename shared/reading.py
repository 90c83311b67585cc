"""What every JSON answer has in common: RFC 3339 moments, `items` and `next`, ETag and 304."""

import base64
import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import orjson
from fastapi import Query, Request, Response
from pydantic import AwareDatetime

from shared.problems import Refused, problem

Limit = Annotated[int, Query(ge=1, le=1000, description="items a page")]
# Beyond these, a moment in its own time zone may be none in ours.
Moment = Annotated[AwareDatetime, Query(ge=datetime(1900, 1, 1, tzinfo=UTC), le=datetime(2200, 1, 1, tzinfo=UTC))]
After = Annotated[str | None, Query(alias="after", description="`next` of the page before")]

_AS_JSON = orjson.OPT_UTC_Z | orjson.OPT_NAIVE_UTC


def answer(request: Request, body: Any, headers: dict[str, str] | None = None, tag: str | None = None) -> Response:
    """A JSON answer with its ETag, of the whole of it unless said; 304 where the reader has it already."""
    content = to_json(body)
    tag = tag or f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Vary": "Authorization", "Cache-Control": "no-cache", **(headers or {})}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type="application/json", headers=headers)


def tag_of(body: Any) -> str:
    """The ETag of one thing as it stands, whenever it was read."""
    return f'"{hashlib.sha256(to_json(body)).hexdigest()[:32]}"'


def answer_csv(request: Request, name: str, text: str) -> Response:
    """A CSV file with its ETag; 304 where the reader has it already."""
    content = text.encode()
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache", "Content-Disposition": f'attachment; filename="{name}"'}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type="text/csv", headers=headers)


def to_json(body: Any) -> bytes:
    return orjson.dumps(body, option=_AS_JSON)


def page(items: list[Any], limit: int, key: Any, **rest: Any) -> dict[str, Any]:
    """A page of a list fetched with one item more than `limit`; `key(item)` is where the next one begins."""
    shown = items[:limit]
    return page_to(shown, key(shown[-1]) if len(items) > limit else None, **rest)


def page_to(items: list[Any], end: Sequence[str] | None, **rest: Any) -> dict[str, Any]:
    """A page of a list that was read up to a key; None where that is all of it."""
    return {"items": items, "next": None if end is None else _seal(list(end)), **rest}


def after(value: str | None, parts: int = 1) -> list[str]:
    """The key after which a page begins; empty strings for the first page."""
    if value is None:
        return [""] * parts
    try:
        key = orjson.loads(base64.urlsafe_b64decode(value))
        if (
            isinstance(key, list)
            and len(key) == parts
            and all(isinstance(part, str) and "\x00" not in part for part in key)
        ):
            return key
    except ValueError:
        pass
    raise Refused(
        problem(
            "invalid_request",
            "after is the next of the page before; this one is not.",
            "after est le next de la page précédente; celui-ci n'en est pas un.",
        )
    )


def _seal(key: list[str]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(key)).decode()
