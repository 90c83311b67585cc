"""Departments' keys: one key for several doors, kept by each service, asked of each through its API."""

import asyncio
import json
from collections.abc import Iterable, Sequence
from typing import Any

from guichet.client import Services
from guichet.home import Home
from guichet.principals import Principal, Principals, department
from shared.identity import key_id_of, new_key

DOORS = ("inventory", "feedback", "status")


async def create(services: Services, org_id: str, doors: Sequence[str] = DOORS) -> dict[str, Any]:
    """`{"key", "id", "kafka"}`; the key is shown this once. It opens the Kafka door too, as its password."""
    key = await _create(services, org_id, doors)
    await _admit(services, [department(key_id_of(key), key, org_id, doors)])
    kafka = {"username": key_id_of(key), "password": key} if services.kafka.username else dict.fromkeys(_LOGIN)
    return {"key": key, "id": key_id_of(key), "kafka": kafka}


_LOGIN = ("username", "password")


async def _create(services: Services, org_id: str, doors: Sequence[str]) -> str:
    key = new_key()
    body = {"org_id": org_id, "key": key}
    await asyncio.gather(*(services.ask(door, "/v1/keys", method="POST", body=body) for door in doors))
    return key


async def _admit(services: Services, principals: Sequence[Principal]) -> None:
    """Where Kafka asks for a login, each key has one of its own."""
    if services.kafka.username and principals:
        administrator = services.home.kafka_administrator(services.kafka)
        await asyncio.to_thread(Principals(administrator).admit, principals)


async def kept(services: Services, home: Home, org_ids: Iterable[str]) -> dict[str, str]:
    """A key for each organisation, made where this home has none yet, and kept in keys/departments.json."""
    file = home.path / "keys" / "departments.json"
    keys: dict[str, str] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    limit = asyncio.Semaphore(40)
    made: list[Principal] = []

    async def make(org_id: str) -> None:
        async with limit:
            keys[org_id] = key = await _create(services, org_id, DOORS)
            made.append(department(key_id_of(key), key, org_id, DOORS))

    await asyncio.gather(*(make(org_id) for org_id in org_ids if org_id not in keys))
    await _admit(services, made)
    file.touch(mode=0o600)
    file.write_text(json.dumps(keys), encoding="utf-8")
    return keys
