"""How every part reaches Kafka: its address, and as whom; what it is called, and what is read of it."""

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from aiokafka import ConsumerRecord
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.helpers import create_ssl_context

from shared.kafka_connections import lose_connections_with_care

lose_connections_with_care()

MECHANISM = "SCRAM-SHA-512"
# As it is read; what is published is `shared.publishing.Record`.
Record: TypeAlias = "ConsumerRecord[bytes | None, bytes | None]"


@dataclass(frozen=True, slots=True)
class Kafka:
    """A cluster, and the principal we are there; without a user name, a cluster that asks for none."""

    bootstrap: str
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: bool = False
    authority: Path | None = None
    mechanism: str = MECHANISM

    @property
    def protocol(self) -> str:
        return ("SASL_" if self.username else "") + ("SSL" if self.tls else "PLAINTEXT")

    def options(self) -> dict[str, Any]:
        """What aiokafka's clients take."""
        options: dict[str, Any] = {
            "bootstrap_servers": self.bootstrap,
            "security_protocol": self.protocol,
            "ssl_context": self.tls_context(),
        }
        if self.username:
            options |= {
                "sasl_mechanism": self.mechanism,
                "sasl_plain_username": self.username,
                "sasl_plain_password": self.password,
            }
        return options

    def tls_context(self) -> ssl.SSLContext | None:
        return create_ssl_context(cafile=self.authority and str(self.authority)) if self.tls else None


async def cluster_id(kafka: Kafka) -> str:
    """Kafka's own name for its cluster: a broker set up anew has another, and its offsets start again."""
    admin = AIOKafkaAdminClient(**kafka.options())
    try:
        await admin.start()
        return str((await admin.describe_cluster())["cluster_id"])
    finally:
        await admin.close()
