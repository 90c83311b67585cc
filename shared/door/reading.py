"""The events of a request body: structured, batch, NDJSON or binary mode, by its media type and headers."""

from collections.abc import Callable
from typing import Any

import orjson
from fastapi import Request

from shared.binary_mode import attributes_of_http, is_binary, structured
from shared.contracts.media_types import JSON, in_utf_8
from shared.decoding import BYTE_ORDER_MARK, Arrival, write_json
from shared.problems import Refused, problem

MAX_BATCH = 10_000
# Some senders end their lines twice.
_MAX_LINES = 2 * MAX_BATCH
STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
NDJSON = "application/x-ndjson"

Read = Callable[[bytes, str], list[Arrival]]


class TooManyEvents(Refused):
    """A request has more events than one may have; `events`: about how many."""

    def __init__(self, events: int) -> None:
        super().__init__(
            problem(
                "too_large",
                f"{events} events or lines in one request; send {MAX_BATCH} at most.",
                f"{events} événements ou lignes dans une requête; envoyez-en {MAX_BATCH} au plus.",
            )
        )
        self.events = events


def reader(request: Request) -> Read:
    """What reads this request's body. Raises Refused where nothing does.

    One unreadable line of NDJSON is its own receipt; an unreadable array is the whole request's refusal.
    """
    _refuse_encoded(request)
    read = _reader(request)
    return lambda body, org_id: _counted(read(body, org_id))


def _refuse_encoded(request: Request) -> None:
    if request.headers.get("content-encoding", "identity").strip().lower() in {"identity", ""}:
        return
    refusal = problem(
        "unsupported_media_type",
        "A compressed body is not read here; send it without Content-Encoding.",
        "Un corps compressé n'est pas lu ici; envoyez-le sans Content-Encoding.",
    )
    raise Refused(refusal, {"Accept-Encoding": "identity"})


def _reader(request: Request) -> Read:
    """How a body is read. A CloudEvents media type decides; otherwise attributes in headers mean binary mode."""
    kind = _media_type(request)
    if kind is not None and kind.startswith("application/cloudevents"):
        read = _READERS.get(kind)
    elif (attributes := attributes_of_http(request.headers.raw)) and is_binary(attributes):
        read = (lambda body, org_id: [structured(attributes, body, org_id)]) if kind in {JSON, ""} else None
    else:
        read = _READERS.get(kind or "")
    if read is None:
        raise _unsupported()
    return read


def _media_type(request: Request) -> str | None:
    """None where it is another character set than UTF-8; empty where the request names none."""
    kinds = request.headers.getlist("content-type")
    if len(kinds) > 1:
        raise Refused(
            problem(
                "invalid_request",
                "The request has two Content-Type headers; send one.",
                "La requête porte deux en-têtes Content-Type; envoyez-en un.",
            )
        )
    return in_utf_8(kinds[0]) if kinds else ""


def _unsupported() -> Refused:
    return Refused(
        problem(
            "unsupported_media_type",
            f"Send {STRUCTURED} (or {JSON}), {BATCH} or {NDJSON}; in binary mode (ce-* headers) {JSON}; all in UTF-8.",
            f"Envoyez {STRUCTURED} (ou {JSON}), {BATCH} ou {NDJSON}; en mode binaire (en-têtes ce-*) {JSON}; le tout en UTF-8.",
        )
    )


def _one(body: bytes, org_id: str) -> list[Arrival]:
    if not body.strip():
        return []
    return [Arrival(body, org_id)]


def _batch(body: bytes, org_id: str) -> list[Arrival]:
    documents = _array(body)
    if len(documents) > MAX_BATCH:
        raise TooManyEvents(len(documents))
    return [_of_batch(document, org_id) for document in documents]


def _of_batch(document: Any, org_id: str) -> Arrival:
    raw, document = write_json(document)
    return Arrival(raw, org_id, document)


def _lines(body: bytes, org_id: str) -> list[Arrival]:
    """Counted before anything is made of them: four million empty ones fit into a body."""
    if (ends := body.count(b"\n")) > _MAX_LINES:
        raise TooManyEvents(ends)
    return [Arrival(line, org_id) for line in body.split(b"\n") if line.strip()]


_READERS: dict[str, Read] = {JSON: _one, STRUCTURED: _one, BATCH: _batch, NDJSON: _lines}


def _array(body: bytes) -> list[Any]:
    try:
        document = orjson.loads(body.removeprefix(BYTE_ORDER_MARK))
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


def _counted(arrivals: list[Arrival]) -> list[Arrival]:
    if not arrivals:
        raise Refused(problem("invalid_request", "There is no event in it.", "Elle ne contient aucun événement."))
    if len(arrivals) > MAX_BATCH:
        raise TooManyEvents(len(arrivals))
    return arrivals
