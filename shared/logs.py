"""Structured logs on stdout, one JSON object a line; the events are catalogued in docs/logs.md."""

import logging
import sys
from typing import Any

import orjson
import structlog

log: structlog.stdlib.BoundLogger = structlog.get_logger()


def _dumps(event: Any, default: Any = None, **_: Any) -> str:
    return orjson.dumps(event, default=default or str).decode()


def configure_logs(service: str, level: str) -> None:
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        structlog.processors.format_exc_info,
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
            foreign_pre_chain=[*shared, _library_event],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(serializer=_dumps),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    # FastStream gives its logger a handler of its own where it finds none.
    logging.getLogger("faststream").addHandler(logging.NullHandler())
    for noisy, quiet in _LIBRARIES.items():
        logging.getLogger(noisy).setLevel(quiet)
    structlog.contextvars.bind_contextvars(service=service)


_LIBRARIES = {
    "uvicorn.access": logging.WARNING,
    "uvicorn.error": logging.WARNING,
    # What it reports as errors are waits for a broker to come back; our own events say so.
    "aiokafka": logging.CRITICAL,
    "faststream": logging.ERROR,
}


def _library_event(_logger: Any, _name: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
    """A library's line under one catalogued event, its own words in `message`."""
    event["message"] = event["event"]
    event["event"] = "library_message"
    return event
