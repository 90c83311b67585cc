"""How the command talks to the four services: their HTTP doors, with an operator's token or a department's key."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Self, TypeVar

import aiohttp
import orjson

from guichet.errors import NotReachable, Stop, WrongUse
from guichet.home import Home
from guichet.tokens import token
from shared.kafka import Kafka

_T = TypeVar("_T")
_AWAY_SECONDS = 60.0
_MOST_PAUSE = 60.0
# How long a service may be silent: asked something, asked to look through all it has, or sent thousands of events.
_ANSWER_SECONDS = 10.0
LONG_SECONDS = 120.0
_LATER = {429, 503}
_BACK_OFF = (0.1, 0.2, 0.5, 1.0, 2.0)


class Services:
    """One system's services. A request that meets a service which is away, or says 429 or 503, is tried again for a minute.

    Each try when the service asks for it, within the next minute; so a request takes two minutes at most, and what its
    last answer takes.
    """

    def __init__(self, home: Home) -> None:
        self.home = home
        self.addresses = home.addresses()
        self._operator = token(home, "guichet", ["operator"])
        self._session: aiohttp.ClientSession

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    @property
    def kafka(self) -> Kafka:
        """The operator's way into Kafka: may read every topic."""
        found = self.addresses["kafka"]
        return Kafka(found["bootstrap"], found["username"], found["password"])

    def url(self, service: str) -> str:
        return str(self.addresses[service]["url"])

    async def ask(
        self,
        service: str,
        path: str,
        *,
        method: str = "GET",
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        bearer: str | None = None,
        public: bool = False,
        patient: bool = True,
        seconds: float = _ANSWER_SECONDS,
    ) -> Any:
        """The JSON answer of a service (of a CSV file its bytes), asked as an operator unless `bearer` or `public` says otherwise.

        A service that is silent for so many `seconds` is away. Raises Stop with the service's own words when it refuses.
        """
        content = None if body is None else orjson.dumps(body)
        params = {name: str(value) for name, value in (query or {}).items() if value is not None}
        status, answer = await self._request(
            method,
            service,
            path,
            content,
            "application/json",
            None if public else bearer or self._operator,
            params,
            patient=patient,
            seconds=seconds,
        )
        if status in {400, 422}:
            raise WrongUse(str(answer.get("detail", answer)))
        if status >= 400:
            raise Stop(f"{service} refuses {path}: {answer.get('detail', answer)}")
        return answer

    async def send(self, service: str, key: str, events: Sequence[bytes]) -> list[dict[str, Any]]:
        """Send events (each one line of JSON) through the HTTP door; one receipt for each, in order.

        Tried again with the same ids until it is answered: what had been recorded comes back as a duplicate.
        """
        body = b"\n".join(events)
        status, answer = await self._request(
            "POST", service, "/v1/events", body, "application/x-ndjson", key, seconds=LONG_SECONDS
        )
        if "receipts" not in answer:
            raise Stop(f"{service} refuses the events ({status}): {answer.get('detail', answer)}")
        receipts: list[dict[str, Any]] = answer["receipts"]
        return receipts

    async def _request(
        self,
        method: str,
        service: str,
        path: str,
        content: bytes | None,
        kind: str,
        bearer: str | None,
        params: Mapping[str, str] | None = None,
        *,
        patient: bool = True,
        seconds: float = _ANSWER_SECONDS,
    ) -> tuple[int, Any]:
        headers = {"Content-Type": kind, **({"Authorization": f"Bearer {bearer}"} if bearer else {})}
        wait = aiohttp.ClientTimeout(total=None, sock_connect=_ANSWER_SECONDS, sock_read=seconds)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + (_AWAY_SECONDS if patient else 0)
        tries = 0
        while True:
            failure: str
            pause = 0.0
            try:
                async with self._session.request(
                    method, self.url(service) + path, data=content, headers=headers, params=params, timeout=wait
                ) as answer:
                    if answer.status not in _LATER:
                        content_ = await answer.read()
                        if answer.content_type == "text/csv":
                            return answer.status, content_
                        return answer.status, orjson.loads(content_ or b"{}")
                    failure = f"it asks to come again later ({answer.status})"
                    pause = _seconds(answer.headers.get("Retry-After"))
            except (aiohttp.ClientError, TimeoutError, orjson.JSONDecodeError) as error:
                failure = str(error) or type(error).__name__
            if loop.time() >= deadline:
                raise NotReachable(f"{service} at {self.url(service)} does not answer: {failure}; look at `guichet ps`")
            await asyncio.sleep(max(pause, _BACK_OFF[min(tries, len(_BACK_OFF) - 1)]))
            tries += 1


def _seconds(retry_after: str | None) -> float:
    return min(float(retry_after), _MOST_PAUSE) if retry_after and retry_after.isdigit() else 0.0


async def with_services(home: Home, work: Callable[[Services], Awaitable[_T]]) -> _T:
    """Do some work with the services of the system in a home."""
    async with Services(home) as services:
        return await work(services)
