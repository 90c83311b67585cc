"""`dlq`: what was refused or set aside, and what is done about it."""

import asyncio
import json
import sys
from typing import Annotated, Any

import orjson
import typer

from guichet.client import Services, with_services
from guichet.errors import NotReachable, WrongUse
from guichet.home import SERVICES, Home
from guichet.letters import Filters, LetterId, found, letter_id, replayed
from guichet.main import app
from guichet.moments import since
from guichet.output import Format, FormatOption, show
from guichet.progress import working
from shared.plain_text import plain

dlq = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Events that were refused or set aside, at every service."
)
app.add_typer(dlq, name="dlq")

Service = Annotated[str | None, typer.Option("--service", help="inventory, feedback, status or reporting")]
Org = Annotated[str | None, typer.Option("--org", help="an organisation's id")]
Code = Annotated[str | None, typer.Option("--code", help="the problem's code (docs/problems.md)")]
Since = Annotated[str | None, typer.Option("--since", help="how long ago (10m, 2h, 1d), or a moment")]
Ids = Annotated[list[str] | None, typer.Argument(metavar="ID…", help="such as status:12", show_default=False)]
_SHOWN_AS_A_BAR = 20


@dlq.command("ls", epilog="Example: guichet dlq ls --service status --code not_your_service --since 2h")
def ls(
    service: Service = None,
    org: Org = None,
    code: Code = None,
    since_: Since = None,
    state: Annotated[str, typer.Option(help="waiting, accepted, dropped or all")] = "waiting",
    format_: FormatOption = Format.table,
) -> None:
    """List dead letters, the oldest first."""
    filters = _filters(service, org, code, since_, state)
    items, away = asyncio.run(with_services(Home(), lambda s: found(s, filters)))
    show([_row(item) for item in items], format_, items)
    _say_who_is_away(away)


def _filters(service: str | None, org: str | None, code: str | None, since_: str | None, state: str) -> Filters:
    if service is not None and service not in SERVICES:
        raise WrongUse(f"--service is one of {', '.join(SERVICES)}, not {service}")
    if state not in {"waiting", "accepted", "dropped", "all"}:
        raise WrongUse(f"--state is waiting, accepted, dropped or all, not {state}")
    return Filters(service, org, code, since(since_) if since_ else None, state)


def _row(item: dict[str, Any]) -> dict[str, Any]:
    accepted = item["accepted_since"]
    return {
        "id": item["id"],
        "received_at": str(item["received_at"])[:19],
        "door": item["door"],
        "org": item["org_id"],
        "event": item["event_id"],
        "code": item["problem"].get("code"),
        "field": item["problem"].get("field"),
        "state": item["state"],
        "replays": item["replays"],
        "accepted_since": accepted and accepted["position"],
        "detail": item["problem"].get("detail"),
    }


def _say_who_is_away(away: list[str]) -> None:
    for words in away:
        sys.stderr.write(f"guichet: {words}\n")
    if away:
        raise SystemExit(NotReachable.status)


@dlq.command("show", epilog="Example: guichet dlq show status:12")
def show_one(
    id_: Annotated[str, typer.Argument(metavar="ID", help="such as status:12")],
    format_: FormatOption = Format.table,
) -> None:
    """Show who sent it, when, why it was refused (in both languages), and what was sent. The service logs who asks."""
    wanted = letter_id(id_)
    letter = asyncio.run(with_services(Home(), lambda s: s.ask(wanted.service, wanted.path, patient=False)))
    letter = {**letter, "id": id_}
    if format_ is not Format.table:
        show([letter], format_, letter)
        return
    for name, value in _told(id_, letter):
        sys.stdout.write(f"{name:14} {plain(str(value))}\n")
    content = letter["content"]
    sys.stdout.write("\n" + plain(_readable(content), lines=True) + "\n" if content is not None else "")


