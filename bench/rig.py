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

import psutil
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError, UnknownTopicOrPartitionError, for_code

from bench.events import Record
from guichet.home import Home
from guichet.ports import PORTS
from guichet.system import System
from shared.kafka import Kafka


def free_port_base() -> int:
    """The first of as many free ports in a row as a system has; looked for from elsewhere by each process, so that two do not meet."""
    first = 21000 + os.getpid() * 20 % 11000
    bases: list[int] = [*range(first, 32000, 20), *range(21000, first, 20)]  # above are the ports that clients get
    for base in bases:
        with contextlib.ExitStack() as stack:
            try:
                for offset in range(len(PORTS)):
                    probe = stack.enter_context(socket.socket())
                    probe.bind(("127.0.0.1", base + offset))
            except OSError:
                continue
            return base
    raise RuntimeError("no free ports in a row")


def free_port() -> int:
    """One that nobody has just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


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
