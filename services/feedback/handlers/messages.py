"""What clients and officers write to each other in a case, masked and sealed as what began it."""

from datetime import UTC, datetime
from typing import Final, Literal

from services.feedback import store
from services.feedback.domain.attention import concern
from services.feedback.domain.masking import mask
from services.feedback.handlers.cases import message_context
from shared.database import Pool, transaction
from shared.encryption import Seal
from shared.logs import log
from shared.problems import Problem, problem

Author = Literal["client", "officer"]
MOST_MESSAGES: Final = 100


async def add_message(
    pool: Pool, seal: Seal, key: store.Key, author: Author, text: str, message_id: str
) -> Problem | None:
    """Keep a message once, or say why not: the person was erased, or the case has too many."""
    async with transaction(pool) as connection:
        people = await store.people_of_case(connection, *key)
        ring = await store.open_keyring(connection, seal, set(people))
        person = next((each for each in people if ring.holds(each)), None)
        if person is None:
            return _erased()
        if await store.count_messages(connection, key) >= MOST_MESSAGES:
            return _too_many()
        sealed = ring.seal(person, mask(text).text.encode(), message_context(key, message_id))
        assert sealed is not None  # noqa: S101 - the ring holds this person's key
        await store.add_message(connection, key, message_id, author, person, sealed, datetime.now(UTC))
    if author == "client" and (found := concern(text)):
        log.warning("case_of_concern", org_id=key[0], feedback=key[1], concern=found)
    return None


def _erased() -> Problem:
    return problem(
        "case_ended",
        "Whoever was behind this case was erased; nothing more can be written in it.",
        "La personne derrière ce cas a été effacée; rien ne peut plus y être écrit.",
    )


def _too_many() -> Problem:
    return problem(
        "too_many_reports",
        f"A case has {MOST_MESSAGES} messages at most.",
        f"Un cas compte au plus {MOST_MESSAGES} messages.",
    )
