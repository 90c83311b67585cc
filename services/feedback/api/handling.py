"""Case work: officers take steps, answer, and put right what was guessed of a case."""

import hashlib
import secrets
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from services.feedback import store
from services.feedback.api.access import no_such_case, officers_case
from services.feedback.api.submitting import said_before, submit
from services.feedback.domain.cases import FINAL
from services.feedback.handlers.messages import Said, add_message
from shared.access import May
from shared.contracts.identifiers import Identifier
from shared.contracts.reported.feedback import HandlingState
from shared.described import refusals
from shared.identity import Person
from shared.language import Bilingual
from shared.problems import Problem, Refused, problem
from shared.reading import to_json

router = APIRouter(tags=["feedback"])
Officer = Annotated[Person, Depends(May("officer"))]


class Step(BaseModel):
    """`id` names the step, so that it can be sent twice; `resolution` is what the client is told."""

    model_config = ConfigDict(extra="forbid")

    state: HandlingState
    to: str | None = Field(default=None, max_length=200)
    resolution: Bilingual | None = None
    id: Identifier | None = None


@router.post(
    "/v1/cases/{feedback_id}/steps",
    summary="Take a step in a case of your organisation",
    status_code=201,
    responses=refusals("case_ended", "precondition_failed"),
)
async def step(
    request: Request,
    feedback_id: str,
    taken: Step,
    officer: Officer,
    if_match: Annotated[str | None, Header(max_length=40, description="the case's version")] = None,
) -> Response:
    row = await officers_case(request, feedback_id, officer, datetime.now(UTC))
    done = await take_step(request, row, taken, if_match)
    return Response(to_json(done), 201, media_type="application/json")


async def take_step(request: Request, row: dict[str, Any], taken: Step, read: str | None = None) -> dict[str, Any]:
    """Take a step in a case that was read at a version. The same sent again is answered as it was, though the case has moved
    on since. Raises Refused.
    """
    data, said_as = _as_event(row, taken)
    if refusal := _refusal(row, taken, read):
        receipt = await said_before(request, row["org_id"], "officers", data, said_as)
        if receipt is None:
            raise Refused(refusal)
    else:
        receipt = await submit(request, row["org_id"], "officers", "FeedbackHandlingReported", data, said_as)
    return {"feedback_id": row["feedback_id"], "state": taken.state, **receipt}


def _refusal(row: dict[str, Any], taken: Step, read: str | None) -> Problem | None:
    if read is not None and read.strip('"') != str(row["version"]):
        return _changed_since(row["version"])
    if row["state"] in FINAL and taken.state != "reopened":
        return problem(
            "case_ended",
            "This case is closed; reopen it first (state reopened).",
            "Ce cas est clos; rouvrez-le d'abord (state reopened).",
        )
    return None


def _as_event(row: dict[str, Any], taken: Step) -> tuple[dict[str, Any], str]:
    """A step as it is reported, and what it is known by."""
    data = {**taken.model_dump(mode="json", exclude_none=True, exclude={"id"}), "feedback_id": row["feedback_id"]}
    return data, f"{row['feedback_id']}-{taken.id or secrets.token_hex(8)}"


def _changed_since(version: int) -> Problem:
    return problem(
        "precondition_failed",
        f"The case was changed since you read it; it is at version {version} now. Read it again.",
        f"Le cas a changé depuis que vous l'avez lu; il en est à la version {version}. Relisez-le.",
    )


class Message(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: str = Field(min_length=1, max_length=5000)
    id: Identifier | None = None


@router.post("/v1/cases/{feedback_id}/messages", summary="Write to the client of a case", status_code=201)
async def message(request: Request, feedback_id: str, said: Message, officer: Officer) -> Response:
    row = await officers_case(request, feedback_id, officer, datetime.now(UTC))
    written = Said("officer", said.text, message_id(said.id or ""))
    await write(request, (row["org_id"], feedback_id), written)
    return Response(to_json({"message_id": written.message_id}), 201, media_type="application/json")


async def write(request: Request, key: store.Key, said: Said) -> None:
    """Raises Refused."""
    state = request.app.state
    if refusal := await add_message(state.pool, state.seal, key, said):
        raise Refused(refusal)


def message_id(token: str) -> str:
    """What a message is known by: its writer's token, whatever it was; without one, an id of its own."""
    return hashlib.sha256(token.encode()).hexdigest()[:24] if token else secrets.token_hex(12)


class Mark(BaseModel):
    """What is to hold; what is left out stays. `group` null puts the case by itself."""

    model_config = ConfigDict(extra="forbid")

    concern_seen: bool = False
    spam: bool | None = None
    group: Identifier | None = None


@router.patch("/v1/cases/{feedback_id}", summary="Put right what was guessed: concern seen, spam, the same as another")
async def mark(request: Request, feedback_id: str, mark: Mark, officer: Officer) -> Response:
    row = await officers_case(request, feedback_id, officer, datetime.now(UTC))
    await put_right(request, (row["org_id"], feedback_id), mark)
    row = await officers_case(request, feedback_id, officer, datetime.now(UTC))
    names = ("feedback_id", "concern", "concern_seen_at", "spam", "spam_suspected", "group_id", "group_size")
    return Response(to_json({name: row[name] for name in names}), media_type="application/json")


async def put_right(request: Request, key: store.Key, mark: Mark) -> None:
    pool = request.app.state.pool
    if mark.concern_seen:
        await store.see_concern(pool, key, datetime.now(UTC))
    if mark.spam is not None:
        await store.mark_spam(pool, key, spam=mark.spam)
    if "group" not in mark.model_fields_set:
        return
    if mark.group is None:
        await store.leave_group(pool, key)
    elif not await store.join_group(pool, key, mark.group):
        raise Refused(no_such_case())
