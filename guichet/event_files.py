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
