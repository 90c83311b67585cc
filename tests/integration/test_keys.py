"""Departments' keys when something is in the way: a service away, a key made twice, a rotation within a rotation."""

import asyncio
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import asyncpg
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError

from guichet import keys, revoking
from guichet.client import Services
from guichet.errors import NotReachable, WrongUse
from guichet.tokens import token
from shared.identity import key_id_of, new_key
from shared.keys import Keys, Scope
from shared.testing import eventually
from tests.conftest import LocalSystem

ORG = "9003"


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


async def is_revoked_everywhere(services: Services, key_id: str) -> bool:
    """By the command repeated, as its own words ask."""
    try:
        await revoking.revoke(services, key_id)
    except NotReachable:
        return False
    return True


async def row_of(services: Services, key_id: str, service: str = "status") -> dict[str, Any]:
    rows = (await services.ask(service, "/v1/keys"))["items"]
    return next(row for row in rows if row["id"] == key_id)


# Revoking


async def test_a_service_that_hangs_keeps_a_key_from_being_revoked_nowhere_else(
    services: Services, system: LocalSystem
) -> None:
    made = await keys.create(services, ORG)
    with system.halted("inventory"):
        began = time.monotonic()
        with pytest.raises(NotReachable, match=r"not yet: inventory \(.*guichet keys revoke gk_") as left:
            await revoking.revoke(services, made["id"])
        assert time.monotonic() - began < 8
        assert "Kafka (" not in str(left.value), left.value
        assert "feedback (" not in str(left.value)
        assert not await opens(services, "feedback", made["key"])
        assert not await opens(services, "status", made["key"])
        await eventually(lambda: enters_kafka(services, made), lambda enters: not enters, seconds=3)
    await revoking.revoke(services, made["id"])
    assert not await opens(services, "inventory", made["key"])


async def test_a_kafka_that_hangs_keeps_no_door_open(services: Services, system: LocalSystem) -> None:
    made = await keys.create(services, ORG)
    with system.halted("kafka"):
        with pytest.raises(NotReachable, match=r"not yet: Kafka \("):
            await revoking.revoke(services, made["id"])
        assert [await opens(services, door, made["key"]) for door in keys.DOORS] == [False, False, False]
    await eventually(lambda: is_revoked_everywhere(services, made["id"]))
    await eventually(lambda: enters_kafka(services, made), lambda enters: not enters, seconds=3)


async def test_the_command_names_what_is_left_and_ends_with_3(services: Services, system: LocalSystem) -> None:
    made = await keys.create(services, ORG)
    with system.halted("status"):
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
    await eventually(lambda: enters_kafka(services, made), lambda enters: not enters, seconds=3)


@pytest.mark.parametrize("key_id", ["gk_000000000000", "operator", "gk_0123456789ab/../.."])
async def test_what_is_no_key_is_said_to_be_none(services: Services, key_id: str) -> None:
    with pytest.raises(WrongUse, match="no key"):
        await revoking.revoke(services, key_id)


# Expiry in Kafka


async def test_an_expired_key_is_out_of_kafka_within_20_seconds_by_itself(services: Services) -> None:
    made = await keys.make(services, keys.Scope(ORG, expires_at=datetime.now(UTC) + timedelta(seconds=2)))
    assert await enters_kafka(services, made)
    await eventually(lambda: enters_kafka(services, made), lambda enters: not enters, seconds=22)


async def test_a_pass_that_finds_nothing_new_does_not_ask_kafka(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await keys.make(services, keys.Scope(ORG, expires_at=datetime.now(UTC) + timedelta(seconds=1)))
    settled: set[str] = set()

    async def pruned() -> list[str]:
        await revoking.prune(services, settled)
        return [key_id for key_id in settled if key_id == made["id"]]

    await eventually(pruned)
    await eventually(lambda: enters_kafka(services, made), lambda enters: not enters, seconds=3)
    monkeypatch.setattr(revoking, "administrator", None)
    assert await revoking.prune(services, settled) == []


# Made twice


async def posted(services: Services, /, **wanted: Any) -> tuple[int, dict[str, Any]]:
    """What the status service answers to a key that is to be made there."""
    operator = {"Authorization": f"Bearer {token(services.home, 'guichet', ['operator'])}"}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{services.url('status')}/v1/keys", json={"org_id": ORG, **wanted}, headers=operator) as answer,
    ):
        return answer.status, await answer.json(content_type=None)


