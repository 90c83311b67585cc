"""What is read of cases: by officers of their organisation, and each by whoever holds its tracking code."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from services.feedback import store
from services.feedback.api.access import readable_org, row_of
from services.feedback.api.opening import opened_case
from shared.access import May
from shared.described import refusals
from shared.identity import Person, caller
from shared.logs import log
from shared.reading import After, Limit, after, answer, page

router = APIRouter(tags=["feedback"])
_READER = Depends(May("officer", "deputy_head", "oversight", "auditor", "operator"))
_READER_OR_CLIENT = Depends(May("tracking", "officer", "deputy_head", "oversight", "auditor", "operator"))


@router.get("/v1/cases", summary="Feedback cases (officers: their organisation's)", dependencies=[_READER])
async def cases(
    request: Request,
    org: str | None = None,
    state: str | None = None,
    kind: str | None = None,
    service: str | None = None,
    overdue: Annotated[bool | None, Query(description="past the day it should be resolved by, and open")] = None,
    unanswered: Annotated[bool | None, Query(description="the client wrote last")] = None,
    of_concern: Annotated[bool | None, Query(description="flagged as a threat or self-harm, and not seen yet")] = None,
    group: Annotated[str | None, Query(description="cases told in the same words")] = None,
    spam: bool | None = None,
    limit: Limit = 100,
    after_: After = None,
) -> Response:
    now = datetime.now(UTC)
    filters: dict[str, str | bool | None] = {
        "org": await readable_org(request, org),
        "state": state,
        "kind": kind,
        "service": service,
    }
    filters |= {"overdue": overdue, "of_concern": of_concern, "unanswered": unanswered, "group": group, "spam": spam}
    rows = await store.list_cases(request.app.state.pool, filters, after(after_, 2), limit + 1, now)
    return answer(request, page(rows, limit, lambda row: [row["org_id"], row["feedback_id"]], as_of=now))


@router.get(
    "/v1/cases/{feedback_id}",
    summary="One case, with what was written (officers; its client, by tracking code)",
    responses=refusals("ambiguous"),
    dependencies=[_READER_OR_CLIENT],
)
async def case(request: Request, feedback_id: str, org: str | None = None) -> Response:
    now = datetime.now(UTC)
    row, own = await row_of(request, feedback_id, org, now)
    words = own or await reads_words(request, row["org_id"])
    if words and not own:
        await note_reading(request, row["org_id"], feedback_id)
    found = await opened_case(request, row, own=own, words=words)
    return answer(request, {**found, "as_of": now}, {"Cache-Control": "private, no-store"})


async def reads_words(request: Request, org_id: str) -> bool:
    """Clients' words are for the officers of the department they wrote to."""
    found = await caller(request)
    return isinstance(found, Person) and "officer" in found.roles and found.org_id == org_id


async def note_reading(request: Request, org_id: str, feedback_id: str) -> None:
    """That somebody read what a client wrote is kept in the log (Directive on Privacy Practices 4.2.31)."""
    found = await caller(request)
    if isinstance(found, Person):
        log.info("case_read", org_id=org_id, feedback=feedback_id, by=found.subject)
