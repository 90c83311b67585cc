"""What programs read of status: applications, each to those who may see it."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from pydantic import BaseModel, Field

from services.status import store
from services.status.api.access import key_of, no_such_application, open_by_code
from services.status.api.expecting import Waiting, expected
from services.status.domain import application as domain
from services.status.domain.application import Application, Step
from services.status.domain.clocks import Rules, Standard, days_off
from services.status.domain.expectation import Expectation
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
from shared.reading import After, Limit, after, answer, page_to

# The sealed reasons of an application's steps, by source and event id.
Reasons = Mapping[tuple[str, str], bytes]
# How many are judged for a page of those that are late, or are not.
_JUDGED = 500
_BREATH = 50

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
    """With `late`, a page is of the next 500 applications, or `limit` where that is more: it may be shorter than `limit` and
    have a `next`.
    """
    own = own_of(request, await caller(request))
    now = datetime.now(UTC)
    # Lateness follows from the clock, so it is judged after reading.
    judged = limit if late is None else max(limit, _JUDGED)
    keys = await store.list_applications(
        request.app.state.pool, **own, service=service, state=state, after=after(after_, 2), limit=judged + 1
    )
    read = await read_applications(request.app, keys[:judged], now)
    items = [item for item in read if late is None or item["late"] == late]
    end = keys[judged - 1] if len(keys) > judged else None
    if len(items) > limit:
        end = items[limit - 1]["org_id"], items[limit - 1]["application_id"]
    return answer(request, page_to(items[:limit], end, as_of=now))


def own_of(request: Request, found: Department | Person | None) -> dict[str, Any]:
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
    """Raises Refused (404) for one of which every report was withdrawn."""
    read = await read_applications(app, [key], now)
    if not read:
        raise Refused(no_such_application())
    return {**read[0], "as_of": now}


async def read_applications(app: FastAPI, keys: Sequence[Key], now: datetime) -> list[dict[str, Any]]:
    """Of these, in their order, those that are not void: by as many statements, however many they are."""
    pool = app.state.pool
    read = await store.applications(pool, keys)
    found = [read[key] for key in keys if key in read and not read[key].void]
    known = await store.known(pool, {each.service_id for each in found}, {each.org_id for each in found})
    reasons = await store.sealed_reasons(pool, keys)
    waiting = []
    for number, each in enumerate(found, 1):
        if number % _BREATH == 0:
            await asyncio.sleep(0)  # health and other requests are answered meanwhile
        waiting.append(_waiting(each, known.rules(each.service_id, each.org_id), now))
    expectations = await expected(app, waiting, now)
    return [
        _answer(each, expectation, reasons.get(each.application.key, {}), app.state.seal, now)
        for each, expectation in zip(waiting, expectations, strict=True)
    ]


def _waiting(application: Application, rules: Rules, now: datetime) -> Waiting:
    return Waiting(
        application, domain.clocks_of(application, rules, now), rules, domain.standards_of(application, rules)
    )


def _answer(waiting: Waiting, expectation: Expectation, reasons: Reasons, seal: Seal, now: datetime) -> dict[str, Any]:
    application, clocks, rules, standards = waiting
    answers = [clock_answer(standards[each], clocks[each]) for each in sorted(clocks)]
    shown = domain.standard_shown(clocks)
    closed = days_off(rules, shown, clocks[shown], now) if shown else {}
    decision = domain.decision(application)
    decided = decision is not None
    return {
        "org_id": application.org_id,
        "application_id": application.application_id,
        "service_id": application.service_id,
        "state": application.state,
        "summary": summary(application.state, decided=decided).model_dump(),
        "next": following(application.state, decided=decided).model_dump(),
        "decision": decision and _step_answer(decision, seal, reasons),
        "history": history_answer(application, seal, reasons),
        "expected_at": expectation.at,
        "expected_on": expectation.on,
        "expected_because": expectation.because and expectation.because.model_dump(),
        "late": any(domain.is_late(clock) for clock in clocks.values()),
        "standards": answers,
        "days_off": [{"day": day, "note": note.model_dump()} for day, note in closed.items()],
        "standard": next((each for each in answers if each["standard_id"] == shown), None),
        "version": application.version,
    }


def history_answer(application: Application, seal: Seal, reasons: Reasons) -> list[dict[str, Any]]:
    """Every step in its order, with the department's reason opened for whoever may see the application; `counts` is false for
    what came after its end and changes nothing.
    """
    steps = {step.moment(): step for step in application.history}
    counted = domain.counted(application.history)
    return [{**_step_answer(steps[moment], seal, reasons), "counts": moment in counted} for moment in in_order(steps)]


def _step_answer(step: Step, seal: Seal, reasons: Reasons) -> dict[str, Any]:
    return {
        "state": step.state,
        "at": step.occurred_at,
        "channel": step.channel,
        "outcome": step.outcome,
        "reason": open_reason(seal, step, reasons.get((step.source, step.event_id))),
    }


def clock_answer(standard: Standard, clock: Clock) -> dict[str, Any]:
    """`confirmed` is false while the measure was only read from the published sentence."""
    return {
        "standard_id": standard.standard_id,
        "name": standard.name.model_dump(),
        "limit": clock.limit,
        "unit": clock.unit,
        "state": clock.state,
        "due_on": clock.due_on,
        "due_at": clock.due_at,
        "elapsed": clock.elapsed,
        "paused_for": clock.paused_for,
        "paused": clock.state == "paused",
        "met": clock.met,
        "confirmed": standard.measure is not None and standard.measure.confirmed,
    }
