"""A system of the bench's own: real Kafka and PostgreSQL in a temporary home, on free ports."""

import asyncio
import contextlib
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import psutil

from guichet.home import Home
from guichet.provisioning import migrate
from guichet.system import System


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
