"""`GET /v1/stream`: changed figures as they change (SSE). Ids are positions of the log, and resuming leaves no gap.

What is sent is the state of a service's public figures, not a difference: a reader that missed some is whole again with
the next, and a reader that resumes gets every service that changed since. What changed is asked of the database, not of
this process: other workers of reporting change figures too.
"""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import suppress

import orjson
from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import StreamingResponse

from services.reporting import store
from services.reporting.api.performance import read_figures, today
from services.reporting.domain.figures import FEWEST_SHOWN, window
from services.reporting.handlers import Change
from services.reporting.store import Filters
from shared.access import ANYONE
from shared.database import TRANSIENT, Pool
from shared.logs import log
from shared.metrics import stream_readers

router = APIRouter(tags=["performance"], dependencies=[ANYONE])
_GATHER_SECONDS = 0.25
_HEARTBEAT_SECONDS = 15.0
_LOOK_SECONDS = 1.0
_BEHIND = 100
_Message = tuple[int, bytes]  # the position it tells up to, and the text; without a text the reader is to come again
_END: _Message = (0, b"")


class Stream:
    """Tells what changed, looked up once for all readers."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._readers: set[asyncio.Queue[_Message]] = set()
        self._changed = asyncio.Event()
        self._told: int | None = None

    def changed(self, change: Change) -> None:
        if change.services:
            self._changed.set()

    async def run(self) -> None:
        """Tell readers of changes, gathered for a quarter of a second; the service's lifespan owns this task."""
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), _LOOK_SECONDS)
            await asyncio.sleep(_GATHER_SECONDS)
            self._changed.clear()
            try:
                await self._tell()
            except TRANSIENT as error:
                log.warning("stream_retried", error=type(error).__name__)
                self._changed.set()

    async def _tell(self) -> None:
        """Tell what changed since the last time."""
        head, services = await store.changed_since(self._pool, await self._begun())
        if services and self._readers:
            message = head, await self.message(services, head)
            for reader in list(self._readers):
                self._hand(reader, message)
        self._told = head

    async def _begun(self) -> int:
        """The position up to which readers know of everything: at first, where the log was when the first one came."""
        if self._told is None:
            self._told = await store.head(self._pool)
        return self._told

    def _hand(self, reader: asyncio.Queue[_Message], message: _Message) -> None:
        if reader.qsize() >= _BEHIND:  # too slow: it is told to come again, and resumes from its last id
            self._readers.discard(reader)
            reader.put_nowait(_END)
            return
        reader.put_nowait(message)

    async def message(self, services: Collection[str], position: int) -> bytes:
        """The figures of some services as they are now: all that changed up to a position. They may be newer than that."""
        span = window("28d", today())
        figures = await read_figures(self._pool, span, Filters(service_ids=sorted(services)), public=True)
        # A service with few cases is not named either: the moment of a single case's change is nobody's business.
        shown = [item for item in figures["items"] if max(item["total"] or 0, item["open"] or 0) >= FEWEST_SHOWN]
        named = sorted({item["service_id"] for item in shown})
        data = orjson.dumps({"as_of": figures["as_of"], "services": named, "items": shown})
        return b"id: %d\nevent: performance\ndata: %s\n\n" % (position, data)

    def close(self) -> None:
        """Every reader is told to come again; the process ends."""
        for reader in self._readers:
            reader.put_nowait(_END)

    async def read(self, last_id: str | None) -> AsyncIterator[bytes]:
        """One reader's messages: first what changed since `last_id`, then what changes."""
        queue: asyncio.Queue[_Message] = asyncio.Queue()
        await self._begun()
        self._readers.add(queue)  # before the first look, so that nothing falls between the two
        stream_readers.set(len(self._readers))
        try:
            yield b"retry: 2000\n\n"
            told, message = await self._since(last_id)
            yield message
            while True:
                try:
                    position, message = await asyncio.wait_for(queue.get(), _HEARTBEAT_SECONDS)
                except TimeoutError:
                    yield b": still here\n\n"
                    continue
                if not message:
                    return
                if position > told:  # what was on its way while this reader looked is in what it saw
                    told = position
                    yield message
        finally:
            self._readers.discard(queue)
            stream_readers.set(len(self._readers))

    async def _since(self, last_id: str | None) -> _Message:
        head = await store.head(self._pool)
        if last_id is None:
            return head, b"id: %d\nevent: start\ndata: {}\n\n" % head
        if not (last_id.isascii() and last_id.isdigit() and len(last_id) < 19) or int(last_id) > head:
            # An id we never gave (another database): the page is to be read anew.
            return head, b"id: %d\nevent: reset\ndata: {}\n\n" % head
        head, missed = await store.changed_since(self._pool, int(last_id))
        return head, await self.message(missed, head) if missed else b": nothing missed\n\n"


@router.get("/v1/stream", summary="Changed figures as they change (server-sent events)")
async def stream(request: Request) -> StreamingResponse:
    last_id = request.headers.get("last-event-id") or request.query_params.get("last_event_id")
    messages = request.app.state.stream.read(last_id)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(messages, media_type="text/event-stream", headers=headers)


def prepare(app: FastAPI) -> None:
    app.state.stream = Stream(app.state.pool)
    app.state.streams.append(app.state.stream)


async def run(app: FastAPI) -> None:
    await app.state.stream.run()
