"""`GUICHET_HOME`: everything the command writes, and by which its other calls find the system."""

import base64
import json
import os
import secrets
from dataclasses import replace
from pathlib import Path
from typing import Any

from joserfc.jwk import KeySet, OKPKey

from guichet.errors import NotReachable
from shared.kafka import Kafka

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
        """Kafka as its administrator: by the embedded one's own login, or where Kafka asks for none, as anybody."""
        if kafka.username is None:
            return kafka
        named = os.environ.get("GUICHET_KAFKA_USERNAME")
        if os.environ.get("GUICHET_KAFKA_BOOTSTRAP") and named:
            return replace(kafka, username=named, password=os.environ.get("GUICHET_KAFKA_PASSWORD"))
        return replace(kafka, username="admin", password=self.secret("kafka-admin"))

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
