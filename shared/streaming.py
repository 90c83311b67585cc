"""Server-sent events to many readers at once: ids are positions of the log, and whoever resumes from one misses nothing."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable

from fastapi import Request
from fastapi.responses import StreamingResponse

from shared.metrics import stream_readers

_HEARTBEAT_SECONDS = 15.0
_BEHIND = 100
Message = tuple[int, bytes]  # the position it tells up to, and the text; without a text the reader is to come again
END: Message = (0, b"")


class Readers:
    """Those who read the same."""

    def __init__(self) -> None:
        self._queues: set[asyncio.Queue[Message]] = set()

    def __len__(self) -> int:
        return len(self._queues)

    def hand(self, message: Message) -> None:
        for queue in list(self._queues):
            if queue.qsize() >= _BEHIND:  # too slow: it is told to come again, and resumes from its last id
                self._queues.discard(queue)
                queue.put_nowait(END)
            else:
                queue.put_nowait(message)

    def close(self) -> None:
        """Every reader is told to come again; the process ends."""
        for queue in self._queues:
            queue.put_nowait(END)

    async def read(
        self, first: Callable[[], Awaitable[Message]], may: Callable[[], Awaitable[bool]] | None = None
    ) -> AsyncGenerator[bytes, None]:
        """One reader's messages: what `first` says, asked once the reader is known here, then what is handed out. Ends before
        a message that the reader `may` not be told any more.
        """
        queue: asyncio.Queue[Message] = asyncio.Queue()
        self._queues.add(queue)  # before the first look, so that nothing falls between the two
        stream_readers.inc()
        try:
            yield b"retry: 2000\n\n"
            told, text = await first()
            if not text or not await _allowed(may):
                return
            yield text
            while True:
                try:
                    position, text = await asyncio.wait_for(queue.get(), _HEARTBEAT_SECONDS)
                except TimeoutError:
                    yield b": still here\n\n"
                    continue
                if not text:
                    return
                if not await _allowed(may):
                    return
                if position > told:  # what was on its way while this reader looked is in what it saw
                    told = position
                    yield text
        finally:
            self._queues.discard(queue)
            stream_readers.dec()


async def _allowed(may: Callable[[], Awaitable[bool]] | None) -> bool:
    return may is None or await may()


def message(position: int, event: str, data: bytes) -> Message:
    return position, b"id: %d\nevent: %s\ndata: %s\n\n" % (position, event.encode(), data)


def first_message(last_id: str | None, head: int) -> Message | None:
    """What a reader is told first that says no id, or one that was never given here; None where it resumes from its id.

    An id of another database, or none at all, leads to `reset`: the page is to be read anew. A stream
    that tells its one thing as it stands may tell that instead.
    """
    if last_id is None:
        return message(head, "start", b"{}")
    known = last_id.isascii() and last_id.isdigit() and len(last_id) < 19 and int(last_id) <= head
    return None if known else message(head, "reset", b"{}")


def last_id_of(request: Request) -> str | None:
    return request.headers.get("last-event-id") or request.query_params.get("last_event_id")


def stream_of(messages: AsyncIterator[bytes]) -> StreamingResponse:
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(messages, media_type="text/event-stream", headers=headers)
