"""The log read again, stretch by stretch of its positions, as a rebuild folds it (docs/adr/0022)."""

from operator import attrgetter

import msgspec

from services.reporting.store.restoring import last_void
from shared.database import Connection, Pool

# Of a row of logged_event called e and a void_span called v.
_COVERS = (
    "v.service = e.service and v.topic = e.topic and v.partition = e.partition "
    "and e.service_position > v.after and e.service_position <= v.until"
)
# A span that became void at a position is not known of before it.
_STRETCH = (
    "select topic, partition, record_offset, convert_to(value, 'UTF8'), position, "
    f"(select min(v.position) from void_span v where {_COVERS} and v.position <= $2) from logged_event e "
    "where position > $1 and position <= $2"
)
_TAKEN_BACK = (
    "select e.topic, e.partition, e.record_offset, convert_to(e.value, 'UTF8'), e.position, s.position "
    "from void_span s join logged_event e on s.service = e.service and s.topic = e.topic and s.partition = e.partition "
    "and e.service_position > s.after and e.service_position <= s.until "
    "where s.position > $1 and s.position <= $2 and e.position <= $1 "
    f"and not exists (select from void_span v where {_COVERS} and v.position < s.position)"
)


class LoggedRecord(msgspec.Struct, gc=False):
    """A record of Kafka as it stands in the log, at which of its positions, and from which on it counts no more (None: it does)."""

    topic: str
    partition: int
    offset: int
    value: bytes
    position: int
    voided_at: int | None

    @property
    def came_void(self) -> bool:
        """Whether it never counted: it was known to be void when it was logged."""
        return self.voided_at is not None and self.voided_at < self.position


async def stretch(connection: Connection | Pool, after: int, until: int) -> list[LoggedRecord]:
    """What was logged beyond a position up to another, in order."""
    records = [LoggedRecord(*row) for row in await connection.fetch(_STRETCH, after, until)]
    records.sort(key=attrgetter("position"))
    return records


async def taken_back(connection: Connection | Pool, after: int, until: int) -> list[LoggedRecord]:
    """What was logged up to a position, and became void beyond it up to another."""
    if not await last_void(connection, after, until):
        return []
    return [LoggedRecord(*row) for row in await connection.fetch(_TAKEN_BACK, after, until)]
