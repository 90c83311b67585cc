"""A service cut off from what it depends on, and slow links: F9, F10."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psutil

from tests.faults.failpoints import KAFKA
from tests.faults.links import Links, Mode, links, rerouted
from tests.faults.rig import Rig


async def cut_off(rig: Rig, full: bool) -> str:
    """Status alone; the three others go on."""
    ways: list[tuple[str, Mode]] = [("postgres", "drop"), ("kafka", "reset")]
    if full:
        ways = [("postgres", "drop"), ("postgres", "reset"), ("kafka", "drop"), ("kafka", "reset")]
    async with linked(rig, "status") as between:
        for what, how in ways:
            await between.become(how, what)
            await asyncio.sleep(8 if full else 4)
            for other in ("inventory", "feedback", "reporting"):
                ready = await rig.ready(other)
                assert ready.get("degraded") is False, f"{other} is degraded while status is cut off: {ready}"
            await between.become("pass", what)
            await rig.healed(30)
    return "; ".join(f"{what}: {how}" for what, how in ways)


@asynccontextmanager
async def linked(rig: Rig, name: str) -> AsyncIterator[Links]:
    """A service that reaches PostgreSQL and Kafka by links, for the length of the block."""
    port = int(rig.system.kafka.bootstrap.rpartition(":")[2])
    dsn = rig.system.database(name)
    folder = dsn.rpartition("host=")[2].partition("&")[0]
    async with links(port, folder.replace("%2F", "/")) as found:
        rig.system.environment[name] = {
            "GUICHET_DATABASE_URL": rerouted(dsn, folder, found.postgres),
            KAFKA: f"{port}={found.kafka}",
        }
        await rig.start_again(name)
        try:
            yield found
        finally:
            del rig.system.environment[name]
            await rig.start_again(name)


async def slow_links(rig: Rig, full: bool) -> str:
    modes: list[Mode] = ["slow", "drop", "slow", "reset", "slow"]
    async with linked(rig, "status") as between:
        before = _memory(rig, "status")
        for mode in modes:
            await between.become(mode)
            await asyncio.sleep(6)
        await between.become("pass")
        await rig.healed(30)
        after = _memory(rig, "status")
    assert after <= 2 * before, f"memory {before:.0f} MB, then {after:.0f} MB"
    return f"20–120 ms each way, black holes, cuts; memory {before:.0f} → {after:.0f} MB"


def _memory(rig: Rig, name: str) -> float:
    return psutil.Process(rig.pid(name)).memory_info().rss / 1e6
