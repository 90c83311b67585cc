"""The fence: how far each consumer group has taken each partition, moved in the transaction of what its records led to.

The table `consumed` is the truth; Kafka's own commit is a hint. A process that was taken for dead and wakes up finds the row of
its partition ahead of it, and its records dropped.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TypeAlias

from shared.database import Connection, Pool
from shared.kafka import Record

# A topic, and the number of one of its partitions.
Place: TypeAlias = tuple[str, int]
# Whether a partition of which so much was taken was made anew since, and ends before that.
IsShorter = Callable[[Place, int], Awaitable[bool]]


class Fence:
    """Of one consumer group. Offsets are those of one cluster (`shared.kafka.cluster_id`), empty until it is known: a consumer
    learns it when partitions are assigned.
    """

    def __init__(self, group: str, cluster_id: str = "") -> None:
        self.group, self.cluster_id = group, cluster_id

    async def admit(self, connection: Connection, records: Sequence[Record], is_shorter: IsShorter) -> list[Record]:
        """Those which nobody has taken. Their partitions' rows are locked and moved; all of it holds or none at the commit.

        Raises ConnectionError where the cluster is not known yet.
        """
        if not self.cluster_id:
            raise ConnectionError("records came before their partitions were assigned")
        ends = {(record.topic, record.partition): record.offset + 1 for record in records}
        places = sorted(ends)
        taken = await self._lock(connection, places)
        anew = {place for place in places if await is_shorter(place, taken[place])}
        taken |= dict.fromkeys(anew, 0)
        await self._move(connection, {place: max(taken[place], ends[place]) for place in places})
        return [record for record in records if record.offset >= taken[record.topic, record.partition]]

    async def hold(self, connection: Connection, places: Iterable[Place]) -> None:
        """Nobody takes records of these partitions until the end of the transaction, of whatever cluster: whoever holds them may
        not know it yet.
        """
        await connection.execute(
            "select from consumed where consumer = $1 and (topic, partition) in (select * from unnest($2::text[], $3::int[])) "
            "order by cluster_id, topic, partition for update",
            self.group, *_columns(sorted(set(places))),
        )  # fmt: skip

    async def taken(self, connection: Connection | Pool) -> dict[Place, int]:
        """The offset that follows what was taken, of each partition."""
        rows = await connection.fetch(
            "select topic, partition, next_offset from consumed where consumer = $1 and cluster_id = $2 order by 1, 2",
            self.group,
            self.cluster_id,
        )
        return {(row["topic"], row["partition"]): row["next_offset"] for row in rows}

    async def begin_again(self, pool: Pool, place: Place) -> None:
        """A partition was made anew: nothing of it was taken."""
        await pool.execute(
            "update consumed set next_offset = 0 "
            "where consumer = $1 and cluster_id = $2 and topic = $3 and partition = $4",
            self.group, self.cluster_id, *place,
        )  # fmt: skip

    async def _lock(self, connection: Connection, places: Sequence[Place]) -> dict[Place, int]:
        # Insert first: a row that is not there cannot be locked, and two owners of a new partition would both go on.
        await connection.execute(
            "insert into consumed (consumer, cluster_id, topic, partition, next_offset) "
            "select $1, $2, topic, partition, 0 from unnest($3::text[], $4::int[]) as a (topic, partition) "
            "on conflict do nothing",
            self.group, self.cluster_id, *_columns(places),
        )  # fmt: skip
        rows = await connection.fetch(
            "select topic, partition, next_offset from consumed "
            "where consumer = $1 and cluster_id = $2 "
            "  and (topic, partition) in (select * from unnest($3::text[], $4::int[])) "
            "order by topic, partition for update",
            self.group, self.cluster_id, *_columns(places),
        )  # fmt: skip
        return {(row["topic"], row["partition"]): row["next_offset"] for row in rows}

    async def _move(self, connection: Connection, following: dict[Place, int]) -> None:
        await connection.execute(
            "update consumed set next_offset = a.following "
            "from unnest($3::text[], $4::int[], $5::bigint[]) as a (topic, partition, following) "
            "where consumer = $1 and cluster_id = $2 and consumed.topic = a.topic and consumed.partition = a.partition",
            self.group, self.cluster_id, *_columns(list(following)), list(following.values()),
        )  # fmt: skip


def _columns(places: Sequence[Place]) -> tuple[list[str], list[int]]:
    return [topic for topic, _ in places], [partition for _, partition in places]
