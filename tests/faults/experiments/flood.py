"""One department that floods and poisons both doors: F15."""

import asyncio
import os
import random
import sys
import time
from asyncio.subprocess import PIPE
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from statistics import median, quantiles

import orjson
import psutil

from tests.faults.departments import ORGS, Department
from tests.faults.failpoints import ROOT
from tests.faults.rig import Rig

_TROUBLE = ORGS[-1]
_MOST, _TIMES, _BETWEEN_SECONDS = 1.5, 10, 0.1
_SETTLING = 0.2  # of a stretch, before it
# So much of the machine may a quiet stretch take: a full one makes everyone wait for whatever comes on top (docs/adr/0029).
_BUSY, _LOOK_SECONDS, _SLOWEST = 0.6, 5.0, 12.5
_CLIENT_ERRORS = range(400, 500)


async def flood_and_poison(rig: Rig, full: bool) -> str:
    """Ten times as many good reports of applications as it sends otherwise, and as much that no door can take; the others' answers are timed."""
    pairs, turns, seconds = (3, 6, 5.0) if full else (1, 1, 4.0)
    ratios, statuses = [], Counter[int]()
    async with _one_by_one(rig):
        if full:
            await _make_room(rig)
        for number in range(pairs):
            quiet, troubled = await _pair(rig, number, turns, seconds, statuses)
            rig.say(f"  others p99 {quiet * 1000:.0f} ms, then {troubled * 1000:.0f} ms")
            ratios.append(troubled / quiet)
    wrong = {status: n for status, n in statuses.items() if status not in _CLIENT_ERRORS and status not in {200, 202}}
    assert not wrong, f"what cannot be taken was answered with {wrong}"
    assert sum(statuses.values()) > 20, f"hardly anything bad was sent: {statuses}"
    replayed = await _replay_twice(rig)
    if full:  # of one short pair, one slow moment decides
        assert median(ratios) <= _MOST, f"the others' p99 rose {ratios} times"
    told = ", ".join(f"{ratio:.2f}" for ratio in ratios)
    return f"{sum(statuses.values())} bad requests answered {sorted(statuses)}; at {rig.rate:g} events/s others' p99 x {told}; {replayed} replays"


@asynccontextmanager
async def _one_by_one(rig: Rig) -> AsyncIterator[None]:
    """Reports of the others one by one, for the length of the block: of few answers, some slow moment would be the 99th percentile.

    Each at times of its own: those whose answers came with one commit would else meet every slow moment together.
    """

    async def report(org_id: str) -> None:
        rng = random.Random(f"{rig.segment}.one/{org_id}")
        department = Department(org_id, "status", "http", f"{rig.segment}.one")
        while not ended.is_set():
            await rig.load.post("status", org_id, department.batch(1))
            await asyncio.sleep(rng.uniform(0, 2 * _BETWEEN_SECONDS))

    ended = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        for org_id in ORGS:
            if org_id != _TROUBLE:
                tasks.create_task(report(org_id))
        try:
            yield
        finally:
            ended.set()


async def _make_room(rig: Rig) -> None:
    """Halve the load until a quiet stretch leaves the machine room."""
    while (busy := await _busy()) > _BUSY and rig.rate > _SLOWEST:
        rig.say(f"  {busy:.0%} of the machine is taken at {rig.rate:g} events/s: half of that")
        await rig.go_on_at(rig.rate / 2)


async def _busy() -> float:
    """The share of the machine that was taken for some seconds."""
    await asyncio.sleep(_LOOK_SECONDS * _SETTLING)
    psutil.cpu_percent()
    await asyncio.sleep(_LOOK_SECONDS)
    return psutil.cpu_percent() / 100


async def _pair(rig: Rig, number: int, turns: int, seconds: float, statuses: Counter[int]) -> tuple[float, float]:
    """The others' 99th percentiles without trouble and with it, in turns: what slows the machine for a while slows both."""
    quiet, troubled = list[float](), list[float]()
    for turn in range(turns):
        quiet += await _answers_of_others(rig, seconds)
        async with _trouble(rig, f"{rig.segment}.{number}.{turn}", statuses):
            troubled += await _answers_of_others(rig, seconds)
    return quantiles(quiet, n=100)[98], quantiles(troubled, n=100)[98]


async def _answers_of_others(rig: Rig, seconds: float) -> list[float]:
    """What they waited for, in seconds; not while trouble begins or what it left is worked off."""
    await asyncio.sleep(seconds * _SETTLING)
    rig.load.latencies.clear()
    await asyncio.sleep(seconds)
    return [seconds for org, seconds in rig.load.latencies if org != _TROUBLE]


@asynccontextmanager
async def _trouble(rig: Rig, seed: str, statuses: Counter[int]) -> AsyncIterator[None]:
    ended = asyncio.Event()
    flood = asyncio.create_task(_flood(rig, seed, ended))
    command = [sys.executable, "-m", "tests.faults.poison", f"{rig.load.urls['status']}/v1/events"]
    poison = await asyncio.create_subprocess_exec(
        *command,
        rig.load.kafka.bootstrap,
        _TROUBLE,
        stdout=PIPE,
        cwd=ROOT,
        env={**os.environ, "GUICHET_KEY": rig.load.keys[_TROUBLE]},
    )
    try:
        assert poison.stdout is not None
        await asyncio.wait_for(poison.stdout.readline(), 30)
        yield
        assert not flood.done(), f"the flood ended by itself: {flood}"
        assert poison.returncode is None, f"the poison ended by itself: {poison.returncode}"
    finally:
        ended.set()  # with an answer to what it has sent
        if poison.returncode is None:
            poison.terminate()
        said, _ = await poison.communicate()
        await flood
    for status, times in orjson.loads(said).items():
        statuses[int(status)] += times


async def _flood(rig: Rig, seed: str, ended: asyncio.Event) -> None:
    """Of its own making, kept in the history as all else is; its answers are not timed with the others'."""
    department = Department(_TROUBLE, "status", "http", f"{seed}.flood")
    some = max(1, round(_TIMES * rig.rate_of_reports / len(ORGS) / 10))
    while not ended.is_set():
        began = time.monotonic()
        await rig.load.post("status", _TROUBLE, department.batch(some), timed=False)
        await asyncio.sleep(max(0.0, began + 0.1 - time.monotonic()))


async def _replay_twice(rig: Rig) -> int:
    """What was refused is refused again, and leaves no second dead letter."""
    letters = (await rig.services.ask("status", "/v1/dead-letters", query={"limit": 20}))["items"]
    for letter in [*letters, *letters]:
        await rig.services.ask("status", f"/v1/dead-letters/{letter['id']}/replay", method="POST")
    return 2 * len(letters)
