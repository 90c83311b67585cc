"""One system on one machine: what is missing is started, kept alive, and ended."""

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import IO, Any

from guichet.errors import NotReachable, WrongUse
from guichet.home import SERVICES, Home, as_address
from guichet.local.kafka import ADMIN, LocalKafka
from guichet.local.postgres import Postgres
from guichet.ports import PORTS, check_ports, is_free
from guichet.processes import Part, die_with_parent
from guichet.progress import Bar, working
from guichet.provisioning import provision_databases, provision_kafka
from guichet.readiness import is_ready
from guichet.revoking import PRUNE_SECONDS
from guichet.surroundings import databases_of_settings, kafka_of_settings, server_of_settings
from shared.kafka import Kafka

_START_SECONDS = 60
_CHECK_SECONDS = 0.3
_LONGEST_BACK_OFF = 10.0


class System:
    """The parts of one system, by its home and first port."""

    def __init__(self, home: Home, port_base: int) -> None:
        self.home, self.port_base = home, port_base
        self.parts: dict[str, Part] = {}
        self._lock: IO[str] | None = None
        self._pruning: subprocess.Popen[bytes] | None = None
        self._pruned_at = time.monotonic()
        self._local_kafka: LocalKafka | None = None
        self._to_provision = False
        self._kafka = kafka_of_settings(home)
        self._databases, self._owners = databases_of_settings()
        # The demo's own, where no mail server is named; what is sent ends on a page.
        self._has_mailbox = os.environ.get("GUICHET_MAILBOX") == "true" and "GUICHET_SMTP" not in os.environ

    def start(self) -> None:
        """Start what is missing; returns when all four services are ready. Raises Stop with what to do."""
        self._prepare()
        with working("Starting", total=9) as bar:
            self._start_infrastructure(bar)
            if self._has_mailbox:
                self.parts["mailbox"] = self._mailbox()
                self.parts["mailbox"].start()
            bar.say("Starting the four services")
            for name in SERVICES:
                self.start_service(name)
            for name in SERVICES:
                self._wait(self.parts[name])
                bar.advance()
            if self._has_mailbox:
                self._wait(self.parts["mailbox"])
        self.write_addresses()

    def start_infrastructure(self) -> None:
        """Kafka, PostgreSQL, databases and topics alone."""
        self._prepare()
        with working("Starting Kafka and PostgreSQL", total=5) as bar:
            self._start_infrastructure(bar)

    def start_service(self, name: str) -> Part:
        part = self.parts[name] = self._service(name)
        part.start()
        return part

    @property
    def kafka(self) -> Kafka:
        """Kafka as its administrator."""
        if self._kafka is None:
            raise NotReachable("Kafka is not started yet")
        return self._kafka

    def database(self, service: str, *, owner: bool = False) -> str:
        """The address of a service's database, for the service itself or for the owner of its tables."""
        return (self._owners if owner else self._databases)[service] or ""

    def _prepare(self) -> None:
        self.home.make()
        self._take_lock()
        check_ports(self.port_base, kafka=self._kafka is None, mailbox=self._has_mailbox)
        self.home.issuer_key()

    def supervise(self) -> None:
        """Start again whatever dies, with back-off, and say so; until asked to end."""
        ending = False

        def end(_signal: int, _frame: object) -> None:
            nonlocal ending
            ending = True

        for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(each, end)
        while not ending:
            for part in self.parts.values():
                if not part.alive:
                    self._start_again(part)
            self._provision_again()
            self._keep_keys_pruned()
            time.sleep(_CHECK_SECONDS)

    def _keep_keys_pruned(self) -> None:
        """In a process of its own, so that nothing that died waits for it; one that ended is started again."""
        if self._pruning is not None and self._pruning.poll() is None:
            return
        if time.monotonic() - self._pruned_at > PRUNE_SECONDS and self.kafka.username:
            self._pruned_at = time.monotonic()
            with (self.home.path / "logs" / "keys.log").open("ab") as log:
                self._pruning = subprocess.Popen(
                    [sys.executable, "-m", "guichet", "keys", "prune", "--keep"],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    preexec_fn=die_with_parent(signal.SIGTERM),  # noqa: PLW1509 - the supervisor runs no threads
                )

    def stop(self) -> None:
        """End every part: services first, then Kafka, then PostgreSQL."""
        order = [*SERVICES, "mailbox", "kafka", "postgres"]
        for name in order[:4]:
            if name in self.parts and self.parts[name].alive:
                os.kill(self.parts[name].pid or 0, signal.SIGTERM)
        for name in order:
            if name in self.parts:
                self.parts[name].stop()
        with contextlib.suppress(FileNotFoundError):
            self.home.addresses_file.unlink()

    def write_addresses(self) -> None:
        names = ["inventory", "feedback", "status", "reporting", *(["mailbox"] if self._has_mailbox else [])]
        urls = {name: {"url": self._url(name)} for name in names}
        pids = {name: part.pid for name, part in self.parts.items()} | {"supervisor": os.getpid()}
        self.home.write_addresses(
            {
                **urls,
                "kafka": as_address(self._kafka_for("operator")),
                "postgres": self._databases,
                "processes": pids,
            }
        )

    def _take_lock(self) -> None:
        self._lock = (self.home.path / "supervisor.lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise WrongUse(
                f"a Guichet already runs in {self.home.path}: end it with `guichet down`, "
                "or name another folder in GUICHET_HOME and another --port-base"
            ) from None

    def _start_infrastructure(self, bar: Bar) -> None:
        kafka = None if self._kafka else self._start_kafka(bar)
        bar.advance()
        server = server_of_settings(self.home)
        postgres = None if server or all(self._databases.values()) else self._start_postgres(bar)
        bar.advance()
        if postgres is not None:
            self._wait(self.parts["postgres"])
            server = postgres.server
        bar.say("Bringing the databases up to date")
        provision_databases(server, self._databases, self._owners)
        bar.advance()
        if kafka is not None:
            bar.say("Waiting for Kafka")
            self._wait(self.parts["kafka"])
        bar.advance()
        bar.say("Creating topics, and saying who may use them")
        provision_kafka(self.kafka, self.home)
        bar.advance()

    def _start_kafka(self, bar: Bar) -> LocalKafka:
        passwords = {name: self.home.secret(f"kafka-{name}") for name in (ADMIN, "controller")}
        kafka = LocalKafka(self.home.path, self._port("kafka"), self._port("kafka controller"), passwords)
        kafka.prepare(bar.say)
        self._local_kafka = kafka
        bar.say("Starting Kafka and PostgreSQL")
        self._kafka = Kafka(kafka.bootstrap, ADMIN, passwords[ADMIN])
        self.parts["kafka"] = self._part("kafka", kafka.command(), kafka.answers, dict(os.environ))
        self.parts["kafka"].start()
        return kafka

    def _start_postgres(self, bar: Bar) -> Postgres:
        postgres = Postgres(self.home.path, self.home.postgres_passwords())
        postgres.prepare(bar.say)
        part = self._part("postgres", postgres.command(), postgres.answers, {"PATH": os.environ.get("PATH", "")})
        part.user, part.stop_signal = postgres.user, signal.SIGINT
        self.parts["postgres"] = part
        part.start()
        return postgres

    def _kafka_for(self, name: str) -> Kafka:
        """Kafka as a service or the operator, each by a login of its own; as anybody where Kafka asks for none."""
        return self.home.kafka_as(name, self.kafka)

    def _service(self, name: str) -> Part:
        kafka = self._kafka_for(name)
        environment = {
            **os.environ,
            "GUICHET_MODE": "demo",
            "GUICHET_DATABASE_URL": self._databases[name] or "",
            "GUICHET_KAFKA_BOOTSTRAP": kafka.bootstrap,
            **({"GUICHET_KAFKA_USERNAME": kafka.username} if kafka.username else {}),
            "GUICHET_KAFKA_PASSWORD": kafka.password or "",
            "GUICHET_HOST": "127.0.0.1",
            "GUICHET_PORT": str(self._port(name)),
            "GUICHET_PEPPER": self.home.secret(f"pepper-{name}"),
            "GUICHET_MASTER_KEY": self.home.secret(f"master-key-{name}"),
            "GUICHET_JWKS": str(self.home.jwks_file),
            "GUICHET_LINKS": self._links(),
            **(self._mail() if name == "status" and self._has_mailbox else {}),
        }
        command = [sys.executable, "-m", f"services.{name}.app"]
        return self._part(name, command, lambda: is_ready(self._url(name)), environment)

    def _mailbox(self) -> Part:
        folder, ports = self.home.path / "mail", [str(self._port(name)) for name in ("mail", "mailbox")]
        command = [sys.executable, "-m", "guichet.mailbox", str(folder), *ports]
        environment = {**os.environ, "GUICHET_LINKS": self._links()}
        return self._part("mailbox", command, lambda: not is_free(self._port("mailbox")), environment)

    def _mail(self) -> dict[str, str]:
        return {
            "GUICHET_SMTP": f"smtp://127.0.0.1:{self._port('mail')}",
            "GUICHET_MAIL_FROM": "guichet@demo.invalid",
            "GUICHET_PUBLIC_URL": self._url("status"),
        }

    def _links(self) -> str:
        return ",".join(f"{name}={self._url(name)}" for name in SERVICES)

    def _part(self, name: str, command: list[str], answers: Any, environment: dict[str, str]) -> Part:
        return Part(name, command, self.home.path / "logs" / f"{name}.log", answers, environment)

    def _wait(self, part: Part) -> None:
        if not part.wait_for_answer(_START_SECONDS):
            raise NotReachable(
                f"{part.name} did not come up; the end of {part.log}:\n{part.last_words()}\n"
                "`guichet doctor` looks for the cause"
            )

    def _start_again(self, part: Part) -> None:
        lived = time.monotonic() - part.started_at
        if lived < min(0.2 * 2**part.deaths, _LONGEST_BACK_OFF):
            return
        part.deaths = 0 if lived > 60 else part.deaths + 1
        code = part.process.returncode if part.process else None
        sys.stderr.write(f"{part.name} died (exit status {code}); it is started again\n")
        if part.name == "kafka" and self._local_kafka is not None and not self._local_kafka.formatted:
            sys.stderr.write("Kafka's data is gone: it begins anew, and the services fill its topics again\n")
            self._local_kafka.prepare(lambda _text: None)
            self._to_provision = True
        part.start()
        self.write_addresses()

    def _provision_again(self) -> None:
        """A Kafka that begins anew has no topics and logins; those of departments' keys are for them to make again."""
        if self._to_provision and self.parts["kafka"].answers():
            try:
                provision_kafka(self.kafka, self.home)
            except NotReachable as error:
                sys.stderr.write(f"{error}\n")
            else:
                self._to_provision = False

    def _port(self, name: str) -> int:
        return self.port_base + PORTS[name]

    def _url(self, name: str) -> str:
        return f"http://127.0.0.1:{self._port(name)}"


@contextlib.contextmanager
def running(home: Home, port_base: int) -> Iterator[System]:
    """A system started, and ended however the block ends."""
    system = System(home, port_base)
    try:
        system.start()
        yield system
    finally:
        system.stop()
