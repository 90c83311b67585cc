"""`emit` and `validate`: what sends events, or would."""

import asyncio
import sys
from typing import Annotated, Any

import orjson
import typer

from guichet import keys
from guichet.client import Services, with_services
from guichet.errors import WrongUse
from guichet.event_files import events_in, organization_of
from guichet.home import Home
from guichet.main import app
from guichet.output import Format, show
from guichet.validating import validate as judged
from shared.organizations import organizations
from shared.plain_text import plain


@app.command(epilog="Example: guichet emit event.json --to status --key @key.json")
def emit(
    file: Annotated[
        str, typer.Argument(help="A file, or - for standard input: one JSON object, an array, or one per line.")
    ],
    to: Annotated[str, typer.Option("--to", help="inventory, feedback or status")],
    key: Annotated[
        str | None,
        typer.Option(
            help="A department's key (oversight: its token), or @FILE as `keys create --out FILE` wrote it; "
            "without it, one made here for the events' organisation."
        ),
    ] = None,
    format_: Annotated[Format | None, typer.Option("--format", help="Default: one receipt a line, as JSON.")] = None,
) -> None:
    """Send CloudEvents; prints one receipt per event."""
    if to not in keys.DOORS:
        raise WrongUse(f"--to is inventory, feedback or status, not {to}")
    events = events_in(file)
    given = key and keys.given(key)
    receipts = asyncio.run(with_services(Home(), lambda s: _emit(s, to, given, events)))
    _show_receipts(receipts, format_)


@app.command(epilog="Example: guichet validate events.ndjson --to status --org 134")
def validate(
    file: Annotated[
        str, typer.Argument(help="A file, or - for standard input: one JSON object, an array, or one per line.")
    ],
    to: Annotated[
        str | None, typer.Option("--to", help="inventory, feedback or status; default: as each event's type says")
    ] = None,
    org: Annotated[
        str | None, typer.Option("--org", help="the organisation that would send; default: as each source says")
    ] = None,
    format_: Annotated[Format | None, typer.Option("--format", help="Default: one receipt a line, as JSON.")] = None,
) -> None:
    """Check CloudEvents as a door would, without sending them; needs no running system. Exit 1 if any would be rejected."""
    if to is not None and to not in keys.DOORS:
        raise WrongUse(f"--to is inventory, feedback or status, not {to}")
    if org is not None and org not in organizations():
        raise WrongUse(f"there is no organisation {org} in the reference table (shared/organizations.csv)")
    _show_receipts(list(judged(events_in(file), to, org)), format_)


def _show_receipts(receipts: list[dict[str, Any]], format_: Format | None) -> None:
    if format_ is None:
        for receipt in receipts:
            sys.stdout.write(plain(orjson.dumps(receipt).decode()) + "\n")
    else:
        show([_receipt_row(receipt) for receipt in receipts], format_, receipts)
    if any(receipt["outcome"] == "rejected" for receipt in receipts):
        raise SystemExit(1)


def _receipt_row(receipt: dict[str, Any]) -> dict[str, Any]:
    said: dict[str, Any] = receipt.get("problem") or next(iter(receipt.get("warnings", ())), {})
    row = {name: receipt.get(name) for name in ("index", "id", "outcome", "position", "tracking_code")}
    return {**row, "code": said.get("code"), "detail": said.get("detail")}


async def _emit(services: Services, to: str, key: str | None, events: list[bytes]) -> list[dict[str, Any]]:
    if key is None:
        org_id = organization_of(events)
        key = (await keys.kept(services, services.home, [org_id]))[org_id]
    receipts: list[dict[str, Any]] = []
    for start in range(0, len(events), 1000):
        receipts += await services.send(to, key, events[start : start + 1000])
    return receipts
