"""What programs read of status: applications, each to those who may see it."""

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from pydantic import BaseModel, Field

from services.status import store
from services.status.api.access import key_of, open_by_code
from services.status.api.expecting import expected
from services.status.domain import application as domain
from services.status.domain.application import Application
from services.status.domain.clocks import days_off
from services.status.domain.words import following, summary
from services.status.handlers import CODES, client_hash, open_reason
from services.status.store import Key
from shared.access import ANYONE, May
from shared.clock import in_order
from shared.contracts.status import Clock
from shared.described import refusals
from shared.encryption import Seal
from shared.identity import Department, Person, caller
from shared.problems import Refused, problem
from shared.reading import After, Limit, after, answer, page

router = APIRouter(tags=["status"])
_OWN = Depends(May("department", "client", "officer", "deputy_head", "oversight", "auditor", "operator"))
ONE = Depends(May("department", "client", "tracking", "officer", "deputy_head", "oversight", "auditor", "operator"))


class TrackingCode(BaseModel):
    tracking_code: str = Field(max_length=100)


@router.get(
    "/v1/applications", summary="The caller's own applications: a client's, or a department's", dependencies=[_OWN]
)
async def applications(
    request: Request,
    service: str | None = None,
    state: str | None = None,
    late: bool | None = None,
    limit: Limit = 100,
    after_: After = None,
) -> Response:
    own = _own(request, await caller(request))
    now = datetime.now(UTC)
    start, items, more = after(after_, 2), list[dict[str, Any]](), True
    # Lateness follows from the clock, so it is judged after reading: read on until the page is full.
    while more and len(items) <= limit:
        keys = await store.list_applications(
            request.app.state.pool, **own, service=service, state=state, after=start, limit=limit + 1
        )
        read = await store.applications(request.app.state.pool, keys)
        answers = [await application_answer(request.app, read[key], now) for key in keys if key in read]
        items += [item for item in answers if late is None or _is_late(item) == late]
        more = len(keys) > limit
        start = list(keys[-1]) if keys else start
    return answer(request, page(items, limit, lambda each: [each["org_id"], each["application_id"]], as_of=now))


def _own(request: Request, found: Department | Person | None) -> dict[str, Any]:
    if isinstance(found, Department):
        return {"org_id": found.org_id, "client": None}
    if isinstance(found, Person) and found.roles and found.may_read():
        everything = found.roles & {"oversight", "auditor", "operator"}
        return {"org_id": None if everything else found.org_id or "", "client": None}
    if isinstance(found, Person):
        return {"org_id": None, "client": client_hash(request.app.state.seal, found.subject)}
    raise Refused(
        problem(
            "unauthorized",
            "Send a token or your department's key: Authorization: Bearer ....",
            "Envoyez un jeton ou la clé de votre ministère : Authorization: Bearer ....",
        ),
        {"WWW-Authenticate": "Bearer"},
    )


def _is_late(item: dict[str, Any]) -> bool:
    """Elapsed beyond a limit, running, paused or stopped: a pause hides nothing (clock rule 6)."""
    return any(each["met"] is False or _is_open_late(each) for each in item["standards"])


def _is_open_late(clock: dict[str, Any]) -> bool:
    return clock["state"] in {"running", "paused"} and clock["limit"] is not None and clock["elapsed"] > clock["limit"]


@router.get(
    "/v1/applications/{application_id}",
    summary="One application: its state in plain words, and its clock",
    responses=refusals("ambiguous"),
    dependencies=[ONE],
)
async def application(request: Request, application_id: str, org: str | None = None) -> Response:
    key = await key_of(request, application_id, org)
    # Taken before it is read: from here on its stream leaves nothing out.
    position = await store.log_head(request.app.state.pool)
    read = await read_application(request.app, key, datetime.now(UTC))
    return answer(request, read, {"Last-Event-ID": str(position)})


@router.post(
    "/v1/tracking", summary="Open one application by its tracking code, without an account", dependencies=[ANYONE]
)
async def tracking(request: Request, code: TrackingCode) -> Response:
    key = await open_by_code(request, code.tracking_code)
    response = answer(request, {"org_id": key[0], "application_id": key[1]})
    CODES.set_cookie(request, response, key)
    return response


async def read_application(app: FastAPI, key: Key, now: datetime) -> dict[str, Any]:
    read = await store.applications(app.state.pool, [key])
    return {**await application_answer(app, read[key], now), "as_of": now}


async def application_answer(app: FastAPI, application: Application, now: datetime) -> dict[str, Any]:
    rules = await store.known_rules(app.state.pool, application.service_id, application.org_id)
    clocks = domain.clocks_of(application, rules, now)
    names = {each.standard_id: each.name for each in rules.standards}
    answers = [{**clock_answer(each, clocks[each]), "name": names[each].model_dump()} for each in sorted(clocks)]
    shown = domain.standard_shown(clocks)
    closed = days_off(rules, shown, clocks[shown], now) if shown else {}
    reasons = await store.sealed_reasons(app.state.pool, application.key)
    decided = any(step.state in {"decided", "issued"} for step in application.history)
    expectation = await expected(app, application, clocks, rules, now)
    return {
        "org_id": application.org_id,
        "application_id": application.application_id,
        "service_id": application.service_id,
        "state": application.state,
        "summary": summary(application.state, decided=decided).model_dump(),
        "next": following(application.state, decided=decided).model_dump(),
        "history": history_answer(application, app.state.seal, reasons),
        "expected_at": expectation.at,
        "expected_on": expectation.on,
        "expected_because": expectation.because and expectation.because.model_dump(),
        "standards": answers,
        "days_off": [{"day": day, "note": note.model_dump()} for day, note in closed.items()],
        "standard": next((each for each in answers if each["standard_id"] == shown), None),
        "version": application.version,
    }


def history_answer(application: Application, seal: Seal, reasons: dict[tuple[str, str], bytes]) -> list[dict[str, Any]]:
    """Every step in its order, with the department's reason opened for whoever may see the application."""
    steps = {step.moment(): step for step in application.history}
    return [
        {
            "state": step.state,
            "at": step.occurred_at,
            "channel": step.channel,
            "outcome": step.outcome,
            "reason": open_reason(seal, step, reasons.get((step.source, step.event_id))),
        }
        for step in (steps[moment] for moment in in_order(steps))
    ]


def clock_answer(standard_id: str, clock: Clock) -> dict[str, Any]:
    return {
        "standard_id": standard_id,
        "limit": clock.limit,
        "unit": clock.unit,
        "state": clock.state,
        "due_on": clock.due_on,
        "due_at": clock.due_at,
        "elapsed": clock.elapsed,
        "paused_for": clock.paused_for,
        "paused": clock.state == "paused",
        "met": clock.met,
    }
