"""Killing parts under load: nothing lost, nothing twice, as `guichet verify` finds."""

import asyncio
import os
import random
import signal
import tempfile
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import psutil
import pytest

from bench.rig import free_port_base
from guichet import demo
from guichet.client import Services
from guichet.feeding import Sent, feed
from guichet.home import Home
from guichet.progress import Bar
from guichet.simulator import Report, Simulation
from guichet.verifying import verify
from shared.testing import eventually
from tests.conftest import LocalSystem

pytestmark = pytest.mark.timeout(240)
SILENT = Bar(None, None, quiet=True)


@pytest.fixture(scope="module")
async def own(monkeypatch_module: pytest.MonkeyPatch) -> AsyncIterator[tuple[LocalSystem, Services, dict[str, str]]]:
    """A system of these tests' own, with the synthetic inventory and a key for each organisation."""
    system = LocalSystem(Path(tempfile.mkdtemp(prefix="guichet-fault-")), free_port_base())
    system.start()
    monkeypatch_module.setenv("GUICHET_HOME", str(system.home))
    try:
        async with Services(Home()) as services:
            loaded = await demo.load_inventory(services, demo.read_inventory([]), SILENT)
            yield system, services, loaded.keys
    finally:
        system.stop()


@pytest.fixture(scope="module")
def monkeypatch_module() -> "AsyncIterator[pytest.MonkeyPatch]":
    with pytest.MonkeyPatch.context() as patch:
        yield patch


def reports(events: int, seed: int) -> list[Report]:
    return list(Simulation(demo.read_inventory([]), seed, datetime.now(UTC)).backlog(events))


async def kill(system: LocalSystem, part: str) -> None:
    """Kill -9 one part, and wait until the supervisor has started it again and it serves."""
    before = system.addresses["processes"][part]
    os.kill(before, signal.SIGKILL)

    async def again() -> bool:
        return system.addresses["processes"][part] != before

    await eventually(again, seconds=20)


async def answer_of(services: Services) -> dict[str, object]:
    return await verify(services, lambda _text: None)


@pytest.mark.parametrize("part", ["status", "reporting", "inventory", "feedback", "kafka", "postgres"])
async def test_a_part_killed_in_mid_run_loses_nothing_and_repeats_nothing(
    own: tuple[LocalSystem, Services, dict[str, str]], part: str
) -> None:
    system, services, keys = own
    seed = 100 + ["status", "reporting", "inventory", "feedback", "kafka", "postgres"].index(part)
    rng = random.Random(seed)
    wanted, sent = reports(4_000, seed), Sent()
    sending = asyncio.create_task(feed(services, keys, wanted, sent, lambda _n: None))
    try:
        for _ in range(2):
            reached = sent.total + rng.randrange(100, 900)

            async def far_enough(reached: int = reached) -> bool:
                return sent.total >= reached or sending.done()

            await eventually(far_enough, seconds=60)
            await kill(system, part)
        await sending
    finally:
        sending.cancel()
    outcome = await answer_of(services)
    assert outcome["reconciled"] is True, outcome
    assert sent.total == len(wanted)
    # What was recorded but not answered before the kill comes back as a duplicate when it is sent again.
    unexpected = [each for each in sent.surprises if each["receipt"]["outcome"] != "duplicate"]
    assert unexpected == []


async def test_what_was_accepted_while_kafka_stood_still_outlives_the_service_that_was_to_publish_it(
    own: tuple[LocalSystem, Services, dict[str, str]],
) -> None:
    """The relay's cursor must not move before Kafka's acknowledgement: killed in between, it would skip the event."""
    system, services, keys = own
    wanted = [each for each in reports(400, 11) if each.service == "status" and each.expected == "accepted"][:50]
    kafka = system.addresses["processes"]["kafka"]
    sent = Sent()

    async def relay_waits() -> bool:
        return bool((await services.ask("status", "/readyz"))["relay"]["idle_seconds"] > 1)

    os.kill(kafka, signal.SIGSTOP)
    try:
        await feed(services, keys, wanted, sent, lambda _n: None)
        await eventually(relay_waits)
        await kill(system, "status")
    finally:
        os.kill(kafka, signal.SIGCONT)
    assert sent.outcomes == {"accepted": 50}
    outcome = await answer_of(services)
    assert outcome["reconciled"] is True, outcome


async def test_ten_thousand_events_sent_twice_are_counted_once(
    own: tuple[LocalSystem, Services, dict[str, str]],
) -> None:
    _, services, keys = own
    wanted = [each for each in reports(10_400, 7) if each.expected == "accepted"][:10_000]
    first, second = Sent(), Sent()
    before = await _recorded(services)
    await feed(services, keys, wanted, first, lambda _n: None)
    between = await _recorded(services)
    await feed(services, keys, wanted, second, lambda _n: None)
    assert first.outcomes == {"accepted": 10_000}
    assert second.outcomes == {"duplicate": 10_000}
    assert between - before == 10_000
    assert await _recorded(services) == between
    outcome = await answer_of(services)
    assert outcome["reconciled"] is True, outcome


async def test_a_log_published_again_from_its_beginning_changes_no_figure(
    own: tuple[LocalSystem, Services, dict[str, str]],
) -> None:
    """As after a relay's crash between Kafka's acknowledgement and its cursor, a thousand times over."""
    system, services, _ = own
    await answer_of(services)
    before = await services.ask("reporting", "/v1/performance", query={"window": "fiscal_year", "limit": 1000})
    connection = await asyncpg.connect(system.addresses["postgres"]["status"])
    try:
        await connection.execute("update relay_cursor set position = 0, recorded_at = '-infinity'")
        os.kill(system.addresses["processes"]["status"], signal.SIGKILL)

        async def published() -> bool:
            row = await connection.fetchrow("select c.position, h.position as head from relay_cursor c, log_head h")
            return bool(row["position"] == row["head"])

        await eventually(published, seconds=60)
    finally:
        await connection.close()
    outcome = await answer_of(services)
    assert outcome["reconciled"] is True, outcome
    after = await services.ask("reporting", "/v1/performance", query={"window": "fiscal_year", "limit": 1000})
    same = ("service_id", "standard_id", "channel", "met", "total", "open", "open_late")
    assert [[i[f] for f in same] for i in after["items"]] == [[i[f] for f in same] for i in before["items"]]


async def _recorded(services: Services) -> int:
    return sum([(await services.ask(name, "/v1/log"))["position"] for name in ("inventory", "feedback", "status")])


async def test_a_supervisor_killed_takes_its_parts_along(tmp_path: Path) -> None:
    system = LocalSystem(tmp_path / "home", free_port_base())
    system.start()
    try:
        processes = system.addresses["processes"]
        os.kill(processes["supervisor"], signal.SIGKILL)

        async def gone() -> bool:
            return not any(psutil.pid_exists(pid) for name, pid in processes.items() if name != "supervisor")

        await eventually(gone, seconds=30)
    finally:
        system.stop()
