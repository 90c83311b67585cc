"""A load generator of its own process: prebuilt requests over kept connections, each sent when the one before is answered.

Raw sockets, since a client library would be slower than the doors it is to load. `python -m bench.load PORT FILE SECONDS`
reads the requests from a file, sends what it can within some seconds, and says in JSON what came of it.
"""

import asyncio
import itertools
import json
import pickle
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import uvloop

_HEAD_END, _LENGTH, _ACCEPTED = b"\r\n\r\n", b"content-length:", b'"outcome":"accepted"'


def post(path: str, key: str, kind: str, body: bytes) -> bytes:
    """A whole request, head and body."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Client(asyncio.Protocol):
    """One connection: sends its requests one after the other, until they or the time are at their end."""

    def __init__(self, requests: Sequence[bytes], seconds: float) -> None:
        self._requests, self._seconds = iter(requests), seconds
        self._until = 0.0
        self._buffer = bytearray()
        self._sent_at = 0.0
        self._transport: Any = None
        self.latencies: list[float] = []
        self.sent = self.accepted = self.failed = 0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def begin(self) -> None:
        self._until = time.perf_counter() + self._seconds
        self._send()

    def _send(self) -> None:
        self._sent_at = time.perf_counter()
        request = next(self._requests, None) if self._sent_at < self._until else None
        if request is None:
            self._transport.close()
            self.done.set_result(None)
            return
        self.sent += 1
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(_HEAD_END)
        if end < 0:
            return
        head = bytes(self._buffer[:end]).lower()
        length = int(head.partition(_LENGTH)[2].partition(b"\r")[0] or 0)
        if len(self._buffer) < end + 4 + length:
            return
        self.latencies.append(time.perf_counter() - self._sent_at)
        self.accepted += self._buffer.count(_ACCEPTED)
        self.failed += not head.startswith(b"http/1.1 2")
        self._buffer.clear()
        self._send()

    def connection_lost(self, _error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(ConnectionError("the door hung up"))


async def _load(port: int, requests: Sequence[Sequence[bytes]], limit: float) -> dict[str, Any]:
    clients = [await _connect(port, mine, limit) for mine in requests]
    began, cpu = time.perf_counter(), time.process_time()
    for client in clients:
        client.begin()
    await asyncio.gather(*(client.done for client in clients))
    seconds = time.perf_counter() - began
    latencies = sorted(itertools.chain.from_iterable(client.latencies for client in clients))
    return {
        "seconds": seconds,
        "sent": sum(client.sent for client in clients),
        "accepted": sum(client.accepted for client in clients),
        "failed": sum(client.failed for client in clients),
        "p50_ms": round(latencies[len(latencies) // 2] * 1000, 1),
        "p99_ms": round(latencies[int(len(latencies) * 0.99)] * 1000, 1),
        "load_cores": round((time.process_time() - cpu) / seconds, 2),
    }


async def _connect(port: int, requests: Sequence[bytes], limit: float) -> Client:
    loop = asyncio.get_running_loop()
    _, client = await loop.create_connection(lambda: Client(requests, limit), "127.0.0.1", port)
    return client


def main() -> None:
    port, file, seconds = sys.argv[1:]
    requests = pickle.loads(Path(file).read_bytes())
    print(json.dumps(uvloop.run(_load(int(port), requests, float(seconds)))))


if __name__ == "__main__":
    main()
