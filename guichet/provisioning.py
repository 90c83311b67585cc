"""What the services find when they start: databases up to date, topics, and who may do what with them."""

import asyncio
import os
import subprocess
import sys
import time

import asyncpg
from aiokafka.errors import KafkaError

from guichet import topics
from guichet.databases import Server, roles_of
from guichet.errors import NotReachable, WrongUse
from guichet.home import SERVICES, Home, as_address
from guichet.principals import PRINCIPALS, Principals, own
from guichet.surroundings import Addresses
from shared.kafka import Kafka

_WAIT_SECONDS = 60.0
_AWAY = (asyncpg.PostgresConnectionError, asyncpg.CannotConnectNowError, asyncpg.InvalidPasswordError, OSError)


def provision_databases(server: Server | None, databases: Addresses, owners: Addresses) -> None:
    """Databases and roles on a server of ours, their addresses put into `databases` and `owners`; then the migrations."""
    if server is not None:
        asyncio.run(_create_databases(server))
        for name in SERVICES:
            if not databases[name]:
                owner, service, _ = roles_of(name)
                databases[name], owners[name] = server.dsn(service, name), server.dsn(owner, name)
    for name in SERVICES:
        migrate(name, owners[name] or "")


async def _create_databases(server: Server) -> None:
    deadline = time.monotonic() + _WAIT_SECONDS
    for name in SERVICES:
        while True:
            try:
                await server.create(name)
            except _AWAY as error:
                if time.monotonic() > deadline:
                    raise NotReachable(f"PostgreSQL does not let its administrator in ({error})") from error
                await asyncio.sleep(0.2)
            else:
                break


def migrate(service: str, owner: str) -> None:
    """Bring a service's database up to date, as the owner of its tables."""
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "shared.migrating", service],
        env={**os.environ, "GUICHET_DATABASE_URL": owner},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        last = "\n".join((done.stderr or done.stdout).strip().splitlines()[-5:])
        raise NotReachable(f"the database of {service} could not be brought up to date:\n{last}")


def provision_kafka(kafka: Kafka, home: Home) -> None:
    """Topics, once Kafka answers; and, where it asks for logins, everyone's, with what they may do."""
    asyncio.run(_provision_topics(kafka))
    if kafka.username:
        Principals(kafka).admit(own({name: home.secret(f"kafka-{name}") for name in PRINCIPALS}))


async def _provision_topics(kafka: Kafka) -> None:
    deadline = time.monotonic() + _WAIT_SECONDS
    while True:
        try:
            await topics.provision(kafka)
        except WrongUse:
            raise
        except (KafkaError, OSError) as error:
            if time.monotonic() > deadline:
                raise NotReachable(f"Kafka at {kafka.bootstrap} does not answer ({error})") from error
            await asyncio.sleep(0.2)
        else:
            return


def hand_out_secrets(home: Home) -> None:
    """For parts that run elsewhere (containers), a folder of secrets each, in parts/: what Kafka and PostgreSQL begin with."""
    _hand_out(home, "kafka", {"admin": home.secret("kafka-admin"), "controller": home.secret("kafka-controller")})
    _hand_out(home, "postgres", {"password": home.secret("postgres-postgres")})


def hand_out_settings(home: Home, kafka: Kafka, databases: Addresses) -> None:
    """The same for the services: a file for each secret setting, and the issuer's public keys."""
    home.issuer_key()
    for name in SERVICES:
        login = home.kafka_as(name, kafka)
        settings = {
            "guichet_database_url": databases[name] or "",
            "guichet_pepper": home.secret(f"pepper-{name}"),
            "guichet_master_key": home.secret(f"master-key-{name}"),
            "jwks.json": home.jwks_file.read_text(encoding="utf-8"),
        }
        if login.username:
            settings |= {"guichet_kafka_username": login.username, "guichet_kafka_password": login.password or ""}
        _hand_out(home, name, settings)


def _hand_out(home: Home, part: str, secrets: dict[str, str]) -> None:
    folder = home.path / "parts" / part
    folder.mkdir(parents=True, exist_ok=True)
    for name, secret in secrets.items():
        partial = folder / f".{name}"
        partial.write_text(secret, encoding="utf-8")
        partial.rename(folder / name)


def write_addresses(home: Home, kafka: Kafka, databases: Addresses) -> None:
    """Where the services are that run elsewhere: GUICHET_<SERVICE>_URL, else under their own names."""
    urls = {name: {"url": os.environ.get(f"GUICHET_{name.upper()}_URL", f"http://{name}:8000")} for name in SERVICES}
    reader = as_address(home.kafka_as("operator", kafka))
    home.write_addresses({**urls, "kafka": reader, "postgres": databases, "processes": {}})
