"""`GUICHET_HOME`: everything the command writes, and by which its other calls find the system."""

import base64
import json
import os
import secrets
from dataclasses import replace
from pathlib import Path
from typing import Any

from joserfc.jwk import KeySet, OKPKey

from guichet.databases import roles_of
from guichet.errors import NotReachable
from shared.kafka import MECHANISM, Kafka

SERVICES = ("inventory", "feedback", "status", "reporting")


class Home:
    """The folder of one system."""

    def __init__(self) -> None:
        self.path = Path(os.environ.get("GUICHET_HOME", ".guichet")).absolute()

    @property
    def addresses_file(self) -> Path:
        return self.path / "addresses.json"

    def make(self) -> None:
        for name in ("logs", "keys"):
            (self.path / name).mkdir(parents=True, exist_ok=True)
        (self.path / "keys").chmod(0o700)

    def addresses(self) -> dict[str, Any]:
        """Where the running system is. Raises NotReachable when none runs here."""
        try:
            found: dict[str, Any] = json.loads(self.addresses_file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise NotReachable(
                f"no Guichet runs here ({self.addresses_file} is not there): start one with `guichet up` or `guichet demo`, "
                "or name its folder in GUICHET_HOME"
            ) from None
        return found

    def write_addresses(self, addresses: dict[str, Any]) -> None:
        """Whole or not at all, and for its owner's eyes only."""
        partial = self.addresses_file.with_suffix(".partial")
        partial.touch(mode=0o600)
        partial.write_text(json.dumps(addresses, indent=1), encoding="utf-8")
        partial.rename(self.addresses_file)

    def secret(self, name: str, size: int = 32) -> str:
        """A random secret of this system, made once and kept in keys/."""
        file = self.path / "keys" / name
        if not file.exists():
            file.touch(mode=0o600)
            file.write_text(base64.urlsafe_b64encode(secrets.token_bytes(size)).decode().rstrip("="), encoding="utf-8")
        return file.read_text(encoding="utf-8")

    def kafka_administrator(self, kafka: Kafka) -> Kafka:
        """Kafka as its administrator: the embedded one's, or the one that settings name."""
        if kafka.username is None:
            return kafka
        named = os.environ.get("GUICHET_KAFKA_USERNAME") if os.environ.get("GUICHET_KAFKA_BOOTSTRAP") else None
        if named:
            mechanism = os.environ.get("GUICHET_KAFKA_MECHANISM", MECHANISM)
            password = os.environ.get("GUICHET_KAFKA_PASSWORD") or self.secret("kafka-admin")
            return replace(kafka, username=named, password=password, mechanism=mechanism)
        return replace(kafka, username="admin", password=self.secret("kafka-admin"))

    def kafka_as(self, name: str, kafka: Kafka) -> Kafka:
        """Kafka as a service or the operator; as anybody where it asks for no login."""
        if kafka.username is None:
            return kafka
        return replace(kafka, username=name, password=self.secret(f"kafka-{name}"), mechanism=MECHANISM)

    def postgres_passwords(self) -> dict[str, str]:
        """Everyone's password in PostgreSQL, by role."""
        roles = ["postgres", *(role for name in SERVICES for role in roles_of(name))]
        return {role: self.secret(f"postgres-{role}") for role in roles}

    def issuer_key(self) -> OKPKey:
        """The private key of the demo's own issuer of tokens, made once; its public half stands in jwks.json."""
        file = self.path / "keys" / "issuer.json"
        if not file.exists():
            key = OKPKey.generate_key("Ed25519", {"kid": secrets.token_hex(4), "alg": "Ed25519", "use": "sig"})
            file.touch(mode=0o600)
            file.write_text(json.dumps(key.as_dict(private=True)), encoding="utf-8")
            public = KeySet([OKPKey.import_key(key.as_dict(private=False))]).as_dict(private=False)
            self.jwks_file.write_text(json.dumps(public), encoding="utf-8")
        return OKPKey.import_key(json.loads(file.read_text(encoding="utf-8")))

    @property
    def jwks_file(self) -> Path:
        return self.path / "keys" / "jwks.json"


def as_address(kafka: Kafka) -> dict[str, Any]:
    """A way into Kafka as it stands in addresses.json."""
    return {
        "bootstrap": kafka.bootstrap,
        "security_protocol": kafka.protocol,
        "sasl_mechanism": kafka.mechanism if kafka.username else None,
        "username": kafka.username,
        "password": kafka.password,
    }
