"""`rebuild`: reporting's views made anew beside the live ones."""

import asyncio
import sys
from enum import StrEnum
from typing import Annotated, Any

import typer

from guichet.client import Services, with_services
from guichet.errors import WrongUse
from guichet.home import Home
from guichet.main import app
from guichet.output import Format, FormatOption, show
from guichet.progress import working
from guichet.rebuilding import filled_up, followed, newest


class Source(StrEnum):
    log = "log"
    kafka = "kafka"


@app.command(epilog="Example: guichet rebuild --from log")
def rebuild(
    source: Annotated[
        Source, typer.Option("--from", help="kafka: what reporting's log lacks is read from Kafka again first")
    ] = Source.log,
    accept: Annotated[
        str | None,
        typer.Option(metavar="REASON", help="switch although the two differ, and why; the reason is kept"),
    ] = None,
    rollback: Annotated[bool, typer.Option("--rollback", help="Go back to the views that were live before.")] = False,
    forget: Annotated[bool, typer.Option("--forget", help="Remove what is kept beside the live views.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Follow the newest rebuild, or show what came of it.")] = False,
    format_: FormatOption = Format.table,
) -> None:
    """Make reporting's views anew beside the live ones, compare the two, and switch if they are equal; readers notice nothing.

    What was live before is kept for --rollback until the next rebuild. Where the two differ, nothing is switched: the rows are
    named, and the exit status is 1.
    """
    if rollback + forget + watch + (source is not Source.log or accept is not None) > 1:
        raise WrongUse("--rollback, --forget and --watch stand alone")
    if accept is not None and not accept.strip():
        raise WrongUse("--accept needs the reason, such as --accept 'one row was changed by hand'")
    if forget:
        asyncio.run(with_services(Home(), _forget))
        return
    body = None if watch else {"rollback": True} if rollback else {"source": source.value, "accept": accept}
    ended = asyncio.run(with_services(Home(), lambda s: _work(s, body, for_programs=format_ is not Format.table)))
    show(_rows(ended), format_, ended)
    _tell(ended, format_)


async def _forget(services: Services) -> None:
    await services.ask("reporting", "/v1/rebuilds/kept", method="DELETE")
    sys.stderr.write("nothing is kept beside the live views\n")


async def _work(services: Services, body: dict[str, Any] | None, *, for_programs: bool) -> dict[str, Any]:
    if body is None:
        begun = await newest(services)
    elif "rollback" in body:
        begun = await services.ask("reporting", "/v1/rebuilds/rollback", method="POST")
    else:
        begun = await services.ask("reporting", "/v1/rebuilds", method="POST", body=body)
    ended = await followed(services, begun, for_programs=for_programs)
    if body is not None and body.get("source") == "kafka" and ended["state"] == "switched":
        with working("Comparing with the services' logs", quiet=for_programs) as bar:
            ended["verified"] = await filled_up(services, bar.say)
    return ended


def _rows(ended: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "view": view,
            "rows_live": found["live"]["rows"],
            "rows_rebuilt": found["rebuilt"]["rows"],
            "equal": found["equal"],
            "differing": found["differing"],
        }
        for view, found in (ended["tables"] or {}).items()
    ]


def _tell(ended: dict[str, Any], format_: Format) -> None:
    """What it means, and the exit status."""
    if ended["state"] == "differs" and format_ is Format.table:
        show(ended["differences"], format_)
    words = {
        "switched": f"rebuild {ended['rebuild_id']} is live, since position {ended['switched_to']}; what was live before is kept for "
        "`guichet rebuild --rollback`",
        "rolled_back": f"what was live before is live again, since position {ended['switched_to']}",
        "differs": "the rebuilt views differ, and the live ones stay; `guichet rebuild --accept REASON` switches all the same",
        "failed": f"it failed ({ended['error']}), and the live views stay; reporting's log says why",
        "abandoned": "its process ended before it did, and the live views stay; begin again",
    }
    sys.stderr.write(words[ended["state"]] + "\n")
    verified = ended.get("verified")
    if verified is not None and not verified["reconciled"]:
        sys.stderr.write(
            f"{verified['missing']} events of the services' logs are still missing; `guichet verify` names them\n"
        )
    if ended["state"] not in {"switched", "rolled_back"} or (verified is not None and not verified["reconciled"]):
        raise SystemExit(1)
