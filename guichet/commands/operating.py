"""`keys`, `token`, `doctor`: who may, and what is wrong."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from guichet import keys, revoking
from guichet.client import Services, with_services
from guichet.errors import NotReachable, WrongUse
from guichet.examining import examine
from guichet.home import Home
from guichet.main import app
from guichet.output import Format, FormatOption, print_json, show
from guichet.tokens import ROLES
from guichet.tokens import token as issue
from shared.identity import ACTIONS
from shared.organizations import organizations

keys_app = typer.Typer(no_args_is_help=True, help="Departments' keys.", rich_markup_mode=None)
app.add_typer(keys_app, name="keys")

Expires = Annotated[str | None, typer.Option(help="how long it opens anything: 365d, 12h; for ever unless said")]
Out = Annotated[Path | None, typer.Option(help="a new file to write it to, for your eyes only, instead of showing it")]


@keys_app.command("create", epilog="Example: guichet keys create --org 134 --services status,feedback --expires 365d")
def create(
    org: Annotated[str, typer.Option(help="the organisation's id")],
    services: Annotated[str, typer.Option(help="which doors, separated by commas")] = ",".join(keys.DOORS),
    actions: Annotated[str, typer.Option(help="report (events), read (its own applications)")] = ",".join(ACTIONS),
    expires: Expires = None,
    out: Out = None,
) -> None:
    """Create a department's key, for HTTP and for Kafka; it is shown this once."""
    if org not in organizations():
        raise WrongUse(f"there is no organisation {org} in the reference table (shared/organizations.csv)")
    scope = keys.Scope(
        org,
        _among("--services", services, keys.DOORS),
        _among("--actions", actions, ACTIONS),
        _moment(expires),
    )
    _hand_over(lambda s: keys.make(s, scope), out)


def _hand_over(make: Callable[[Services], Awaitable[dict[str, Any]]], out: Path | None) -> None:
    """A new key shown, or written to a new file instead."""
    if out is None:
        print_json(asyncio.run(with_services(Home(), make)))
        return
    with keys.new_file(out) as file:
        made = asyncio.run(with_services(Home(), make))
        file.write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
    sys.stderr.write(f"{made['id']} is in {out}\n")


def _moment(expires: str | None) -> datetime | None:
    return datetime.now(UTC) + keys.lasting(expires) if expires else None


def _among(option: str, text: str, known: Sequence[str]) -> list[str]:
    named = text.split(",")
    if wrong := [each for each in named if each not in known]:
        raise WrongUse(f"{option} names some of {', '.join(known)}, not {', '.join(wrong)}")
    return named


@keys_app.command("ls", epilog="Example: guichet keys ls --format json")
def ls(format_: FormatOption = Format.table) -> None:
    """List keys, never their secrets; a service that does not answer is named, with exit status 3."""
    rows, away = asyncio.run(with_services(Home(), keys.found))
    show(rows, format_)
    if away:
        raise NotReachable("; ".join(away))


@keys_app.command("rotate", epilog="Example: guichet keys rotate gk_0123456789ab --overlap 7d --expires 365d")
def rotate(
    key_id: Annotated[str, typer.Argument(help="the id of the key to take over from")],
    overlap: Annotated[str, typer.Option(help="how long the old one lives on: 7d, 12h, 0s")] = "7d",
    expires: Annotated[
        str | None, typer.Option(help="how long it opens anything: 365d, 12h; as long as the old one unless said")
    ] = None,
    out: Out = None,
) -> None:
    """Create a key of the same scope beside an old one; both open the doors until the overlap has passed."""
    lasting, until = keys.lasting(overlap), _moment(expires)
    _hand_over(lambda s: keys.rotate(s, key_id, lasting, until), out)


@keys_app.command("revoke", epilog="Example: guichet keys revoke gk_0123456789ab")
def revoke(key_id: Annotated[str, typer.Argument(help="the key's id")]) -> None:
    """Revoke a key at every door and in Kafka, at once. What cannot be reached is named (exit status 3); then repeat it."""
    asyncio.run(with_services(Home(), lambda s: revoking.revoke(s, key_id)))
    sys.stderr.write(f"{key_id} is revoked everywhere\n")


@keys_app.command("prune", epilog="Example: guichet keys prune")
def prune(
    keep: Annotated[bool, typer.Option("--keep", help="Go on, every 15 seconds, as `guichet up` does.")] = False,
) -> None:
    """End the Kafka logins of keys that have expired: Kafka itself knows no expiry."""
    if keep:
        revoking.keep_pruned(Home())
    for key_id in asyncio.run(with_services(Home(), revoking.prune)):
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
    port_base: Annotated[int, typer.Option(min=1, max=65000, envvar="GUICHET_PORT_BASE")] = 8000,
    format_: FormatOption = Format.table,
) -> None:
    """Look at versions, disk, settings, ports, clocks, and the running system; say what to do. Exit 1 when something is wrong."""
    checks = list(examine(Home(), port_base))
    show(checks, format_)
    if any(not check["ok"] for check in checks):
        raise SystemExit(1)
