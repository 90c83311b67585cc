"""Erasing a person: their key goes, so that nothing they wrote can be read anywhere, and every figure stays."""

import secrets
from datetime import UTC, datetime
from typing import Any

import orjson

from services.feedback import store
from services.feedback.handlers.entries import erased
from shared.database import Connection, Pool, transaction
from shared.dead_letters import drop_letters
from shared.encryption import Seal
from shared.event_log import append


async def erase(pool: Pool, seal: Seal, key: store.Key, asked_by: str) -> dict[str, Any]:
    """Erase who is behind a case, in all of its organisation's cases; what was removed, and that nothing is left."""
    org_id, feedback_id = key
    erasure_id, now = f"erasure-{secrets.token_hex(12)}", datetime.now(UTC)
    async with transaction(pool) as connection:
        people, cases = await _everyone(connection, org_id, feedback_id)
        removed = await store.erase_people(connection, org_id, people, cases, now)
        removed["dead_letters"] = await drop_letters(connection, seal, org_id, lambda raw: _tells_of(raw, set(cases)))
        await store.note_erasure(connection, erasure_id, org_id, asked_by, now, removed)
        left = await store.words_left(connection, org_id, cases)
        await append(connection, [erased(org_id, each, erasure_id, now) for each in cases], [])
    return {
        "erasure_id": erasure_id,
        "org_id": org_id,
        "cases": cases,
        "erased_at": now,
        "removed": removed,
        "left": left,
    }


async def _everyone(connection: Connection, org_id: str, feedback_id: str) -> tuple[list[bytes], list[str]]:
    """The people behind a case, and all cases that they are behind."""
    people = await store.people_of_case(connection, org_id, feedback_id)
    cases = sorted({feedback_id, *await store.cases_of_people(connection, org_id, people)})
    for each in cases:
        people += await store.people_of_case(connection, org_id, each)
    return sorted(set(people)), cases


def _tells_of(raw: bytes, cases: set[str]) -> bool:
    """Whether a refused event is of one of these cases."""
    try:
        data = orjson.loads(raw)["data"]
        return (data.get("feedback_id") or data.get("data", {}).get("feedback_id")) in cases
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
        return False
