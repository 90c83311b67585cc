"""`up`, `down`, `ps`: the system's life."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from typing import Annotated

import psutil
import typer

from guichet.errors import NotReachable, WrongUse
from guichet.home import SERVICES, Home
from guichet.main import app
from guichet.output import Format, FormatOption, show
from guichet.progress import working
from guichet.provisioning import (
    hand_out_secrets,
    hand_out_settings,
    provision_databases,
    provision_kafka,
    write_addresses,
)
from guichet.readiness import is_ready, readiness
from guichet.revoking import keep_pruned
from guichet.surroundings import databases_of_settings, kafka_of_settings, server_of_settings
from guichet.system import running

PortBase = Annotated[
    int, typer.Option(help="The first of eight ports in a row.", min=1, max=65000, envvar="GUICHET_PORT_BASE")
]


@app.command(epilog="Example: guichet up --port-base 8100 --detach")
def up(
    port_base: PortBase = 8000,
    detach: Annotated[bool, typer.Option("--detach", help="Go on in the background; `guichet down` ends it.")] = False,
) -> None:
    """Start what is missing: Kafka and PostgreSQL unless settings name real ones, topics, migrations, four services."""
    home = Home()
    if detach:
        start_detached(home, port_base)
        _print_addresses(home)
        return
    end_on_signals()
    with running(home, port_base) as system:
        _print_addresses(home)
        if sys.stdin.isatty():
            sys.stderr.write("Ctrl-C stops everything.\n")
        system.supervise()


def end_on_signals() -> None:
    """Ctrl-C and SIGTERM end the command alike, also where a shell in the background had Ctrl-C ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def start_detached(home: Home, port_base: int, *, die_with_us: bool = False) -> "subprocess.Popen[bytes]":
    """A supervisor of its own process, returned once all four services are ready. Raises Stop when it ends before."""
    from guichet.processes import die_with_parent  # noqa: PLC0415 - beside its only use

    home.make()
    command = [sys.executable, "-m", "guichet", "up", "--port-base", str(port_base)]
    with (home.path / "logs" / "supervisor.log").open("wb") as log:
        supervisor = subprocess.Popen(  # noqa: S603 - our own command
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=None if die_with_us else log,
            start_new_session=True,
            preexec_fn=die_with_parent(signal.SIGTERM) if die_with_us else None,  # noqa: PLW1509 - no threads yet
        )
    while not _is_up(home, supervisor.pid):
        if supervisor.poll() is not None:
            words = (home.path / "logs" / "supervisor.log").read_text(encoding="utf-8", errors="replace").strip()
            if words:
                sys.stderr.write(words + "\n")
            raise SystemExit(supervisor.returncode)
        time.sleep(0.1)
    return supervisor


def _is_up(home: Home, supervisor: int) -> bool:
    with contextlib.suppress(NotReachable):
        addresses = home.addresses()
        if addresses["processes"].get("supervisor") == supervisor:
            return all(is_ready(addresses[name]["url"]) for name in SERVICES)
    return False


def _print_addresses(home: Home) -> None:
    addresses = home.addresses()
    for name in ("reporting", "inventory", "feedback", "status"):
        sys.stdout.write(f"{name:10} {addresses[name]['url']}\n")
    sys.stdout.flush()


@app.command(epilog="Example: guichet down")
def down() -> None:
    """End a detached system, and wait until it has ended."""
    try:
        addresses = Home().addresses()
    except NotReachable:
        sys.stderr.write("nothing runs here\n")
        return
    stop_supervisor(addresses["processes"]["supervisor"])


def stop_supervisor(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, psutil.NoSuchProcess):
        process = psutil.Process(pid)
        if process.status() != psutil.STATUS_ZOMBIE:
            os.kill(pid, signal.SIGTERM)
            process.wait(60)


@app.command(epilog="Example: guichet ps --format json")
def ps(format_: FormatOption = Format.table) -> None:
    """List the parts: process, address, health; exit 1 when one is dead or cannot serve."""
    addresses = Home().addresses()
    rows = []
    parts: dict[str, int | None] = addresses["processes"] or dict.fromkeys((*SERVICES, "kafka"))  # none: elsewhere
    for name, pid in parts.items():
        url = addresses[name]["url"] if name in SERVICES else None
        alive = pid is not None and psutil.pid_exists(pid)
        health = readiness(url)["status"] if url else "elsewhere" if pid is None else "running" if alive else "dead"
        memory = _megabytes(pid) if pid is not None and alive else None
        where = url or (addresses["kafka"]["bootstrap"] if name == "kafka" else None)
        rows.append({"part": name, "pid": pid, "address": where, "health": health, "memory_mb": memory})
    show(rows, format_)
    if any(row["health"] in {"dead", "down"} for row in rows):
        raise SystemExit(1)


def _megabytes(pid: int) -> int | None:
    with contextlib.suppress(psutil.Error):
        return round(psutil.Process(pid).memory_info().rss / 1e6)
    return None


@app.command(epilog="Example: guichet provision --keep")
def provision(
    keep: Annotated[bool, typer.Option("--keep", help="Stay, and end the logins of keys that expire.")] = False,
) -> None:
    """Prepare a Kafka and a PostgreSQL that settings name: databases, topics, logins and rights; services start elsewhere."""
    home = Home()
    home.make()
    home.addresses_file.unlink(missing_ok=True)
    hand_out_secrets(home)
    kafka, server = kafka_of_settings(home), server_of_settings(home)
    databases, owners = databases_of_settings()
    if kafka is None or (server is None and not all(databases.values())):
        raise WrongUse(
            "name the Kafka and the PostgreSQL to prepare: GUICHET_KAFKA_BOOTSTRAP, and GUICHET_POSTGRES or each service's "
            "GUICHET_<SERVICE>_DATABASE_URL (docs/operating.md)"
        )
    with working("Preparing Kafka and PostgreSQL", total=2) as bar:
        provision_databases(server, databases, owners)
        bar.advance()
        provision_kafka(kafka, home)
        bar.advance()
    hand_out_settings(home, kafka, databases)
    write_addresses(home, kafka, databases)
    sys.stderr.write("Kafka and PostgreSQL are prepared\n")
    if keep:
        _keep(home)


def _keep(home: Home) -> None:
    end_on_signals()
    with contextlib.suppress(KeyboardInterrupt):
        keep_pruned(home)
