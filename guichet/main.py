"""The command `guichet`: runs the system on one machine, feeds it, operates it."""

import sys

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


def run() -> None:
    """The entry point: exit status 0 done, 1 a check failed, 2 wrong use or settings, 3 something is not reachable."""
    from guichet import commands  # noqa: F401, PLC0415 - registers the commands

    try:
        app()
    except Stop as stop:
        sys.stderr.write(f"guichet: {stop}\n")
        raise SystemExit(stop.status) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None
