"""`report`, `verify`: what reads."""

import asyncio
from enum import StrEnum
from typing import Annotated, Any, get_args
from urllib.parse import quote

import typer

from guichet.client import Services, with_services
from guichet.errors import WrongUse
from guichet.home import Home
from guichet.main import app
from guichet.output import Format, FormatOption, show
from guichet.progress import working
from guichet.tokens import ROLES, token
from guichet.verifying import verify as verify_all
from shared.contracts.reported.status import Channel
from shared.organizations import organizations

_ORGANIZATIONS_AT_ONCE = 50


class View(StrEnum):
    performance = "performance"
    freshness = "freshness"
    compliance = "compliance"
    indicators = "indicators"
    quality = "quality"


@app.command(epilog="Example: guichet report performance --org 134 --window fiscal_year --below-target --format csv")
def report(
    view: Annotated[View, typer.Argument()],
    service: Annotated[str | None, typer.Argument(help="performance: one service")] = None,
    org: Annotated[str | None, typer.Option(help="an organisation's id")] = None,
    window: Annotated[str | None, typer.Option(help="7d, 28d, fiscal_year, or 2026-04-01/2026-06-30")] = None,
    channel: Annotated[str | None, typer.Option(help="EML, FAX, ONL, OTH, PERSON, POST or TEL")] = None,
    priority: Annotated[bool | None, typer.Option("--priority/--no-priority")] = None,
    below_target: Annotated[bool | None, typer.Option("--below-target/--not-below-target")] = None,
    as_of: Annotated[str | None, typer.Option(help="compliance: the day asked, such as 2019-03-31")] = None,
    known_at: Annotated[str | None, typer.Option(help="compliance: as known at this moment")] = None,
    rules: Annotated[str | None, typer.Option(help="compliance: policy-2014 or policy-2020")] = None,
    as_if_in_force: Annotated[
        bool, typer.Option("--as-if-in-force", help="compliance: rules outside their dates too")
    ] = False,
    role: Annotated[
        str | None,
        typer.Option(help="read with a role (auditor sees all); default: as the public, compliance as the operator"),
    ] = None,
    format_: FormatOption = Format.table,
) -> None:
    """Read a view of reporting on the terminal."""
    home = Home()
    _check(org, channel, role)
    path = f"/v1/{view}" + (f"/{service}" if service else "")
    bearer = token(home, "guichet-report", [role], org) if role else None
    if view is View.compliance:
        query = {"org": org, "as_of": as_of, "known_at": known_at, "rules": rules, "limit": _ORGANIZATIONS_AT_ONCE}
        query |= {"as_if_in_force": "true"} if as_if_in_force else {}
        answer = asyncio.run(with_services(home, lambda s: _read_all(s, path, query, bearer, public=False)))
        show([_verdict_row(item, each) for item in answer["items"] for each in item["verdicts"]], format_, answer)
        return
    query = {"org": org, "window": window, "channel": channel, "priority": priority, "below_target": below_target}
    answer = asyncio.run(with_services(home, lambda s: _read_all(s, path, query, bearer, public=bearer is None)))
    if view is View.freshness:
        answer["feeds"] = [feed for feed in answer["feeds"] if org in {None, feed["org_id"]}]
        show(answer["feeds"], format_, answer)
    else:
        show([_row(item) for item in answer.get("items", [])], format_, answer)


def _check(org: str | None, channel: str | None, role: str | None) -> None:
    if org is not None and org not in organizations():
        raise WrongUse(f"there is no organisation {org} in the reference table (shared/organizations.csv)")
    if channel is not None and channel not in get_args(Channel):
        raise WrongUse(f"--channel is one of {', '.join(get_args(Channel))}, not {channel}")
    if role is not None and role not in ROLES:
        raise WrongUse(f"--role is one of {', '.join(ROLES)}, not {role}")
    if role in {"officer", "deputy_head"} and org is None:
        raise WrongUse(f"--role {role} holds in an organisation: name it with --org")


async def _read_all(services: Services, path: str, query: dict[str, Any], bearer: str | None, *, public: bool) -> Any:
    """All pages of an answer in one."""
    asked = {"limit": 1000, **query}
    answer = await services.ask("reporting", path, query=asked, bearer=bearer, public=public)
    while answer.get("next"):
        more = await services.ask(
            "reporting", path, query={**asked, "after": answer["next"]}, bearer=bearer, public=public
        )
        answer = {**answer, "items": answer["items"] + more["items"], "next": more["next"]}
    return answer


def _verdict_row(item: dict[str, Any], verdict: dict[str, Any]) -> dict[str, Any]:
    chosen = ("requirement", "state", "numerator", "denominator", "excluded", "due_on", "verdict_id")
    return {"org_id": item["org_id"], **{name: verdict[name] for name in chosen}}


def _row(item: dict[str, Any]) -> dict[str, Any]:
    chosen = ("service_id", "standard_id", "name", "channel", "target", "met", "total", "share", "interval", "verdict")
    return {name: item.get(name) for name in (*chosen, "open", "open_late", "suppressed")}


@app.command(epilog="Example: guichet explain WzEsIjcuNCIs... --format json")
def explain(
    id_: Annotated[str, typer.Argument(metavar="ID", help="a verdict_id")],
    format_: FormatOption = Format.table,
) -> None:
    """Show a verdict down to its events; figures cannot be explained in this version."""
    home = Home()
    found = asyncio.run(
        with_services(home, lambda s: s.ask("reporting", f"/v1/verdicts/{quote(id_, safe='')}/evidence"))
    )
    if format_ is Format.table:
        said = f"{found['requirement']}: {found['state']}, {found['numerator']} / {found['denominator']}"
        typer.echo(
            f"{said}\n{found['explanation']['en']}\n{found['explanation']['fr']}\n{found['rule']['text']}", err=True
        )
    chosen = ("event_id", "source", "type", "recorded_at", "topic", "partition", "offset", "sha256", "in_kafka")
    show([{name: event[name] for name in chosen} for event in found["events"]], format_, found)


@app.command(epilog="Example: guichet verify --format json")
def verify(format_: FormatOption = Format.table) -> None:
    """Compare the services' logs, reporting's log and the views; exit 1 when anything differs."""
    home = Home()
    with working("Verifying", quiet=format_ is not Format.table) as bar:
        outcome = asyncio.run(with_services(home, lambda s: verify_all(s, bar.say)))
    rows = [{"log": name, **facts} for name, facts in outcome["logs"].items()]
    rows.append({"log": "views", "position": None, "read": None, "equal": outcome["views"]["equal"]})
    show(rows, format_, outcome)
    if not outcome["reconciled"]:
        if format_ is Format.table:
            show(outcome["differences"] + outcome["views"]["differences"], format_)
        raise SystemExit(1)
