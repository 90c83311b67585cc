"""J3, accept: the status door, single events by 32 clients and lines of NDJSON, against one transaction a request.

That peer is an app of its own (bench/peers/one_transaction.py). Our own door with its gathering off would be no such
thing: whatever arrives while a commit is under way is still committed together.

What reads the log is stopped while doors are loaded, so that both have the machine to themselves but for our own relay,
which publishes meanwhile. Afterwards everything accepted must be in the log once, and in reporting.
"""

import asyncio
import json
import os
import pickle
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

from bench import results
from bench.databases import one_value, run_sql
from bench.draining import memory
from bench.environments import PROGRAMS, lacking, python_of
from bench.load import post
from bench.rig import cpu_seconds, rig
from bench.saying import say
from guichet import demo, keys
from guichet.client import Services
from guichet.processes import Part
from guichet.progress import Bar
from guichet.readiness import is_ready
from guichet.system import System
from guichet.verifying import caught_up, verify

CLIENTS, LINES, LINE_CLIENTS = 32, 1_000, 4
# Requests are made beforehand, for more events a second than any door here takes.
_MOST_SINGLE, _MOST_LINES = 20_000, 80_000
PEER = "one-transaction"
_STRUCTURED, _NDJSON = "application/cloudevents+json", "application/x-ndjson"
_STATES = ("submitted", "in_review", "decided", "issued")
_TABLES = ("received_event", "application", "application_event", "recorded_event")


def run(*, quick: bool) -> dict[str, Any]:
    seconds, runs = (1.5, 3) if quick else (8.0, 5)
    # What is measured is the door, not how much one key may send.
    os.environ |= {"GUICHET_KEY_EVENTS_PER_SECOND": "10000000", "GUICHET_KEY_BURST": "100000000"}
    with rig(services=True) as system:
        bench = asyncio.run(_prepared(system))
        for name in ("reporting", "feedback", "inventory"):
            system.parts[name].stop()
        with _peer(bench) as peer:
            found = _take_turns(bench, peer, seconds, runs)
        for name in ("inventory", "feedback", "reporting"):
            system.start_service(name)
        system.write_addresses()
        correct = asyncio.run(_whole(bench))
    return _result(bench, found, correct)


class Bench:
    """A system with a department in it, and how many events it was sent."""

    def __init__(self, system: System, org: str, key: str) -> None:
        self.system, self.org, self.key = system, org, key
        self.sent = self.accepted = 0

    @property
    def port(self) -> int:
        return int(self.system.home.addresses()["status"]["url"].rpartition(":")[2])

    def events(self, number: int) -> list[bytes]:
        """So many reports, four of each application, none sent before."""
        first, self.sent = self.sent, self.sent + number
        return [_event(self.org, each) for each in range(first, first + number)]


def _event(org: str, number: int) -> bytes:
    application, state = f"J3-{number // 4}", _STATES[number % 4]
    return orjson.dumps(
        {
            "specversion": "1.0",
            "id": f"{application}-{state}",
            "source": f"/organizations/{org}/bench",
            "type": "guichet.status.ApplicationStatusReported.v1",
            "time": f"2026-11-{number % 4 + 2:02}T15:00:00Z",
            "subject": application,
            "data": {"application_id": application, "service_id": "DEMO-0001", "state": state, "channel": "ONL"},
        }
    )


async def _prepared(system: System) -> Bench:
    async with Services(system.home) as services:
        loaded = await demo.load_inventory(services, demo.read_inventory([]), Bar(None, None, quiet=True))
        org = min(loaded.keys)
        key = (await keys.create(services, org, ["status"]))["key"]
        await caught_up(services, lambda _: None)
    copies = [f"create table one_transaction.{each} (like public.{each} including all)" for each in _TABLES]
    await run_sql(
        system.database("status", owner=True),
        "create schema one_transaction",
        *copies,
        "alter table one_transaction.recorded_event alter position add generated always as identity",
        "grant usage on schema one_transaction to status",
        "grant select, insert, update on all tables in schema one_transaction to status",
    )
    return Bench(system, org, key)


@contextmanager
def _peer(bench: Bench) -> Iterator[Part | None]:
    """The peer's process; None where it cannot be run."""
    if lacking("fastapi"):
        yield None
        return
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = {
        "PATH": os.environ.get("PATH", ""),
        "PYTHONDONTWRITEBYTECODE": "1",
        "BENCH_DATABASE": bench.system.database("status"),
        "BENCH_KEY": bench.key,
        "BENCH_PORT": str(port),
    }
    command = [str(python_of("fastapi")), str(PROGRAMS / "one_transaction.py")]
    log = bench.system.home.path / "logs" / f"{PEER}.log"
    part = Part(PEER, command, log, lambda: is_ready(f"http://127.0.0.1:{port}"), settings)
    part.start()
    try:
        if not part.wait_for_answer(30):
            raise RuntimeError(f"{PEER} did not come up; the end of its log:\n{part.last_words(20)}")
        yield part
    finally:
        part.stop()


