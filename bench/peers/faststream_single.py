"""FastStream as its tutorial shows it: a typed handler, one message a transaction."""

import asyncio

import asyncpg
from faststream import AckPolicy, FastStream
from faststream.kafka import KafkaBroker
from faststream.kafka.annotations import KafkaMessage
from faststream.security import SASLScram512

from job import Job
from models import Event
from tables import write

job = Job()
broker = KafkaBroker(job.bootstrap, security=SASLScram512(job.username, job.password), logger=None)
app = FastStream(broker, logger=None)
pool = None


@app.on_startup
async def connect():
    global pool
    pool = await asyncpg.create_pool(job.database, min_size=1, max_size=2, server_settings={"timezone": "UTC", "jit": "off"})


@broker.subscriber(
    job.topic, group_id=job.group, auto_offset_reset="earliest", ack_policy=AckPolicy.REJECT_ON_ERROR
)
async def handle(event: Event, message: KafkaMessage):
    record = message.raw_message
    async with pool.acquire() as connection:
        await write(connection, job.group, [record], [(record, record.value.decode(), int(event.id), event)])


if __name__ == "__main__":
    asyncio.run(app.run())
