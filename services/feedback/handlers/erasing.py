"""Erasing a person: their key goes, so that nothing they wrote can be read anywhere, and every figure stays."""

import secrets
from datetime import UTC, datetime
from typing import Any

import orjson

from services.feedback import store
from services.feedback.handlers.cases import person_of
from services.feedback.handlers.entries import erased
from shared.database import Pool, transaction
from shared.dead_letters import drop_letters
from shared.encryption import Seal
from shared.event_log import append
from shared.logs import log


async def erase(pool: Pool, seal: Seal, key: store.Key, asked_by: str, *, linked: bool) -> dict[str, Any]:
    """Erase who is behind a case; `linked`: behind all of the organisation's cases that left the same contact, which nobody
    has checked. What was removed, and that nothing is left.
    """
    org_id, feedback_id = key
    erasure_id, now = f"erasure-{secrets.token_hex(12)}", datetime.now(UTC)
    async with transaction(pool) as connection:
        cases = await store.cases_of_contact(connection, org_id, feedback_id) if linked else [feedback_id]
        people = [person_of(seal, (org_id, each)) for each in cases]
        removed = await store.erase_people(connection, org_id, people, cases, now)
        removed["dead_letters"] = await drop_letters(connection, seal, org_id, lambda raw: _tells_of(raw, cases))
        await store.note_erasure(connection, erasure_id, org_id, asked_by, now, removed)
        left = await store.words_left(connection, org_id, cases)
        await append(connection, [erased(org_id, each, erasure_id, now) for each in cases], [])
    log.info("person_erased", org_id=org_id, cases=len(cases), erasure=erasure_id)
    said = {"org_id": org_id, "cases": cases, "erased_at": now, "removed": removed, "left": left}
    return {"erasure_id": erasure_id, **said}


def _tells_of(raw: bytes, cases: list[str]) -> bool:
    """Whether a refused event names one of these cases, whole or cut."""
    return any(orjson.dumps(each) in raw for each in cases)
