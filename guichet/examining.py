"""What `guichet doctor` looks at: each check says what was found, and where it is not well, what to do."""

import asyncio
import os
import shutil
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from typing import Any

import asyncpg
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from guichet.client import Services
from guichet.errors import NotReachable, Stop
from guichet.home import SERVICES, Home
from guichet.ports import PORTS, is_free
from guichet.readiness import readiness
from guichet.verifying import SOURCES
from shared.kafka import MECHANISM, Kafka
from shared.migrating import missing_migrations
from shared.settings import Settings

Check = dict[str, Any]
_LEAST_FREE = 2e9
_MOST_DRIFT = 2.0
_OLDEST_POSTGRES = 15
# Settings of the command beside those of the services; {} stands for a service's name.
_COMMAND_SETTINGS = {
    "HOME", "PORT_BASE", "MAILBOX", "SECRETS", "POSTGRES", "POSTGRES_PASSWORD", "KAFKA_MECHANISM", "TEST_WITH", "SCHEMATHESIS",
    *(f"{name.upper()}_{what}" for name in SERVICES for what in ("DATABASE_URL", "OWNER_DATABASE_URL", "URL", "PORT")),
}  # fmt: skip


def examine(home: Home, port_base: int) -> Iterator[Check]:
    yield from _machine(home)
    yield _settings()
    try:
        addresses = home.addresses()
    except NotReachable:
        used = [str(port_base + n) for n in PORTS.values() if not is_free(port_base + n)]
        yield check("ports", not used, ", ".join(used) or "free", "choose another first port with --port-base")
        yield check("system", ok=True, found="not running", remedy="")
        return
    for name in SERVICES:
        yield _service(home, name, addresses[name]["url"])
    yield _clock(addresses)
    yield from (_gaps(name, addresses[name]["url"]) for name in SERVICES)
    yield from asyncio.run(_restores(home))
    yield from asyncio.run(_infrastructure(home, addresses))


def check(name: str, ok: bool, found: str, remedy: str) -> Check:
    return {"check": name, "ok": ok, "found": found, "to_do": None if ok else remedy}


def _machine(home: Home) -> Iterator[Check]:
    version = ".".join(map(str, sys.version_info[:3]))
    yield check("python", sys.version_info >= (3, 11), version, "install Python 3.11 or later")
    where = home.path if home.path.exists() else home.path.parent
    free = shutil.disk_usage(where).free
    yield check("disk", free > _LEAST_FREE, f"{free / 1e9:.1f} GB free", f"free at least 2 GB under {where}")


def _settings() -> Check:
    """A misspelt setting is passed over in silence by everything but this."""
    known = {f"GUICHET_{name}" for name in _COMMAND_SETTINGS} | {
        f"GUICHET_{name.upper()}" for name in Settings.model_fields
    }
    strange = sorted(name for name in os.environ if name.startswith("GUICHET_") and name not in known)
    found = f"unknown: {', '.join(strange)}" if strange else "all known"
    return check("settings", not strange, found, "correct or unset them; docs/operating.md lists every setting")


def _service(home: Home, name: str, url: str) -> Check:
    ready = readiness(url)
    words = [f"{what} {ready[what]}" for what in ("status", "database", "kafka") if what in ready]
    found = "ready" if ready["status"] == "ready" else ", ".join(words)
    remedy = f"read {home.path / 'logs' / name}.log, or the container's; it is started again by itself"
    return check(name, ready["status"] == "ready", found, remedy)


def _gaps(name: str, url: str) -> Check:
    """Records that Kafka kept no longer when this service wanted to read on."""
    gaps = sum(each.get("gaps", 0) for each in readiness(url).get("consumers", {}).values())
    remedy = "publish the other services' logs again: docs/operating.md, Backups; kafka_log_gap in the log says which"
    return check(f"records of {name}", not gaps, f"{gaps} partitions with a gap" if gaps else "no gap", remedy)


