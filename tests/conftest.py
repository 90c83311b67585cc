"""What tests share: one real system for the whole run, with Kafka, PostgreSQL and the four services."""

import contextlib
import os
import signal
import tempfile
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
import hypothesis
import orjson
import pytest

from bench.rig import free_port_base, remove
from guichet import keys
from guichet.client import Services
from guichet.home import Home
from shared.database import open_pool
from shared.kafka import Kafka
from shared.migrating import migrate
from tests.commands import Commands, Done
from tests.containers.infrastructure import infrastructure

# Properties are tried with other values in each run, however slow the machine; GUICHET_EXAMPLES=1000 tries each so often.
hypothesis.settings.register_profile(
    "guichet",
    max_examples=int(os.environ.get("GUICHET_EXAMPLES", "50")),
    deadline=None,
    derandomize=False,
    print_blob=True,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("guichet")

# A Java that lives for minutes spends much of them on compiling: its quick compiler alone is enough here.
os.environ.setdefault("JDK_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1")

ROOT = Path(__file__).parent.parent
Template = Callable[[str], Awaitable[str]]


@cache
def commands() -> Commands:
    return Commands()


class LocalSystem:
    """A system started as a user would, with `guichet up --detach`, in a home of its own."""

    def __init__(self, home: Path, port_base: int) -> None:
        self.home, self.port_base = home, port_base

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "GUICHET_HOME": str(self.home)}

    def command(self, *arguments: str, check: bool = True, stdin: str = "") -> Done:
        done = commands().run(arguments, self.environment, ROOT, stdin, 240)
        if check and done.returncode:
            raise AssertionError(
                f"guichet {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
            )
        return done

    @property
    def addresses(self) -> dict[str, Any]:
        return orjson.loads((self.home / "addresses.json").read_bytes())

    def dsn(self, role: str, database: str) -> str:
        """A database's address, for any role."""
        password = (self.home / "keys" / f"postgres-{role}").read_text()
        where = self.addresses["postgres"]["status"].partition("@")[2].replace("/status", f"/{database}", 1)
        return f"postgresql://{role}:{password}@{where}"

    def start(self) -> None:
        self.command("up", "--port-base", str(self.port_base), "--detach")

    def stop(self) -> None:
        self.command("down", check=False)
        remove(self.home)

    @contextlib.contextmanager
    def halted(self, name: str) -> Iterator[None]:
        """A process that takes connections and answers none. Skips where it does not run here."""
        if name not in self.addresses["processes"]:
            pytest.skip(f"{name} runs elsewhere")
        pid = self.addresses["processes"][name]
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "chromium" in getattr(item, "fixturenames", ()):
            item.add_marker("long")


@pytest.fixture(scope="session", autouse=True)
def compiled_once() -> Iterator[None]:
    """Commands and services are started hundreds of times here: where nothing may be written beside the code, elsewhere."""
    if not os.environ.pop("PYTHONDONTWRITEBYTECODE", ""):
        yield
        return
    with tempfile.TemporaryDirectory(prefix="guichet-compiled-") as folder:
        os.environ["PYTHONPYCACHEPREFIX"] = folder
        yield


@pytest.fixture(scope="session", autouse=True)
def forked_commands() -> Iterator[None]:
    yield
    if commands.cache_info().currsize:
        commands().close()


@pytest.fixture(scope="session")
def system() -> Iterator[LocalSystem]:
    found = LocalSystem(Path(tempfile.mkdtemp(prefix="guichet-test-")), free_port_base())
    with contextlib.ExitStack() as stack:
        if os.environ.get("GUICHET_TEST_WITH") == "containers":
            stack.enter_context(infrastructure(found.home))
        stack.callback(found.stop)
        found.start()
        yield found


@pytest.fixture(scope="session")
async def services(system: LocalSystem) -> AsyncIterator[Services]:
    os.environ["GUICHET_HOME"] = str(system.home)
    async with Services(Home()) as found:
        yield found


@pytest.fixture(scope="session")
def org() -> str:
    """The fictional organisation that tests report for; `unique` tells their things apart."""
    return "9001"


@pytest.fixture
def unique() -> str:
    return uuid.uuid4().hex[:10]


@pytest.fixture(scope="session")
async def key(services: Services, org: str) -> str:
    return str((await keys.create(services, org))["key"])


@pytest.fixture(scope="session")
def kafka(services: Services) -> Kafka:
    """Kafka as its administrator, who may do everything."""
    return services.home.kafka_administrator(services.kafka)


@pytest.fixture(scope="session")
async def templates(system: LocalSystem) -> Template:
    """Names of databases with the tables of a service, made once: what has them already is copied in a tenth of the time."""
    made: dict[str, str] = {}

    async def template(service: str) -> str:
        if service not in made:
            name = f"template_{service}_{uuid.uuid4().hex[:8]}"
            admin = await asyncpg.connect(system.dsn("postgres", "postgres"))
            await admin.execute(f'create database "{name}"')
            await admin.close()
            connection = await asyncpg.connect(system.dsn("postgres", name))
            await migrate(connection, service)
            await connection.close()
            made[service] = name
        return made[service]

    return template


@asynccontextmanager
async def _empty(system: LocalSystem, template: str) -> AsyncIterator[asyncpg.Pool]:
    name = f"test_{uuid.uuid4().hex[:12]}"
    admin = await asyncpg.connect(system.dsn("postgres", "postgres"))
    await admin.execute(f'create database "{name}" template "{template}"')
    # A test that yields to those of faults may think for longer than a service may.
    pool = await open_pool(system.dsn("postgres", name), 6, idle_in_transaction_session_timeout="60000")
    # Nothing was ever published from here.
    await pool.execute("update log_head set place = log_place()")
    try:
        yield pool
    finally:
        await pool.close()
        await admin.execute(f'drop database "{name}" with (force)')
        await admin.close()


@pytest.fixture
async def database(system: LocalSystem, templates: Template) -> AsyncIterator[asyncpg.Pool]:
    """An empty database with the tables every service has, for one test."""
    async with _empty(system, await templates("nobody")) as found:
        yield found


@pytest.fixture
async def database_of_reporting(system: LocalSystem, templates: Template) -> AsyncIterator[asyncpg.Pool]:
    """The same with those of reporting."""
    async with _empty(system, await templates("reporting")) as found:
        yield found


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session
