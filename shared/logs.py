"""Structured logs on stdout, one JSON object a line; the events are catalogued in docs/logs.md.

Nothing is written but declared fields; of an exception, its types and frames; and nothing that would steer a terminal.
"""

import json
import logging
import re
import sys
from typing import Any

import orjson
import structlog

from shared.faults import described, described_in_text
from shared.log_events import EVERYWHERE, FIELDS
from shared.plain_text import plain

log: structlog.stdlib.BoundLogger = structlog.get_logger()

_MESSAGE = 300
# What asyncio says of a task, and all of it that is no value: the function that it runs.
_FUNCTION = re.compile(r"<Task .* coro=<([\w.<>]+)\(\)")


def configure_logs(service: str, level: str) -> None:
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        _exception,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[_library_event, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _declared, _line],
        )
    )
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    logging.captureWarnings(True)
    for noisy, quiet in _LIBRARIES.items():
        logging.getLogger(noisy).setLevel(quiet)
    structlog.contextvars.bind_contextvars(service=service)


_LIBRARIES = {
    "uvicorn.access": logging.WARNING,
    "uvicorn.error": logging.WARNING,
    # What it reports as errors are waits for a broker to come back; our own events say so.
    "aiokafka": logging.CRITICAL,
    "broker": logging.ERROR,
}


def _library_event(_logger: Any, _name: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
    """A library's line under one catalogued event: its first line; of an exception it tells of, not a word."""
    text = str(event["event"])
    event["event"] = "library_message"
    if event.get("exc_info"):
        event["message"] = f"{event['_record'].name}: an exception"
    elif text.startswith("Traceback "):
        event["message"] = f"{event['_record'].name}: an exception"
        event["exception"] = described_in_text(text)
    else:
        event["message"] = _first_line(text)
    return event


def _first_line(text: str) -> str:
    found = _FUNCTION.search(text)
    return text.strip().partition("\n")[0][:_MESSAGE] + (f" ({found[1]})" if found else "")


def _exception(_logger: Any, _name: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
    found = event.pop("exc_info", None)
    if isinstance(found, tuple):
        found = found[1]
    error = found if isinstance(found, BaseException) else sys.exc_info()[1] if found else None
    if error is not None:
        event["exception"] = described(error)
    return event


def _declared(_logger: Any, _name: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
    """Only what is declared of an event is written; of the rest, that it was there."""
    allowed = FIELDS.get(event["event"], frozenset()) | EVERYWHERE
    if undeclared := event.keys() - allowed:
        event = {name: value for name, value in event.items() if name in allowed}
        event["undeclared"] = sorted(undeclared)
    return event


def _line(_logger: Any, _name: str, event: structlog.types.EventDict) -> str:
    try:
        text = orjson.dumps(event, default=_name_of, option=orjson.OPT_NON_STR_KEYS).decode()
    except TypeError:  # half of a surrogate pair, which is no text in UTF-8
        text = json.dumps(event, default=_name_of)
    return plain(text)


def _name_of(value: Any) -> str:
    """What is no plain value is written by its type alone."""
    return type(value).__name__
