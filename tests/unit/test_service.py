"""The parts of a service end when it is asked to."""

import asyncio
from contextlib import suppress

import pytest

from shared import service
from shared.service import end, to_the_end


@pytest.mark.parametrize("ticks", range(5))
async def test_a_part_ends_although_a_cancellation_was_lost(ticks: int) -> None:
    """`asyncio.wait_for` forgets it where what it waits for comes in the same moment (before Python 3.12)."""
    woken = asyncio.Event()

    async def part() -> None:
        while True:
            woken.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(woken.wait(), 60)

    task = asyncio.create_task(part())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    woken.set()
    for _ in range(ticks):
        await asyncio.sleep(0)
    await end([task])
    assert task.cancelled()


async def test_what_a_part_does_at_its_end_is_not_cut_short_by_its_being_told_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(service, "_CANCEL_SECONDS", 0.001)
    told = asyncio.Event()

    async def part() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await to_the_end(finish())

    async def finish() -> None:
        for _ in range(20):
            await asyncio.sleep(0.002)
        told.set()

    task = asyncio.create_task(part())
    await asyncio.sleep(0)
    await end([task])
    assert told.is_set()
    assert task.cancelled()


async def test_a_part_that_does_not_end_keeps_no_process_from_ending() -> None:
    ending = asyncio.Event()

    async def part() -> None:
        while not ending.is_set():
            with suppress(asyncio.CancelledError):
                await ending.wait()

    task = asyncio.create_task(part())
    await asyncio.sleep(0)
    try:
        await end([task], seconds=0.1)
        assert not task.done()
    finally:
        ending.set()
        await task
