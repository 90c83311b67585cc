"""Corrective actions (8.1a, 9.1): what is done about a finding, by whom and by when."""

import secrets
from datetime import date
from typing import Annotated, Any, Literal, Self

from fastapi import APIRouter, Depends, Header, Request, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.reporting.api.deciding.reading import decided, listed, own_organization, taken
from services.reporting.api.readers import READER
from services.reporting.domain.compliance import requirements
from services.reporting.handlers.deciding import act
from shared.access import May
from shared.contracts.identifiers import Identifier
from shared.described import refusals
from shared.identity import Person
from shared.language import Bilingual
from shared.problems import Refused, problem
from shared.reading import After, Limit

router = APIRouter(tags=["decisions"])
Decider = Annotated[Person, Depends(May("officer", "deputy_head"))]
REQUIREMENTS = (*requirements("policy-2014"), *requirements("policy-2020"))
Day = Annotated[date, Field(ge=date(2000, 1, 1), le=date(2100, 12, 31))]


class Action(BaseModel):
    """`owner` is a position, not a person. With `action_id` and `If-Match` an action that there is gets these fields instead."""

    model_config = ConfigDict(extra="forbid")

    action_id: Identifier | None = None
    requirement: str = Field(max_length=20)
    title: Bilingual
    owner: Bilingual
    due_on: Day
    state: Literal["open", "done", "cancelled"] = "open"
    done_on: Day | None = None
    reason: Bilingual | None = None

    @model_validator(mode="after")
    def _what_ended_says_so(self) -> Self:
        if (self.state == "done") != (self.done_on is not None):
            raise ValueError(
                "done_on is given where state is done, and only there | done_on accompagne state done, et lui seul"
            )
        if self.state == "cancelled" and self.reason is None:
            raise ValueError("say why it is cancelled: reason | dites pourquoi elle est annulée : reason")
        return self


@router.get("/v1/corrective-actions", summary="Corrective actions, in their newest version", dependencies=[READER])
async def actions(request: Request, org: str | None = None, limit: Limit = 100, after_: After = None) -> Response:
    return await listed(request, "action", org, limit, after_)


@router.post(
    "/v1/corrective-actions",
    summary="Open a corrective action about a requirement; or, with its id and If-Match, change it",
    status_code=201,
    responses=refusals("not_found", "precondition_failed", "precondition_required"),
)
async def take_action(
    request: Request,
    said: Action,
    decider: Decider,
    if_match: Annotated[str | None, Header(max_length=20, description="the action's version")] = None,
) -> Response:
    return decided(await act_on(request, decider, said, _version(said, if_match)))


async def act_on(request: Request, decider: Person, said: Action, version: int | None) -> dict[str, Any]:
    """Open an action, or change one that was read at `version`. Raises Refused."""
    if said.requirement not in REQUIREMENTS:
        raise Refused(no_such_requirement())
    action_id = said.action_id or f"action-{secrets.token_hex(8)}"
    fields: dict[str, Any] = said.model_dump(mode="json", exclude={"action_id"})
    org_id = own_organization(decider)
    return taken(request, await act(request.app.state.pool, decider, org_id, action_id, fields, version))


def _version(said: Action, if_match: str | None) -> int | None:
    """The version that is to be changed; None: a new action. Raises Refused."""
    if said.action_id is None:
        return None
    text = (if_match or "").strip('"')
    if text.isascii() and text.isdigit():
        return int(text)
    raise Refused(
        problem(
            "precondition_required",
            "Send If-Match with the version of the action that you have read.",
            "Envoyez If-Match avec la version de la mesure que vous avez lue.",
        )
    )


def no_such_requirement() -> Any:
    return problem(
        "invalid_value",
        "requirement is one of those that GET /v1/compliance names, such as 7.3.",
        "requirement est l'une de celles que nomme GET /v1/compliance, telle que 7.3.",
        "requirement",
    )
