"""The public form, as a program sends it; and the tracking code by which whoever sent it follows the case."""

import secrets
import time
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from services.feedback import store
from services.feedback.api.submitting import submit
from services.feedback.domain.masking import LABELS, mask
from services.feedback.handlers import opened
from services.feedback.handlers.tracking import CODES
from shared.access import ANYONE
from shared.contracts.identifiers import Identifier
from shared.contracts.reported.feedback import Driver, FeedbackKind, Recourse
from shared.contracts.reported.status import Channel
from shared.language import Language
from shared.ownership import day_in_ottawa
from shared.problems import Refused, problem
from shared.reading import answer, to_json
from shared.tracking_codes import take_turn

router = APIRouter(tags=["feedback"], dependencies=[ANYONE])
# From one address; an office's public computer sends more than a person does.
_FORMS_A_MINUTE = 60


class Said(BaseModel):
    """What a client says; `kind` and `service_id` are enough. `about` tells what is no feedback, and goes elsewhere."""

    model_config = ConfigDict(extra="forbid")

    service_id: Identifier
    kind: FeedbackKind
    text: str | None = Field(default=None, max_length=5000)
    rating: int | None = Field(default=None, ge=1, le=5)
    drivers: dict[Driver, Annotated[int, Field(ge=1, le=5)]] = Field(default_factory=dict)
    language: Language | None = None
    channel: Channel = "ONL"
    application_id: Identifier | None = None
    reply_wanted: bool = False
    contact: str | None = Field(default=None, min_length=3, max_length=300)
    about: Recourse | None = None


@router.post(
    "/v1/feedback", summary="Tell a department what you think of a service, without an account", status_code=201
)
async def say(
    request: Request,
    said: Said,
    idempotency_key: Annotated[
        str | None, Header(min_length=22, max_length=100, pattern=r"^[\w-]+$", description="random: at least 128 bits")
    ] = None,
) -> Response:
    """Sent again with the same `Idempotency-Key`, it is the same case."""
    told = await tell(request, said, idempotency_key or secrets.token_hex(16))
    return Response(to_json(told), 201, media_type="application/json")


async def tell(request: Request, said: Said, token: str) -> dict[str, Any]:
    """Record a form once for its `token`. Raises Refused."""
    take_turn(request, "form", _FORMS_A_MINUTE).append(time.monotonic())
    service = await store.service(request.app.state.pool, said.service_id, day_in_ottawa(datetime.now(UTC)))
    if service is None:
        raise Refused(no_such_service(said.service_id))
    org_id, feedback_id = service["org_id"], f"F-{request.app.state.seal.derive('form', token).hex()[:20]}"
    data = {**said.model_dump(mode="json", exclude_none=True, exclude={"about"}), "feedback_id": feedback_id}
    receipt = await submit(request, org_id, "form", "FeedbackReported", data, f"{feedback_id}-received")
    if said.about is not None:
        step = {"feedback_id": feedback_id, "state": "redirected", "to": said.about}
        await submit(request, org_id, "form", "FeedbackHandlingReported", step, f"{feedback_id}-redirected")
    return _receipt(request, org_id, feedback_id, said, receipt)


def _receipt(request: Request, org_id: str, feedback_id: str, said: Said, receipt: dict[str, Any]) -> dict[str, Any]:
    masked = mask(said.text or "", said.language or "en").found
    return {
        "feedback_id": feedback_id,
        "org_id": org_id,
        "outcome": receipt["outcome"],
        **opened(request.app.state.seal, f"{org_id}/{feedback_id}"),
        "redirected_to": said.about,
        "masked": [
            {"kind": kind, "count": count, "label": LABELS[kind].model_dump()} for kind, count in masked.items()
        ],
    }


class TrackingCode(BaseModel):
    tracking_code: str = Field(max_length=100)


@router.post(
    "/v1/tracking",
    summary="Open one case by its tracking code, without an account",
)
async def tracking(request: Request, code: TrackingCode) -> Response:
    key = await open_by_code(request, code.tracking_code)
    response = answer(request, {"org_id": key[0], "feedback_id": key[1]})
    CODES.set_cookie(request, response, key)
    return response


async def open_by_code(request: Request, code: str) -> store.Key:
    """The case of a tracking code. Raises Refused."""
    return await CODES.open(request, code, partial(store.find_by_tracking, request.app.state.pool))


def no_such_service(service_id: str) -> Any:
    return problem(
        "not_found",
        f"No department offers a service {service_id} here; choose one of the list.",
        f"Aucun ministère n'offre ici de service {service_id}; choisissez-en un dans la liste.",
        "service_id",
    )
