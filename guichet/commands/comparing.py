"""`export`, `diff`: a fiscal year of the inventory as official files, and what changed between two."""

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer

from guichet import inventory_files
from guichet.client import Services, with_services
from guichet.errors import WrongUse
from guichet.home import Home
from guichet.inventory_files import UnreadableInventoryFile
from guichet.main import app
from guichet.output import Format, FormatOption, show
from shared.contracts.reported.inventory_rows import is_fiscal_year
from shared.official import comparing
from shared.organizations import organizations

_FILES = ("service.csv", "service-std.csv")


@app.command(epilog="Example: guichet export 2023-2024 --out published")
def export(
    fiscal_year: Annotated[str, typer.Argument(help="such as 2023-2024")],
    out: Annotated[Path, typer.Option(file_okay=False, help="the folder of service.csv and service-std.csv")],
    org: Annotated[str | None, typer.Option(help="one organisation's id")] = None,
    format_: FormatOption = Format.table,
) -> None:
    """Write a fiscal year of the inventory in the portal's dialect."""
    _write("inventory", "/v1/export", fiscal_year, out, org, format_)


@app.command(epilog="Example: guichet filing 2024-2025 --out filing")
def filing(
    fiscal_year: Annotated[str, typer.Argument(help="such as 2024-2025")],
    out: Annotated[Path, typer.Option(file_okay=False, help="the folder of service.csv and service-std.csv")],
    org: Annotated[str | None, typer.Option(help="one organisation's id")] = None,
    format_: FormatOption = Format.table,
) -> None:
    """Write the annual filing of a fiscal year, from what was recorded, in the portal's dialect."""
    _write("reporting", "/v1/filing", fiscal_year, out, org, format_)


@app.command(epilog="Example: guichet diff 2022-2023 2023-2024 --org 134")
def diff(
    before: Annotated[str, typer.Argument(help="a fiscal year, or an official file")],
    after: Annotated[str, typer.Argument(help="likewise")],
    org: Annotated[str | None, typer.Option(help="one organisation's id")] = None,
    format_: FormatOption = Format.table,
) -> None:
    """What was added, removed and changed, field by field: between two fiscal years of the inventory, or two files."""
    _check_organization(org)
    if is_fiscal_year(before) and is_fiscal_year(after):
        query = {"from": before, "to": after, "org": org}
        path = "/v1/services/changes"
        answer = asyncio.run(with_services(Home(), lambda s: s.ask("inventory", path, query=query, public=True)))
        found = {"services": answer["services"], "standards": answer["standards"]}
    else:
        one, other = _rows(before, org), _rows(after, org)
        found = {kind: comparing.compare(one[kind], other[kind]) for kind in ("services", "standards")}
    rows = [row for part in found.values() for row in _said(part)]
    show(rows, format_, {"from": before, "to": after, **found})


def _said(part: dict[str, Any]) -> list[dict[str, Any]]:
    """A row for each thing that was added or removed, and for each field that changed."""
    things: list[tuple[str, Any, Any]] = [(what, thing, {}) for what in ("added", "removed") for thing in part[what]]
    things += [("changed", thing, change) for thing in part["changed"] for change in thing["changes"]]
    return [
        {
            "what": what,
            "service_id": thing["service_id"],
            "service_standard_id": thing["service_standard_id"],
            "field": change.get("field"),
            "from": change.get("from"),
            "to": change.get("to"),
        }
        for what, thing, change in things
    ]


def _rows(name: str, org: str | None) -> dict[str, dict[comparing.Key, dict[str, Any]]]:
    """The accepted rows of a file by what they are known by; the fiscal year too where it has more than one."""
    path = Path(name)
    if not path.is_file():
        raise WrongUse(f"{name} is neither a file nor a fiscal year; two of the same kind can be compared")
    try:
        rows = [row for row in inventory_files.read_alone(path).rows if row.data and org in {None, row.org_id}]
    except UnreadableInventoryFile as error:
        raise WrongUse(error.text.en) from None
    several = len({row.key[0] for row in rows}) > 1
    found: dict[str, dict[comparing.Key, dict[str, Any]]] = {"services": {}, "standards": {}}
    for row in rows:
        fields = row.data.model_dump(mode="json", exclude_none=True) if row.data else {}
        found[f"{row.kind}s"][row.key if several else row.key[1:]] = fields
    return found


def _write(service: str, path: str, fiscal_year: str, out: Path, org: str | None, format_: Format) -> None:
    """A fiscal year's files as a service has them, into a folder."""
    _check_year(fiscal_year)
    _check_organization(org)

    async def read(services: Services) -> dict[str, bytes]:
        asked = {name: f"{path}/{fiscal_year}/{name}" for name in _FILES}
        return {
            name: await services.ask(service, each, query={"org": org}, public=True) for name, each in asked.items()
        }

    files = asyncio.run(with_services(Home(), read))
    out.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (out / name).write_bytes(content)
    show([{"file": str(out / name), "bytes": len(content)} for name, content in files.items()], format_)


def _check_year(fiscal_year: str) -> None:
    if not is_fiscal_year(fiscal_year):
        raise WrongUse(f"a fiscal year is written 2025-2026, from 2005-2006 to 2029-2030; {fiscal_year} is none")


def _check_organization(org: str | None) -> None:
    if org is not None and org not in organizations():
        raise WrongUse(f"there is no organisation {org} in the reference table (shared/organizations.csv)")
