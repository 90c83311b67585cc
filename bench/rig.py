"""A system of the bench's own: real Kafka and PostgreSQL in a temporary home, on free ports."""

import asyncio
import contextlib
import os
import shutil
import socket
import tempfile
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import asyncpg
import psutil
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError, UnknownTopicOrPartitionError, for_code

from bench.events import Record
from guichet.databases import Server
from guichet.home import Home
from guichet.local.postgres import Postgres
from guichet.provisioning import migrate
from guichet.system import System
from shared.kafka import Kafka


def free_port_base() -> int:
    """The first of six free ports in a row; looked for from elsewhere by each process, so that two do not meet."""
    first = 21000 + os.getpid() * 20 % 11000
    bases: list[int] = [*range(first, 32000, 20), *range(21000, first, 20)]  # above are the ports that clients get
    for base in bases:
        with contextlib.ExitStack() as stack:
            try:
                for offset in range(6):
                    probe = stack.enter_context(socket.socket())
                    probe.bind(("127.0.0.1", base + offset))
            except OSError:
                continue
            return base
    raise RuntimeError("no six free ports in a row")


@contextlib.contextmanager
def rig(*, services: bool) -> Iterator[System]:
    """Kafka and PostgreSQL with databases and topics; with `services`, the four services too."""
    folder = Path(tempfile.mkdtemp(prefix="guichet-bench-"))
    os.environ["GUICHET_HOME"] = str(folder)
    system = System(Home(), free_port_base())
    try:
        if services:
            system.start()
        else:
            system.start_infrastructure()
        yield system
    finally:
        system.stop()
        remove(folder)


def remove(home: Path) -> None:
    """A home and, as root, PostgreSQL's data that it links to."""
    shutil.rmtree((home / "postgres").resolve(), ignore_errors=True)
    shutil.rmtree(home, ignore_errors=True)


async def make_topic(kafka: Kafka, name: str, partitions: int) -> None:
    """A topic, empty; one of that name that is there already is deleted first."""
    admin = AIOKafkaAdminClient(**kafka.options())
    await admin.start()
    try:
        while True:
            answer = await admin.create_topics([NewTopic(name, partitions, 1)])
            code = answer.topic_errors[0][1]
            if not code:
                return
            if for_code(code) is not TopicAlreadyExistsError:
                raise for_code(code)(name)
            with contextlib.suppress(UnknownTopicOrPartitionError):
                await admin.delete_topics([name])
            await asyncio.sleep(0.2)
    finally:
        await admin.close()


async def fill(kafka: Kafka, topic: str, records: Iterable[Record]) -> None:
    """Publish records as a relay does: by key, compressed, acknowledged."""
    producer = AIOKafkaProducer(
        **kafka.options(), linger_ms=5, max_batch_size=256 * 1024, compression_type="zstd", acks="all"
    )
    await producer.start()
    try:
        remaining = iter(records)
        while some := list(islice(remaining, 5_000)):
            sent = [await producer.send(topic, each.value, key=each.key, headers=list(each.headers)) for each in some]
            await asyncio.gather(*sent)
    finally:
        await producer.stop()


def server(system: System) -> Server:
    """The rig's PostgreSQL, as its administrator reaches it."""
    return Postgres(system.home.path, system.home.postgres_passwords()).server


async def run_sql(dsn: str, *statements: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def one_value(dsn: str, statement: str) -> Any:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


async def checkpoint(system: System) -> None:
    """Dirty pages written out, so that nobody pays for what the one before has left."""
    await run_sql(server(system).dsn("postgres", "postgres"), "checkpoint")


async def fresh_database(system: System, name: str) -> str:
    """A service's database emptied and migrated anew; its address."""
    connection = await asyncpg.connect(system.database(name, owner=True))
    try:
        rows = await connection.fetch("select nspname from pg_namespace where nspname like 'views_%'")
        for schema in ["public", *(row["nspname"] for row in rows)]:
            await connection.execute(f"drop schema if exists {schema} cascade")
        await connection.execute("create schema public")
    finally:
        await connection.close()
    await asyncio.to_thread(migrate, name, system.database(name, owner=True))
    return system.database(name)


def cpu_seconds(pids: list[int]) -> float:
    """CPU time of processes and their children so far."""
    total = 0.0
    for pid in pids:
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(pid)
            for each in [process, *process.children(recursive=True)]:
                with contextlib.suppress(psutil.Error):
                    times = each.cpu_times()
                    total += times.user + times.system + times.children_user + times.children_system
    return total
