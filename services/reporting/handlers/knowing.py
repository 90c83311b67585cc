"""How much of the log a moment knows."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from services.reporting import store
from services.reporting.domain.compliance.asking import Cut
from shared.database import Connection

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Knowledge:
    """A cut of the log, how it came about (`known_at`, `watermark` or `all`), and the watermark beside it."""

    cut: Cut
    by: str
    watermark: datetime | None

    def as_dict(self) -> dict[str, object]:
        given = None if self.by == "all" else self.cut.known_to
        return {"known_at": given, "known_by": self.by, "watermark": self.watermark}


async def knowledge(connection: Connection, known_at: datetime | None) -> Knowledge:
    """What a moment knows: the lesser of it and the watermark; without one, everything that has been read.

    The watermark is the last moment of which it is sure that nothing recorded by then is still to come.
    """
    least, _ = await store.freshness(connection)
    watermark = least and least - timedelta(microseconds=1)
    if known_at is None:
        heard = await store.last_heard(connection)
        return Knowledge(Cut(max(watermark or _EPOCH, heard or _EPOCH), await store.head(connection)), "all", watermark)
    if watermark is not None and watermark < known_at:
        return Knowledge(Cut(watermark), "watermark", watermark)
    return Knowledge(Cut(known_at.astimezone(UTC)), "known_at", watermark)


async def with_decisions(connection: Connection, known: Knowledge, org_id: str) -> Cut:
    """What is known of one organisation: where everything counts, what people decided of it does so at once, however far the
    others' logs have come.
    """
    last = await store.last_decision(connection, org_id) if known.by == "all" else None
    return replace(known.cut, known_to=max(known.cut.known_to, last[0])) if last else known.cut
