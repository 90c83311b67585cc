"""How long a full commit takes decides how many events the next one has: whoever comes meanwhile waits it out."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.decoding import Arrival
from shared.group_commit import FEWEST_COMMIT, MAX_COMMIT, GroupCommit, next_most
from shared.intake import Receipt
from shared.problems import TemporarilyUnavailable

SIZES = st.integers(FEWEST_COMMIT, MAX_COMMIT)


@given(SIZES, st.integers(1, MAX_COMMIT), st.floats(0, 100))
def test_a_commit_has_neither_too_few_nor_too_many_events(most: int, events: int, seconds: float) -> None:
    assert FEWEST_COMMIT <= next_most(most, min(most, events), seconds) <= MAX_COMMIT


@given(st.floats(0.00001, 0.002))
def test_full_commits_come_to_take_sixty_milliseconds_wherever_the_machine_allows_it(seconds_each: float) -> None:
    most = MAX_COMMIT // 4
    for _ in range(20):
        most = next_most(most, most, most * seconds_each)
    assert most in {FEWEST_COMMIT, MAX_COMMIT} or 0.05 <= most * seconds_each <= 0.07


@given(SIZES, st.integers(1, FEWEST_COMMIT - 1), st.floats(0, 0.06))
def test_a_quick_commit_of_few_events_says_nothing(most: int, events: int, seconds: float) -> None:
    assert next_most(most, events, seconds) == most


@given(SIZES, st.floats(0.5, 100))
def test_slow_commits_of_few_events_make_the_next_ones_smaller_step_by_step(most: int, seconds: float) -> None:
    once = next_most(most, FEWEST_COMMIT - 1, seconds)
    assert once == max(FEWEST_COMMIT, round(most / 2))
    for _ in range(5):
        once = next_most(once, FEWEST_COMMIT - 1, seconds)
    assert once == FEWEST_COMMIT


# What a commit takes, and what each request is answered


class _Recorded(GroupCommit):
    """Commits into a list, after `before` was called; the receipt of an event has its bytes as id."""

    def __init__(self, before: Any = lambda _: None) -> None:
        super().__init__(None, None, 0, asyncio.Event())  # type: ignore[arg-type]
        self.commits: list[list[str]] = []
        self._before = before

    async def _commit(self, arrivals: Sequence[Arrival]) -> list[Receipt]:
        self._before(self)
        self.commits.append([arrival.raw.decode() for arrival in arrivals])
        await asyncio.sleep(0)
        return [Receipt(arrival.raw.decode(), "accepted") for arrival in arrivals]


@asynccontextmanager
async def _running(writer: GroupCommit) -> AsyncIterator[None]:
    task = asyncio.create_task(writer.run())
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def _events(prefix: str, number: int) -> list[Arrival]:
    return [Arrival(f"{prefix}{each}".encode(), prefix) for each in range(number)]


async def test_a_request_in_many_commits_is_answered_once_in_its_order_and_others_have_their_turn_between() -> None:
    writer = _Recorded()
    many = asyncio.create_task(writer.submit("a", _events("a", 3_000)))
    one = asyncio.create_task(writer.submit("b", _events("b", 1)))
    await asyncio.sleep(0)
    async with _running(writer):
        assert [receipt.id for receipt in await one] == ["b0"]
        assert [receipt.id for receipt in await many] == [f"a{each}" for each in range(3_000)]
    assert len(writer.commits) > 1
    assert "b0" in writer.commits[0]
    assert max(map(len, writer.commits)) <= MAX_COMMIT


async def test_of_a_request_whose_sender_hung_up_nothing_more_is_committed() -> None:
    gone: asyncio.Task[Any]
    writer = _Recorded(lambda _: gone.cancel())
    gone = asyncio.create_task(writer.submit("a", _events("a", 5_000)))
    await asyncio.sleep(0)
    async with _running(writer):
        await asyncio.wait([gone])
        assert [receipt.id for receipt in await writer.submit("a", _events("b", 1))] == ["b0"]
    assert len(writer.commits) == 2


async def test_a_commit_that_fails_refuses_each_of_its_requests_and_the_rest_of_them() -> None:
    def fail(writer: _Recorded) -> None:
        if not writer.commits:
            writer.commits.append([])
            raise ConnectionError

    writer = _Recorded(fail)
    refused = asyncio.create_task(writer.submit("a", _events("a", 5_000)))
    await asyncio.sleep(0)
    async with _running(writer):
        with pytest.raises(TemporarilyUnavailable):
            await refused
        assert [receipt.id for receipt in await writer.submit("a", _events("b", 1))] == ["b0"]
    assert writer.commits == [[], ["b0"]]


async def test_a_commit_that_takes_long_holds_up_its_own_senders_alone_and_keeps_their_order() -> None:
    class Slow(_Recorded):
        async def _commit(self, arrivals: Sequence[Arrival]) -> list[Receipt]:
            receipts = await super()._commit(arrivals)
            begun.set()
            if arrivals[0].org_id == "a":
                await done.wait()
            return receipts

    begun, done = asyncio.Event(), asyncio.Event()
    writer = Slow()
    async with _running(writer):
        first = asyncio.create_task(writer.submit("a", _events("a", 1)))
        await begun.wait()
        second = asyncio.create_task(writer.submit("a", [Arrival(b"a-second", "a")]))
        for number in range(3):
            assert [each.id for each in await writer.submit("b", [Arrival(f"b{number}".encode(), "b")])] == [
                f"b{number}"
            ]
        assert not first.done()
        assert not second.done()
        done.set()
        await asyncio.gather(first, second)
    assert writer.commits == [["a0"], ["b0"], ["b1"], ["b2"], ["a-second"]]
