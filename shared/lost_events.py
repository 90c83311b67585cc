"""What a service recorded after the backup it was restored from, as its topics tell: listed until it was sent again."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from shared.access import Operator
from shared.database import Pool
from shared.reading import Limit, answer

router = APIRouter(tags=["operation"])


@router.get("/v1/log/lost", summary="Events that a restored database does not have, and whether they came again")
async def lost(
    request: Request,
    _: Operator,
    after: Annotated[int, Query(ge=0, lt=2**63, description="`next` of the page before")] = 0,
    limit: Limit = 100,
) -> Response:
    """`send_again`: it is still to be sent again, with the same id, by whoever reported it. `waiting` is how many those are;
    `unlisted` how many records nobody can name, because Kafka had lost them too.
    """
    pool: Pool = request.app.state.pool
    rows = await _lost(pool, after, limit + 1)
    body = {
        "items": rows[:limit],
        "next": rows[limit - 1]["position"] if len(rows) > limit else None,
        **await how_much_is_lost(pool),
    }
    return answer(request, body)


async def _lost(pool: Pool, after: int, limit: int) -> list[dict[str, Any]]:
    # What a service records of its own accord (measuring again) it records again by itself.
    rows = await pool.fetch(
        "select l.position, l.event_id as id, l.source, l.type, l.org_id, l.recorded_at, r.position as again_at, "
        "r.position is null and l.source not like '/services/%' as send_again from lost_event l "
        "left join received_event r on r.source = l.source and r.event_id = l.event_id "
        "where l.position > $1 order by l.position limit $2",
        after,
        limit,
    )
    return [dict(row) for row in rows]


async def how_much_is_lost(pool: Pool) -> dict[str, Any]:
    """`{restores, lost, waiting, unlisted}`: times restored, events named, those of them to be sent again, and unnamed."""
    row = await pool.fetchrow(
        "select (select count(*) from log_restored) as restores, (select count(*) from lost_event) as lost, "
        "(select count(distinct (l.source, l.event_id)) from lost_event l left join received_event r "
        "on r.source = l.source and r.event_id = l.event_id "
        "where r.position is null and l.source not like '/services/%') as waiting, "
        "(select coalesce(sum(unlisted), 0)::bigint from log_restored) as unlisted"
    )
    return dict(row)


async def void_beyond(pool: Pool, position: int) -> int:
    """How many positions beyond one are void: no event stands there to be published."""
    found: int = await pool.fetchval(
        "select coalesce(sum(until - greatest(after, $1)), 0)::bigint from log_restored where until > $1", position
    )
    return found
