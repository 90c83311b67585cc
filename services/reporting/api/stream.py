"""`GET /v1/stream`: figures, and for readers with a role verdicts, as they change (SSE). Ids are positions of the log of what
was read, and resuming leaves no gap.

What is sent is how things stand, not a difference: a reader that missed some is whole again with the next, and a reader that
resumes gets every figure and verdict that changed since. What changed is asked of the database, not of this process: other
workers of reporting change figures and verdicts too.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import Any, Final

import orjson
from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import StreamingResponse

from services.reporting import store
from services.reporting.api.performance import read_figures, reader, today
from services.reporting.domain.figures import FEWEST_SHOWN, window
from services.reporting.store import Filters
from shared.access import ANYONE
from shared.database import TRANSIENT, Pool
from shared.identity import Person, still_calls
from shared.logs import log
from shared.reading import to_json
from shared.streaming import Message, Readers, first_message, last_id_of, message, stream_of

router = APIRouter(tags=["performance"], dependencies=[ANYONE])
_GATHER_SECONDS = 0.25
_LOOK_SECONDS = 0.5
# Whoever missed more verdicts than this reads them anew.
_MOST_VERDICTS = 1_000

# Whose verdicts a reader is told: nobody's, all, or an organisation's.
Audience = str | None
EVERY: Final = "every"
Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Seen:
    """What changed, as one state of the database has it: up to `head`, services whose figures did, the last of them at
    `changed`, and the records of verdicts that did, up to `own` of reporting's own log.
    """

    head: int
    own: int
    changed: int
    services: Collection[str]
    verdicts: Sequence[Record]


class Stream:
    """Tells what changed, looked up once for all readers."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._readers: dict[Audience, Readers] = {None: Readers()}
        self._changed = asyncio.Event()
        self._told: tuple[int, int] | None = None

    def changed(self, services: Collection[str] | None = None) -> None:
        """That figures of some services changed, or (None) verdicts."""
        if services or services is None:
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
        seen = await self._look(*await self._begun())
        figures = await self._figures(seen) if any(self._readers.values()) else []
        for audience, readers in self._readers.items():
            if readers:
                for told in sorted([*figures, *_verdicts(seen.verdicts, audience)]):
                    readers.hand(told)
        self._told = seen.head, seen.own

    async def _begun(self) -> tuple[int, int]:
        """The positions up to which readers know of everything: at first, where both logs were when the first one came."""
        if self._told is None:
            async with store.one_state(self._pool) as connection:
                heads = await store.head(connection), await store.own_head(connection)
            # Whoever was quicker is told from there on: it must not be moved past what they have not seen.
            if self._told is None:
                self._told = heads
        return self._told

    async def _look(self, position: int, own: int) -> Seen:
        async with store.one_state(self._pool) as connection:
            head, last = await store.head(connection), await store.own_head(connection)
            changed, services = await store.changed_since(connection, position)
            verdicts = await store.verdicts_told(connection, own) if last > own else []
        return Seen(head, last, changed, services, [orjson.loads(each) for each in verdicts])

    async def _figures(self, seen: Seen) -> list[Message]:
        """The figures of what changed as they are now: all that did up to a position. They may be newer than that."""
        if not seen.services:
            return []
        span = window("28d", today())
        figures = await read_figures(self._pool, span, Filters(service_ids=sorted(seen.services)), public=True)
        # A service with few cases is not named either: the moment of a single case's change is nobody's business.
        shown = [item for item in figures["items"] if max(item["total"] or 0, item["open"] or 0) >= FEWEST_SHOWN]
        named = sorted({item["service_id"] for item in shown})
        data = to_json({"as_of": figures["as_of"], "services": named, "items": shown})
        return [message(seen.changed, "performance", data)]

    def close(self) -> None:
        for readers in self._readers.values():
            readers.close()

    def read(
        self, last_id: str | None, audience: Audience = None, may: Callable[[], Awaitable[bool]] | None = None
    ) -> AsyncIterator[bytes]:
        """One reader's messages: first what changed since `last_id`, then what changes, as long as the reader `may` read it."""
        readers = self._readers.setdefault(audience, Readers())
        return readers.read(lambda: self._since(last_id, audience), may)

    async def _since(self, last_id: str | None, audience: Audience) -> Message:
        await self._begun()
        head = await store.head(self._pool)
        if (told := first_message(last_id, head)) is not None:
            return told
        seen, whole = await self._missed(int(last_id or 0), audience)
        if not whole:
            return message(seen.head, "reset", b"{}")
        texts = [text for _, text in sorted([*await self._figures(seen), *_verdicts(seen.verdicts, audience)])]
        return seen.head, b"".join(texts) or b": nothing missed\n\n"

    async def _missed(self, position: int, audience: Audience) -> tuple[Seen, bool]:
        """What changed after a position, and whether that is all: where more verdicts did than are told, it is not."""
        async with store.one_state(self._pool) as connection:
            head, own = await store.head(connection), await store.own_head(connection)
            changed, services = await store.changed_since(connection, position)
            last = await store.verdicts_told_last(connection, _MOST_VERDICTS) if audience else []
        records = [orjson.loads(each) for each in reversed(last)]
        later = [each for each in records if _place(each) > position]
        return Seen(head, own, changed, services, later), len(later) < _MOST_VERDICTS


def _place(record: Record) -> int:
    """Where a change of a verdict stands among what was read; one of a version that did not say so, before everything."""
    return record["data"].get("read_position") or 0


def _verdicts(records: Iterable[Record], audience: Audience) -> list[Message]:
    """What a reader is told of verdicts: those that changed together in one message."""
    own = [each for each in records if audience in {EVERY, each["org"]}]
    return [
        message(place, "verdicts", orjson.dumps({"items": [_shown(each) for each in some]}))
        for place, some in groupby(own, _place)
    ]


def _shown(record: Record) -> Record:
    caused_by = {"source": record["causedbysource"], "id": record["causedby"]}
    data = {name: value for name, value in record["data"].items() if name != "read_position"}
    return {"org_id": record["org"], **data, "caused_by": caused_by, "recorded_at": record["recordedat"]}


@router.get(
    "/v1/stream", summary="Changed figures, and with a role changed verdicts, as they change (server-sent events)"
)
async def stream(request: Request) -> StreamingResponse:
    """`performance` for everyone; `verdicts` for officers and deputy heads of their own organisation, for oversight and
    auditors of all. Ids are positions of the log of what was read: `Last-Event-ID` resumes without a gap.
    """
    found = await reader(request)
    audience = _audience(found)
    may = None if audience is None else partial(still_calls, request, found)  # figures are everyone's
    return stream_of(request.app.state.stream.read(last_id_of(request), audience, may))


def _audience(found: Any) -> Audience:
    if not isinstance(found, Person) or not found.may_read():
        return None
    return EVERY if found.reads_all else found.org_id


def prepare(app: FastAPI) -> None:
    app.state.stream = Stream(app.state.pool)
    app.state.streams.append(app.state.stream)


async def run(app: FastAPI) -> None:
    await app.state.stream.run()