def _told(id_: str, letter: dict[str, Any]) -> list[tuple[str, Any]]:
    problem, since_ = letter["problem"], letter["accepted_since"]
    place = (
        f"{letter['topic']}, partition {letter['partition']}, offset {letter['offset']}" if letter["topic"] else None
    )
    told = [
        ("id", id_),
        ("received", letter["received_at"]),
        ("by", f"{letter['door']}{f' ({place})' if place else ''}"),
        ("organisation", letter["org_id"]),
        ("source", letter["source"]),
        ("event", letter["event_id"]),
        ("code", problem.get("code")),
        ("field", problem.get("field")),
        *(("why" if lang == "en" else "pourquoi", text) for lang, text in (problem.get("detail") or {}).items()),
        ("state", letter["state"]),
        ("replays", f"{letter['replays']}, the last {letter['replayed_at']}" if letter["replays"] else "none"),
        ("accepted since", since_ and f"at position {since_['position']}, {since_['recorded_at']}"),
        *(("no content", text) for text in (letter["why_no_content"] or {}).values()),
    ]
    return [(name, value) for name, value in told if value is not None]


def _readable(content: str) -> str:
    try:
        return json.dumps(orjson.loads(content), ensure_ascii=False, indent=2)
    except orjson.JSONDecodeError:
        return content


@dlq.command("replay", epilog="Example: guichet dlq replay --all --code internal_error")
def replay(
    ids: Ids = None,
    all_: Annotated[bool, typer.Option("--all", help="Every waiting letter that the options name.")] = False,
    service: Service = None,
    org: Org = None,
    code: Code = None,
    since_: Since = None,
    format_: Annotated[Format | None, typer.Option("--format", help="Default: one receipt a line, as JSON.")] = None,
) -> None:
    """Judge dead letters again as they came; a receipt each; exit 1 if any is rejected again."""
    if bool(ids) is all_:
        raise WrongUse(
            "name dead letters by their ids, or all of them with --all (and --service, --org, --code, --since)"
        )
    if ids and (service or org or code or since_):
        raise WrongUse("--service, --org, --code and --since narrow --all; ids name their letters already")
    filters = _filters(service, org, code, since_, "waiting")
    receipts = asyncio.run(
        with_services(Home(), lambda s: _replay(s, [letter_id(each) for each in ids or ()], filters))
    )
    if format_ is None:
        for receipt in receipts:
            sys.stdout.write(plain(orjson.dumps(receipt).decode()) + "\n")
    else:
        show([_receipt_row(receipt) for receipt in receipts], format_, receipts)
    if any(receipt["outcome"] not in {"accepted", "duplicate"} for receipt in receipts):
        raise SystemExit(1)


async def _replay(services: Services, ids: list[LetterId], filters: Filters) -> list[dict[str, Any]]:
    if not ids:
        items, away = await found(services, filters)
        ids = [letter_id(item["id"]) for item in items]
        if away:
            raise NotReachable("; ".join(away))
    with working("Replaying", total=len(ids), quiet=len(ids) < _SHOWN_AS_A_BAR) as bar:
        receipts = []
        async for receipt in replayed(services, ids):
            receipts.append(receipt)
            bar.advance()
        return receipts


def _receipt_row(receipt: dict[str, Any]) -> dict[str, Any]:
    problem = receipt.get("problem") or {}
    row = {name: receipt.get(name) for name in ("id", "event_id", "outcome", "position", "replays")}
    return {**row, "code": problem.get("code"), "detail": problem.get("detail") or receipt.get("detail")}


@dlq.command("drop", epilog="Example: guichet dlq drop status:12 --yes")
def drop(
    ids: Annotated[list[str], typer.Argument(metavar="ID…", help="such as status:12")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Erase what dead letters hold; that they were there stays. It cannot be undone."""
    wanted = [letter_id(each) for each in ids]
    if not yes and sys.stdin.isatty():
        typer.confirm(f"Erase what {', '.join(ids)} hold? It cannot be undone.", abort=True, err=True)
    asyncio.run(with_services(Home(), lambda s: _drop(s, wanted)))


async def _drop(services: Services, ids: list[LetterId]) -> None:
    for each in ids:
        await services.ask(each.service, each.path, method="DELETE")
        sys.stderr.write(f"{each.service}:{each.number} is dropped\n")
