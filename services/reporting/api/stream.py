"""`GET /v1/stream`: changed figures as they change (SSE). Ids are positions of the log, and resuming leaves no gap.

What is sent is the state of a service's public figures, not a difference: a reader that missed some is whole again with
the next, and a reader that resumes gets every service that changed since.
"""

import asyncio
from collections.abc import AsyncIterator

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
_BEHIND = 100


class Stream:
    """Turns committed batches into messages, once for all readers."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._services: set[str] = set()
        self._position = 0
        self._changed = asyncio.Event()
        self._readers: set[asyncio.Queue[bytes]] = set()

    def changed(self, change: Change) -> None:
        if change.services:
            self._services |= change.services
            self._position = max(self._position, change.position)
            self._changed.set()

    async def run(self) -> None:
        """Tell readers of changes, gathered for a quarter of a second; the service's lifespan owns this task."""
        while True:
            await self._changed.wait()
            await asyncio.sleep(_GATHER_SECONDS)
            self._changed.clear()
            services, self._services, position = self._services, set(), self._position
            if not self._readers:
                continue
            try:
                message = await self.message(services, position)
            except TRANSIENT as error:
                log.warning("stream_retried", error=type(error).__name__)
                self._services |= services
                self._changed.set()
                continue
            for reader in list(self._readers):
                self._hand(reader, message)

    def _hand(self, reader: asyncio.Queue[bytes], message: bytes) -> None:
        if reader.qsize() >= _BEHIND:  # too slow: it is told to come again, and resumes from its last id
            self._readers.discard(reader)
            reader.put_nowait(b"")
            return
        reader.put_nowait(message)

    async def message(self, services: set[str], position: int) -> bytes:
        """The figures of some services as they are now, under the position that their change is known to have come by.

        The figures may be newer than that; a later id would claim changes of other services that are not in here.
        """
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
            reader.put_nowait(b"")

    async def read(self, last_id: str | None) -> AsyncIterator[bytes]:
        """One reader's messages: first what changed since `last_id`, then what changes."""
        queue: asyncio.Queue[bytes] = asyncio.Queue()
        self._readers.add(queue)  # before the first look, so that nothing falls between the two
        stream_readers.set(len(self._readers))
        try:
            yield b"retry: 2000\n\n"
            yield await self._since(last_id)
            while True:
                try:
                    message = await asyncio.wait_for(queue.get(), _HEARTBEAT_SECONDS)
                except TimeoutError:
                    message = b": still here\n\n"
                if not message:
                    return
                yield message
        finally:
            self._readers.discard(queue)
            stream_readers.set(len(self._readers))

    async def _since(self, last_id: str | None) -> bytes:
        head = await store.head(self._pool)
        if last_id is None:
            return b"id: %d\nevent: start\ndata: {}\n\n" % head
        if not (last_id.isascii() and last_id.isdigit() and len(last_id) < 19) or int(last_id) > head:
            # An id we never gave (another database): the page is to be read anew.
            return b"id: %d\nevent: reset\ndata: {}\n\n" % head
        missed = await store.changed_since(self._pool, int(last_id))
        return await self.message(set(missed), head) if missed else b": nothing missed\n\n"


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
