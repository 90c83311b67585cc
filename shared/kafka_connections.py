"""A connection to Kafka that was lost is said to be lost, on uvloop too.

uvloop raises RuntimeError where something is written to a connection in the moment after it was reset. aiokafka 0.14 expects
OSError alone (aio-libs/aiokafka#1038), so the background task that wrote ends for good: without the one that looks for
metadata, a consumer that loses its coordinator waits for ever.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from aiokafka.conn import AIOKafkaConnection, CloseReason
from aiokafka.errors import KafkaConnectionError

_Send = Callable[..., Any]


def lose_connections_with_care() -> None:
    """For every client of this process, however often it is called."""
    for name in ("send", "_send_sasl_token"):
        send = getattr(AIOKafkaConnection, name)
        if not hasattr(send, "__wrapped__"):
            setattr(AIOKafkaConnection, name, _with_care(send))


def _with_care(send: _Send) -> _Send:
    @wraps(send)
    def sent(connection: AIOKafkaConnection, *arguments: Any, **options: Any) -> Any:
        try:
            return send(connection, *arguments, **options)
        except RuntimeError as error:
            connection.close(reason=CloseReason.CONNECTION_BROKEN, exc=error)
            raise KafkaConnectionError(f"{connection!r} was reset") from error

    return sent
