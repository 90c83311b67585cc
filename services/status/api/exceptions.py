"""What everyone reads of departments' exception days: which days do not count, and why."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from services.status import store
from shared.access import ANYONE
from shared.contracts.identifiers import Identifier
from shared.reading import After, Limit, after, answer, page

router = APIRouter(tags=["status"])


@router.get(
    "/v1/exception-days",
    summary="An organisation's days that are no business days, and how many applications are still to be measured by them",
    description=f"`to_measure` is counted up to {store.MOST_COUNTED:,}, which stands for as many or more.",
    dependencies=[ANYONE],
)
async def exception_days(
    request: Request, org: Annotated[Identifier, Query(description="org_id")], limit: Limit = 100, after_: After = None
) -> Response:
    pool = request.app.state.pool
    rows = await store.list_exception_days(pool, org, after(after_, 2), limit + 1)
    items = [dict(row) for row in rows]
    left = await store.left_to_measure(pool, org)
    return answer(request, page(items, limit, lambda each: [str(each["day"]), each["event_id"]], to_measure=left))
