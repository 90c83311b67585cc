"""What leads to awaits that a load seldom passes: somebody waits for a lock, a topic seems to have been made anew."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from guichet.home import SERVICES
from shared.kafka import cluster_id
from shared.testing import eventually
from tests.faults.rig import Rig

# Where whoever takes a batch waits for another that has its partitions; one of them, and all of a service's departments.
FENCE = "select topic, partition, next_offset from consumed"
FIRST_PARTITION = (
    "select from consumed where (consumer, topic, partition) = ('reporting', 'feedback.cases.v1', 0) for update"
)
DEPARTMENTS_PARTITIONS = "select from consumed where consumer like '%.ingest' for update"
# Beyond Kafka's end, of one partition that was read; those of departments would be refused what was refused again.
_READ_FURTHER = (
    "update consumed set next_offset = next_offset + 1000000 where (consumer, cluster_id, topic, partition) = "
    "(select consumer, cluster_id, topic, partition from consumed where consumer not like '%.ingest' and cluster_id = $1 "
    "and topic = 'inventory.services.v1' and next_offset > 0 order by partition limit 1) returning 1"
)
_WAITS = (
    "select count(*) from pg_stat_activity "
    "where datname = current_database() and wait_event_type = 'Lock' and query ilike $1 || '%'"
)


@asynccontextmanager
async def waited_for(rig: Rig, name: str, lock: str, statement: str) -> AsyncIterator[None]:
    """A lock in a service's database, until the end of the block, which begins once a process waits for it with a statement."""
    dsn = rig.system.home_dsn(name)
    holding, looking = await asyncpg.connect(dsn), await asyncpg.connect(dsn)
    try:
        async with holding.transaction():
            await holding.execute(lock)
            await eventually(lambda: looking.fetchval(_WAITS, statement), bool, seconds=20)
            yield
    finally:
        await holding.close()
        await looking.close()


async def read_further(rig: Rig) -> None:
    """As if a topic had been made anew: every reader of inventory's finds out by its next record, or when it starts again."""
    cluster = await cluster_id(rig.system.kafka)
    for name in SERVICES:
        await rig.fetch(name, _READ_FURTHER, cluster)
