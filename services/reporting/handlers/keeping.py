"""Facts kept between one telling of verdicts and the next: of the log only what was read since is read again."""

import asyncio
from collections.abc import Sequence

from services.reporting import store
from services.reporting.domain.compliance.asking import Question
from services.reporting.domain.compliance.facts import Entry, Facts
from services.reporting.domain.compliance.folding import Folding
from services.reporting.handlers.judging import beside, body_of, reported, with_live
from shared.database import Connection

# One takes 2 KB.
_MOST = 200_000


class KeptFacts:
    """What is known of organisations, of those judged last as many as come to `most` things and cases in all."""

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._place = ""
        self._until = 0
        self._kept: dict[str, tuple[int, Folding]] = {}  # read up to which position; those judged last come last

    async def read_on(self, connection: Connection, until: int) -> None:
        """What is asked from here on knows the log up to this position.

        All is forgotten where the log is another one, such as one restored, and where a part of it became void.
        """
        place = await store.place(connection)
        if place != self._place or until < self._until or await store.last_void(connection, self._until, until):
            self._kept.clear()
        self._place, self._until = place, until

    async def of(self, connection: Connection, question: Question, shared: Sequence[Entry]) -> Facts:
        """What is known of the organisation that is asked about, at a cut of which `read_on` was given the position."""
        org_id, cut = question.org_id, question.cut
        after, folding = self._kept.pop(org_id, (0, Folding(body_of(org_id))))
        entries = await reported(connection, org_id, cut, after) + await beside(connection, org_id, cut, shared)
        await asyncio.to_thread(folding.add, entries)
        self._kept[org_id] = self._until, folding
        while sum(each.size for _, each in self._kept.values()) > self._most:
            del self._kept[next(iter(self._kept))]
        return await with_live(connection, question, await asyncio.to_thread(folding.facts, cut.known_to))