async def _restores(home: Home) -> list[Check]:
    """What services that were restored from a backup still lack; nothing of those that do not answer, or not to us."""
    found: list[Check] = []
    if not home.jwks_file.exists():
        return found
    async with Services(home) as services:
        for name in SOURCES:
            try:
                answer = await services.ask(name, "/v1/log/lost", query={"limit": 1}, patient=False)
            except Stop:
                continue
            waiting, unlisted = answer["waiting"], answer["unlisted"]
            said = f"restored {answer['restores']} times, {waiting} events to be sent again, {unlisted} unknown"
            remedy = (
                f"departments send again, with the same ids, what GET /v1/log/lost of {name} lists (docs/operating.md)"
            )
            found.append(check(f"log of {name}", not waiting, said if answer["restores"] else "never restored", remedy))
    return found


def _clock(addresses: dict[str, Any]) -> Check:
    """The services judge an event's time by their own clock: five minutes ahead of it and it is refused."""
    drifts = {name: drift for name in SERVICES if (drift := _drift(addresses[name]["url"])) is not None}
    worst = max(drifts.values(), key=abs, default=0.0)
    found = f"{worst:+.1f} s" if drifts else "no service answers"
    return check("clock", bool(drifts) and abs(worst) <= _MOST_DRIFT, found, "set the clocks by NTP, here and there")


def _drift(url: str) -> float | None:
    """By how much a service's clock is ahead of ours, to the second."""
    try:
        with urllib.request.urlopen(f"{url}/healthz", timeout=2) as answer:  # noqa: S310 - our own service
            there = parsedate_to_datetime(answer.headers["Date"]).timestamp()
    except (urllib.error.URLError, OSError, ValueError, TypeError):
        return None
    here = time.time()
    return 0.0 if -1.0 < there - here < 1.0 else there - here


async def _infrastructure(home: Home, addresses: dict[str, Any]) -> list[Check]:
    found = addresses["kafka"]
    kafka = Kafka(
        found["bootstrap"], found["username"], found["password"], mechanism=found["sasl_mechanism"] or MECHANISM
    )
    databases = [await _database(name, addresses["postgres"][name]) for name in SERVICES]
    return [await _kafka(home, kafka), *databases]


async def _kafka(home: Home, kafka: Kafka) -> Check:
    admin = AIOKafkaAdminClient(**kafka.options(), request_timeout_ms=3000)
    try:
        await admin.start()
        topics = len(await admin.list_topics())
    except (KafkaError, OSError) as error:
        remedy = f"is it up, and the operator's login right? read {home.path / 'logs'}/kafka.log"
        return check("kafka", ok=False, found=f"{kafka.bootstrap}: {type(error).__name__}", remedy=remedy)
    finally:
        await admin.close()
    whose = f"as {kafka.username}" if kafka.username else "without a login"
    return check("kafka", ok=True, found=f"{kafka.bootstrap} {whose}, {topics} topics", remedy="")


async def _database(service: str, dsn: str) -> Check:
    try:
        connection = await asyncpg.connect(dsn, timeout=3)
    except (asyncpg.PostgresError, OSError, TimeoutError) as error:
        remedy = "is PostgreSQL up, and this service's login right? `guichet up` or `guichet provision` makes it"
        return check(f"database of {service}", ok=False, found=type(error).__name__, remedy=remedy)
    try:
        version = connection.get_server_version()
        missing = await missing_migrations(connection, service)
    finally:
        await connection.close()
    name = f"database of {service}"
    if missing:
        remedy = f"python -m shared.migrating {service}, as the owner of its tables"
        return check(name, ok=False, found=f"migrations missing: {', '.join(missing)}", remedy=remedy)
    remedy = f"bring PostgreSQL to version {_OLDEST_POSTGRES} or later"
    return check(name, version.major >= _OLDEST_POSTGRES, f"PostgreSQL {version.major}.{version.minor}", remedy)
