"""`tail`: what happens, as it happens."""

import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from enum import StrEnum
from typing import Annotated

import typer

from guichet.client import Services, with_services
from guichet.errors import NotReachable, WrongUse
from guichet.home import Home
from guichet.main import app
from guichet.moments import since
from guichet.tailing.events import Events, Wanted
from guichet.tailing.journey import Journey
from guichet.tailing.lines import in_order, log_files, parse
from guichet.tailing.words import Shape, write_line

_PAST = 20
_SECONDS = 0.2


class LinesFormat(StrEnum):
    text = "text"
    json = "json"


@app.command(epilog="Example: guichet tail --event 7f3a-1 --source /organizations/134/case-management")
def tail(
    input_: Annotated[
        str | None, typer.Argument(metavar="[-]", help="- reads log lines from standard input instead of the files.")
    ] = None,
    org: Annotated[str | None, typer.Option(help="events of an organisation, by its id")] = None,
    service: Annotated[str | None, typer.Option(help="events of a service of the inventory, by its id")] = None,
    application: Annotated[str | None, typer.Option(help="events of an application or case, by its id")] = None,
    event: Annotated[str | None, typer.Option(help="one reported event through all services, by its id")] = None,
    source: Annotated[str | None, typer.Option(help="with --event: its source, where several have the id")] = None,
    since_: Annotated[str | None, typer.Option("--since", help="from how long ago (10m, 2h, 1d) or when")] = None,
    follow: Annotated[bool, typer.Option("--follow/--no-follow", help="Go on with what comes, until Ctrl-C.")] = True,
    format_: Annotated[LinesFormat, typer.Option("--format", help="json: one object a line.")] = LinesFormat.text,
) -> None:
    """Show log lines of the four services by time; or events, recorded and refused; or one event's way through everything."""
    shape: Shape = "json" if format_ is LinesFormat.json else "text"
    begin = since(since_) if since_ else None
    _check(input_, event, source, filters=bool(org or service or application))
    try:
        if input_:
            _from_input(shape, begin)
        elif event:
            _run(lambda s: _one_event(Journey(s, event, source, shape), follow=follow))
        elif org or service or application:
            wanted = Wanted(org, service, application, begin)
            _run(lambda s: _events(Events(s, wanted, shape), follow=follow))
        else:
            _lines(Home(), shape, begin, follow=follow)
    except KeyboardInterrupt:
        pass
    except BrokenPipeError:
        # Whoever read has gone: what is still to be written at the end goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _check(input_: str | None, event: str | None, source: str | None, *, filters: bool) -> None:
    if input_ not in {None, "-"}:
        raise WrongUse("the only input that can be named is -, standard input")
    if input_ and (event or filters):
        raise WrongUse(
            "- shows the lines of standard input; --event, --org, --service and --application ask the services"
        )
    if event and filters:
        raise WrongUse(
            "--event follows one event; leave --org, --service and --application out (--source tells two apart)"
        )
    if source and not event:
        raise WrongUse("--source tells events of one id apart: give the id with --event")


def _run(work: Callable[[Services], Awaitable[None]]) -> None:
    asyncio.run(with_services(Home(), work))


async def _one_event(journey: Journey, *, follow: bool) -> None:
    if follow:
        await journey.run()
    for _ in range(2):  # where it was recorded, then what others know of that place
        await journey.tell_new()
    if not journey.known:
        journey.tell_unknown()
        raise SystemExit(NotReachable.status if journey.anyone_away else 1)


async def _events(events: Events, *, follow: bool) -> None:
    if follow:
        await events.run()
    await events.show_new()
    if events.anyone_away:
        raise SystemExit(NotReachable.status)


def _lines(home: Home, shape: Shape, begin: datetime | None, *, follow: bool) -> None:
    if not (home.path / "logs").is_dir():
        raise NotReachable(
            f"there are no logs in {home.path}: start a system with `guichet up`, or name its folder in GUICHET_HOME"
        )
    files = log_files(home)
    lines = in_order((line for file in files for line in file.new()), begin)
    for line in lines if begin else lines[-_PAST:]:
        write_line(line, shape)
    while follow:
        time.sleep(_SECONDS)
        for line in in_order(line for file in files for line in file.new()):
            write_line(line, shape)


def _from_input(shape: Shape, begin: datetime | None) -> None:
    for text in sys.stdin:
        if text.strip():
            for line in in_order([parse(text.rstrip("\n"))], begin):
                write_line(line, shape)
