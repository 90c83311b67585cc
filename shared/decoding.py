"""From the bytes a department sent to an event whose contract holds, or the reason it does not. Pure."""

import hashlib
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from pydantic import ValidationError

from shared.contracts.envelope import Event
from shared.contracts.reported.kinds import Kinds
from shared.language import Bilingual
from shared.problems import Problem, first_problem, problem

MAX_EVENT_BYTES = 256 * 1024
MAX_DEPTH = 16
CLOCK_SKEW = timedelta(minutes=5)
# Before it, a time is a blank that some system fills with its first day (0001-01-01), and no calendar knows it.
EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
# Some systems begin every file with it.
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# An escaped NUL; after an escaped backslash it would be six plain characters.
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


@dataclass(slots=True)
class Arrival:
    """One event as it came through a door: its JSON and whose key or topic it came by.

    `document` is the object where the door has read it already; `problem` is what the door found wrong with it; `together`,
    how many came in the same request.
    """

    raw: bytes
    org_id: str
    document: Any = None
    topic: str | None = None
    partition: int | None = None
    offset: int | None = None
    problem: Problem | None = None
    together: int = 1
    # Sent by oversight, about the organisation that its source names.
    by_oversight: bool = False


@dataclass(frozen=True, slots=True)
class Corrects:
    """What an event takes the place of: a report's id (of the same source), the key of its thing, and why."""

    event_id: str
    key: str
    reason: Bilingual


