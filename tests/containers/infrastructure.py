"""Kafka and PostgreSQL in containers instead of embedded ones, as compose.yaml describes them: GUICHET_TEST_WITH=containers."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from testcontainers.core.container import DockerContainer

from bench.rig import free_port_base
from guichet.home import Home
from guichet.provisioning import hand_out_secrets

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]


def engine_is_missing() -> str | None:
    """Why no container can run here; None where one can."""
    if shutil.which("docker") is None:
        return "docker is not installed"
    asked = subprocess.run(["docker", "info"], capture_output=True, text=True, check=False)
    return None if asked.returncode == 0 else f"no container engine answers: {asked.stderr.strip()[-200:]}"


@contextmanager
def infrastructure(home: Path) -> Iterator[None]:
    """Both, with this home's secrets; `guichet` finds them by its settings."""
    if missing := engine_is_missing():
        pytest.skip(missing)
    os.environ["TESTCONTAINERS_RYUK_DISABLED"] = "true"  # its own helper image may not be had; we stop what we start
    os.environ["GUICHET_HOME"] = str(home)
    own = Home()
    own.make()
    hand_out_secrets(own)
    with ExitStack() as stack:
        stack.enter_context(_kafka(own))
        stack.enter_context(_postgres(own))
        yield


@contextmanager
def _kafka(home: Home) -> Iterator[None]:
    port = free_port_base() + 10
    described = COMPOSE["kafka"]
    container = DockerContainer(described["image"]).with_command(described["command"]).with_bind_ports(9092, port)
    advertised = {
        "KAFKA_ADVERTISED_LISTENERS": f"CLIENT://127.0.0.1:{port}",
        "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
    }
    for name, value in {**described["environment"], **advertised}.items():
        container.with_env(name, str(value))
    container.with_volume_mapping(str(ROOT / "deploy/kafka/start.sh"), "/start.sh", "ro")
    container.with_volume_mapping(str(home.path / "parts/kafka"), "/run/guichet", "ro")
    os.environ |= {
        "GUICHET_KAFKA_BOOTSTRAP": f"127.0.0.1:{port}",
        "GUICHET_KAFKA_USERNAME": "admin",
        "GUICHET_KAFKA_MECHANISM": "PLAIN",
    }
    with container:
        yield


@contextmanager
def _postgres(home: Home) -> Iterator[None]:
    described = COMPOSE["postgres"]
    container = DockerContainer(described["image"]).with_kwargs(entrypoint=described["entrypoint"])
    container.with_command(described["command"]).with_exposed_ports(5432)
    for name, value in described["environment"].items():
        container.with_env(name, str(value))
    container.with_volume_mapping(str(ROOT / "deploy/postgres/start.sh"), "/start.sh", "ro")
    container.with_volume_mapping(str(home.path / "parts/postgres"), "/run/guichet", "ro")
    with container:
        os.environ["GUICHET_POSTGRES"] = f"127.0.0.1:{container.get_exposed_port(5432)}"
        yield
