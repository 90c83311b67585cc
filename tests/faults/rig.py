"""A system to be tormented: real parts, each started again when it dies, services with failpoints, a load and a checker."""

import asyncio
import os
import shutil
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from tempfile import gettempdir, mkdtemp
from typing import Any

import aiohttp
import asyncpg
import orjson
import psutil
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError
from prometheus_client.parser import text_string_to_metric_families

from bench.rig import free_port, free_port_base, remove
from guichet import keys
from guichet.client import Services
from guichet.home import SERVICES, Home
from guichet.local.postgres import Postgres
from guichet.processes import Part
from guichet.readiness import is_ready
from guichet.system import System
from guichet.tokens import token
from guichet.verifying import caught_up
from shared.consuming import cluster_id
from shared.testing import eventually
from tests.faults import disks, failpoints
from tests.faults.checker import Checker
from tests.faults.departments import DEPARTMENTS, INVALID, PLANTED, inventory
from tests.faults.disks import Disk
from tests.faults.failpoints import Wanted
from tests.faults.history import Anomaly, History
from tests.faults.load import Load, Readers, share_of
from tests.faults.nursery import Nursery, forked
from tests.faults.stages import LOGS, Look

# How long a system at rest may take to have read everything, whatever happened to it before.
_AT_REST_SECONDS = 90.0
_LOOK_SECONDS = 0.05
_PATIENCE = aiohttp.ClientTimeout(total=10)
_HITS = "hits-"  # and a process's name: a file each
_STATEMENTS = (
    "select datname, usename, pid, pg_blocking_pids(pid), state, wait_event_type, now() - xact_start, query "
    "from pg_stat_activity where datname is not null"
)
_OTHER_CODE = {"PYTHONPATH", "LD_PRELOAD"}


class FaultSystem(System):
    """A system whose services run with failpoints; `stops` says at which one the next process of a service stands still.

    A service may have more processes than one: "reporting 2" is a second one of reporting, at a port of its own. A service
    that has a nursery is started by it, unless it runs other code than ours.
    """

    def __init__(self, home: Home, port_base: int) -> None:
        super().__init__(home, port_base)
        self._wanted_file = home.path / "wanted"
        self._code = home.path / "code"
        failpoints.keep_code(self._code)
        self.wanted = Wanted.new(self._wanted_file)
        self.stops: dict[str, str] = {}
        self.environment: dict[str, dict[str, str]] = {}
        self.disks: dict[str, Disk] = {}
        self.nurseries: dict[str, Nursery] = {}

    def mount_disks(self) -> None:
        """Small disks for the data of Kafka and PostgreSQL, where that can be done."""
        if disks.POSSIBLE:
            for name, folder in (("kafka", self.home.path / "kafka" / "data"), ("postgres", _data_of(self.home))):
                self.disks[name] = Disk(folder, 10_000)
                self.disks[name].mount()

    def unmount_disks(self) -> None:
        for disk in self.disks.values():
            disk.unmount()

    def home_dsn(self, database: str) -> str:
        """A database's address for PostgreSQL's administrator."""
        password = self.home.secret("postgres-postgres")
        where = self.database(database).partition("@")[2]
        return f"postgresql://postgres:{password}@{where}"

    def _service(self, name: str) -> Part:
        service, _, second = name.partition(" ")
        part = super()._service(service)
        hits = self.home.path / f"{_HITS}{service}{second}"
        if not hits.exists():
            failpoints.new_hits(hits)
        part.name, part.log = name, self.home.path / "logs" / f"{name.replace(' ', '-')}.log"
        theirs = self.environment.get(name, {}).keys() & _OTHER_CODE
        if "PYTHONPATH" not in theirs:  # another version runs as it is
            part.command = [sys.executable, "-m", "tests.faults.failpoints", f"services.{service}.app"]
        part.environment = {
            **part.environment,
            "PYTHONPATH": str(failpoints.ROOT),
            "GUICHET_WEBHOOK_TARGETS": "any",  # receivers are on this machine
            failpoints.HITS: str(hits),
            failpoints.WANTED: str(self._wanted_file),
            failpoints.CODE: str(self._code),
            failpoints.STOP: self.stops.pop(name, ""),
            **({"GUICHET_PORT": str(free_port())} if second else {}),
            **self.environment.get(name, {}),
        }
        return forked(part, self.nurseries[service]) if service in self.nurseries and not theirs else part


