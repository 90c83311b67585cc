"""`demo` and `import`: what begins with an inventory."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any

import typer

from guichet import inventory_files
from guichet.client import Services, with_services
from guichet.commands.running import PortBase, end_on_signals, start_detached, stop_supervisor
from guichet.demo import live, load_inventory, once, read_inventory
from guichet.errors import Stop, WrongUse
from guichet.home import Home
from guichet.inventory_files import UnreadableInventoryFile
from guichet.main import app
from guichet.output import Format, FormatOption, print_json, show
from guichet.progress import console, working

File = Annotated[Path | None, typer.Option(exists=True, dir_okay=False)]


@app.command(epilog="Example: guichet demo --once --events 100000 --format json")
def demo(
    events: Annotated[
        int, typer.Option(min=1, help="How many events, or how long a history before the live ones.")
    ] = 40_000,
    seed: Annotated[int, typer.Option(help="The same seed, the same events.")] = 1,
    speed: Annotated[float, typer.Option(min=0.01, max=100, help="Live events: 1 is twenty a second.")] = 1.0,
    services: Annotated[
        Path | None, typer.Option(help="Official services file instead of the synthetic inventory.")
    ] = None,
    standards: Annotated[Path | None, typer.Option(help="Official standards file.")] = None,
    once_: Annotated[bool, typer.Option("--once", help="Send, reconcile, print the summary, stop.")] = False,
    running: Annotated[
        bool, typer.Option("--running", help="Feed the system that runs in this home already, and leave it running.")
    ] = False,
    port_base: PortBase = 8000,
    format_: FormatOption = Format.table,
) -> None:
    """The whole system on this machine: an inventory, simulated departments, live pages. Ctrl-C stops everything."""
    home = Home()
    files = [file for file in (services, standards) if file is not None]
    inventory = _read(files)
    end_on_signals()
    _tell_of(inventory)
    supervisor = None if running else _start(home, port_base, mailbox=not once_)
    try:
        if once_:
            summary = asyncio.run(
                with_services(home, lambda s: once(s, inventory, events, seed, quiet=format_ is not Format.table))
            )
            _print_summary(summary, format_)
            if not summary["reconciled"]:
                raise SystemExit(1)
        else:
            _announce(home)
            asyncio.run(
                with_services(home, lambda s: _while_alive(supervisor, live(s, inventory, events, seed, speed)))
            )
    except KeyboardInterrupt:
        console.print("Stopping…")
    finally:
        if supervisor is not None:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            stop_supervisor(supervisor.pid)
            supervisor.wait()


def _start(home: Home, port_base: int, *, mailbox: bool) -> "subprocess.Popen[bytes]":
    if (home.path / "kafka").exists():
        console.print(f"Continuing with what is in {home.path}; remove that folder to begin anew.")
    os.environ |= {"GUICHET_SIMULATED": "true", "GUICHET_MAILBOX": str(mailbox).lower()}
    return start_detached(home, port_base, die_with_us=True)


def _tell_of(inventory: inventory_files.Import) -> None:
    counted = inventory.as_dict()
    if counted["rejected"]:
        console.print(
            f"{counted['rows']} rows: {counted['imported']} to import, {counted['rejected']} rejected; "
            "`guichet import --dry-run` with these files says why"
        )


def _print_summary(summary: dict[str, Any], format_: Format) -> None:
    if format_ is Format.json:
        print_json(summary)
        return
    show([{"what": name.replace("_", " "), "value": value} for name, value in summary.items()], format_)


async def _while_alive(supervisor: "subprocess.Popen[bytes] | None", work: Coroutine[Any, Any, None]) -> None:
    """Work as long as the supervisor lives. Raises Stop when it has ended."""
    task = asyncio.create_task(work)
    while not task.done():
        if supervisor is not None and supervisor.poll() is not None:
            task.cancel()
            raise Stop(
                f"the supervisor ended (exit status {supervisor.returncode}), and the system with it; start again"
            )
        await asyncio.wait([task], timeout=0.5)
    await task


def _announce(home: Home) -> None:
    addresses = home.addresses()
    url = addresses["reporting"]["url"]
    console.print(f"\n[bold]Live performance   {url}/en/[/bold]\n[bold]Rendement en direct {url}/fr/[/bold]\n")
    if "mailbox" in addresses:
        console.print(f"E-mails that are sent end at {addresses['mailbox']['url']}/\n")


def _read(files: list[Path]) -> inventory_files.Import:
    try:
        return read_inventory(files)
    except UnreadableInventoryFile as error:
        raise WrongUse(error.text.en) from None


@app.command("import", epilog="Example: guichet import service.csv service-std.csv --dry-run")
def import_(
    files: Annotated[
        list[Path], typer.Argument(help="Official inventory files, services and standards, either dialect.")
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be imported.")] = False,
    format_: FormatOption = Format.table,
) -> None:
    """Import official inventory files; each row's findings; exit 1 if any row was rejected."""
    inventory = _read(files)
    answer = inventory.as_dict()
    if not dry_run:
        answer = asyncio.run(
            with_services(Home(), lambda s: _send_inventory(s, inventory, answer, quiet=format_ is not Format.table))
        )
    show([_finding_row(each) for each in answer["findings"]], format_, answer)
    if format_ is Format.table:
        sys.stderr.write(
            f"{answer['rows']} rows: {answer['imported']} imported, {answer['unchanged']} unchanged, "
            f"{answer['rejected']} rejected\n"
        )
    if answer["rejected"]:
        raise SystemExit(1)


def _finding_row(finding: dict[str, Any]) -> dict[str, Any]:
    where = f"{Path(str(finding['file'])).name}:{finding['line']}" if finding.get("line") else finding.get("event")
    return {
        "severity": finding["severity"],
        "where": where,
        "rejected": finding["rejected"],
        "code": finding["code"],
        "field": finding["field"],
        "text": finding["text"],
    }


async def _send_inventory(
    services: Services, inventory: inventory_files.Import, answer: dict[str, Any], *, quiet: bool
) -> dict[str, Any]:
    with working("Importing", total=len(inventory.to_send), quiet=quiet) as bar:
        loaded = await load_inventory(services, inventory, bar)
    refused = [
        {
            "severity": "error",
            "code": r["problem"]["code"],
            "field": r["problem"].get("field"),
            "text": r["problem"]["detail"],
            "rejected": True,
            "event": r["id"],
        }
        for r in loaded.refused
    ]
    return {
        **answer,
        "imported": loaded.outcomes["accepted"],
        "unchanged": answer["unchanged"] + loaded.outcomes["duplicate"],
        "rejected": answer["rejected"] + loaded.outcomes["rejected"],
        "findings": answer["findings"] + refused,
    }
