"""Reporting's log and views gone: F13."""

import asyncio
from typing import Any

import asyncpg
import orjson
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from guichet.rebuilding import filled_up, followed
from services.reporting import store
from shared.testing import eventually
from tests.faults.rig import Rig

_TABLES = ("logged_event", "known_service", "known_standard", "advanced", "void_span")
_SHORTENED = "status.applications.v1"


async def log_and_views_gone(rig: Rig, full: bool) -> str:
    """Both are dropped in a system at rest, and made again from Kafka; in full, reporting is killed on the way, and Kafka has lost
    half of a topic, which comes again from the log of its service.
    """
    found = await rig.check()
    assert not found, f"before anything was dropped: {found[0]}"
    before, logged = await _views(rig), await _log(rig)
    await _drop(rig)
    assert await _views(rig) != before
    if full:
        await _shorten(rig)
        await _begin(rig)
        await asyncio.sleep(0.5)
        rig.kill("reporting")
        await rig.serves("reporting", 60)
    ended = await followed(rig.services, await _begin(rig), for_programs=True)
    assert ended["state"] == "switched", f"it {ended['state']}: {ended['error']}"
    read = sum(number for number, _ in (await _log(rig)).values())
    outcome = await filled_up(rig.services, lambda _: None)
    ((position,),) = await rig.fetch("reporting", "select position from reading_head")
    rig.look.read_on(position)
    told = {name: outcome[name] for name in ("missing", "behind", "differences")} | {"views": outcome["views"]["equal"]}
    assert outcome["reconciled"], f"it is not reconciled: {told}"
    assert await _log(rig) == logged, "the log is another"
    after = await _views(rig)
    assert after == before, f"differ by hash: {[view for view in before if after[view] != before[view]]}"
    rows, events = sum(each["rows"] for each in after.values()), sum(number for number, _ in logged.values())
    assert (events > read) is full, "what Kafka had forgotten must have come from the services' logs"
    return f"{events} events ({events - read} from the services' logs) and {rows} rows of views again, equal by hash"


async def _begin(rig: Rig) -> dict[str, Any]:
    body = {"source": "kafka", "accept": "the log and the views were lost"}

    async def begun() -> Any:
        status, answer = await rig.services._request(
            "POST", "reporting", "/v1/rebuilds", orjson.dumps(body), "application/json", rig.services._operator
        )
        return answer if status == 202 else None

    return dict(await eventually(begun, seconds=60))


async def _views(rig: Rig) -> dict[str, Any]:
    connection = await asyncpg.connect(
        rig.system.database("reporting", owner=True), server_settings={"timezone": "UTC"}
    )
    try:
        return await store.digests(connection, "views_1")
    finally:
        await connection.close()


async def _log(rig: Rig) -> dict[str, tuple[int, Any]]:
    rows = await rig.fetch(
        "reporting",
        "select service, count(*), sum(hashtextextended(value, 0)::numeric) from logged_event group by service",
    )
    return {row[0]: (row[1], row[2]) for row in rows}


async def _drop(rig: Rig) -> None:
    """How far each partition was read is lost too: for readers alone that is no step back."""
    views = [f"views_1.{view}" for view in store.VIEWS if not view.startswith("known_")]
    await rig.readers.stop()
    await rig.fetch("reporting", f"truncate {', '.join([*_TABLES, *views])}")
    rig.readers.forget_heads()
    rig.readers.start()


async def _shorten(rig: Rig) -> None:
    """Kafka forgets the first half of a topic, as its retention would have it."""
    admin = AIOKafkaAdminClient(**rig.system.home.kafka_administrator(rig.system.kafka).options())
    await admin.start()
    try:
        rows = await rig.fetch(
            "reporting",
            "select partition, max(next_offset) / 2 from consumed where topic = $1 group by partition",
            _SHORTENED,
        )
        await admin.delete_records(
            {TopicPartition(_SHORTENED, p): RecordsToDelete(before_offset=half) for p, half in rows}
        )
    finally:
        await admin.close()
