"""What was improved because of feedback; public."""

from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from services.feedback import store
from shared.access import ANYONE
from shared.organizations import name_of
from shared.problems import Refused, problem
from shared.reading import After, Limit, after, answer, page

router = APIRouter(tags=["feedback"])


@router.get(
    "/v1/improvements", summary="What was improved because of feedback, the newest first", dependencies=[ANYONE]
)
async def improvements(
    request: Request,
    org: str | None = None,
    service: str | None = None,
    since: Annotated[date | None, Query(description="made on this day or later")] = None,
    limit: Limit = 100,
    after_: After = None,
) -> Response:
    place = after(after_, 3)
    _check_day(place[0])
    rows = await store.list_improvements(request.app.state.pool, org, service, since, place, limit + 1)
    items = [improvement_answer(row) for row in rows]
    listed = page(
        items,
        limit,
        lambda each: [str(each["made_on"]), each["org_id"], each["improvement_id"]],
        as_of=datetime.now(UTC),
    )
    return answer(request, listed)


def _check_day(text: str) -> None:
    """Raises Refused for what no page before has given."""
    day = text or "2000-01-01"
    with suppress(ValueError):
        if str(date.fromisoformat(day)) == day:
            return
    raise Refused(
        problem(
            "invalid_request",
            "after is the next of the page before; this one is not.",
            "after est le next de la page précédente; celui-ci n'en est pas un.",
        )
    )


def improvement_answer(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "improvement_id": row["improvement_id"],
        "org_id": row["org_id"],
        "organization": name_of(row["org_id"]).model_dump(),
        "service_id": row["service_id"],
        "service_name": {"en": row["name_en"] or row["service_id"], "fr": row["name_fr"] or row["service_id"]},
        "made_on": row["made_on"],
        "title": row["title"],
        "url": row["url"],
        "feedback": row["feedback"],
    }