@dataclass(slots=True)
class Received:
    """An event whose contract holds; `data` is an instance of the model its type names.

    A correction comes to a service as the report it makes, with `corrects`; a withdrawal as one without `data`.
    """

    id: str
    source: str
    org_id: str
    type: str
    time: datetime
    data: Any
    digest: bytes
    warnings: list[Problem] = field(default_factory=list)
    corrects: Corrects | None = None
    # How many came in the same request, however few of them in the same commit.
    together: int = 1
    # Sent by oversight, about the organisation `org_id`; otherwise by that organisation.
    by_oversight: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an event is refused, with as much of its identity as could be read."""

    problem: Problem
    id: str | None = None
    source: str | None = None


def decode(arrival: Arrival, kinds: Kinds, now: datetime) -> Received | Refusal:
    """Judge one event by its envelope, its sender and its contract. Never raises on content."""
    if arrival.problem is not None:
        return Refusal(arrival.problem, *_identity(arrival.document))
    if len(arrival.raw) > MAX_EVENT_BYTES:
        return Refusal(_too_large(), *identity_of(arrival))
    document = read_json(arrival.raw) if arrival.document is None else arrival.document
    if isinstance(document, Problem):
        return Refusal(document)
    known_id, known_source = _identity(document)
    outcome = _judge(document, arrival, kinds, now)
    return Refusal(outcome, known_id, known_source) if isinstance(outcome, Problem) else outcome


def read_json(raw: bytes) -> Any:
    """The JSON value of some bytes, or the problem that it is not readable."""
    try:
        return orjson.loads(raw.removeprefix(BYTE_ORDER_MARK))
    except orjson.JSONDecodeError as error:
        return problem(
            "unreadable",
            f"An event is one JSON object in UTF-8; it cannot be read from line {error.lineno}, column {error.colno} on.",
            f"Un événement est un objet JSON en UTF-8; il est illisible à partir de la ligne {error.lineno}, colonne {error.colno}.",
        )


def write_json(document: Any) -> tuple[bytes, Any]:
    """The bytes of a JSON value and the value, cut where it is nested more deeply than can be written: enough to show it."""
    try:
        return orjson.dumps(document), document
    except orjson.JSONEncodeError:
        cut = _cut(document, 2 * MAX_DEPTH)
        return orjson.dumps(cut), cut


def _cut(value: Any, levels: int) -> Any:
    if isinstance(value, dict):
        return {key: _cut(each, levels - 1) for key, each in value.items()} if levels else None
    if isinstance(value, list):
        return [_cut(each, levels - 1) for each in value] if levels else None
    return value


def _too_large() -> Problem:
    return problem(
        "too_large",
        "An event may have 256 KiB at most; send less.",
        "Un événement compte au plus 256 Kio; réduisez-le.",
    )


def identity_of(arrival: Arrival) -> tuple[str | None, str | None]:
    """The id and source of an event, as far as they can be read."""
    return _identity(arrival.document if arrival.document is not None else read_json(arrival.raw))


def _identity(document: Any) -> tuple[str | None, str | None]:
    if not isinstance(document, dict):
        return None, None
    known = [document.get("id"), document.get("source")]
    return tuple(v if isinstance(v, str) and 0 < len(v) <= 255 and "\x00" not in v else None for v in known)  # type: ignore[return-value]


def _judge(document: Any, arrival: Arrival, kinds: Kinds, now: datetime) -> Received | Problem:
    if found := _unstorable(document, arrival):
        return found
    try:
        event = Event.model_validate(document)
    except ValidationError as error:
        found = first_problem(error)
        return Problem("invalid_envelope", found.detail, found.field)
    if found := _wrong_sender(event, arrival) or _wrong_time(event, now):
        return found
    return _by_contract(event, arrival, kinds, now)


def _unstorable(document: Any, arrival: Arrival) -> Problem | None:
    if not isinstance(document, dict):
        return problem("invalid_envelope", "An event is one JSON object.", "Un événement est un objet JSON.")
    if holds_nul(arrival.raw):
        return problem(
            "invalid_value", "Texts cannot hold the character NUL.", "Les textes ne peuvent contenir le caractère NUL."
        )
    if arrival.raw.count(b"{") + arrival.raw.count(b"[") > MAX_DEPTH and _depth(document) > MAX_DEPTH:
        return problem(
            "too_deep",
            "An event may be nested 16 levels deep at most.",
            "Un événement compte au plus 16 niveaux imbriqués.",
        )
    return None


def holds_nul(raw: bytes) -> bool:
    """Whether a text in this JSON holds the character NUL, which PostgreSQL cannot store."""
    return b"\\" in raw and b"\\u0000" in raw and _NUL.search(raw) is not None


def _depth(value: Any, above: int = 0) -> int:
    if above > MAX_DEPTH or not isinstance(value, dict | list):
        return above
    inner = value.values() if isinstance(value, dict) else value
    return max((_depth(each, above + 1) for each in inner), default=above + 1)


def _wrong_sender(event: Event, arrival: Arrival) -> Problem | None:
    own = f"/organizations/{arrival.org_id}"
    if event.source == own or event.source.startswith(own + "/"):
        return None
    return problem(
        "wrong_organization",
        f"Your key is organisation {arrival.org_id}'s: the source must be {own} or begin with {own}/.",
        f"Votre clé est celle de l'organisation {arrival.org_id} : la source doit être {own} ou commencer par {own}/.",
        "source",
    )


def _wrong_time(event: Event, now: datetime) -> Problem | None:
    if event.time is None or EARLIEST <= event.time <= now + CLOCK_SKEW:
        return None
    if event.time < EARLIEST:
        return problem(
            "invalid_value",
            "time is when it happened; it lies before 1900, which is what a blank date often becomes. Check the sender.",
            "time indique quand le fait s'est produit; il précède 1900, comme souvent une date laissée vide. Vérifiez l'expéditeur.",
            "time",
        )
    return problem(
        "time_in_future",
        "time is when it happened; it lies more than five minutes ahead of our clock. Check the sender's clock and time zone.",
        "time indique quand le fait s'est produit; il devance notre horloge de plus de cinq minutes. Vérifiez l'horloge et le fuseau de l'expéditeur.",
        "time",
    )


def _by_contract(event: Event, arrival: Arrival, kinds: Kinds, now: datetime) -> Received | Problem:
    if event.type not in kinds:
        return problem(
            "unknown_type",
            f"This service records: {', '.join(sorted(kinds))}.",
            f"Ce service enregistre : {', '.join(sorted(kinds))}.",
            "type",
        )
    if event.time is None and ".inventory." not in event.type:
        return problem("missing_field", "The field time is required.", "Le champ time est obligatoire.", "time")
    try:
        data = kinds[event.type].model_validate(event.data)
    except ValidationError as error:
        return first_problem(error, "data")
    digest = digest_of(event)
    time, together = event.time or now, arrival.together
    return Received(
        event.id, event.source, arrival.org_id, event.type, time, data, digest, together=together,
        by_oversight=arrival.by_oversight,
    )  # fmt: skip


def digest_of(event: Event) -> bytes:
    """SHA-256 over what an event says (type, time, data), however its JSON was written: the same id must say the same."""
    moment = event.time and event.time.timestamp()
    return hashlib.sha256(orjson.dumps([event.type, moment, event.data], option=orjson.OPT_SORT_KEYS)).digest()
