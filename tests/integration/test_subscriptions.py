"""Subscriptions: who may make them, to what, at which address; tests, secrets and how they are ended."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import orjson
import pytest

from guichet import keys
from guichet.client import Services
from shared.testing import eventually, status_event
from tests.integration.receiving import Receiver, Receivers, receivers

ORG, OTHER = "9031", "9032"


@pytest.fixture(scope="module")
async def key(services: Services) -> str:
    return str((await keys.create(services, ORG))["key"])


@pytest.fixture(scope="module")
async def others_key(services: Services) -> str:
    return str((await keys.create(services, OTHER))["key"])


@pytest.fixture
async def receiving() -> AsyncIterator[Receivers]:
    async with receivers() as found:
        yield found


@pytest.fixture
async def receiver(receiving: Receivers) -> Receiver:
    return await receiving.one()


class Door:
    """Requests to status as one caller: (status, answer)."""

    def __init__(self, services: Services, session: aiohttp.ClientSession, bearer: str | None) -> None:
        self._url, self._session = services.url("status"), session
        self._headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}

    async def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        async with self._session.request(
            method, self._url + path, json=body, headers={**self._headers, **headers}
        ) as answer:
            return answer.status, orjson.loads(await answer.read() or b"null")

    async def subscribed(self, **wanted: Any) -> dict[str, Any]:
        status, answer = await self("POST", "/v1/subscriptions", {"channel": "webhook", "language": "en", **wanted})
        assert status == 201, answer
        return dict(answer)


@pytest.fixture
def department(services: Services, http: aiohttp.ClientSession, key: str) -> Door:
    return Door(services, http, key)


def now_event(application: str, state: str, number: int, **data: Any) -> dict[str, Any]:
    """An event of this very minute, which is no backfill."""
    time = datetime.now(UTC) - timedelta(seconds=60 - number)
    return status_event(ORG, application, state, number=number, time=time.isoformat(), **data)


async def send(services: Services, key: str, *events: dict[str, Any]) -> list[dict[str, Any]]:
    return await services.send("status", key, [orjson.dumps(event) for event in events])


async def test_a_department_s_webhook_is_told_of_each_change_in_order_and_can_verify_it(
    services: Services, key: str, department: Door, receiver: Receiver, unique: str
) -> None:
    await send(services, key, now_event(unique, "submitted", 1))
    made = await department.subscribed(application_id=unique, address=receiver.url, language="fr")
    for number, state in enumerate(("complete", "in_review", "decided"), 2):
        await send(services, key, now_event(unique, state, number))

    async def taken() -> list[str]:
        return receiver.states

    await eventually(taken, lambda found: found == ["complete", "in_review", "decided"])
    first = receiver.taken[0].verified(made["secret"])
    assert first["type"] == "application.state_changed"
    assert first["data"]["summary"] == "Votre demande est complète."
    assert (first["data"]["org_id"], first["data"]["application_id"], first["data"]["version"]) == (ORG, unique, 2)

    async def delivered() -> list[Any]:
        _, answer = await department("GET", f"/v1/subscriptions/{made['id']}/deliveries")
        return [(each["version"], each["status"], [a["code"] for a in each["attempts"]]) for each in answer["items"]]

    await eventually(delivered, lambda found: found == [(n, "delivered", [204]) for n in (4, 3, 2)])
