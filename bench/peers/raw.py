"""The raw loop: aiokafka's getmany, msgspec, COPY; no framework, no log lines, no dead letters.

What cannot be read is dropped. Reads a batch, decodes, writes, and again; the offsets are in the batch's transaction.
"""

import asyncio
import gc
from datetime import date, datetime

import asyncpg
import msgspec
from aiokafka import AIOKafkaConsumer

from job import Job
from tables import offsets, write


class Clock(msgspec.Struct, gc=False):
    state: str
    channel: str | None
    unit: str
    started_on: date | None
    stopped_on: date | None
    late_from: datetime | None
    elapsed: int
    met: bool | None
    excluded_as: str | None


class Change(msgspec.Struct, gc=False):
    standard_id: str
    before: Clock | None
    after: Clock | None


class Data(msgspec.Struct, gc=False):
    service_id: str
    standards: list[Change]


class Event(msgspec.Struct, gc=False):
    id: str
    type: str
    org: str
    recordedat: datetime
    data: Data


read_event = msgspec.json.Decoder(Event).decode


def decode(records):
    events = []
    for record in records:
        try:
            event = read_event(record.value)
            events.append((record, record.value.decode(), int(event.id), event))
        except (msgspec.DecodeError, ValueError):
            continue
    return events


async def drain(job):
    consumer = AIOKafkaConsumer(
        job.topic,
        **job.aiokafka(),
        group_id=None,  # all partitions; how far they were read is in the tables
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=8 * 1024 * 1024,
    )
    connection = await asyncpg.connect(job.database, server_settings={"timezone": "UTC", "jit": "off"})
    await consumer.start()
    try:
        known = await offsets(connection, job.group, job.topic)
        for each in consumer.assignment():
            consumer.seek(each, known.get(each.partition, 0))
        read = 0
        while read < job.records:
            taken = await consumer.getmany(timeout_ms=500, max_records=job.batch)
            records = [record for some in taken.values() for record in some]
            if records:
                await write(connection, job.group, records, decode(records))
                read += len(records)
    finally:
        await consumer.stop()
        await connection.close()


if __name__ == "__main__":
    gc.set_threshold(100_000, 20, 100)
    asyncio.run(drain(Job()))