async def test_the_same_key_asked_for_again_is_the_same_key(services: Services) -> None:
    key = new_key()
    first = await posted(services, key=key)
    assert first[0] == 201
    assert await posted(services, key=key) == first


@pytest.mark.parametrize("other", [{"org_id": "9001"}, {"actions": ["read"]}, {"services": []}, {"key": ""}])
async def test_an_id_that_is_known_is_refused_to_any_other_key(services: Services, other: dict[str, Any]) -> None:
    key = new_key()
    await posted(services, key=key)
    if "key" in other:
        other = {"key": f"{key_id_of(key)}_{new_key().split('_', 2)[2]}"}
    status, answer = await posted(services, **{"key": key, **other})
    assert (status, answer["code"]) == (409, "key_exists")
    assert await opens(services, "status", key)


async def test_a_key_that_was_revoked_does_not_come_back_by_being_asked_for_again(services: Services) -> None:
    key = new_key()
    await posted(services, key=key)
    await services.ask("status", f"/v1/keys/{key_id_of(key)}", method="DELETE")
    assert (await posted(services, key=key))[0] == 409
    assert not await opens(services, "status", key)


async def test_a_replacement_that_is_refused_leaves_the_old_key_as_it_was(services: Services) -> None:
    old, taken = new_key(), new_key()
    await posted(services, key=old)
    await posted(services, key=taken, actions=["read"])
    status, _ = await posted(services, key=taken, replaces=key_id_of(old), overlap_seconds=0)
    assert status == 409
    assert (await row_of(services, key_id_of(old)))["expires_at"] is None
    status, _ = await posted(services, key=new_key(), replaces="gk_000000000000")
    assert status == 404


# What it is for, and for how long


async def test_a_key_that_may_not_report_gets_no_kafka_login_and_reads_its_receipts(services: Services) -> None:
    made = await keys.make(services, keys.Scope(ORG, actions=["read"]))
    assert made["kafka"] is None
    assert await opens(services, "status", made["key"])
    only_reports = await keys.make(services, keys.Scope(ORG, actions=["report"]))
    assert await opens(services, "status", only_reports["key"])


async def length(services: Services, key_id: str) -> timedelta | None:
    row = await row_of(services, key_id)
    if row["expires_at"] is None:
        return None
    return datetime.fromisoformat(row["expires_at"]) - datetime.fromisoformat(row["created_at"])


async def test_a_rotation_within_a_rotation_gives_the_length_that_the_key_was_made_for(services: Services) -> None:
    for_ever = await keys.make(services, keys.Scope(ORG))
    month = timedelta(days=30)
    for_a_month = await keys.make(services, keys.Scope(ORG, expires_at=datetime.now(UTC) + month))
    for old, wanted in ((for_ever, None), (for_a_month, month)):
        for _ in range(2):
            new = await keys.rotate(services, old["id"], keys.lasting("1h"))
            found = await length(services, new["id"])
            assert found == wanted or (found and wanted and abs(found - wanted) < timedelta(minutes=1))


async def test_a_key_that_a_thousand_streams_ask_after_at_once_is_looked_up_once(database: asyncpg.Pool) -> None:
    key, asked = new_key(), list[str]()
    await Keys(database, "pepper").add(key, Scope("9001", ("status",), ("read",), None))
    async with database.acquire() as connection:
        with connection.query_logger(lambda each: asked.append(each.query)):
            some = Keys(connection, "pepper")  # type: ignore[arg-type]  # which answers one question at a time
            found = await asyncio.gather(*(some.department(key) for _ in range(1_000)))
    assert {each.org_id for each in found if each is not None} == {"9001"}
    assert len(asked) == 1
