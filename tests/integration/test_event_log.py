"""The log that is the outbox."""

import asyncio
import random
from datetime import UTC, datetime

import asyncpg
import orjson
import pytest

from shared.contracts.feedback import FeedbackStateChanged
from shared.database import transaction
from shared.event_log import Accepted, LogEntry, append, digest, head

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)


def entry(number: int, org: str = "9001") -> LogEntry:
    data = FeedbackStateChanged(
        feedback_id=f"F-{number}",
        service_id=None,
        kind=None,
        from_state=None,
        to_state="resolved",
        version=1,
        changed_at=NOW,
    )
    return LogEntry(
        "feedback.cases.v1", f"{org}/F-{number}", "feedback", "FeedbackStateChanged", org, NOW, f"/organizations/{org}",
        f"e-{number}", data, f"{org}/F-{number}",
    )  # fmt: skip


async def test_a_reader_at_a_position_misses_nothing_that_is_committed_later(database: asyncpg.Pool) -> None:
    """Writers that commit in any order; a reader that follows the log by position must see every event once, in order."""
    rng = random.Random(7)
    writers_done = asyncio.Event()

    async def write(writer: int) -> None:
        for n in range(25):
            async with transaction(database) as connection:
                await connection.execute("select pg_sleep($1)", rng.random() / 200)
                await append(connection, [entry(writer * 1000 + n), entry(writer * 1000 + n + 500)], [])

    async def read() -> list[int]:
        seen: list[int] = []
        while True:
            done = writers_done.is_set()
            rows = await database.fetch(
                "select position from recorded_event where position > $1 order by position", seen[-1] if seen else 0
            )
            seen += [row["position"] for row in rows]
            if done and not rows:
                return seen

    reader = asyncio.create_task(read())
    await asyncio.gather(*(write(writer) for writer in range(4)))
    writers_done.set()
    assert await reader == list(range(1, 201))


async def test_moments_never_fall_as_positions_rise(database: asyncpg.Pool) -> None:
    for n in range(5):
        async with transaction(database) as connection:
            await append(connection, [entry(n)], [])
    await database.execute("update log_head set recorded_at = now() + interval '1 hour'")  # a clock that was set back
    async with transaction(database) as connection:
        appended = await append(connection, [entry(99)], [])
    assert appended.recorded_at > datetime.now(UTC)
    moments = [
        row["recorded_at"] for row in await database.fetch("select recorded_at from recorded_event order by position")
    ]
    assert moments == sorted(moments)


async def test_what_is_rolled_back_leaves_no_gap(database: asyncpg.Pool) -> None:
    async with transaction(database) as connection:
        first = await append(connection, [entry(1)], [])

    async def fails() -> None:
        async with transaction(database) as connection:
            await append(connection, [entry(2)], [])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fails()
    async with transaction(database) as connection:
        second = await append(connection, [entry(3)], [])
    assert (first.first, second.first) == (1, 2)


async def test_the_value_is_a_cloudevent_that_names_its_position_moment_and_cause(database: asyncpg.Pool) -> None:
    async with transaction(database) as connection:
        appended = await append(connection, [entry(1)], [])
    row = await database.fetchrow("select value from recorded_event")
    event = orjson.loads(row["value"])
    assert event["specversion"] == "1.0"
    assert event["id"] == str(appended.first)
    assert datetime.fromisoformat(event["recordedat"]) == appended.recorded_at
    assert event["type"] == "guichet.feedback.FeedbackStateChanged.v1"
    assert event["source"] == "/services/feedback"
    assert (event["causedby"], event["causedbysource"]) == ("e-1", "/organizations/9001")
    assert event["org"] == "9001"


async def test_accepted_events_are_remembered_with_the_position_of_their_first_entry(database: asyncpg.Pool) -> None:
    accepted = [
        Accepted("/organizations/9001", "a", "9001", b"1", "t", None, 0),
        Accepted("/organizations/9001", "b", "9001", b"2", "t", "9001/A", 2),
    ]
    async with transaction(database) as connection:
        appended = await append(connection, [entry(n) for n in range(3)], accepted)
    rows = await database.fetch("select event_id, position, opened_key from received_event order by event_id")
    assert [tuple(row.values()) for row in rows] == [
        ("a", appended.first, None),
        ("b", appended.first + 2, "9001/A"),
    ]


async def test_the_digest_tells_a_changed_event_from_the_true_one(database: asyncpg.Pool) -> None:
    async with transaction(database) as connection:
        await append(connection, [entry(1), entry(2, "9002")], [])
    async with database.acquire() as connection:
        before = await digest(connection, 2)
        await connection.execute(
            "update recorded_event set value = replace(value, 'resolved', 'closed') where org_id = '9002'"
        )
        after = await digest(connection, 2)
    assert [cell["events"] for cell in before] == [1, 1]
    assert before[0] == after[0]
    assert before[1] != after[1]


async def test_the_head_waits_for_whoever_is_about_to_commit(database: asyncpg.Pool) -> None:
    """Otherwise the relay could announce a moment before which something is still to come."""
    async with database.acquire() as reader, database.acquire() as writer:
        running = writer.transaction()
        await running.start()
        await append(writer, [entry(1)], [])
        asking = asyncio.create_task(head(reader))
        done, _ = await asyncio.wait([asking], timeout=0.2)
        assert not done
        await running.commit()
        position, recorded_at = await asking
    row = await database.fetchrow("select recorded_at from recorded_event")
    assert position == 1
    assert recorded_at >= row["recorded_at"]
