"""The HTTP door: `POST /v1/events` and `GET /v1/receipts/{event_id}`."""

import orjson
from fastapi import APIRouter, Request, Response

from shared.access import Sender
from shared.door.description import RECEIPT, RECEIPTS, answered, bodies
from shared.door.reading import read_arrivals
from shared.group_commit import GroupCommit
from shared.intake import Intake, Receipt
from shared.problems import Refused, problem
from shared.rate_limit import RateLimit
from shared.receipts import look_up


def door(intake: Intake) -> APIRouter:
    router = APIRouter(tags=["events"])

    @router.post(
        "/v1/events",
        summary="Report events (CloudEvents: structured, batch, NDJSON, binary); docs/departments.md has an example of each",
        status_code=202,
        responses=RECEIPTS,
        openapi_extra={"requestBody": bodies(intake.kinds)},
    )
    async def report(request: Request, sender: Sender) -> Response:
        limit: RateLimit = request.app.state.rate_limit
        limit.look(sender.key_id)
        arrivals = await read_arrivals(request, sender.org_id)
        headers = limit.take(sender.key_id, len(arrivals))
        writer: GroupCommit = request.app.state.group_commit
        receipts = await writer.submit(sender.org_id, arrivals)
        body = {"receipts": [receipt.as_dict(index) for index, receipt in enumerate(receipts)]}
        return Response(orjson.dumps(body), status_of(receipts), headers, media_type="application/json")

    @router.get(
        "/v1/receipts/{event_id}",
        summary="What became of an event",
        responses=answered(RECEIPT, _200="Its receipt"),
    )
    async def receipt(request: Request, event_id: str, sender: Sender, source: str | None = None) -> Response:
        found = await look_up(request.app.state.pool, intake, sender.org_id, event_id, source)
        if found is None:
            raise Refused(
                problem(
                    "not_found",
                    "No event with this id has come from you; check the id and the source.",
                    "Aucun événement portant cet identifiant n'est venu de vous; vérifiez l'identifiant et la source.",
                )
            )
        return Response(orjson.dumps(found), media_type="application/json")

    return router


def status_of(receipts: list[Receipt]) -> int:
    """202 if any was accepted, 422 if all were rejected, else 200."""
    outcomes = {receipt.outcome for receipt in receipts}
    if "accepted" in outcomes:
        return 202
    return 422 if outcomes == {"rejected"} else 200
