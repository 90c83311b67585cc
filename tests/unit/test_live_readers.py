"""Who reads live, from where they are told, and who does not any more."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from fastapi import FastAPI

from services.reporting import store as reporting_store
from services.reporting.api.stream import Stream
from services.status import store
from services.status.api.live import Live
from shared.streaming import Readers, message

Begun = Callable[[], Any]


async def test_a_reader_that_leaves_between_two_messages_is_forgotten() -> None:
    """Otherwise the log would be asked for its application's changes for ever."""
    live = Live(FastAPI())
    stream = live.read(("9001", "A-1"), None)
    assert b"retry" in await anext(stream)
    assert live._readers
    await stream.aclose()
    assert not live._readers
    assert not live._wanted.is_set()


class Heads:
    """The log's head as each look finds it, answered when the test says so."""

    def __init__(self, *heads: int) -> None:
        self._heads = iter(heads)
        self.answers = {head: asyncio.Event() for head in heads}

    async def next(self, _: Any) -> int:
        head = next(self._heads)
        await self.answers[head].wait()
        return head


async def begun_at(begun: Begun, heads: Heads, first: int, second: int) -> Any:
    """Two readers come before any; the second's look at the log is answered after the first's."""
    looks = [asyncio.create_task(begun()) for _ in range(2)]
    await asyncio.sleep(0)  # both have found that nobody was there before
    heads.answers[first].set()
    await looks[0]
    heads.answers[second].set()
    return await looks[1]


async def test_lesson_5_15_of_two_first_readers_the_second_moves_nobody_past_what_the_first_has_not_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What was recorded between their looks, the first would never be told."""
    app, heads = FastAPI(), Heads(10, 12)
    app.state.pool = None
    monkeypatch.setattr(store, "log_head", heads.next)
    live = Live(app)
    assert await begun_at(live._begun, heads, 10, 12) == 10
    assert live._told == 10


async def test_lesson_5_15_the_same_holds_of_the_stream_of_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    heads = Heads(10, 12)

    @asynccontextmanager
    async def one_state(_: Any) -> AsyncIterator[None]:
        yield None

    async def own_head(_: Any) -> int:
        return 0

    for name, instead in (("one_state", one_state), ("head", heads.next), ("own_head", own_head)):
        monkeypatch.setattr(reporting_store, name, instead)
    stream = Stream(None)  # type: ignore[arg-type]
    assert await begun_at(stream._begun, heads, 10, 12) == (10, 0)


async def test_a_reader_who_may_read_no_more_is_told_nothing_more_and_the_others_are() -> None:
    readers, allowed = Readers(), {"one": True, "other": True}

    async def first() -> tuple[int, bytes]:
        return message(1, "application", b"{}")

    def read(name: str) -> Any:
        async def may() -> bool:
            return allowed[name]

        return readers.read(first, may)

    one, other = read("one"), read("other")
    for each in (one, other):
        assert b"retry" in await anext(each)
        assert b"id: 1" in await anext(each)
    allowed["one"] = False
    readers.hand(message(2, "application", b"{}"))
    assert [text async for text in one] == []
    assert b"id: 2" in await anext(other)
    assert len(readers) == 1
