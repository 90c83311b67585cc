"""In what time departments mean to acknowledge and to resolve; public."""

from datetime import UTC, date, datetime
from typing import Annotated, Any, get_args

from fastapi import APIRouter, Query, Request, Response

from services.feedback import store
from services.feedback.domain.timing import DEFAULT_TARGET, ResolutionTime, in_force
from shared.access import ANYONE
from shared.contracts.identifiers import Identifier
from shared.contracts.reported.feedback import FeedbackKind
from shared.ownership import day_in_ottawa
from shared.reading import answer

router = APIRouter(tags=["feedback"])


@router.get(
    "/v1/resolution-times",
    summary="In what time an organisation means to acknowledge and to resolve feedback of each kind",
    dependencies=[ANYONE],
)
async def resolution_times(
    request: Request, org: Annotated[Identifier, Query(description="org_id")], on: date | None = None
) -> Response:
    day = on or day_in_ottawa(datetime.now(UTC))
    times = (await store.times_of(request.app.state.pool, [org])).get(org, [])
    kinds: tuple[FeedbackKind, ...] = get_args(FeedbackKind)
    items = [time_answer(in_force(times, kind, day)) for kind in kinds]
    return answer(request, {"items": items, "next": None, "as_of": datetime.now(UTC)})


def time_answer(time: ResolutionTime) -> dict[str, Any]:
    return {
        "kind": time.kind,
        "acknowledge_within": {
            "limit": time.acknowledge_within or "P2D",
            "days": time.days if time.acknowledge_within else "business",
        },
        "resolve_within": {"limit": time.resolve_within, "days": time.days},
        "target": DEFAULT_TARGET if time.target is None else time.target,
        "from": time.from_date if time.own else None,
        "own": time.own,
    }