def _take_turns(bench: Bench, peer: Part | None, seconds: float, runs: int) -> dict[str, list[dict[str, Any]]]:
    ours = bench.system.parts["status"]
    singles, lines = int(seconds * _MOST_SINGLE), int(seconds * _MOST_LINES)
    _load(bench, ours, bench.port, _singles(bench, 3_000), 3)  # every path warm
    found: dict[str, list[dict[str, Any]]] = {"ours": [], "lines": [], PEER: []}
    for turn in range(1, runs + 1):
        found["ours"].append(_load(bench, ours, bench.port, _singles(bench, singles), seconds))
        found["lines"].append(_load(bench, ours, bench.port, _lines(bench, lines), seconds, LINES))
        if peer is not None:
            before = bench.accepted
            port = int(peer.environment["BENCH_PORT"])
            found[PEER].append(_load(bench, peer, port, _singles(bench, singles), seconds))
            bench.accepted = before  # these are not in our log
        rates = ", ".join(f"{name} {each[-1]['events_per_second']:,.0f}" for name, each in found.items() if each)
        say(f"  run {turn} of {runs}, events/s: {rates}")
    return found


def _singles(bench: Bench, number: int) -> list[list[bytes]]:
    """A client's events are whole applications, in order."""
    events = [post("/v1/events", bench.key, _STRUCTURED, each) for each in bench.events(number)]
    share = number // CLIENTS // 4 * 4
    return [events[start : start + share] for start in range(0, share * CLIENTS, share)]


def _lines(bench: Bench, number: int) -> list[list[bytes]]:
    events = bench.events(number)
    bodies = [b"\n".join(events[start : start + LINES]) for start in range(0, number, LINES)]
    requests = [post("/v1/events", bench.key, _NDJSON, body) for body in bodies]
    return [requests[client::LINE_CLIENTS] for client in range(LINE_CLIENTS)]


def _load(
    bench: Bench, part: Part, port: int, requests: Sequence[Sequence[bytes]], seconds: float, events: int = 1
) -> dict[str, Any]:
    """One door loaded once: accepted events a second, CPU of door, PostgreSQL and Kafka, peak memory of the door.

    `events` is how many a request has.
    """
    file = Path(bench.system.home.path) / "requests"
    file.write_bytes(pickle.dumps(requests))
    pids = [part.pid or 0, *(bench.system.parts[name].pid or 0 for name in ("postgres", "kafka"))]
    cpu, peak = cpu_seconds(pids), 0.0
    with subprocess.Popen(
        [sys.executable, "-m", "bench.load", str(port), str(file), str(seconds)], stdout=subprocess.PIPE, text=True
    ) as loading:
        try:
            while loading.poll() is None:
                peak = max(peak, memory(part.pid or 0))
                time.sleep(0.05)
        finally:
            loading.kill()
        said = loading.stdout.read() if loading.stdout else ""
    if loading.returncode:
        raise RuntimeError(f"the load on {part.name} failed; the end of its log:\n{part.last_words(20)}")
    found = json.loads(said)
    bench.accepted += found["accepted"]
    return {
        **found,
        "events_per_second": round(found["accepted"] / found["seconds"], 1),
        "cpu": round((cpu_seconds(pids) - cpu) / found["accepted"] * 1000, 4) if found["accepted"] else None,
        "memory": round(peak, 1),
        "differing": [] if found["accepted"] == found["sent"] * events and not found["failed"] else ["receipts"],
    }


async def _whole(bench: Bench) -> bool:
    """Whether everything accepted is in the log once, and read by reporting."""
    for name in ("inventory", "feedback", "reporting"):
        if not bench.system.parts[name].wait_for_answer(60):
            return False
    say("Verifying")
    async with Services(bench.system.home) as services:
        outcome = await verify(services, lambda _: None)
    recorded = await one_value(
        bench.system.database("status"),
        "select count(*) || ' ' || count(distinct caused_by_id) from recorded_event where caused_by_source like '%/bench'",
    )
    return bool(outcome["reconciled"]) and recorded == f"{bench.accepted} {bench.accepted}"


def _result(bench: Bench, found: dict[str, list[dict[str, Any]]], correct: bool) -> dict[str, Any]:
    ours, lines = results.contender(found["ours"]), results.contender(found["lines"])
    peers = {PEER: results.contender(found[PEER])} if found[PEER] else {}
    ours["correct"] = lines["correct"] = ours["correct"] and lines["correct"] and correct
    return results.result(
        "j3",
        ours,
        peers,
        {} if peers else {PEER: lacking("fastapi") or ""},
        unit=f"single events/s accepted, {CLIENTS} clients",
        ratio_to_one_transaction=results.ratio(ours, peers.get(PEER)),
        accepted=bench.accepted,
        doors=[
            _door(f"ours, NDJSON of {LINES} lines, {LINE_CLIENTS} clients", found["lines"]),
            _door(f"ours, single, {CLIENTS} clients", found["ours"]),
            *([_door(f"{PEER}, single, {CLIENTS} clients", found[PEER])] if peers else []),
        ],
    )


def _door(name: str, runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    together = results.contender(runs)
    middle = sorted(runs, key=lambda run: run["events_per_second"])[len(runs) // 2]
    return {
        "door": name,
        **{each: together[each] for each in ("median", "cpu_seconds_per_1000_events", "peak_memory_mb")},
        **{each: middle[each] for each in ("p50_ms", "p99_ms", "load_cores")},
    }
