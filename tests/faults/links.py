"""A link between a service and what it depends on, through which the experiments reach: slow, cut, reset, or swallowing.

PostgreSQL is reached through a socket of the link's own, Kafka through a port: the process is told to take it
(`failpoints.py` sends what is meant for Kafka's port there).
"""

import asyncio
import random
import sys
from asyncio.subprocess import PIPE, Process, create_subprocess_exec
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from tempfile import TemporaryDirectory
from typing import Literal, Self

import orjson

from tests.faults.failpoints import ROOT

Mode = Literal["pass", "slow", "drop", "reset"]
_Connect = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]


class Link:
    """Forwards connections; `mode` may be changed at any time.

    slow: each piece waits 20 to 120 ms. drop: nothing passes any more, and nobody is told. reset: connections are cut,
    new ones refused.
    """

    def __init__(self, connect: _Connect, seed: int = 0) -> None:
        self._connect, self._rng = connect, random.Random(seed)
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._flowing = asyncio.Event()
        self.mode: Mode = "pass"

    async def start(self, serve: Callable[..., Awaitable[asyncio.Server]]) -> Self:
        self._flowing.set()
        self._server = await serve(self._accept)
        return self

    @property
    def port(self) -> int:
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    def become(self, mode: Mode) -> None:
        self.mode = mode
        if mode == "drop":
            self._flowing.clear()
        else:
            self._flowing.set()
        if mode == "reset":
            self._cut()

    def _cut(self) -> None:
        for writer in list(self._writers):
            writer.transport.abort()

    async def close(self) -> None:
        self._flowing.set()
        if self._server is not None:
            self._server.close()
        self._cut()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.mode == "reset":
            writer.transport.abort()
            return
        try:
            onward_reader, onward_writer = await self._connect()
        except OSError:
            writer.transport.abort()
            return
        both = {writer, onward_writer}
        self._writers |= both
        await asyncio.gather(self._pump(reader, onward_writer), self._pump(onward_reader, writer))
        self._writers -= both

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while piece := await reader.read(65_536):
                if self.mode == "slow":
                    await asyncio.sleep(self._rng.uniform(0.02, 0.12))
                await self._flowing.wait()
                writer.write(piece)
                await writer.drain()
        with suppress(OSError, RuntimeError):
            writer.close()


class Links:
    """Those of one service, in a process of their own: what else is done here would hold up what passes."""

    def __init__(self, process: Process, kafka: int, postgres: str) -> None:
        self._process = process
        self.kafka, self.postgres = kafka, postgres  # a port, and the folder that a DSN names as its host

    async def become(self, mode: Mode, *names: str) -> None:
        """Those named, or all."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(orjson.dumps([mode, names]) + b"\n")
        assert await self._process.stdout.readline(), "the links have ended"


@asynccontextmanager
async def links(kafka: int, postgres: str) -> AsyncIterator[Links]:
    """To Kafka's port, and to the socket in PostgreSQL's folder; they end with the block, or with whoever made them."""
    command = [sys.executable, "-m", "tests.faults.links", str(kafka), postgres]
    process = await create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, cwd=ROOT)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield Links(process, *orjson.loads(await process.stdout.readline()))
    finally:
        process.stdin.close()
        await process.wait()


async def _serve(kafka: int, postgres: str) -> None:
    loop, said, socket = asyncio.get_running_loop(), asyncio.StreamReader(), ".s.PGSQL.5432"
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(said), sys.stdin)
    with TemporaryDirectory(prefix="gf-") as ours:  # short, since a socket's path has little room
        found = {
            "kafka": await Link(lambda: asyncio.open_connection("127.0.0.1", kafka)).start(
                lambda accept: asyncio.start_server(accept, "127.0.0.1", 0)
            ),
            "postgres": await Link(lambda: asyncio.open_unix_connection(f"{postgres}/{socket}")).start(
                lambda accept: asyncio.start_unix_server(accept, f"{ours}/{socket}")
            ),
        }
        _say([found["kafka"].port, ours])
        while line := await said.readline():
            mode, names = orjson.loads(line)
            for name in names or found:
                found[name].become(mode)
            _say(mode)
        for link in found.values():
            await link.close()


def _say(what: object) -> None:
    sys.stdout.buffer.write(orjson.dumps(what) + b"\n")
    sys.stdout.flush()


def rerouted(dsn: str, before: str, after: str) -> str:
    """The same address by another socket folder."""
    assert f"host={before}" in dsn, "the database is reached by a socket"
    return dsn.replace(f"host={before}", f"host={after}")


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), sys.argv[2]))
