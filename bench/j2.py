"""J2, freshness: from a department's 202 to being readable in reporting, at 1,000 events/s of open load.

Measured after a warm-up of twelve seconds at the same rate. Each event is one request. It is readable once a reader of reporting's database sees the log's position that holds it.
"""

import asyncio
import gc
import time
from bisect import bisect_left
from typing import Any

import aiohttp
import asyncpg
import orjson

from bench.rig import cpu_seconds, rig
from guichet import demo, keys
from guichet.client import Services
from guichet.progress import Bar
from guichet.system import System
from guichet.verifying import verify

RATE = 1_000
_POLL = 0.002
_WARM_SECONDS = 12
_CONNECTIONS = 64


def run(*, quick: bool) -> dict[str, Any]:
    seconds, runs = (10, 1) if quick else (20, 3)
    gc.disable()  # the load generator's own pauses are not the system's
    with rig(services=True) as system:
        measured = [asyncio.run(_measure(system, seconds, each)) for each in range(runs)]
    ordered = sorted(measured, key=lambda each: each["p99"])
    middle = ordered[len(ordered) // 2]
    return {
        "job": "j2",
        "ours": {
            "median": RATE,
            "runs": [{name: each[name] for name in ("p50", "p99", "accepted", "cores")} for each in measured],
            "p50_ms": middle["p50"],
            "p99_ms": middle["p99"],
            "accept_p99_ms": middle["accept_p99"],
            "cores": middle["cores"],
        },
        "peers": {},
        "ratio_to_raw": None,
        "ratio_to_best_framework": None,
        "correct": all(each["correct"] for each in measured),
    }


async def _measure(system: System, seconds: int, run_: int) -> dict[str, Any]:
    async with Services(system.home) as services:
        loaded = await demo.load_inventory(services, demo.read_inventory([]), Bar(None, None, quiet=True))
        org_id = min(loaded.keys)
        key = (await keys.create(services, org_id, ["status"]))["key"]
        bodies = [_event(org_id, run_, n) for n in range(RATE * seconds)]
        # A new JVM compiles, and a new database grows its first pages: neither happens to a system that runs.
        await _load(
            f"{services.url('status')}/v1/events",
            key,
            [_event(org_id, -1 - run_, n) for n in range(RATE * _WARM_SECONDS)],
        )
        seen: list[tuple[int, float]] = []
        watching = asyncio.create_task(_watch(system.database("reporting"), seen))
        cpu = cpu_seconds([part.pid or 0 for part in system.parts.values()])
        began = time.perf_counter()
        answered = await _load(f"{services.url('status')}/v1/events", key, bodies)
        elapsed = time.perf_counter() - began
        cpu = cpu_seconds([part.pid or 0 for part in system.parts.values()]) - cpu
        outcome = await verify(services, lambda _text: None)
        watching.cancel()
    accepted = {position: at for position, at, _ in answered if position is not None}
    waits = await _waits(system.database("reporting"), accepted, seen)
    latencies = sorted(latency for _, _, latency in answered)
    return {
        "p50": round(waits[len(waits) // 2] * 1000, 1),
        "p99": round(waits[int(len(waits) * 0.99)] * 1000, 1),
        "accept_p99": round(latencies[int(len(latencies) * 0.99)] * 1000, 1),
        "accepted": len(accepted),
        "cores": round(cpu / elapsed, 2),
        "correct": outcome["reconciled"] and len(accepted) == len(bodies) == len(waits),
    }


def _event(org_id: str, run_: int, number: int) -> bytes:
    application = f"J2{run_}-{number // 4}"
    state = ("submitted", "in_review", "decided", "issued")[number % 4]
    return orjson.dumps(
        {
            "specversion": "1.0",
            "id": f"{application}-{state}",
            "source": f"/organizations/{org_id}/bench",
            "type": "guichet.status.ApplicationStatusReported.v1",
            "time": f"2026-11-{number % 4 + 2:02}T15:00:00Z",
            "subject": application,
            "data": {"application_id": application, "service_id": "DEMO-0001", "state": state, "channel": "ONL"},
        }
    )


async def _load(url: str, key: str, bodies: list[bytes]) -> list[tuple[int | None, float, float]]:
    """Send each body at its time, whether or not the ones before are answered; (position, answered at, latency)."""
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/cloudevents+json"}
    loop = asyncio.get_running_loop()
    connector = aiohttp.TCPConnector(limit=_CONNECTIONS)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def send(body: bytes, due: float) -> tuple[int | None, float, float]:
            async with session.post(url, data=body, headers=headers) as answer:
                receipt = orjson.loads(await answer.read())["receipts"][0]
            return (
                receipt["position"] if receipt["outcome"] == "accepted" else None,
                time.perf_counter(),
                loop.time() - due,
            )

        tasks = []
        start = loop.time() + 0.1
        for number, body in enumerate(bodies):
            due = start + number / RATE
            if (wait := due - loop.time()) > 0:
                await asyncio.sleep(wait)
            tasks.append(asyncio.create_task(send(body, due)))
        return list(await asyncio.gather(*tasks))


async def _watch(dsn: str, seen: list[tuple[int, float]]) -> None:
    """When each position of reporting's log became visible."""
    connection = await asyncpg.connect(dsn)
    last = -1
    while True:
        position = await connection.fetchval("select position from reading_head")
        if position != last:
            last = position
            seen.append((position, time.perf_counter()))
        await asyncio.sleep(_POLL)


async def _waits(dsn: str, accepted: dict[int, float], seen: list[tuple[int, float]]) -> list[float]:
    """Seconds from each 202 to its event's being readable, sorted; 0 where it was readable before its answer came."""
    connection = await asyncpg.connect(dsn)
    try:
        rows = await connection.fetch(
            "select service_position, position from logged_event where service = 'status' and service_position = any($1::bigint[])",
            list(accepted),
        )
    finally:
        await connection.close()
    positions = [position for position, _ in seen]
    waits = []
    for row in rows:
        visible = bisect_left(positions, row["position"])
        if visible < len(seen):
            waits.append(max(0.0, seen[visible][1] - accepted[row["service_position"]]))
    return sorted(waits)
