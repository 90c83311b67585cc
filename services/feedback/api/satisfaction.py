"""What clients say of services, as figures; public, but for results of few answers."""

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request, Response

from services.feedback import store
from services.feedback.domain.satisfaction import LABELS, Result, results, words
from shared.access import ANYONE
from shared.identity import Person, caller
from shared.problems import Refused, problem
from shared.reading import answer

router = APIRouter(tags=["feedback"])
_OTTAWA = ZoneInfo("America/Toronto")
_YEAR = timedelta(days=365)
_Day = Annotated[date | None, Query(ge=date(1900, 1, 1), le=date(2200, 1, 1))]


@router.get(
    "/v1/satisfaction",
    summary="Satisfaction and its drivers: counts of answers, the share of 4 and 5 with its interval, and the mean",
    dependencies=[ANYONE],
)
async def satisfaction(
    request: Request,
    org: str | None = None,
    service: str | None = None,
    from_: Annotated[_Day, Query(alias="from")] = None,
    to: _Day = None,
) -> Response:
    last = to or datetime.now(_OTTAWA).date()
    first = from_ or last - _YEAR
    if first > last:
        raise Refused(
            problem(
                "invalid_request",
                "from is the first day and to the last; to lies before from.",
                "from est le premier jour et to le dernier; to précède from.",
                "to",
            )
        )
    body = await satisfaction_of(request, org, service, first, last)
    return answer(request, {**body, "as_of": datetime.now(UTC)})


async def satisfaction_of(
    request: Request, org: str | None, service: str | None, first: date, last: date
) -> dict[str, Any]:
    counts, volumes = await store.satisfaction(request.app.state.pool, org, service, first, last)
    found = await caller(request)
    sees_few = isinstance(found, Person) and found.may_read(org)
    return {
        "org": org,
        "service": service,
        "from": first,
        "to": last,
        "cases": volumes["cases"],
        "answered": volumes["answered"],
        "response_rate": volumes["answered"] / volumes["cases"] if volumes["cases"] else None,
        "left_out": {"spam": volumes["spam"], "no_feedback": volumes["no_feedback"]},
        "questions": [_question(each, sees_few=sees_few) for each in results(counts)],
    }


def _question(result: Result, *, sees_few: bool) -> dict[str, Any]:
    """To the public, a result of fewer than ten answers is none."""
    hidden = result.answers > 0 and result.few and not sees_few
    note = words(result.few and result.answers > 0)
    return {
        "question": result.question,
        "label": LABELS[result.question].model_dump(),
        "answers": None if hidden else result.answers,
        "counts": None if hidden else list(result.counts),
        "satisfied": None if hidden else result.satisfied,
        "interval": None if hidden or result.interval is None else list(result.interval),
        "mean": None if hidden else result.mean,
        "suppressed": hidden,
        "note": note.model_dump() if note else None,
    }
