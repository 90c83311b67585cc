"""A case as it is shown: what was sealed opened by its people's keys."""

from typing import Any

import orjson
from fastapi import Request

from services.feedback import store
from services.feedback.domain.masking import LABELS
from services.feedback.handlers.cases import contact_context, message_context, resolution_context, text_context
from services.feedback.store import Keyring
from shared.contracts.reported.feedback import RECOURSES
from shared.organizations import name_of

_INNER = ("sealed_text", "sealed_contact", "person_id", "texts_forgotten_at", "name_en", "name_fr")
# What is said of a case among officers alone.
_OF_OFFICERS = (
    "concern",
    "concern_seen_at",
    "group_id",
    "group_size",
    "spam_suspected",
    "spam",
    "contact",
    "unanswered",
)


async def opened_case(request: Request, row: dict[str, Any], *, own: bool, words: bool = True) -> dict[str, Any]:
    """The case, with what was written where the reader may see the `words`; its client is not told what officers note of it."""
    pool, seal = request.app.state.pool, request.app.state.seal
    key = (row["org_id"], row["feedback_id"])
    steps = await store.steps_of(pool, *key)
    messages = await store.messages_of(pool, *key)
    people = {each["person_id"] for each in (row, *steps, *messages)} - {None}
    ring = await store.open_keyring(pool, seal, people)
    body = {
        **{name: value for name, value in row.items() if name not in _INNER},
        "organization": name_of(row["org_id"]).model_dump(),
        "service_name": {
            "en": row["name_en"] or row["service_id"] or "–",
            "fr": row["name_fr"] or row["service_id"] or "–",
        },
        "text": ring.open(row["person_id"], row["sealed_text"], text_context(key)),
        "masked": [
            {"kind": kind, "count": count, "label": LABELS[kind].model_dump()} for kind, count in row["masked"].items()
        ],
        "contact": ring.open(row["person_id"], row["sealed_contact"], contact_context(key)),
        "erased": row["person_id"] is not None and not ring.holds(row["person_id"]),
        "texts_forgotten": row["texts_forgotten_at"] is not None and row["sealed_text"] is None,
        "steps": [_step(ring, each, own=own) for each in steps],
        "messages": [
            {
                "message_id": each["message_id"],
                "author": each["author"],
                "at": each["at"],
                "text": ring.open(each["person_id"], each["sealed_text"], message_context(key, each["message_id"])),
            }
            for each in messages
        ],
    }
    if not words:
        steps_ = [{**each, "resolution": None} for each in body["steps"]]
        body |= {"text": None, "contact": None, "messages": [], "steps": steps_, "words_withheld": True}
    return {name: value for name, value in body.items() if name not in _OF_OFFICERS} if own else body


def _step(ring: Keyring, step: dict[str, Any], *, own: bool) -> dict[str, Any]:
    said = ring.open(step["person_id"], step["sealed_resolution"], resolution_context(step["source"], step["event_id"]))
    to = step["to"] if not own or step["to"] in RECOURSES else None  # to whom it was given is the department's affair
    return {
        "state": step["state"],
        "at": step["at"],
        "to": to,
        "resolution": None if said is None else orjson.loads(said),
    }
