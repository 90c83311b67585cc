"""A case as it is shown: what was sealed opened by its people's keys."""

from typing import Any

import orjson
from fastapi import Request

from services.feedback import store
from services.feedback.domain.masking import LABELS
from services.feedback.handlers.cases import contact_context, message_context, resolution_context, text_context
from services.feedback.store import Keyring
from shared.encryption import Seal
from shared.organizations import name_of

_INNER = ("sealed_text", "sealed_contact", "person_id", "texts_forgotten_at", "name_en", "name_fr")
# What is said of a case among officers alone.
_OF_OFFICERS = ("concern", "concern_seen_at", "group_id", "group_size", "spam_suspected", "spam", "contact")


async def opened_case(request: Request, row: dict[str, Any], *, own: bool) -> dict[str, Any]:
    """The whole case; its client is not told what officers note of it."""
    pool, seal = request.app.state.pool, request.app.state.seal
    key = (row["org_id"], row["feedback_id"])
    steps = await store.steps_of(pool, *key)
    messages = await store.messages_of(pool, *key)
    people = {each["person_id"] for each in (row, *steps, *messages)} - {None}
    ring = await store.open_keyring(pool, seal, people)
    body = {
        **{name: value for name, value in row.items() if name not in _INNER},
        "organization": name_of(row["org_id"]).model_dump(),
        "service_name": {"en": row["name_en"] or row["service_id"], "fr": row["name_fr"] or row["service_id"]},
        "text": _text(seal, ring, row, key),
        "masked": [
            {"kind": kind, "count": count, "label": LABELS[kind].model_dump()} for kind, count in row["masked"].items()
        ],
        "contact": _opened(ring, row["person_id"], row["sealed_contact"], contact_context(key)),
        "erased": row["person_id"] is not None and not ring.holds(row["person_id"]),
        "texts_forgotten": row["texts_forgotten_at"] is not None,
        "steps": [_step(seal, ring, each) for each in steps],
        "messages": [
            {
                "message_id": each["message_id"],
                "author": each["author"],
                "at": each["at"],
                "text": _opened(ring, each["person_id"], each["sealed_text"], message_context(key, each["message_id"])),
            }
            for each in messages
        ],
    }
    return {name: value for name, value in body.items() if name not in _OF_OFFICERS} if own else body


def _text(seal: Seal, ring: Keyring, row: dict[str, Any], key: store.Key) -> str | None:
    if row["person_id"] is None and row["sealed_text"] is not None:  # kept before people had keys of their own
        return seal.open(row["sealed_text"], text_context(key)).decode()
    return _opened(ring, row["person_id"], row["sealed_text"], text_context(key))


def _step(seal: Seal, ring: Keyring, step: dict[str, Any]) -> dict[str, Any]:
    context = resolution_context(step["source"], step["event_id"])
    sealed = step["sealed_resolution"]
    if step["person_id"] is None:
        said = None if sealed is None else seal.open(sealed, context).decode()
    else:
        said = _opened(ring, step["person_id"], sealed, context)
    return {
        "state": step["state"],
        "at": step["at"],
        "to": step["to"],
        "resolution": None if said is None else orjson.loads(said),
    }


def _opened(ring: Keyring, person_id: bytes | None, sealed: bytes | None, context: str) -> str | None:
    plain = ring.open(person_id, sealed, context) if person_id is not None else None
    return None if plain is None else plain.decode()
