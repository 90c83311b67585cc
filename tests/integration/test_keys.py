"""Departments' keys when something is in the way: a service away, a key made twice, a rotation within a rotation."""

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError

from guichet import keys, revoking
from guichet.client import Services
from guichet.errors import NotReachable, WrongUse
from shared.testing import eventually
from tests.conftest import LocalSystem

ORG = "9003"


@contextmanager
def halted(system: LocalSystem, service: str) -> Iterator[None]:
    """A service that takes connections and answers none."""
    pid = system.addresses["processes"][service]
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


async def opens(services: Services, service: str, key: str) -> bool:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{services.url(service)}/v1/receipts/none", headers={"Authorization": f"Bearer {key}"}) as answer,
    ):
        return answer.status == 404


async def enters_kafka(services: Services, made: dict[str, Any]) -> bool:
    login = replace(services.kafka, username=made["kafka"]["username"], password=made["kafka"]["password"])
    producer = AIOKafkaProducer(**login.options())
    try:
        await producer.start()
    except KafkaConnectionError:
        return False
    finally:
        await producer.stop()
    return True


async def row_of(services: Services, key_id: str, service: str = "status") -> dict[str, Any]:
    rows = (await services.ask(service, "/v1/keys"))["items"]
    return next(row for row in rows if row["id"] == key_id)


# Revoking


async def test_a_service_that_hangs_keeps_a_key_from_being_revoked_nowhere_else(
    services: Services, system: LocalSystem
) -> None:
    made = await keys.create(services, ORG)
    with halted(system, "inventory"):
        began = time.monotonic()
        with pytest.raises(NotReachable, match=r"not yet: inventory \(.*guichet keys revoke gk_") as left:
            await revoking.revoke(services, made["id"])
        assert time.monotonic() - began < 8
        assert "feedback (" not in str(left.value)
        assert not await opens(services, "feedback", made["key"])
        assert not await opens(services, "status", made["key"])
        assert not await enters_kafka(services, made)
    await revoking.revoke(services, made["id"])
    assert not await opens(services, "inventory", made["key"])


async def test_the_command_names_what_is_left_and_ends_with_3(services: Services, system: LocalSystem) -> None:
    made = await keys.create(services, ORG)
    with halted(system, "status"):
        done = await asyncio.to_thread(system.command, "keys", "revoke", made["id"], check=False)
        listed = await asyncio.to_thread(system.command, "keys", "ls", "--format", "json", check=False)
    assert (done.returncode, listed.returncode) == (3, 3)
    assert "not yet: status" in done.stderr
    assert "status" in listed.stderr
    assert made["id"] in listed.stdout
    again = await asyncio.to_thread(system.command, "keys", "revoke", made["id"])
    assert "revoked everywhere" in again.stderr


async def test_revoking_again_does_what_is_left_though_only_the_kafka_login_is(services: Services) -> None:
    made = await keys.create(services, ORG)
    for door in keys.DOORS:
        await services.ask(door, f"/v1/keys/{made['id']}", method="DELETE")
    assert await enters_kafka(services, made)
    await revoking.revoke(services, made["id"])
    assert not await enters_kafka(services, made)


@pytest.mark.parametrize("key_id", ["gk_000000000000", "operator", "gk_0123456789ab/../.."])
async def test_what_is_no_key_is_said_to_be_none(services: Services, key_id: str) -> None:
    with pytest.raises(WrongUse, match="no key"):
        await revoking.revoke(services, key_id)


# Expiry in Kafka


async def test_a_pass_that_finds_nothing_new_does_not_ask_kafka(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await keys.make(services, keys.Scope(ORG, expires_at=datetime.now(UTC) + timedelta(seconds=1)))
    settled: set[str] = set()

    async def pruned() -> list[str]:
        await revoking.prune(services, settled)
        return [key_id for key_id in settled if key_id == made["id"]]

    await eventually(pruned)
    assert not await enters_kafka(services, made)
    monkeypatch.setattr(revoking, "administrator", None)
    assert await revoking.prune(services, settled) == []
