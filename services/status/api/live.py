"""`GET /v1/applications/{id}/events`: an application as it changes (SSE). Ids are positions of the log, and resuming leaves no gap.

What is sent is the application as it stands, not a difference: a reader that missed some is whole again with the next. What
changed is asked of the log, not of this process: other processes of status change applications too.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from datetime import UTC, datetime
from functools import partial

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import StreamingResponse

from services.status import store
from services.status.api.access import key_of, still_may_see
from services.status.api.applications import ONE, read_application
from services.status.store import Key
from shared.database import TRANSIENT
from shared.logs import log
from shared.problems import Refused
from shared.reading import to_json
from shared.streaming import END, Message, Readers, first_message, last_id_of, message, stream_of

router = APIRouter(tags=["status"])
_LOOK_SECONDS = 0.2


class Live:
    """Tells readers of their applications' changes; each change is looked up once, however many read it."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self._readers: dict[Key, Readers] = {}
        self._wanted = asyncio.Event()
        self._told: int | None = None

    async def run(self) -> None:
        """Look for changes while somebody reads; the service's lifespan owns this task."""
        while True:
            await self._wanted.wait()
            await asyncio.sleep(_LOOK_SECONDS)
            try:
                await self._tell()
            except TRANSIENT as error:
                log.warning("stream_retried", error=type(error).__name__)
                await asyncio.sleep(1)

    async def _tell(self) -> None:
        head, changed = await store.changed_since(self._app.state.pool, await self._begun())
        for key, position in changed.items():
            if key in self._readers:
                self._readers[key].hand(await self._message(key, position))
        self._told = head

    async def _begun(self) -> int:
        """The position up to which readers know of everything: at first, where the log was when the first one came."""
        if self._told is None:
            head = await store.log_head(self._app.state.pool)
            # Whoever was quicker is told from there on: it must not be moved past what they have not seen.
            if self._told is None:
                self._told = head
        return self._told

    async def _message(self, key: Key, position: int) -> Message:
        """The application as it is now: all that changed up to a position. It may be newer than that. The end, where every
        report of it was withdrawn.
        """
        try:
            found = await read_application(self._app, key, datetime.now(UTC))
        except Refused:
            return END
        return message(position, "application", to_json(found))

    async def read(
        self, key: Key, last_id: str | None, may: Callable[[], Awaitable[bool]] | None = None
    ) -> AsyncGenerator[bytes, None]:
        """One reader's messages: the application, unless it is the same as at `last_id`; then what changes, as long as the
        reader `may` see it.
        """
        readers = self._readers.setdefault(key, Readers())
        self._wanted.set()
        try:
            # Closed with this one: a reader that is gone must not stay among the readers.
            async with aclosing(readers.read(lambda: self._since(key, last_id), may)) as messages:
                async for text in messages:
                    yield text
        finally:
            self._forget(key)

    def _forget(self, key: Key) -> None:
        if not self._readers.get(key):
            self._readers.pop(key, None)
        if not self._readers:
            self._wanted.clear()
            self._told = None

    async def _since(self, key: Key, last_id: str | None) -> Message:
        """What a reader has missed. The page it read before may be older than its first look here: it is told all the same."""
        await self._begun()
        head = await store.log_head(self._app.state.pool)
        told = first_message(last_id, head)
        if told is None and not await store.has_changed(self._app.state.pool, key, int(last_id or 0), head):
            return head, b": nothing missed\n\n"
        return await self._message(key, head)

    def close(self) -> None:
        for readers in self._readers.values():
            readers.close()


@router.get(
    "/v1/applications/{application_id}/events",
    summary="One application as it changes (server-sent events)",
    dependencies=[ONE],
)
async def events(request: Request, application_id: str, org: str | None = None) -> StreamingResponse:
    key = await key_of(request, application_id, org)
    return stream_of(request.app.state.live.read(key, last_id_of(request), partial(still_may_see, request, key)))


def prepare(app: FastAPI) -> None:
    app.state.live = Live(app)
    app.state.streams.append(app.state.live)


async def run(app: FastAPI) -> None:
    await app.state.live.run()
