"""What clients and officers write to each other in a case, masked and sealed as what began it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal

from services.feedback import store
from services.feedback.domain.attention import concern
from services.feedback.domain.masking import mask
from services.feedback.handlers.cases import message_context, person_of
from shared.database import Pool, transaction
from shared.encryption import Seal
from shared.language import Language
from shared.logs import log
from shared.problems import Problem, problem

Author = Literal["client", "officer"]
MOST_MESSAGES: Final = 100


@dataclass(frozen=True, slots=True)
class Said:
    """A message under an id of its writer's; `language` is the client's."""

    author: Author
    text: str
    message_id: str
    language: Language = "en"


async def add_message(pool: Pool, seal: Seal, key: store.Key, said: Said) -> Problem | None:
    """Keep a message once, or say why not: the person was erased, the case has too many, or the id is another's."""
    person = person_of(seal, key)
    async with transaction(pool) as connection:
        ring = await store.keyring(connection, seal, {person: key[0]})
        # What a department writes of itself is no client's identifier.
        text = mask(said.text, said.language).text if said.author == "client" else said.text
        sealed = ring.seal(person, text.encode(), message_context(key, said.message_id))
        if sealed is None:
            return _erased()
        if await store.count_messages(connection, key) >= MOST_MESSAGES:
            return _too_many()
        found = concern(said.text) if said.author == "client" else None
        await store.add_message(connection, key, said.message_id, said.author, person, sealed, datetime.now(UTC), found)
    if found:
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
