"""Who reads an application live, and who does not any more."""

from fastapi import FastAPI

from services.status.api.live import Live


async def test_a_reader_that_leaves_between_two_messages_is_forgotten() -> None:
    """Otherwise the log would be asked for its application's changes for ever."""
    live = Live(FastAPI())
    stream = live.read(("9001", "A-1"), None)
    assert b"retry" in await anext(stream)
    assert live._readers
    await stream.aclose()
    assert not live._readers
    assert not live._wanted.is_set()
