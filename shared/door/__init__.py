"""The HTTP door: `POST /v1/events` and `GET /v1/receipts/{event_id}`."""

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Request, Response

from shared.contracts.envelope import Event
from shared.decoding import MAX_DEPTH, Arrival
from shared.group_commit import GroupCommit
from shared.identity import Department, department
from shared.problems import Refused, problem
from shared.receiving import Intake, Receipt, look_up

MAX_BODY_BYTES = 4 * 1024 * 1024
MAX_BATCH = 10_000

Sender = Annotated[Department, Depends(department)]


def door(intake: Intake) -> APIRouter:
    router = APIRouter(tags=["events"])

    @router.post(
        "/v1/events",
        summary="Report events (CloudEvents: structured, batch, NDJSON); docs/departments.md has an example of each",
        openapi_extra={"requestBody": _bodies(intake)},
    )
    async def report(request: Request, sender: Sender) -> Response:
        arrivals = await read_arrivals(request, sender.org_id)
        writer: GroupCommit = request.app.state.group_commit
        receipts = await writer.submit(sender.org_id, arrivals)
        body = {"receipts": [receipt.as_dict(index) for index, receipt in enumerate(receipts)]}
        return Response(orjson.dumps(body), status_of(receipts), media_type="application/json")

    @router.get("/v1/receipts/{event_id}", summary="What became of an event")
    async def receipt(request: Request, event_id: str, sender: Sender, source: str | None = None) -> Response:
        found = await look_up(request.app.state.pool, intake, sender.org_id, event_id, source)
        if found is None:
            raise Refused(
                problem(
                    "not_found",
                    "No event with this id has come from you; check the id and the source.",
                    "Aucun événement portant cet identifiant n'est venu de vous; vérifiez l'identifiant et la source.",
                )
            )
        return Response(orjson.dumps(found), media_type="application/json")

    return router


def _bodies(intake: Intake) -> dict[str, Any]:
    """What the door reads, for OpenAPI."""
    event = Event.model_json_schema()
    event["properties"]["type"]["enum"] = sorted(kind for kind, model in intake.kinds.items() if model)
    return {
        "required": True,
        "content": {
            "application/cloudevents+json": {"schema": event},
            "application/cloudevents-batch+json": {"schema": {"type": "array", "items": event, "maxItems": MAX_BATCH}},
            "application/x-ndjson": {"schema": {"type": "string", "description": "one event a line"}},
        },
    }


def status_of(receipts: list[Receipt]) -> int:
    """202 if any was accepted, 422 if all were rejected, else 200."""
    outcomes = {receipt.outcome for receipt in receipts}
    if "accepted" in outcomes:
        return 202
    return 422 if outcomes == {"rejected"} else 200


async def read_arrivals(request: Request, org_id: str) -> list[Arrival]:
    """The events of a request body; one unreadable line of NDJSON is its own receipt, an unreadable array the request's."""
    body = await _body(request)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in {"application/cloudevents+json", "application/json"} and "ce-id" not in request.headers:
        arrivals = [Arrival(body, org_id)]
    elif kind == "application/cloudevents-batch+json":
        arrivals = [_arrival(each, org_id) for each in _array(body)]
    elif kind == "application/x-ndjson":
        arrivals = [Arrival(line, org_id) for line in body.split(b"\n") if line.strip()]
    elif "ce-id" in request.headers:
        raise Refused(
            problem(
                "not_available",
                "Binary mode is not available in this version; send application/cloudevents+json.",
                "Le mode binaire n'est pas offert dans cette version; envoyez application/cloudevents+json.",
            )
        )
    else:
        raise Refused(
            problem(
                "unsupported_media_type",
                "Send application/cloudevents+json (or application/json), application/cloudevents-batch+json or application/x-ndjson.",
                "Envoyez application/cloudevents+json (ou application/json), application/cloudevents-batch+json ou application/x-ndjson.",
            )
        )
    return _counted(arrivals)


def _counted(arrivals: list[Arrival]) -> list[Arrival]:
    if not arrivals:
        raise Refused(problem("invalid_request", "There is no event in it.", "Elle ne contient aucun événement."))
    if len(arrivals) > MAX_BATCH:
        raise Refused(
            problem(
                "too_large",
                f"{len(arrivals)} events in one request; send {MAX_BATCH} at most.",
                f"{len(arrivals)} événements dans une requête; envoyez-en {MAX_BATCH} au plus.",
            )
        )
    return arrivals


def _arrival(document: Any, org_id: str) -> Arrival:
    try:
        return Arrival(orjson.dumps(document), org_id, document)
    except orjson.JSONEncodeError:
        # Nested more deeply than can be written: it is refused for that, and kept as far down as is enough to show it.
        cut = _cut(document, 2 * MAX_DEPTH)
        return Arrival(orjson.dumps(cut), org_id, cut)


def _cut(value: Any, levels: int) -> Any:
    if isinstance(value, dict):
        return {key: _cut(each, levels - 1) for key, each in value.items()} if levels else None
    if isinstance(value, list):
        return [_cut(each, levels - 1) for each in value] if levels else None
    return value


def _array(body: bytes) -> list[Any]:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Refused(
            problem(
                "unreadable",
                f"A batch is one JSON array in UTF-8; it cannot be read from line {error.lineno}, column {error.colno} on.",
                f"Un lot est un tableau JSON en UTF-8; il est illisible à partir de la ligne {error.lineno}, colonne {error.colno}.",
            )
        ) from None
    if not isinstance(document, list):
        raise Refused(problem("unreadable", "A batch is a JSON array.", "Un lot est un tableau JSON."))
    return document


async def _body(request: Request) -> bytes:
    """The body, refused as soon as it passes its limit."""
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        parts.append(part)
        size += len(part)
        if size > MAX_BODY_BYTES:
            raise Refused(
                problem(
                    "too_large",
                    "A request may have 4 MiB at most; send fewer events at once.",
                    "Une requête compte au plus 4 Mio; envoyez moins d'événements à la fois.",
                )
            )
    return b"".join(parts)
