"""What clients say about a service, and what the department does about it."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Any, NamedTuple, get_args

from guichet.simulator.departments import Service
from guichet.simulator.pace import office
from guichet.simulator.report import Plan, Window, step
from guichet.simulator.words import REDIRECTED_TO, RESOLUTIONS, both, text
from shared.calendars import calendar
from shared.contracts.reported.feedback import Driver, FeedbackKind, HandlingState
from shared.language import Language

_KINDS: dict[FeedbackKind, int] = {"compliment": 25, "suggestion": 20, "complaint": 35, "issue": 20}
_RATINGS: dict[FeedbackKind, tuple[int, int]] = {
    "compliment": (4, 5),
    "suggestion": (3, 4),
    "complaint": (1, 2),
    "issue": (1, 3),
}
_DRIVERS: tuple[Driver, ...] = get_args(Driver)
_Days = tuple[HandlingState, float, float]
_PROBLEM: tuple[_Days, ...] = (("acknowledged", 0, 2), ("assigned", 0, 3))
_SETTLED: tuple[_Days, ...] = (("resolved", 2, 22), ("closed", 0, 5))
_REOPENED: tuple[_Days, ...] = (("reopened", 2, 12), *_SETTLED)


class Case(NamedTuple):
    """An application that feedback may speak of, and when it was last heard of."""

    service: Service
    application_id: str
    heard_at: datetime


def feedback(rng: Random, service: Service, feedback_id: str, case: Case | None, window: Window) -> Plan:
    """One piece of feedback within the window, and its handling."""
    kind = rng.choices(list(_KINDS), list(_KINDS.values()))[0]
    at = _given(rng, case, window)
    data = _said(rng, service, feedback_id, kind) | ({"application_id": case.application_id} if case else {})
    plan = [step(service.org_id, "feedback", "FeedbackReported", feedback_id, 1, at, data)]
    for number, (state, when) in enumerate(_handling(rng, kind, at), 2):
        told = {"feedback_id": feedback_id, "state": state} | _besides(rng, state)
        plan.append(step(service.org_id, "feedback", "FeedbackHandlingReported", feedback_id, number, when, told))
    return plan


def _given(rng: Random, case: Case | None, window: Window) -> datetime:
    if case is None:
        return window.start + (window.end - window.start) * rng.random()
    latest = min(case.heard_at + timedelta(days=4), window.end)
    return case.heard_at + (latest - case.heard_at) * rng.random()


def _said(rng: Random, service: Service, feedback_id: str, kind: FeedbackKind) -> dict[str, Any]:
    language: Language = "fr" if rng.random() < 0.22 else "en"
    data: dict[str, Any] = {
        "feedback_id": feedback_id,
        "service_id": service.service_id,
        "kind": kind,
        "channel": rng.choice(service.feedback_channels),
        "language": language,
    }
    if rng.random() < 0.7:
        data["text"] = text(rng, kind, language)
    if rng.random() < 0.8:
        data["rating"] = rng.randint(*_RATINGS[kind])
    if rng.random() < 0.5:
        data["drivers"] = _drivers(rng, kind)
    if rng.random() < 0.4:
        data["reply_wanted"] = True
    return data


def _drivers(rng: Random, kind: FeedbackKind) -> dict[Driver, int]:
    low, high = _RATINGS[kind]
    marked = [driver for driver in _DRIVERS if rng.random() < 0.6] or ["timeliness"]
    return {driver: rng.randint(max(low - 1, 1), min(high + 1, 5)) for driver in marked}


def _handling(rng: Random, kind: FeedbackKind, at: datetime) -> Iterator[tuple[HandlingState, datetime]]:
    for state, least, most in _steps(rng, kind):
        day = (at + timedelta(days=rng.uniform(least, most))).astimezone(calendar("CA").zone).date()
        at = office(rng, calendar("CA"), day, at)
        yield state, at


def _steps(rng: Random, kind: FeedbackKind) -> tuple[_Days, ...]:
    if kind in {"compliment", "suggestion"}:
        return (("acknowledged", 0, 3), ("closed", 0, 8)) if rng.random() < 0.6 else (("closed", 0, 8),)
    if rng.random() < 0.06:
        return (*_PROBLEM, ("redirected", 0, 5))
    interim: tuple[_Days, ...] = (("interim_reply", 3, 10),) if rng.random() < 0.2 else ()
    reopened = _REOPENED if rng.random() < 0.03 else ()
    return (*_PROBLEM, *interim, *_SETTLED, *reopened)


def _besides(rng: Random, state: HandlingState) -> dict[str, Any]:
    if state == "redirected":
        return {"to": rng.choice(REDIRECTED_TO)}
    return {"resolution": both(rng, RESOLUTIONS)} if state == "resolved" else {}
