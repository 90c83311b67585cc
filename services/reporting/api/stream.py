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
from shared.streaming import Message, Readers, first_message, last_id_of, message, stream_of

router = APIRouter(tags=["performance"], dependencies=[ANYONE])
_GATHER_SECONDS = 0.25
_LOOK_SECONDS = 1.0


class Stream:
    """Tells what changed, looked up once for all readers."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._readers = Readers()
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
            self._readers.hand(await self._message(services, head))
        self._told = head

    async def _begun(self) -> int:
        """The position up to which readers know of everything: at first, where the log was when the first one came."""
        if self._told is None:
            self._told = await store.head(self._pool)
        return self._told

    async def _message(self, services: Collection[str], position: int) -> Message:
        """The figures of some services as they are now: all that changed up to a position. They may be newer than that."""
        span = window("28d", today())
        figures = await read_figures(self._pool, span, Filters(service_ids=sorted(services)), public=True)
        # A service with few cases is not named either: the moment of a single case's change is nobody's business.
        shown = [item for item in figures["items"] if max(item["total"] or 0, item["open"] or 0) >= FEWEST_SHOWN]
        named = sorted({item["service_id"] for item in shown})
        data = orjson.dumps({"as_of": figures["as_of"], "services": named, "items": shown})
        return message(position, "performance", data)

    def close(self) -> None:
        self._readers.close()

    def read(self, last_id: str | None) -> AsyncIterator[bytes]:
        """One reader's messages: first what changed since `last_id`, then what changes."""
        return self._readers.read(lambda: self._since(last_id))

    async def _since(self, last_id: str | None) -> Message:
        await self._begun()
        head = await store.head(self._pool)
        if (told := first_message(last_id, head)) is not None:
            return told
        head, missed = await store.changed_since(self._pool, int(last_id or 0))
        return await self._message(missed, head) if missed else (head, b": nothing missed\n\n")


@router.get("/v1/stream", summary="Changed figures as they change (server-sent events)")
async def stream(request: Request) -> StreamingResponse:
    return stream_of(request.app.state.stream.read(last_id_of(request)))


def prepare(app: FastAPI) -> None:
    app.state.stream = Stream(app.state.pool)
    app.state.streams.append(app.state.stream)


async def run(app: FastAPI) -> None:
    await app.state.stream.run()
