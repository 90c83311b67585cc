"""Kafka away, standing still, and emptied: F5, F6, F12."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from shutil import rmtree
from statistics import quantiles

from guichet import keys
from guichet.provisioning import provision_kafka
from shared.testing import eventually
from tests.faults.campaign import on_the_way
from tests.faults.departments import DEPARTMENTS
from tests.faults.leading import DEPARTMENTS_PARTITIONS, FENCE, waited_for
from tests.faults.rig import Rig
from tests.faults.stages import LOGS

_TELLING_REFUSALS = "shared.ingest:Rejections."


async def kafka_away(rig: Rig, full: bool) -> str:
    seconds = 60 if full else 6
    answered, unanswered = len(rig.load.latencies), rig.history.unknown_over_http
    async with rig.away("kafka"):
        await asyncio.sleep(seconds)
        answers = len(rig.load.latencies) - answered
    assert answers > seconds, f"HTTP answered {answers} requests in {seconds} s without Kafka"
    failed = rig.history.unknown_over_http - unanswered
    assert not failed, f"{failed} events were not answered over HTTP"
    return f"away {seconds} s; {answers} requests accepted meanwhile, none failed"


async def kafka_stands_still(rig: Rig, full: bool) -> str:
    seconds = 45 if full else 6
    before = await _latencies(rig, 10 if full else 4)
    async with _standing_still(rig, full):
        during = await _latencies(rig, seconds)
        for name in ("inventory", "feedback", "status"):
            rig.kill(name)  # with what it had accepted, and could not publish
        await asyncio.sleep(2)
    before_p99, during_p99 = _p99(before), _p99(during)
    # Where nothing is slow at all, a few milliseconds more are no fault's doing.
    assert during_p99 <= max(2 * before_p99, 0.1), f"p99 to an answer {before_p99:.3f} s, then {during_p99:.3f} s"
    return f"{seconds} s; p99 to an answer {before_p99 * 1000:.0f} → {during_p99 * 1000:.0f} ms"


@asynccontextmanager
async def _standing_still(rig: Rig, full: bool) -> AsyncIterator[None]:
    """In full, two have begun just before, with records in hand of which they are to tell that they are refused: where one
    ends, the other goes on to the next point.
    """
    if not full:
        async with rig.standing_still("kafka"):
            yield
        return
    async with AsyncExitStack() as stack:
        stack.enter_context(rig.ending_at(each for each in rig.left_over if each.startswith(_TELLING_REFUSALS)))
        async with AsyncExitStack() as waiting:
            for name in ("feedback", "status"):
                rig.kill(name)
                await waiting.enter_async_context(waited_for(rig, name, DEPARTMENTS_PARTITIONS, FENCE))
            await stack.enter_async_context(rig.standing_still("kafka"))
        yield


async def _latencies(rig: Rig, seconds: float) -> list[float]:
    rig.load.latencies.clear()
    await asyncio.sleep(seconds)
    return [seconds for _, seconds in rig.load.latencies]


def _p99(seconds: list[float]) -> float:
    return quantiles(seconds, n=100)[98] if len(seconds) > 1 else 0.0


async def kafka_emptied(rig: Rig, full: bool) -> str:
    """Its data is gone, cluster and all; departments make their logins again. In a system at rest: what was in Kafka alone
    is gone with it. In full, again, with crashes while it is filled.
    """
    before = {name: position async for name, position in rig.logs()}
    await _empty(rig)
    await rig.healed(60)
    crashes = await on_the_way(rig, lambda: _empty(rig, LOGS)) if full else ""
    await rig.healed(60)
    for org in DEPARTMENTS:
        rig.load.keys[org] = (await keys.create(rig.services, org))["key"]
    rig.look.forget_topics()
    filled = await rig.look.positions()
    for name, position in before.items():
        missing = position - len(filled[name])
        assert not missing, f"{missing} of {position} entries of {name} are not in Kafka again"
    return f"emptied; {sum(before.values())} entries published again from the logs; {crashes}".rstrip("; ")


async def _empty(rig: Rig, killed: Sequence[str] = ()) -> None:
    async with rig.away("kafka"):
        for each in (rig.system.home.path / "kafka" / "data").iterdir():
            rmtree(each) if each.is_dir() else each.unlink()
        assert rig.system._local_kafka is not None
        await asyncio.to_thread(rig.system._local_kafka.prepare, lambda _text: None)
        for name in killed:
            rig.kill(name)
    await eventually(lambda: asyncio.to_thread(rig.system.parts["kafka"].answers), seconds=30)
    await asyncio.to_thread(provision_kafka, rig.system.kafka, rig.system.home)
