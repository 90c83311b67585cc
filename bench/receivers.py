"""Receivers of webhooks in a process of their own: on many ports, each good, failing, or a hole that never answers.

Raw sockets, since a server library would be slower than the senders it is to measure. `python -m bench.receivers PORTS
FAILING HOLES` says in JSON on which ports it listens, good ones first; then, for each line it is given, a line of JSON:
`begin well` and `begin badly` (whether the bad ones are so) forget what came, `count` says how many have come to good ports,
`report` says of each the path, the time (monotonic), the headers and the body.
"""

import asyncio
import json
import sys
import time
from typing import Any

import uvloop

_HEAD_END = b"\r\n\r\n"
_TAKEN, _FAILED = b"HTTP/1.1 204 No Content\r\n\r\n", b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"


class Receivers:
    """What came to good ports since the last `begin`."""

    def __init__(self) -> None:
        self.came: list[tuple[float, bytes, bytes]] = []
        self.badly = False

    def report(self) -> list[dict[str, Any]]:
        return [_read(at, head, body) for at, head, body in self.came]


def _read(at: float, head: bytes, body: bytes) -> dict[str, Any]:
    first, *fields = head.decode().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (field.partition(":") for field in fields)}
    return {"path": first.split()[1], "at": at, "headers": headers, "body": body.decode()}


class Receiver(asyncio.Protocol):
    """One connection to a port of a kind: `good`, `failing` or `hole`."""

    def __init__(self, receivers: Receivers, kind: str) -> None:
        self._receivers, self._kind = receivers, kind
        self._buffer = bytearray()
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(_HEAD_END)) >= 0:
            head = bytes(self._buffer[:end])
            length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            begin = end + len(_HEAD_END)
            if len(self._buffer) < begin + length:
                return
            self._take(head, bytes(self._buffer[begin : begin + length]))
            del self._buffer[: begin + length]

    def _take(self, head: bytes, body: bytes) -> None:
        if self._kind == "good":
            self._receivers.came.append((time.monotonic(), head, body))
            self._transport.write(_TAKEN)
        elif not self._receivers.badly:
            self._transport.write(_TAKEN)
        elif self._kind == "failing":
            self._transport.write(_FAILED)


async def main(ports: int, failing: int, holes: int) -> None:
    loop, receivers = asyncio.get_running_loop(), Receivers()
    kinds = ["good"] * (ports - failing - holes) + ["failing"] * failing + ["hole"] * holes
    servers = [
        await loop.create_server(lambda kind=kind: Receiver(receivers, kind), "127.0.0.1", 0)  # type: ignore[misc]
        for kind in kinds
    ]
    _say([server.sockets[0].getsockname()[1] for server in servers])
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := (await reader.readline()).decode().split():
        if line[0] == "begin":
            receivers.came, receivers.badly = [], line[1] == "badly"
        _say(receivers.report() if line[0] == "report" else len(receivers.came))


def _say(answer: Any) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    uvloop.run(main(*map(int, sys.argv[1:])))
