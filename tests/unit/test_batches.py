"""A line at once when little goes on, one every half second under load, and none lost at the end."""

import asyncio
import time
from typing import Any

from aiokafka import ConsumerRecord

from shared.batches import Gathered, Taken, answered, flush_all, join_taken, spans_of
from shared.intake import Receipt
from shared.problems import problem
from shared.testing import eventually


def added(one: int, other: int) -> int:
    return one + other


async def test_the_first_is_said_at_once_and_what_follows_is_gathered_into_one() -> None:
    said: list[int] = []
    gathered = Gathered(said.append, added)
    for number in (1, 2, 3, 4):
        gathered.add(number)
    assert said == [1]

    async def so_far() -> list[int]:
        return said

    await eventually(so_far, lambda found: found == [1, 9], seconds=2)


async def test_under_load_there_are_two_lines_a_second_and_nothing_is_left_out() -> None:
    said: list[int] = []
    gathered = Gathered(said.append, added)
    ends, number = time.monotonic() + 1.2, 0
    while time.monotonic() < ends:
        gathered.add(1)
        number += 1
        await asyncio.sleep(0)
    flush_all()
    assert sum(said) == number
    assert len(said) <= 4


async def test_what_is_held_at_the_end_is_said() -> None:
    said: list[int] = []
    gathered = Gathered(said.append, added)
    gathered.add(1)
    gathered.add(2)
    flush_all()
    flush_all()
    assert said == [1, 2]


def test_a_door_s_answers_are_counted_with_their_span_and_reasons_by_organisation() -> None:
    wrong = problem("invalid_value", "x", "x")
    found = answered(
        "http",
        [
            Receipt("a", "accepted", 7, warnings=[problem("unknown_service", "x", "x")]),
            Receipt("b", "duplicate", 2),
            Receipt("c", "accepted", 5),
            Receipt("d", "rejected", problem=wrong, org_id="134"),
            Receipt("e", "rejected", problem=wrong, org_id="56"),
        ],
    )
    assert found.outcomes == {"accepted": 2, "duplicate": 1, "rejected": 2}
    assert found.span == (5, 7)
    assert found.warnings == {"unknown_service": 1}
    assert found.refusals == {"134": {"invalid_value": 1}, "56": {"invalid_value": 1}}


def record(topic: str, partition: int, event_id: str) -> Any:
    return ConsumerRecord(topic, partition, 0, 0, 0, None, b"", None, 0, 0, (("ce_id", event_id.encode()),))


def test_spans_are_told_by_service_whatever_the_partition_and_a_relay_s_own_word_is_none() -> None:
    records = [
        record("status.applications.v1", 0, "12"),
        record("status.applications.v1", 1, "9"),
        record("status.applications.v1", 0, "15"),
        record("status.applications.v1", 0, "advanced-15-x"),
        record("inventory.services.v1", 0, "advanced-3-x"),
        record("feedback.cases.v1", 0, "4"),
    ]
    assert spans_of(records) == {"status": (9, 15), "feedback": (4, 4)}
    one, other = Taken("g", 2, 0, {"status": (9, 15)}), Taken("g", 1, 1, {"status": (2, 3), "feedback": (1, 1)})
    assert join_taken(one, other) == Taken("g", 3, 1, {"status": (2, 15), "feedback": (1, 1)})
