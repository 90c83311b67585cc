"""A service cut off from what it depends on, and slow links: F9, F10."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psutil

from tests.faults.failpoints import KAFKA
from tests.faults.links import Link, Sockets, rerouted, to_kafka
from tests.faults.rig import Rig


async def cut_off(rig: Rig, full: bool) -> str:
    """Status alone; the three others go on."""
    ways: list[tuple[str, str]] = [("postgres", "drop"), ("kafka", "reset")]
    if full:
        ways = [(what, how) for what in ("postgres", "kafka") for how in ("drop", "reset")]
    async with linked(rig, "status") as links:
        for what, how in ways:
            links[what].become(how)
            await asyncio.sleep(8 if full else 4)
            for other in ("inventory", "feedback", "reporting"):
                ready = await rig.ready(other)
                assert ready.get("degraded") is False, f"{other} is degraded while status is cut off: {ready}"
            links[what].become("pass")
            await rig.healed(30)
    return "; ".join(f"{what}: {how}" for what, how in ways)


@asynccontextmanager
async def linked(rig: Rig, name: str) -> AsyncIterator[dict[str, Link]]:
    """A service that reaches PostgreSQL and Kafka by links, for the length of the block."""
    sockets, port = Sockets(), int(rig.system.kafka.bootstrap.rpartition(":")[2])
    dsn = rig.system.database(name)
    folder = dsn.rpartition("host=")[2].partition("&")[0]
    database, ours = await sockets.to_postgres(folder.replace("%2F", "/"))
    links = {"postgres": database, "kafka": await to_kafka(port)}
    rig.system.environment[name] = {
        "GUICHET_DATABASE_URL": rerouted(dsn, folder, ours),
        KAFKA: f"{port}={links['kafka'].port}",
    }
    await rig.start_again(name)
    try:
        yield links
    finally:
        del rig.system.environment[name]
        await rig.start_again(name)
        for link in links.values():
            await link.close()
        sockets.remove()


async def slow_links(rig: Rig, full: bool) -> str:
    async with linked(rig, "status") as links:
        before = _memory(rig, "status")
        for mode in ("slow", "drop", "slow", "reset", "slow"):
            for link in links.values():
                link.become(mode)
            await asyncio.sleep(6)
        for link in links.values():
            link.become("pass")
        await rig.healed(30)
        after = _memory(rig, "status")
    assert after <= 2 * before, f"memory {before:.0f} MB, then {after:.0f} MB"
    return f"20–120 ms each way, black holes, cuts; memory {before:.0f} → {after:.0f} MB"


def _memory(rig: Rig, name: str) -> float:
    return psutil.Process(rig.pid(name)).memory_info().rss / 1e6
