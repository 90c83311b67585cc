"""`listen`: webhooks, as a department's system would receive them."""

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
from guichet.output import Format, print_json
from guichet.receiving import Message, receiving
from shared.language import LANGUAGES
from shared.plain_text import plain


@app.command(epilog="Example: guichet listen docs/examples/status.json")
def listen(
    file: Annotated[
        str | None, typer.Argument(help="Reports of applications of one service: sent once somebody listens.")
    ] = None,
    service: Annotated[str | None, typer.Option(help="without a file: the service, by its id")] = None,
    key: Annotated[
        str | None,
        typer.Option(
            help="A department's key, or @FILE as `keys create --out FILE` wrote it; "
            "without it, one made here for the events' organisation."
        ),
    ] = None,
    language: Annotated[str, typer.Option(help="of what is told: en or fr")] = "en",
    once: Annotated[bool, typer.Option("--once", help="End after the first message.")] = False,
    format_: Annotated[Format, typer.Option("--format", help="json: one message a line.")] = Format.table,
) -> None:
    """Receive webhooks on this machine, each verified by its signature, until Ctrl-C. The system must be one that may send
    to this machine: GUICHET_WEBHOOK_TARGETS=any guichet up.
    """
    events = events_in(file) if file else []
    if language not in LANGUAGES:
        raise WrongUse(f"--language is en or fr, not {language}")
    if bool(events) == bool(service) or not (events or key):
        raise WrongUse("give a file of reports; or the service to listen to, and a department's --key")
    service_id = service or _service_of(events)
    given = key and keys.given(key)
    try:
        asyncio.run(
            with_services(Home(), lambda s: _listen(s, given, service_id, language, events, once=once, format_=format_))
        )
    except KeyboardInterrupt:
        sys.stderr.write("the subscription has ended\n")


def _service_of(events: list[bytes]) -> str:
    try:
        found = {str(orjson.loads(event)["data"]["service_id"]) for event in events}
    except (orjson.JSONDecodeError, KeyError, TypeError):
        found = set()
    if len(found) != 1:
        raise WrongUse("the file holds something else than reports of applications of one service")
    return found.pop()


async def _listen(
    services: Services,
    key: str | None,
    service_id: str,
    language: str,
    events: list[bytes],
    *,
    once: bool,
    format_: Format,
) -> None:
    if key is None:
        org_id = organization_of(events)
        key = (await keys.kept(services, services.home, [org_id]))[org_id]
    async with receiving(services, key, service_id, language) as (receiver, subscription):
        sys.stderr.write(f"Subscription {subscription} to service {service_id}; Ctrl-C ends it.\n")
        receipts = await services.send("status", key, events) if events else []
        for receipt in receipts:
            sys.stderr.write(f"{receipt['id']}: {receipt['outcome']}{_why(receipt)}\n")
        if receipts and not any(receipt["outcome"] == "accepted" for receipt in receipts):
            sys.stderr.write("Nothing changed by that, so a test message is sent.\n")
            await services.ask("status", f"/v1/subscriptions/{subscription}/test", method="POST", bearer=key)
        while True:
            _tell(await receiver.messages.get(), format_)
            if once:
                return


def _why(receipt: dict[str, Any]) -> str:
    return f" ({receipt['problem']['detail']['en']})" if receipt.get("problem") else ""


def _tell(message: Message, format_: Format) -> None:
    if format_ is Format.json:
        print_json(message)
    else:
        data = message["data"]
        about = (
            f"application {data['application_id']}: {data['summary']}"
            if data.get("application_id")
            else data["summary"]
        )
        sys.stdout.write(plain(f"verified  {message['webhook-id']}  {about}") + "\n")
    sys.stdout.flush()
