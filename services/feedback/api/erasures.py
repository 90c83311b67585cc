"""Erasing a person, at their request."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict

from services.feedback.api.access import officers_case
from services.feedback.handlers.erasing import erase
from shared.access import May
from shared.contracts.identifiers import Identifier
from shared.identity import Person
from shared.reading import to_json

router = APIRouter(tags=["feedback"])
Officer = Annotated[Person, Depends(May("officer"))]


class Erasure(BaseModel):
    """A case of the person; unless `same_contact` is false, every case of your organisation that left the same contact is
    erased with it.
    """

    model_config = ConfigDict(extra="forbid")

    feedback_id: Identifier
    same_contact: bool = True


@router.post(
    "/v1/erasures",
    summary="Erase who is behind a case: nothing they wrote can be read any more, and every figure stays",
    status_code=201,
)
async def erasures(request: Request, asked: Erasure, officer: Officer) -> Response:
    row = await officers_case(request, asked.feedback_id, officer, datetime.now(UTC))
    state = request.app.state
    done = await erase(
        state.pool, state.seal, (row["org_id"], row["feedback_id"]), officer.subject, linked=asked.same_contact
    )
    state.committed.set()
    return Response(to_json(done), 201, media_type="application/json")
