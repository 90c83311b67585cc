"""FastStream in batches, validating in the handler with pydantic; one transaction a batch.

Validating there because `list[Event]` as the handler's argument, though documented, stops for ever at one bad record.
"""

import asyncio
import gc

import asyncpg
from faststream import AckPolicy, FastStream
from faststream.kafka import KafkaBroker, KafkaMessage
from faststream.security import SASLScram512
from pydantic import ValidationError

from job import Job
from models import Event
from tables import write

job = Job()
broker = KafkaBroker(job.bootstrap, security=SASLScram512(job.username, job.password), logger=None)
app = FastStream(broker, logger=None)
pool = None


async def as_it_is(message: KafkaMessage):
    return message.raw_message


@app.on_startup
async def connect():
    global pool
    pool = await asyncpg.create_pool(job.database, min_size=1, max_size=2, server_settings={"timezone": "UTC", "jit": "off"})


@broker.subscriber(
    job.topic,
    group_id=job.group,
    batch=True,
    max_records=job.batch,
    max_partition_fetch_bytes=8 * 1024 * 1024,
    auto_offset_reset="earliest",
    ack_policy=AckPolicy.NACK_ON_ERROR,
    decoder=as_it_is,
)
async def handle(message: KafkaMessage):
    events = []
    for record in message.raw_message:
        try:
            event = Event.model_validate_json(record.value)
            events.append((record, record.value.decode(), int(event.id), event))
        except (ValidationError, ValueError):
            continue
    async with pool.acquire() as connection:
        await write(connection, job.group, message.raw_message, events)


if __name__ == "__main__":
    gc.set_threshold(100_000, 20, 100)
    asyncio.run(app.run())
