"""The command `guichet`: runs the system on one machine, feeds it, operates it."""

import importlib
import sys
from collections.abc import Mapping, Sequence

import typer

from guichet.errors import Stop

app = typer.Typer(
    name="guichet",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Guichet: proof, live and to the event, that departments give the service they promised.",
)


# The module of guichet.commands that has each command: only that one is imported, since most are slow to.
MODULES: Mapping[str, str] = {
    "up": "running",
    "down": "running",
    "ps": "running",
    "provision": "running",
    "demo": "importing",
    "import": "importing",
    "export": "comparing",
    "diff": "comparing",
    "filing": "comparing",
    "emit": "feeding",
    "validate": "feeding",
    "listen": "receiving",
    "tail": "watching",
    "report": "reading",
    "verify": "reading",
    "dlq": "letters",
    "keys": "operating",
    "token": "operating",
    "doctor": "operating",
    "explain": "reading",
    "rebuild": "rebuilding",
}


@app.callback()
def _a_group() -> None:
    """With one command registered, typer would take it for the program itself."""


def register(arguments: Sequence[str]) -> None:
    """Import the module of the command that is named first; all of them where none is, as for `--help`."""
    named = next((each for each in arguments if not each.startswith("-")), "")
    modules = [MODULES[named]] if named in MODULES else dict.fromkeys(MODULES.values())
    for module in modules:
        importlib.import_module(f"guichet.commands.{module}")


def run() -> None:
    """The entry point: exit status 0 done, 1 a check failed, 2 wrong use or settings, 3 something is not reachable."""
    register(sys.argv[1:])
    try:
        app()
    except Stop as stop:
        sys.stderr.write(f"guichet: {stop}\n")
        raise SystemExit(stop.status) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None
