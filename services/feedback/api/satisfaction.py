"""What clients say of services, as figures; public, but for results of few answers."""

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request, Response

from services.feedback import store
from services.feedback.domain.satisfaction import FEWEST, LABELS, Result, results, words
from shared.access import ANYONE
from shared.described import refusals
from shared.identity import Person, caller
from shared.problems import Refused, problem
from shared.reading import answer

router = APIRouter(tags=["feedback"])
_OTTAWA = ZoneInfo("America/Toronto")
_YEAR = timedelta(days=365)
_Day = Annotated[date | None, Query(ge=date(1900, 1, 1), le=date(2200, 1, 1), description="with a role alone")]


@router.get(
    "/v1/satisfaction",
    summary="Satisfaction and its drivers: counts of answers, the share of 4 and 5 with its interval, and the mean",
    dependencies=[ANYONE],
    responses=refusals("forbidden"),
)
async def satisfaction(
    request: Request,
    org: str | None = None,
    service: str | None = None,
    from_: Annotated[_Day, Query(alias="from")] = None,
    to: _Day = None,
) -> Response:
    """Of the last twelve months that have ended; other days for who may read cases, so that no difference of two answers
    tells the public what one person said.
    """
    first, last = twelve_months(datetime.now(_OTTAWA).date())
    if (from_ or to) and not await _sees_few(request, org):
        raise Refused(
            problem(
                "forbidden",
                "Other days than the last twelve whole months are for people with a role in the organisation: name it with org.",
                "D'autres jours que les douze derniers mois complets exigent un rôle dans l'organisation : nommez-la par org.",
                "from",
            )
        )
    last = to or (datetime.now(_OTTAWA).date() if from_ else last)
    first = from_ or (last - _YEAR if to else first)
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


def twelve_months(today: date) -> tuple[date, date]:
    """The first and the last day of the twelve whole months before today's: a figure that changes once a month."""
    return date(today.year - 1, today.month, 1), today.replace(day=1) - timedelta(days=1)


async def _sees_few(request: Request, org: str | None) -> bool:
    """Whether the caller may see results of few answers: with a role that reads all, or in the organisation that is named."""
    found = await caller(request)
    return isinstance(found, Person) and (found.reads_all or (org is not None and found.may_read(org)))


async def satisfaction_of(
    request: Request, org: str | None, service: str | None, first: date, last: date
) -> dict[str, Any]:
    counts, volumes = await store.satisfaction(request.app.state.pool, org, service, first, last)
    sees_few = await _sees_few(request, org)
    asked = volumes["cases"] - volumes["spam"] - volumes["no_feedback"]
    hidden = not sees_few and 0 < volumes["cases"] < FEWEST
    left_out = {"spam": volumes["spam"], "no_feedback": volumes["no_feedback"]}
    return {
        "org": org,
        "service": service,
        "from": first,
        "to": last,
        "cases": None if hidden else volumes["cases"],
        "answered": None if hidden else volumes["answered"],
        "response_rate": None if hidden or not asked else volumes["answered"] / asked,
        "left_out": None if hidden else left_out,
        "suppressed": hidden,
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
