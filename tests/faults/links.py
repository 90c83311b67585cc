"""A link between a service and what it depends on, through which the experiments reach: slow, cut, reset, or swallowing.

PostgreSQL is reached through a socket of the link's own, Kafka through a port: the process is told to take it
(`failpoints.py` sends what is meant for Kafka's port there).
"""

import asyncio
import random
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from shutil import rmtree
from typing import Literal, Self

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


async def to_kafka(port: int) -> Link:
    link = Link(lambda: asyncio.open_connection("127.0.0.1", port))
    return await link.start(lambda accept: asyncio.start_server(accept, "127.0.0.1", 0))


class Sockets:
    """Folders for the sockets of links to PostgreSQL; short, since a socket's path has little room."""

    def __init__(self) -> None:
        self._folders: list[Path] = []

    async def to_postgres(self, folder: str) -> tuple[Link, str]:
        """A link, and the folder that a DSN names as its host."""
        ours = Path(tempfile.mkdtemp(prefix="gf-"))
        self._folders.append(ours)
        name = ".s.PGSQL.5432"
        link = Link(lambda: asyncio.open_unix_connection(f"{folder}/{name}"))
        await link.start(lambda accept: asyncio.start_unix_server(accept, str(ours / name)))
        return link, str(ours)

    def remove(self) -> None:
        for folder in self._folders:
            rmtree(folder, ignore_errors=True)


def rerouted(dsn: str, before: str, after: Sequence[str] | str) -> str:
    """The same address by another socket folder."""
    assert f"host={before}" in dsn, "the database is reached by a socket"
    return dsn.replace(f"host={before}", f"host={after}")
