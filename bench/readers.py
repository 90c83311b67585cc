"""Live readers: 5,000 open streams of one status process, ten to an application; then each application changes.

What counts is that every reader is told of every change, once and under a rising id, how long that takes from the 202 on, and
what the process needs for it.
"""

import asyncio
import gc
import time
from typing import Any

import orjson

from bench.draining import memory
from bench.rig import cpu_seconds, rig
from bench.saying import say
from guichet import keys
from guichet.client import Services
from guichet.system import System
from guichet.verifying import verify
from shared.testing import eventually, status_event

READERS, TO_ONE, CHANGES = 5_000, 10, 3
APPLICATIONS = READERS // TO_ONE
ORG = "9001"
_STATES = ("submitted", "complete", "in_review", "information_requested", "information_received", "decided")
_OPEN_AT_ONCE = 200
_FRAME_END, _ID, _EVENT = b"\n\n", b"id: ", b"event: application"


class Reader(asyncio.Protocol):
    """One stream: when each message came, and under which id."""

    def __init__(self, request: bytes) -> None:
        self._request = request
        self._buffer = bytearray()
        self._transport: Any = None
        self.came: list[tuple[float, int]] = []
        self.opened = asyncio.Event()
        self.closed = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(_FRAME_END)) >= 0:
            frame = bytes(self._buffer[:end])
            del self._buffer[: end + len(_FRAME_END)]
            if _EVENT in frame:
                at = frame.index(_ID) + len(_ID)
                self.came.append((time.monotonic(), int(frame[at : frame.index(b"\n", at)])))
                self.opened.set()

    def connection_lost(self, _error: Exception | None) -> None:
        self.closed = True

    def close(self) -> None:
        self._transport.close()


def run(*, quick: bool) -> dict[str, Any]:
    gc.disable()
    with rig(services=True) as system:
        return asyncio.run(_measure(system, 1 if quick else CHANGES))


async def _measure(system: System, changes: int) -> dict[str, Any]:
    async with Services(system.home) as services:
        key = (await keys.create(services, ORG))["key"]
        await _report(services, key, 0)
        pid = system.parts["status"].pid or 0
        before = memory(pid)
        say(f"Opening {READERS:,} streams")
        began = time.monotonic()
        readers = await _open(services, key)
        opening, during = time.monotonic() - began, memory(pid)
        waits, cpu = [], cpu_seconds([pid])
        for number in range(1, changes + 1):
            at = time.monotonic()
            await _report(services, key, number)
            await eventually(lambda wanted=number + 1: _told(readers, wanted), seconds=60)  # type: ignore[misc]
            waits.append(max(reader.came[number][0] for reader in readers) - at)
            say(f"  change {number} of {changes}: the last of {READERS:,} was told after {waits[-1]:.2f} s")
        cpu = cpu_seconds([pid]) - cpu
        right = all(not reader.closed and _once_and_rising(reader, changes + 1) for reader in readers)
        for reader in readers:
            reader.close()
        outcome = await verify(services, lambda _: None)
    return {
        "job": "readers",
        "unit": f"messages/s to {READERS:,} readers of one process",
        "ours": {
            "median": round(READERS / sorted(waits)[len(waits) // 2], 1),
            "runs": [round(READERS / wait, 1) for wait in waits],
            "cpu_seconds_per_1000_events": round(cpu / changes / READERS * 1000, 4),
            "peak_memory_mb": round(during, 1),
        },
        "peers": {},
        "opened_per_second": round(READERS / opening, 1),
        "kb_a_reader": round((during - before) * 1024 / READERS, 1),
        "correct": right and bool(outcome["reconciled"]),
    }


async def _report(services: Services, key: str, number: int) -> None:
    events = [status_event(ORG, f"R-{each}", _STATES[number], number=number) for each in range(APPLICATIONS)]
    receipts = await services.send("status", key, [orjson.dumps(event) for event in events])
    assert {receipt["outcome"] for receipt in receipts} == {"accepted"}, receipts[0]


async def _open(services: Services, key: str) -> list[Reader]:
    """Every stream, once its first message has come."""
    loop, port = asyncio.get_running_loop(), int(services.url("status").rpartition(":")[2])
    turns = asyncio.Semaphore(_OPEN_AT_ONCE)

    async def one(number: int) -> Reader:
        head = (
            f"GET /v1/applications/R-{number}/events HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n\r\n"
        )
        async with turns:
            _, reader = await loop.create_connection(lambda: Reader(head.encode()), "127.0.0.1", port)
            await asyncio.wait_for(reader.opened.wait(), 60)
            return reader

    return list(await asyncio.gather(*(one(number // TO_ONE) for number in range(READERS))))


async def _told(readers: list[Reader], messages: int) -> bool:
    return all(len(reader.came) >= messages for reader in readers)


def _once_and_rising(reader: Reader, messages: int) -> bool:
    ids = [position for _, position in reader.came]
    return len(ids) == messages and ids == sorted(set(ids))
