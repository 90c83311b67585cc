"""The HTTP door: `POST /v1/events` and `GET /v1/receipts/{event_id}`."""

from typing import Annotated

import orjson
from fastapi import APIRouter, Depends, Request, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from shared.access import May, receipt_readers, senders
from shared.decoding import Arrival
from shared.door.description import RECEIPT, RECEIPTS, answered, bodies
from shared.door.overseeing import about, organization_named
from shared.door.reading import TooManyEvents, reader
from shared.group_commit import GroupCommit
from shared.identity import Department, Person
from shared.intake import Intake, Receipt
from shared.problems import Refused, TemporarilyUnavailable, problem
from shared.rate_limit import RateLimit, events_worth
from shared.receipts import look_up
from shared.safeguards import MAX_BODY_BYTES

_EVENTS = "/v1/events"
Caller = Department | Person


def door(intake: Intake) -> APIRouter:
    router = APIRouter(tags=["events"])
    may_send, may_read = senders(overseen=intake.overseen), receipt_readers(overseen=intake.overseen)

    @router.post(
        _EVENTS,
        summary="Report events (CloudEvents: structured, batch, NDJSON, binary); docs/departments.md has an example of each",
        status_code=202,
        responses=RECEIPTS,
        openapi_extra={"requestBody": bodies(intake.kinds)},
    )
    async def events(request: Request, sender: Annotated[Caller, Depends(may_send)]) -> Response:
        return await report(request, sender)

    @router.get(
        "/v1/receipts/{event_id:path}",
        summary="What became of an event",
        responses=answered(RECEIPT, _200="Its receipt"),
    )
    async def receipt(
        request: Request, event_id: str, sender: Annotated[Caller, Depends(may_read)], source: str | None = None
    ) -> Response:
        org_id = sender.org_id if isinstance(sender, Department) else organization_named(source)
        found = await look_up(request.app.state.pool, intake, org_id or "", event_id, source)
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


async def report(request: Request, sender: Caller) -> Response:
    limit: RateLimit = request.app.state.rate_limit
    arrivals, worth = await _let_in(request, sender, limit)
    headers = limit.take(_name(sender), worth)
    writer: GroupCommit = request.app.state.group_commit
    try:
        receipts = await writer.submit(_queue(sender), arrivals)
    except TemporarilyUnavailable as refused:
        raise Refused(refused.problem, {**refused.headers, **limit.give_back(_name(sender), worth)}) from None
    body = {"receipts": [receipt.as_dict(index) for index, receipt in enumerate(receipts)]}
    return Response(orjson.dumps(body), status_of(receipts), headers, media_type="application/json")


def _name(sender: Caller) -> str:
    """By which a sender's events are counted."""
    return sender.key_id if isinstance(sender, Department) else f"oversight {sender.subject}"


def _queue(sender: Caller) -> str:
    return sender.org_id if isinstance(sender, Department) else "oversight"


class _Straight:
    """`report` without FastAPI's way to it, which costs more than all else that is done for a request."""

    def __init__(self, may: May) -> None:
        self._may = may

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        response = await report(request, await self._may(request))
        await response(scope, receive, send)


def shortcut(intake: Intake) -> Route:
    """To be asked before all routers. What OpenAPI says of it and of who may call it is said by the router of `door`."""
    return Route(_EVENTS, _Straight(senders(overseen=intake.overseen)), methods=["POST"])


async def _let_in(request: Request, sender: Caller, limit: RateLimit) -> tuple[list[Arrival], int]:
    """The events of a request, and as how many they count. What is refused once it was read counts all the same."""
    limit.look(_name(sender))
    read, size = reader(request), MAX_BODY_BYTES
    try:
        body = await request.body()
        size = len(body)
        limit.look(_name(sender), events_worth(size))
        arrivals = read(body, sender.org_id) if isinstance(sender, Department) else about(read(body, ""))
    except Refused as refused:
        raise _charged(refused, sender, limit, size) from None
    return arrivals, max(len(arrivals), events_worth(size))


def _charged(refused: Refused, sender: Caller, limit: RateLimit, size: int) -> Refused:
    if refused.problem.code == "too_many_requests":
        return refused
    events = refused.events if isinstance(refused, TooManyEvents) else 0
    headers = limit.charge(_name(sender), max(events, events_worth(size)))
    return Refused(refused.problem, {**refused.headers, **headers})


def status_of(receipts: list[Receipt]) -> int:
    """202 if any was accepted, 422 if all were rejected, else 200."""
    outcomes = {receipt.outcome for receipt in receipts}
    if "accepted" in outcomes:
        return 202
    return 422 if outcomes == {"rejected"} else 200
