"""What a peer is told, by its environment."""

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Job:
    """The topic to drain and the database to fill; `records` is how many there are, `batch` how many at a time."""

    bootstrap: str = os.environ["BENCH_BOOTSTRAP"]
    username: str = os.environ["BENCH_USERNAME"]
    password: str = os.environ["BENCH_PASSWORD"]
    mechanism: str = os.environ.get("BENCH_MECHANISM", "SCRAM-SHA-512")
    topic: str = os.environ["BENCH_TOPIC"]
    group: str = os.environ["BENCH_GROUP"]
    database: str = os.environ["BENCH_DATABASE"]
    records: int = int(os.environ["BENCH_RECORDS"])
    batch: int = int(os.environ.get("BENCH_BATCH", "10000"))

    def aiokafka(self) -> dict:
        return {
            "bootstrap_servers": self.bootstrap,
            "security_protocol": "SASL_PLAINTEXT",
            "sasl_mechanism": self.mechanism,
            "sasl_plain_username": self.username,
            "sasl_plain_password": self.password,
        }

    def librdkafka(self) -> dict:
        return {
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanism": self.mechanism,
            "sasl.username": self.username,
            "sasl.password": self.password,
        }
