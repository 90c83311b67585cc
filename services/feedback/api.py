"""What programs read of feedback: cases, to the organisation's officers."""

from datetime import UTC, datetime

from fastapi import APIRouter, Depends, Request, Response

from services.feedback import store
from services.feedback.handlers import text_context
from shared.access import ANYONE, May
from shared.described import refusals
from shared.identity import Person, caller
from shared.problems import Refused, problem
from shared.reading import After, Limit, after, answer, page

router = APIRouter(tags=["feedback"])
_READER = Depends(May("officer", "deputy_head", "oversight", "auditor", "operator"))
_OFFICER = Depends(May("officer"))


@router.get("/v1/cases", summary="Feedback cases (officers: their organisation's)", dependencies=[_READER])
async def cases(
    request: Request,
    org: str | None = None,
    state: str | None = None,
    kind: str | None = None,
    limit: Limit = 100,
    after_: After = None,
) -> Response:
    org = await _readable_org(request, org)
    rows = await store.list_cases(request.app.state.pool, org, state, kind, after(after_, 2), limit + 1)
    listed = page(rows, limit, lambda row: [row["org_id"], row["feedback_id"]], as_of=datetime.now(UTC))
    return answer(request, listed)


@router.get(
    "/v1/cases/{feedback_id}",
    summary="One case, with what the client wrote",
    responses=refusals("ambiguous"),
    dependencies=[_READER],
)
async def case(request: Request, feedback_id: str, org: str | None = None) -> Response:
    org = await _readable_org(request, org)
    rows = await store.case(request.app.state.pool, org, feedback_id)
    if len(rows) > 1:
        raise Refused(
            problem(
                "ambiguous",
                "Several organisations have a case of this id; say which with ?org=.",
                "Plusieurs organisations ont un cas portant cet identifiant; précisez-la par ?org=.",
            )
        )
    if not rows:
        raise Refused(problem("not_found", "There is no case of this id.", "Aucun cas ne porte cet identifiant."))
    row = rows[0]
    key = (row["org_id"], row["feedback_id"])
    sealed = row.pop("sealed_text")
    text = request.app.state.seal.open(sealed, text_context(key)).decode() if sealed else None
    steps = await store.steps_of(request.app.state.pool, *key)
    return answer(request, {**row, "text": text, "steps": steps, "as_of": datetime.now(UTC)})


async def _readable_org(request: Request, org: str | None) -> str | None:
    """The organisation whose cases the caller may read; None: all of them. Raises Refused."""
    found = await caller(request)
    if isinstance(found, Person) and found.may_read():
        everything = found.roles & {"oversight", "auditor", "operator"}
        org = org if everything else org or found.org_id
        if found.may_read(org):
            return org
    raise Refused(
        problem(
            "forbidden" if found else "unauthorized",
            "Cases are read by officers of their organisation; send a token with that role.",
            "Les cas sont lus par les agents de leur organisation; envoyez un jeton portant ce rôle.",
        ),
        {} if found else {"WWW-Authenticate": "Bearer"},
    )


@router.post("/v1/feedback", summary="The public form (not in this version)", dependencies=[ANYONE])
@router.post(
    "/v1/cases/{feedback_id}/steps", summary="Handle a case here (not in this version)", dependencies=[_OFFICER]
)
@router.post("/v1/erasures", summary="Erase a person (not in this version)", dependencies=[_OFFICER])
@router.get("/v1/improvements", summary="What was improved (not in this version)", dependencies=[ANYONE])
async def not_available() -> Response:
    raise Refused(
        problem(
            "not_available",
            "This is not available in this version; departments report cases and their handling as events.",
            "Ceci n'est pas offert dans cette version; les ministères déclarent les cas et leur traitement par événements.",
        )
    )