def _data_of(home: Home) -> Path:
    """Where PostgreSQL's data will be."""
    postgres = Postgres(home.path, {})
    postgres._place()
    postgres._own(postgres.folder.resolve() / "data")
    return postgres.folder.resolve() / "data"


class Rig:
    """The system, what is sent to it, and who looks after it; made by `rig()`."""

    def __init__(
        self, system: FaultSystem, services: Services, load: Load, seed: int, say: Callable[[str], None]
    ) -> None:
        self.system, self.services, self.load, self.seed, self.say = system, services, load, seed, say
        self.history = load.history
        databases = {name: system.database(name, owner=True) for name in SERVICES}
        self.look = Look(databases, system.kafka, system.home.path / "logs")
        self.checker = Checker(self.look, self.history)
        self.readers = Readers(load, services.url("reporting"), token(system.home, "faults", ["operator"]))
        self.deaths: Counter[str] = Counter()  # by part
        self.points: list[str] = []  # the failpoints to be tried, where they are named
        self.left_over: set[str] = set()  # those that were not passed while all were tried
        self.wanted = system.wanted
        self._held: set[str] = set()
        self._consumer: AIOKafkaConsumer | None = None
        self._segment, self.rate = 0, 0.0

    async def supervise(self) -> None:
        """Start again at once whatever dies, but for what an experiment holds down."""
        while True:
            for name, part in list(self.system.parts.items()):
                if part.process is not None and not part.alive and name not in self._held:
                    self.deaths[name] += 1
                    self.restart(name)
            await asyncio.sleep(_LOOK_SECONDS)

    def restart(self, name: str) -> None:
        if name.split(maxsplit=1)[0] in SERVICES:
            self.system.start_service(name)
        else:
            self.system.parts[name].start()

    @contextmanager
    def ending_at(self, points: Iterable[str]) -> Iterator[None]:
        """For the length of the block whoever passes one of these points, at which none has ended yet, ends there."""
        self.wanted.want(points)
        try:
            yield
        finally:
            self.wanted.want(())

    @asynccontextmanager
    async def forking(self, *, to_the_end: bool = False) -> AsyncIterator[None]:
        """For the length of the block a process of a service is forked, not started, unless it runs other code.

        `to_the_end`: nothing is to run afterwards.
        """
        if self.system.nurseries:
            yield
            return
        parts = {name: self.system._service(name) for name in SERVICES}
        nurseries = {name: Nursery(name, part.log, part.environment) for name, part in parts.items()}
        await asyncio.gather(*(asyncio.to_thread(each.wait) for each in nurseries.values()))
        self.system.nurseries = nurseries
        try:
            yield
        finally:
            self.system.nurseries = {}
            if to_the_end:
                self._held |= set(SERVICES)
            else:
                for name in nurseries:
                    self.kill(name)
                await asyncio.gather(*(self.serves(name, 60) for name in nurseries))
            for nursery in nurseries.values():
                await asyncio.to_thread(nursery.close)

    def hits(self) -> Counter[str]:
        """How often each point was passed that was passed at all."""
        files = self.system.home.path.glob(f"{_HITS}*")
        return sum((Counter(dict(failpoints.hits(file))) for file in files), Counter[str]())

    def pid(self, name: str) -> int:
        return self.system.parts[name].pid or 0

    def kill(self, name: str) -> None:
        """Kill -9; the supervisor starts it again."""
        part = self.system.parts[name]
        if part.alive and part.process is not None:
            for child in psutil.Process(part.process.pid).children(recursive=True) if name == "postgres" else []:
                with suppress(psutil.Error):
                    child.kill()
            part.process.kill()

    @asynccontextmanager
    async def away(self, name: str, with_signal: signal.Signals = signal.SIGKILL) -> AsyncIterator[None]:
        """A part that has ended and stays so for the length of the block."""
        self._held.add(name)
        try:
            part = self.system.parts[name]
            if with_signal == signal.SIGKILL:
                self.kill(name)
            else:
                os.kill(part.pid or 0, with_signal)
            await eventually(lambda: _done(not part.alive), seconds=45)
            self.deaths[name] += 1
            yield
        finally:
            self.restart(name)
            self._held.discard(name)

    async def start_again(self, name: str) -> None:
        """End a service in order and start it anew, with the environment it has by now."""
        async with self.away(name, signal.SIGTERM):
            pass
        await self.serves(name)

    async def serves(self, name: str, seconds: float = 20) -> float:
        """Seconds until a service is ready and not degraded. Raises AssertionError."""
        began = time.monotonic()
        await eventually(lambda: self.ready(name), lambda ready: ready.get("degraded") is False, seconds=seconds)
        return round(time.monotonic() - began, 1)

    @asynccontextmanager
    async def another(self, name: str, of: str = "") -> AsyncIterator[str]:
        """One more process of a service, for the length of the block; `of` is the folder of another version."""
        second = next(f"{name} {n}" for n in range(2, 100) if f"{name} {n}" not in self.system.parts)
        if of:
            self.system.environment[second] = {"PYTHONPATH": of, "PYTHONSAFEPATH": "1"}
        self.system.start_service(second)
        try:
            yield second
        finally:
            self._held.add(second)
            part = self.system.parts[second]
            await asyncio.to_thread(part.stop)
            del self.system.parts[second]
            self.system.environment.pop(second, None)

    def url_of(self, name: str) -> str:
        return f"http://127.0.0.1:{self.system.parts[name].environment['GUICHET_PORT']}"

    async def answers(self, name: str) -> None:
        """Until a second process of a service is ready."""
        await eventually(lambda: asyncio.to_thread(is_ready, self.url_of(name)), seconds=20)

    @asynccontextmanager
    async def standing_still(self, name: str) -> AsyncIterator[None]:
        pids = [self.pid(name), *(each.pid for each in psutil.Process(self.pid(name)).children(recursive=True))]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

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
            if PLANTED in await self._metrics(name):
                found.append(Anomaly("leaked", "in the metrics", name))
        return found

    async def repeated(self, name: str) -> float:
        """How many records a process has read again and dropped, since it began."""
        families = text_string_to_metric_families(await self._metrics(name))
        samples = (sample for family in families for sample in family.samples)
        return sum(each.value for each in samples if each.name == "guichet_records_repeated_total")

    async def _metrics(self, name: str) -> str:
        async with aiohttp.ClientSession() as session, session.get(f"{self.services.url(name)}/metrics") as answer:
            return await answer.text()

    async def healed(self, bound: float) -> float:
        """Seconds until every service is ready, what was recorded by now is read, and no door lags by a second's load.

        Raises AssertionError beyond the bound.
        """
        began = time.monotonic()
        cut = await eventually(self._heads, seconds=bound)
        left = max(0.1, bound - (time.monotonic() - began))
        await eventually(lambda: self._trouble(cut, int(self.rate)), lambda trouble: not trouble, seconds=left)
        return round(time.monotonic() - began, 1)

    async def at_rest(self) -> None:
        """Until everything that was recorded is read everywhere, and nothing waits at any door."""

        async def trouble() -> list[str]:
            return await self._trouble(await self._heads(), 0) or await self._to_follow()

        await eventually(trouble, lambda trouble: not trouble, seconds=_AT_REST_SECONDS)

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
            "statements": [list(row) for row in await self._rows(self.system.home_dsn("reporting"), _STATEMENTS)],
        }
        (folder / f"stands-{datetime.now(UTC):%H%M%S}.json").write_bytes(
            orjson.dumps(stands, default=str, option=orjson.OPT_INDENT_2)
        )
        return folder

    async def logs(self) -> AsyncIterator[tuple[str, int]]:
        """Each log, and how many entries it has."""
        for name in LOGS:
            rows = await self.fetch(name, "select count(*) from recorded_event")
            yield name, rows[0][0]

    async def _heads(self) -> dict[str, int]:
        """The last position of each log; empty where a database does not answer."""
        found = {name: await self.fetch(name, "select position from log_head") for name in LOGS}
        return {name: rows[0][0] for name, rows in found.items()} if all(found.values()) else {}

    async def _trouble(self, cut: dict[str, int], most: int) -> list[str]:
        """What keeps the system from being whole: whoever is degraded, lags by more than `most`, or has not read the logs."""
        if not cut:
            return ["a database does not answer"]
        for name in SERVICES:
            ready = await self.ready(name)
            if ready.get("degraded", True):
                return [f"{name} is {ready.get('status', 'away')}: {orjson.dumps(ready).decode()}"]
        return await self._untaken(most) or await self._unread(cut)

    async def _to_follow(self) -> list[str]:
        """What is to come of what was read: applications whose clocks have moved."""
        return [
            f"{row[0]} is to be measured again"
            for row in await self.fetch("status", "select service_id from measure_again")
        ]

    async def _untaken(self, most: int) -> list[str]:
        """Departments' topics of which more than `most` records are not taken in, by Kafka's ends and the databases' offsets."""
        try:
            async with asyncio.timeout(5):
                ends = await self._ends()
                cluster = await cluster_id(self.system.kafka)
        except (KafkaError, OSError, TimeoutError) as error:
            await self._ask_kafka_anew()
            return [f"Kafka does not answer: {type(error).__name__}"]
        taken: dict[str, int] = {}
        for name in LOGS:
            rows = await self.fetch(
                name,
                "select topic, next_offset from consumed where consumer like '%.ingest' and cluster_id = $1",
                cluster,
            )
            taken.update(tuple(row) for row in rows)
        return [
            f"{each.topic} was taken to {taken.get(each.topic, 0)} of {end}"
            for each, end in ends.items()
            if end - taken.get(each.topic, 0) > most
        ]

    async def _ends(self) -> dict[TopicPartition, int]:
        """By a consumer that is kept: to start one takes a second."""
        if self._consumer is None:
            self._consumer = AIOKafkaConsumer(**self.system.kafka.options(), request_timeout_ms=3_000)
            await self._consumer.start()
        partitions = [TopicPartition(f"ingest.{name}.{org}", 0) for name in LOGS for org in DEPARTMENTS]
        return dict(await self._consumer.end_offsets(partitions))

    async def _ask_kafka_anew(self) -> None:
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            await consumer.stop()

    async def fetch(self, name: str, query: str, *parameters: Any) -> list[Any]:
        """Rows of a service's database; none where it does not answer."""
        return await self._rows(self.system.database(name, owner=True), query, *parameters)

    async def _rows(self, dsn: str, query: str, *parameters: Any) -> list[Any]:
        try:
            connection = await asyncpg.connect(dsn, timeout=2)
        except (OSError, TimeoutError, asyncpg.PostgresError):
            return []
        try:
            return list(await connection.fetch(query, *parameters))
        except asyncpg.PostgresConnectionError:
            return []
        finally:
            await connection.close()

    async def _unread(self, cut: dict[str, int]) -> list[str]:
        rows = await self.fetch("reporting", "select service, min(position) from advanced group by service")
        read = dict(tuple(row) for row in rows)
        return [
            f"reporting has read {name} to {read.get(name, 0)} of {position}"
            for name, position in cut.items()
            if read.get(name, 0) < position
        ]

    async def ready(self, name: str) -> dict[str, Any]:
        """A service's /readyz; empty where it does not answer."""
        assert self.load._session is not None
        with suppress(aiohttp.ClientError, TimeoutError, ValueError):
            timeout = aiohttp.ClientTimeout(total=2)
            async with self.load._session.get(f"{self.services.url(name)}/readyz", timeout=timeout) as answer:
                return dict(orjson.loads(await answer.read()))
        return {}


async def _done(value: bool) -> bool:
    return value


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
                    await found._ask_kafka_anew()
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
