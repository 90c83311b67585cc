"""The Kafka and the PostgreSQL that settings name instead of embedded ones, as their administrator."""

import os
from pathlib import Path

from guichet.databases import ADMINISTRATOR, Server
from guichet.home import SERVICES, Home
from shared.kafka import MECHANISM, Kafka

Addresses = dict[str, str | None]


def kafka_of_settings(home: Home) -> Kafka | None:
    """GUICHET_KAFKA_BOOTSTRAP, and its administrator's login where it asks for one (else the password this home has made)."""
    bootstrap = os.environ.get("GUICHET_KAFKA_BOOTSTRAP")
    if not bootstrap:
        return None
    authority = os.environ.get("GUICHET_KAFKA_AUTHORITY")
    return Kafka(
        bootstrap,
        os.environ.get("GUICHET_KAFKA_USERNAME") or None,
        os.environ.get("GUICHET_KAFKA_PASSWORD") or home.secret("kafka-admin"),
        os.environ.get("GUICHET_KAFKA_TLS", "").lower() in {"1", "true", "yes"},
        Path(authority) if authority else None,
        os.environ.get("GUICHET_KAFKA_MECHANISM", MECHANISM),
    )


def server_of_settings(home: Home) -> Server | None:
    """GUICHET_POSTGRES (host:port), and its administrator's password (else the one this home has made)."""
    where = os.environ.get("GUICHET_POSTGRES")
    if not where:
        return None
    passwords = home.postgres_passwords()
    passwords[ADMINISTRATOR] = os.environ.get("GUICHET_POSTGRES_PASSWORD", passwords[ADMINISTRATOR])
    return Server(f"{where}/{{database}}", passwords)


def databases_of_settings() -> tuple[Addresses, Addresses]:
    """Each service's own database, where settings name it, and as the owner of its tables (else the service is that)."""
    own = {name: os.environ.get(f"GUICHET_{name.upper()}_DATABASE_URL") for name in SERVICES}
    owners = {name: os.environ.get(f"GUICHET_{name.upper()}_OWNER_DATABASE_URL", own[name]) for name in SERVICES}
    return own, owners
