"""Evidence kept between one telling of verdicts and the next: of the log only what was read since is read again."""

from collections.abc import Sequence

from services.reporting import store
from services.reporting.domain.compliance.asking import Cut
from services.reporting.domain.compliance.facts import Entry
from services.reporting.handlers.judging import reported
from shared.database import Connection

# One takes 1 to 2 KB.
_MOST = 100_000


class KeptEvidence:
    """What organisations reported, of those asked for last as many as keep to `most` events in all."""

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._place = ""
        self._until = 0
        self._kept: dict[str, tuple[int, Sequence[Entry]]] = {}  # up to which position; those asked for last come last

    async def read_on(self, connection: Connection, until: int) -> None:
        """What is asked for from here on is known up to this position of the log.

        All is forgotten where the log is another one, such as one restored, and where a part of it became void.
        """
        place = await store.place(connection)
        if place != self._place or until < self._until or await store.last_void(connection, self._until, until):
            self._kept.clear()
        self._place, self._until = place, until

    async def of(self, connection: Connection, org_id: str, cut: Cut) -> Sequence[Entry]:
        """What one organisation reported up to a cut, the position of which was given to `read_on`."""
        after, before = self._kept.pop(org_id, (0, ()))
        found = (*before, *await reported(connection, org_id, cut, after))
        self._kept[org_id] = self._until, found
        while sum(len(entries) for _, entries in self._kept.values()) > self._most:
            del self._kept[next(iter(self._kept))]
        return found
