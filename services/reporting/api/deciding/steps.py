"""The steps of oversight (8.2, 9): each somebody's decision, with reasons, barred where section 2 bars it."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from services.reporting.api.deciding.actions import REQUIREMENTS, no_such_requirement
from services.reporting.api.deciding.reading import decided, listed, taken
from services.reporting.api.readers import READER
from services.reporting.domain.oversight import StepKind
from services.reporting.handlers.deciding import take_step
from shared.access import May
from shared.contracts.identifiers import Identifier
from shared.described import refusals
from shared.identity import Person
from shared.language import Bilingual
from shared.organizations import organizations
from shared.problems import Refused, problem
from shared.reading import After, Limit

router = APIRouter(tags=["decisions"])
Oversight = Annotated[Person, Depends(May("oversight"))]


class Step(BaseModel):
    """About one requirement of one organisation. `due_on`: until when results are to be reported, where they are asked for."""

    model_config = ConfigDict(extra="forbid")

    org_id: Identifier
    requirement: str = Field(max_length=20)
    step: StepKind
    reason: Bilingual
    due_on: Annotated[date, Field(ge=date(2000, 1, 1), le=date(2100, 12, 31))] | None = None


@router.get("/v1/oversight/steps", summary="Steps of oversight that were taken", dependencies=[READER])
async def steps(request: Request, org: str | None = None, limit: Limit = 100, after_: After = None) -> Response:
    return await listed(request, "step", org, limit, after_)


@router.post(
    "/v1/oversight/steps",
    summary="Take a step of oversight about a requirement, with reasons",
    status_code=201,
    responses=refusals("not_found", "barred_by_policy", "step_out_of_order"),
)
async def step(request: Request, said: Step, overseer: Oversight) -> Response:
    return decided(await oversee(request, overseer, said))


async def oversee(request: Request, overseer: Person, said: Step) -> dict[str, Any]:
    """Raises Refused."""
    if said.requirement not in REQUIREMENTS:
        raise Refused(no_such_requirement())
    if said.org_id not in organizations():
        raise Refused(
            problem(
                "not_found",
                "There is no organisation of this id in the reference table.",
                "Aucune organisation de la table de référence ne porte cet identifiant.",
                "org_id",
            )
        )
    fields: dict[str, Any] = said.model_dump(mode="json", exclude={"org_id", "step"})
    return taken(request, await take_step(request.app.state.pool, overseer, said.org_id, said.step, fields))
