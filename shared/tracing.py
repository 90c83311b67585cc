"""What one service knows of one event, and its log event by event: what `guichet tail` asks. It reads, and changes nothing."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Annotated, Any, NamedTuple, TypeAlias

import orjson
from fastapi import APIRouter, Query, Request, Response

from shared.access import Operator
from shared.database import Connection, Pool
from shared.dead_letters import letters_of
from shared.mending import shown
from shared.problems import Refused, problem
from shared.reading import Limit, Moment, answer

router = APIRouter(tags=["operation"])

_EVENTS = 20
# So many positions are looked through by one request, however few of them are wanted.
_STRETCH = 200_000


class Place(NamedTuple):
    """Where a service's log has an event."""

    service: str
    position: int


# What a service adds of its own to a trace: from the event's id and source, and where others have recorded it.
Further: TypeAlias = Callable[[Pool, str, str | None, Sequence[Place]], Awaitable[dict[str, Any]]]

At = Annotated[list[str] | None, Query(description="where other services recorded it, such as status:12")]


@router.get("/v1/trace/{event_id:path}", summary="What this service knows of one reported event")
async def trace(
    request: Request,
    event_id: str,
    _: Operator,
    source: str | None = None,
    at: At = None,
    search: Annotated[bool, Query(description="reporting, without `at`: look through its whole log")] = True,
) -> Response:
    state = request.app.state
    places = [_place(each) for each in (at or [])[:_EVENTS]]
    rows = await letters_of(state.pool, event_id, source, _EVENTS)
    for place in places:  # a record of another service that was set aside here is known by its place
        rows += await letters_of(state.pool, str(place.position), f"/services/{place.service}", 1)
    further: Further | None = getattr(state, "further_trace", None)
    reads = bool(places) or search
    body = {
        "service": state.service,
        "event_id": event_id,
        "log": await how_far(state.pool),
        "events": await _accepted(state.pool, event_id, source),
        "dead_letters": [shown(row) for row in rows],
        "reading": await further(state.pool, event_id, source, places) if further and reads else None,
    }
    return answer(request, body)


def _place(text: str) -> Place:
    service, _, position = text.partition(":")
    if not (position.isascii() and position.isdigit() and len(position) < 20 and int(position) < 2**63):
        raise Refused(
            problem(
                "invalid_request",
                "at is a service and a position of its log, such as status:12.",
                "at est un service et une position de son journal, tels que status:12.",
                "at",
            )
        )
    return Place(service, int(position))


async def how_far(pool: Pool) -> dict[str, int]:
    """The log's last position, and the last one that Kafka has acknowledged."""
    row = await pool.fetchrow(
        "select (select position from log_head) as position, (select position from relay_cursor) as published"
    )
    return dict(row)


async def _accepted(pool: Pool, event_id: str, source: str | None) -> list[dict[str, Any]]:
    rows = await pool.fetch(
        "select r.source, r.org_id, r.position, r.recorded_at, "
        "(select position from relay_cursor) >= r.position as published, "
        "c.event_id as corrected_by, c.withdraws as withdrawn, c.recorded_at as corrected_at, "
        "(select o.corrects from correction o where o.source = r.source and o.event_id = r.event_id) as corrects "
        "from received_event r left join correction c on c.source = r.source and c.corrects = r.event_id "
        "where r.event_id = $1 and ($2::text is null or r.source = $2) order by r.recorded_at limit $3",
        event_id,
        source,
        _EVENTS,
    )
    return [{**row, "entries": await _entries(pool, event_id, row)} for row in rows]


async def _entries(pool: Pool, event_id: str, row: Any) -> list[dict[str, Any]]:
    entries = await pool.fetch(
        "select position, type, topic, key, occurred_at from recorded_event where recorded_at = $1 "
        "and position between $2 and $2 + $3 and caused_by_id = $4 and caused_by_source = $5 order by position",
        row["recorded_at"], row["position"], _EVENTS, event_id, row["source"],
    )  # fmt: skip
    return [dict(entry) for entry in entries]


@router.get("/v1/log/events", summary="What was recorded, event by event")
async def log_events(
    request: Request,
    _: Operator,
    after: Annotated[int, Query(ge=0, lt=2**62, description="a position of the log")] = 0,
    since: Moment | None = None,
    last: Annotated[int | None, Query(ge=1, le=1000, description="only so many, the newest")] = None,
    org: str | None = None,
    subject: Annotated[
        str | None, Query(description="an application or case, with its organisation or without")
    ] = None,
    service: Annotated[str | None, Query(description="a service of the inventory")] = None,
    limit: Limit = 100,
) -> Response:
    """`read_to`: the log was looked through up to there; ask again after it until it is the log's `position`."""
    async with (
        request.app.state.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        head = await connection.fetchval("select position from log_head")
        start = max(after, await _before(connection, since, head)) if since else after
        start = max(await _solid(connection, start), head - _STRETCH if last else 0)
        until = min(head, start + _STRETCH)
        rows = await _recorded(connection, (start, until), (org, subject, service), last or limit, newest=bool(last))
    full = not last and len(rows) == limit
    body = {
        "items": [_event(row) for row in rows],
        "next": rows[-1]["position"] if full else None,
        "read_to": rows[-1]["position"] if full else until,
        "position": head,
    }
    return answer(request, body)


async def _solid(connection: Connection, start: int) -> int:
    """The position after which the next event follows: a log that was restored has gaps."""
    found = await connection.fetchval(
        "select position from recorded_event where position > $1 order by position limit 1", start
    )
    return start if found is None else found - 1


async def _before(connection: Connection, since: datetime, head: int) -> int:
    """The last position recorded before a moment; positions ascend with their moments."""
    low, high = 0, head
    while low < high:
        middle = (low + high + 1) // 2
        moment = await connection.fetchval(
            "select recorded_at from recorded_event where position >= $1 order by position limit 1", middle
        )
        low, high = (middle, high) if moment is not None and moment < since else (low, middle - 1)
    return low


_RECORDED = """
select position, type, org_id, occurred_at, recorded_at, caused_by_source, caused_by_id, topic, key, value
  from recorded_event
 where position > $1 and position <= $2 and ($3::text is null or org_id = $3)
   and ($4::text is null or key = $4 or right(key, length($4) + 1) = '/' || $4)
   and ($5::text is null or strpos(value, $5) > 0)
 order by position """
_FORWARD, _BACKWARD = _RECORDED + "limit $6", _RECORDED + "desc limit $6"


async def _recorded(
    connection: Connection,
    stretch: tuple[int, int],
    wanted: tuple[str | None, str | None, str | None],
    limit: int,
    *,
    newest: bool,
) -> list[Any]:
    org, subject, service = wanted
    named = service and f'"service_id":{orjson.dumps(service).decode()}'
    rows: list[Any] = await connection.fetch(_BACKWARD if newest else _FORWARD, *stretch, org, subject, named, limit)
    return rows[::-1] if newest else rows


def _event(row: Any) -> dict[str, Any]:
    named = ("position", "type", "org_id", "occurred_at", "recorded_at", "topic", "key")
    cause = {"source": row["caused_by_source"], "id": row["caused_by_id"]}
    return {**{name: row[name] for name in named}, "caused_by": cause, "data": orjson.loads(row["value"])["data"]}
