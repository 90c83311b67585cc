"""`keys`, `token`, `doctor`: who may, and what is wrong."""

import asyncio
import shutil
import socket
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from guichet import keys
from guichet.client import with_services
from guichet.errors import NotReachable, WrongUse
from guichet.home import SERVICES, Home
from guichet.main import app
from guichet.output import Format, FormatOption, print_json, show
from guichet.ports import PORTS, is_free
from guichet.readiness import readiness
from guichet.tokens import ROLES
from guichet.tokens import token as issue
from shared.keys import ACTIONS
from shared.organizations import organizations

keys_app = typer.Typer(no_args_is_help=True, help="Departments' keys.", rich_markup_mode=None)
app.add_typer(keys_app, name="keys")


@keys_app.command("create", epilog="Example: guichet keys create --org 134 --services status,feedback --expires 365d")
def create(
    org: Annotated[str, typer.Option(help="the organisation's id")],
    services: Annotated[str, typer.Option(help="which doors, separated by commas")] = ",".join(keys.DOORS),
    actions: Annotated[str, typer.Option(help="report (events), read (its own applications)")] = ",".join(ACTIONS),
    expires: Annotated[
        str | None, typer.Option(help="how long it opens anything: 365d, 12h; for ever unless said")
    ] = None,
) -> None:
    """Create a department's key, for HTTP and for Kafka; it is shown this once."""
    if org not in organizations():
        raise WrongUse(f"there is no organisation {org} in the reference table (shared/organizations.csv)")
    scope = keys.Scope(
        org,
        _among("--services", services, keys.DOORS),
        _among("--actions", actions, ACTIONS),
        datetime.now(UTC) + keys.lasting(expires) if expires else None,
    )
    print_json(asyncio.run(with_services(Home(), lambda s: keys.make(s, scope))))


def _among(option: str, text: str, known: Sequence[str]) -> list[str]:
    named = text.split(",")
    if wrong := [each for each in named if each not in known]:
        raise WrongUse(f"{option} names some of {', '.join(known)}, not {', '.join(wrong)}")
    return named


@keys_app.command("ls", epilog="Example: guichet keys ls --format json")
def ls(format_: FormatOption = Format.table) -> None:
    """List keys, never their secrets."""
    show(asyncio.run(with_services(Home(), keys.listed)), format_)


@keys_app.command("rotate", epilog="Example: guichet keys rotate gk_0123456789ab --overlap 7d")
def rotate(
    key_id: Annotated[str, typer.Argument(help="the id of the key to take over from")],
    overlap: Annotated[str, typer.Option(help="how long the old one lives on: 7d, 12h, 0s")] = "7d",
) -> None:
    """Create a key of the same scope beside an old one; both open the doors until the overlap has passed."""
    lasting = keys.lasting(overlap)
    print_json(asyncio.run(with_services(Home(), lambda s: keys.rotate(s, key_id, lasting))))


@keys_app.command("revoke", epilog="Example: guichet keys revoke gk_0123456789ab")
def revoke(key_id: Annotated[str, typer.Argument(help="the key's id")]) -> None:
    """Revoke a key at every door and in Kafka, at once."""
    asyncio.run(with_services(Home(), lambda s: keys.revoke(s, key_id)))
    sys.stderr.write(f"{key_id} is revoked everywhere\n")


@keys_app.command("prune", epilog="Example: guichet keys prune")
def prune() -> None:
    """End the Kafka logins of keys that have expired (Kafka knows no expiry); `guichet up` does it every minute."""
    for key_id in asyncio.run(with_services(Home(), keys.prune)):
        sys.stdout.write(f"{key_id}\n")


@app.command(epilog="Example: guichet token --role officer --org 134")
def token(
    role: Annotated[list[str] | None, typer.Option(help=", ".join(ROLES))] = None,
    org: Annotated[str | None, typer.Option(help="the organisation in which the role holds")] = None,
    client: Annotated[str | None, typer.Option(help="a client's id instead of a role")] = None,
) -> None:
    """A test token from the demo's own issuer, for eight hours."""
    home = Home()
    home.addresses()
    if bool(role) == bool(client):
        raise WrongUse("give --role (and --org), or --client")
    if wrong := [each for each in role or () if each not in ROLES]:
        raise WrongUse(f"--role is one of {', '.join(ROLES)}, not {', '.join(wrong)}")
    print_json({"token": issue(home, client or f"demo-{'-'.join(role or ())}", role or (), org)})


@app.command(epilog="Example: guichet doctor")
def doctor(
    port_base: Annotated[int, typer.Option(min=1, max=65000)] = 8000, format_: FormatOption = Format.table
) -> None:
    """Look at versions, disk, ports, and the running system; say what to do. Exit 1 when something is wrong."""
    checks = list(_checks(Home(), port_base))
    show(checks, format_)
    if any(not check["ok"] for check in checks):
        raise SystemExit(1)


def _checks(home: Home, port_base: int) -> Iterator[dict[str, Any]]:
    version = ".".join(map(str, sys.version_info[:3]))
    yield _check("python", sys.version_info >= (3, 11), version, "install Python 3.11 or later")
    where = home.path if home.path.exists() else home.path.parent
    free = shutil.disk_usage(where).free
    yield _check("disk", free > 2e9, f"{free / 1e9:.1f} GB free", f"free at least 2 GB under {where}")
    try:
        addresses = home.addresses()
    except NotReachable:
        used = [str(port_base + n) for n in PORTS.values() if not is_free(port_base + n)]
        yield _check("ports", not used, ", ".join(used) or "free", "choose another first port with --port-base")
        yield _check("system", ok=True, found="not running", remedy="")
        return
    for name in SERVICES:
        ready = readiness(addresses[name]["url"])
        remedy = f"read {home.path / 'logs' / name}.log; the supervisor starts it again by itself"
        yield _check(name, ready["status"] == "ready", _in_words(ready), remedy)
    host, _, port = addresses["kafka"]["bootstrap"].rpartition(":")
    with socket.socket() as probe:
        probe.settimeout(1)
        answers = probe.connect_ex((host, int(port))) == 0
    yield _check("kafka", answers, addresses["kafka"]["bootstrap"], f"read {home.path / 'logs'}/kafka.log")


def _in_words(ready: dict[str, Any]) -> str:
    if ready["status"] == "ready":
        return "ready"
    return ", ".join(f"{name} {ready[name]}" for name in ("status", "database", "kafka") if name in ready)


def _check(name: str, ok: bool, found: str, remedy: str) -> dict[str, Any]:
    return {"check": name, "ok": ok, "found": found, "to_do": None if ok else remedy}
