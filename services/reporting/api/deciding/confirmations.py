"""The annual confirmation: a deputy head signs for a fiscal year, seeing what the verdicts say on that day (7, 8.1b)."""

from collections import Counter
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict

from services.reporting import store
from services.reporting.api.compliance.asking import question
from services.reporting.api.deciding.reading import decided, listed, own_organization, taken
from services.reporting.api.performance import today
from services.reporting.api.readers import READER
from services.reporting.api.yearly.years import check_year
from services.reporting.handlers.deciding import sign
from services.reporting.handlers.judging import verdicts
from services.reporting.handlers.knowing import knowledge, with_decisions
from shared.access import May
from shared.described import refusals
from shared.identity import Person
from shared.language import Bilingual
from shared.problems import Refused, problem
from shared.reading import After, Limit

router = APIRouter(tags=["decisions"])
DeputyHead = Annotated[Person, Depends(May("deputy_head"))]


class Confirmation(BaseModel):
    """`note`: what is to be said with it, such as which requirements are not met and why."""

    model_config = ConfigDict(extra="forbid")

    fiscal_year: str
    note: Bilingual | None = None


@router.get("/v1/confirmations", summary="Annual confirmations", dependencies=[READER])
async def confirmations(request: Request, org: str | None = None, limit: Limit = 100, after_: After = None) -> Response:
    return await listed(request, "confirmation", org, limit, after_)


@router.post(
    "/v1/confirmations",
    summary="Sign the annual confirmation of a fiscal year, once",
    status_code=201,
    responses=refusals("id_conflict"),
)
async def confirm(request: Request, said: Confirmation, deputy_head: DeputyHead) -> Response:
    return decided(await sign_year(request, deputy_head, said))


async def sign_year(request: Request, deputy_head: Person, said: Confirmation) -> dict[str, Any]:
    """Kept with it: how many requirements were in which state on the day it was signed, as of that day. Raises Refused."""
    org_id, year = own_organization(deputy_head), check_year(said.fiscal_year)
    if (begins := date(int(year[:4]), 4, 1)) > today():
        raise Refused(
            problem(
                "invalid_value",
                f"{year} has not begun; it begins on {begins}.",
                f"L'exercice {year} n'a pas commencé; il commence le {begins}.",
                "fiscal_year",
            )
        )
    async with store.one_state(request.app.state.pool) as connection:
        cut = await with_decisions(connection, await knowledge(connection, None), org_id)
        found = await verdicts(connection, question(org_id, today(), cut, None, as_if_in_force=False))
    fields = {
        "note": said.note and said.note.model_dump(),
        "states": dict(Counter(each.state for each in found)),
        "known_to": cut.known_to.isoformat(),
    }
    return taken(request, await sign(request.app.state.pool, deputy_head, org_id, year, fields))
