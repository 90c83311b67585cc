"""Events in a file or on standard input: one JSON object, an array, or one object per line."""

import sys
from pathlib import Path

import orjson

from guichet.errors import Stop, WrongUse


def events_in(file: str) -> list[bytes]:
    """Each event as one piece of JSON; `-` is standard input. Raises WrongUse where it cannot be read, Stop when empty."""
    try:
        raw = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise WrongUse(f"{file} cannot be read: {error.strerror}") from None
    try:
        document = orjson.loads(raw)
    except orjson.JSONDecodeError:
        lines = [line for line in raw.splitlines() if line.strip()]
        if not lines:
            raise Stop(f"{file} is empty: it holds one JSON object, an array, or one object per line") from None
        return lines
    return [orjson.dumps(each) for each in (document if isinstance(document, list) else [document])]


def organization_of(events: list[bytes]) -> str:
    """The organisation all the events speak for. Raises WrongUse when they do not say, or differ."""
    try:
        sources = {orjson.loads(event)["source"] for event in events}
        orgs = {str(source).split("/")[2] for source in sources}
    except (orjson.JSONDecodeError, KeyError, TypeError, IndexError):
        raise WrongUse(
            "the events do not all say whose they are (source: /organizations/<org_id>): give --key"
        ) from None
    if len(orgs) != 1:
        raise WrongUse("the events are of several organisations: send each with its own --key")
    return orgs.pop()
