"""A system to be tormented, the load that is sent to it, and who checks what becomes of that."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import gettempdir, mkdtemp
from typing import Any

import aiohttp
import orjson

from bench.rig import free_port_base, remove
from guichet import keys
from guichet.client import Services
from guichet.home import SERVICES, Home
from guichet.tokens import token
from guichet.verifying import caught_up
from tests.faults.checker import Checker
from tests.faults.departments import DEPARTMENTS, INVALID, PLANTED, inventory
from tests.faults.history import Anomaly, History
from tests.faults.load import Load, Readers, share_of
from tests.faults.parts import Parts
from tests.faults.stages import Look
from tests.faults.system import FaultSystem

_PATIENCE = aiohttp.ClientTimeout(total=10)
_STATEMENTS = (
    "select datname, usename, pid, pg_blocking_pids(pid), state, wait_event_type, now() - xact_start, query "
    "from pg_stat_activity where datname is not null"
)


class Rig(Parts):
    """The system, what is sent to it, and who looks after it; made by `rig()`."""

    def __init__(
        self, system: FaultSystem, services: Services, load: Load, seed: int, say: Callable[[str], None]
    ) -> None:
        super().__init__(system, services, load)
        self.seed, self.say, self.history = seed, say, load.history
        databases = {name: system.database(name, owner=True) for name in SERVICES}
        self.look = Look(databases, system.kafka, system.home.path / "logs")
        self.checker = Checker(self.look, self.history)
        self.readers = Readers(load, services.url("reporting"), token(system.home, "faults", ["operator"]))
        self.points: list[str] = []  # the failpoints to be tried, where they are named
        self.left_over: set[str] = set()  # of those that were tried at once, where nothing ended
        self._segment = 0

    @asynccontextmanager
    async def loaded(self, rate: float, invalid: float = INVALID) -> AsyncIterator[None]:
        """Load, for the length of the block, under ids of its own; afterwards nothing is without an answer."""
        self._segment += 1
        self.rate = rate
        self.load.start(self.segment, rate, invalid)
        try:
            yield
        finally:
            await self.load.stop()

    async def go_on_at(self, rate: float) -> None:
        """Load at another rate, for what is left of the block."""
        await self.load.stop()
        self.rate = rate
        self.load.start(f"{self.segment}.{rate:g}", rate, INVALID)

    @property
    def rate_of_reports(self) -> float:
        """Reports of applications a second, of all departments by both doors."""
        return self.rate * share_of("status")

    @property
    def _of_this_run(self) -> str:
        return f"f{self.seed}."

    @property
    def segment(self) -> str:
        """How the ids of the present stretch of load begin."""
        return f"{self._of_this_run}{self._segment}"

    async def ask(
        self, method: str, service: str, path: str, body: Any = None, *, bearer: str, if_match: str = "*"
    ) -> tuple[int, Any]:
        """Status and answer (null where it is no JSON) of a service that may end meanwhile. Raises ClientError, TimeoutError."""
        assert self.load._session is not None
        headers = {"Authorization": f"Bearer {bearer}", "If-Match": if_match}
        url = f"{self.services.url(service)}{path}"
        async with self.load._session.request(method, url, json=body, headers=headers, timeout=_PATIENCE) as answer:
            read = await answer.read()
            return answer.status, orjson.loads(read) if read and answer.content_type.endswith("json") else None

    async def check(self) -> list[Anomaly]:
        """What is wrong once the system is at rest."""
        try:
            await self.at_rest()
        except AssertionError as error:
            return [Anomaly("unhealed", str(error)), *await self.checker.check(self._of_this_run)]
        found = await self.checker.check(self._of_this_run)
        for name in SERVICES:
            if PLANTED in await self.metrics(name):
                found.append(Anomaly("leaked", "in the metrics", name))
        return found

    async def replay(self, name: str, door: str | None = None, most: int = 5) -> list[int]:
        """Look at some of a service's newest dead letters, and replay them. Raises Stop where it is away."""
        found = await self.services.ask(name, "/v1/dead-letters", query={"limit": most, "door": door})
        letters = [int(each["id"]) for each in found["items"]]
        for letter in letters:
            await self.services.ask(name, f"/v1/dead-letters/{letter}")
            await self.services.ask(name, f"/v1/dead-letters/{letter}/replay", method="POST")
        return letters

    async def keep_state(self, name: str) -> Path:
        """A folder, left for whoever wants to know why, with the logs by now and how services, readers and databases stand."""
        folder = Path(gettempdir()) / f"guichet-faults-{self.seed}-{name}"
        await asyncio.to_thread(shutil.copytree, self.system.home.path / "logs", folder, dirs_exist_ok=True)
        stands = {
            "ready": {service: await self.ready(service) for service in SERVICES},
            "read": [list(row) for row in await self.fetch("reporting", "select * from advanced order by 1, 2")],
            "statements": [list(row) for row in await self.rows(self.system.home_dsn("reporting"), _STATEMENTS)],
        }
        (folder / f"stands-{datetime.now(UTC):%H%M%S}.json").write_bytes(
            orjson.dumps(stands, default=str, option=orjson.OPT_INDENT_2)
        )
        return folder


@asynccontextmanager
async def rig(seed: int, say: Callable[[str], None] = lambda _text: None) -> AsyncIterator[Rig]:
    """A system of its own in a temporary home, its inventory reported and known everywhere."""
    folder = Path(mkdtemp(prefix="guichet-faults-"))
    before = {name: os.environ.get(name) for name in ("GUICHET_HOME", "GUICHET_MAILBOX")}
    os.environ.update(GUICHET_HOME=str(folder), GUICHET_MAILBOX="true")
    Home().make()
    system = FaultSystem(Home(), free_port_base())
    supervisor: asyncio.Task[None] | None = None
    try:
        say("starting a system")
        await asyncio.to_thread(system.mount_disks)
        await asyncio.to_thread(system.start)
        async with Services(Home()) as services:
            made = {org: (await keys.create(services, org))["key"] for org in DEPARTMENTS}
            urls = {name: services.url(name) for name in SERVICES}
            async with Load(urls, system.kafka, made, History()) as load:
                found = Rig(system, services, load, seed, say)
                await _report_inventory(load)
                await caught_up(services, say)
                supervisor = asyncio.create_task(found.supervise())
                found.readers.start()
                try:
                    yield found
                finally:
                    await found.readers.stop()
                    await found.ask_kafka_anew()
                    supervisor.cancel()
    finally:
        await asyncio.to_thread(system.stop)
        await asyncio.to_thread(system.unmount_disks)
        if system._lock is not None:
            system._lock.close()
        remove(folder)
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.__setitem__(name, value)


async def _report_inventory(load: Load) -> None:
    for org in DEPARTMENTS:
        pending = list(inventory(org))
        for kind in ("ServiceReported", "ServiceStandardReported"):
            batch = [each for each in pending if kind.encode() in each[1]]
            await load.post("inventory", org, batch)
