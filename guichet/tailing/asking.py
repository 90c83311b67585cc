"""Asking services that may be away: their answer, or why there is none; said once, and again when it changes."""

import asyncio
from typing import Any

from guichet.client import Services
from guichet.errors import Stop

_SECONDS = 3.0


class Away(Exception):
    """A service gave no answer; what it says is for an operator."""


async def ask(services: Services, service: str, path: str, query: dict[str, Any] | None = None) -> Any:
    """The answer of a service, at once or not at all. Raises Away."""
    try:
        return await asyncio.wait_for(services.ask(service, path, query=query, patient=False), _SECONDS)
    except TimeoutError:
        raise Away(f"{service} does not answer within {_SECONDS:g} s; look at `guichet ps`") from None
    except Stop as stop:
        raise Away(str(stop)) from None


class Presence:
    """Which services were away when last asked."""

    def __init__(self) -> None:
        self._away: set[str] = set()

    def changed(self, service: str, *, away: bool) -> bool:
        if (service in self._away) is away:
            return False
        (self._away.add if away else self._away.discard)(service)
        return True

    @property
    def anyone_away(self) -> bool:
        return bool(self._away)
