"""The course of one application, from its submission to its closing."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from guichet.simulator.departments import Service, Standard
from guichet.simulator.pace import Line, days_of, midnight, office, slowness
from guichet.simulator.report import Plan, Window, step
from guichet.simulator.words import REASONS, both
from shared.calendars import Calendar, calendar
from shared.contracts.envelope import rfc3339
from shared.contracts.measure import Measure
from shared.contracts.reported.status import ApplicationState, Channel

_BY_A_STANDARD = 2 / 3  # of the applications of a service with measured standards, those that come by such a channel
_ENDS_WITHIN = 0.6  # of the applications, those begun early enough to end before now where they can
_CLOSING = 1.0  # days
_A_FEW_DAYS = Measure(limit="P5D", days="business")
_UNMEASURED = Standard("", None, None, 0.8, 0, _A_FEW_DAYS)
_REOPENED: tuple[tuple[ApplicationState, int], ...] = (
    ("reopened", 12),
    ("in_review", 2),
    ("decided", 8),
    ("closed", 4),
)
_Course = Iterator[tuple[ApplicationState, datetime]]


@dataclass(frozen=True, slots=True)
class Traits:
    """What does not change in the course of an application."""

    application_id: str
    channel: Channel
    client_id: str | None
    language: str
    numbered: bool


def channel(rng: Random, service: Service) -> Channel:
    """By the service's volumes; two thirds by a channel of its measured standards."""
    if service.measured and rng.random() < _BY_A_STANDARD:
        standard = _weighted(rng, service.measured)
        if standard.channel is not None:
            return standard.channel
    if not service.applications:
        return next((each.channel for each in service.measured if each.channel), "ONL")
    return rng.choices(list(service.volumes), list(service.volumes.values()))[0]


def application(rng: Random, service: Service, traits: Traits, window: Window) -> Plan:
    """Its reports; the first lies within the window, the last may lie beyond it."""
    standard = _standard(rng, service, traits.channel)
    measure = standard.measure or _A_FEW_DAYS
    part = slowness(rng, standard.share)
    submitted = _submission(rng, traits.channel, calendar(measure.calendar), window, days_of(measure) * part)
    expected_at = submitted + timedelta(days=days_of(measure) * 1.2 + 1) if rng.random() < 0.03 else None
    course = enumerate(_course(rng, measure, part, submitted), 1)
    return [
        step(
            service.org_id, "status", "ApplicationStatusReported", traits.application_id, number, at,
            _told(rng, service, traits, state, number, expected_at),
        )
        for number, (state, at) in course
    ]  # fmt: skip


def _standard(rng: Random, service: Service, by: Channel) -> Standard:
    """The standard whose pace the case follows."""
    held = [each for each in service.measured if each.channel in {None, by}]
    return _weighted(rng, held) if held else _UNMEASURED


def _weighted(rng: Random, standards: list[Standard]) -> Standard:
    return rng.choices(standards, [max(each.volume, 1) for each in standards])[0]


def _submission(rng: Random, by: Channel, of: Calendar, window: Window, days: float) -> datetime:
    """Online at any hour, otherwise at office hours; mostly early enough for the case to end within the window."""
    latest = window.end - timedelta(days=days + _CLOSING)
    if latest <= window.start or rng.random() > _ENDS_WITHIN:
        latest = window.end
    at = (window.start + (latest - window.start) * rng.random()).astimezone(of.zone)
    if by == "ONL":
        told = midnight(at.date(), of) + timedelta(seconds=int(rng.triangular(0, 86_399, 50_000)))
    else:
        told = office(rng, of, at.date(), midnight(at.date(), of))
    return told if window.start <= told <= window.end else at


def _course(rng: Random, measure: Measure, part: float, submitted: datetime) -> _Course:
    """The states reached, each after the one before."""
    line = Line(rng, measure, submitted)
    fate = rng.random()
    yield "submitted", submitted
    if measure.starts == "complete":
        line.start(line.later(rng.uniform(0, 3)))
        yield "complete", line.last
    elif rng.random() < 0.5:
        yield "complete", line.used(part * rng.uniform(0, 0.1))
    yield "in_review", line.used(part * rng.uniform(0.1, 0.3))
    if rng.random() < 0.15:
        yield "information_requested", line.used(part * rng.uniform(0.3, 0.6))
        yield "information_received", line.paused()
    if fate < 0.03:
        yield "withdrawn", line.used(part * 0.7)
    elif fate < 0.05:
        yield "closed", line.used(part * 0.8)
    else:
        yield from _ending(rng, line, measure, part)


def _ending(rng: Random, line: Line, measure: Measure, part: float) -> _Course:
    if measure.ends == "issued":
        yield "decided", line.used(part * 0.9)
        yield "issued", line.used(part)
    else:
        yield "decided", line.used(part)
        if rng.random() < 0.5:
            yield "issued", line.later(rng.uniform(0, 3))
    if rng.random() < 0.95:
        yield "closed", line.later(rng.uniform(0, 6))
        if rng.random() < 0.02:
            yield from _again(rng, line)


def _again(rng: Random, line: Line) -> _Course:
    for state, days in _REOPENED:
        yield state, line.later(rng.uniform(0, days))


def _told(
    rng: Random, service: Service, traits: Traits, state: ApplicationState, number: int, expected_at: datetime | None
) -> dict[str, Any]:
    data: dict[str, Any] = {
        "application_id": traits.application_id,
        "service_id": service.service_id,
        "state": state,
        "channel": traits.channel,
    }
    if traits.numbered:
        data["sequence"] = number
    return data | _besides(rng, traits, state, expected_at)


def _besides(rng: Random, traits: Traits, state: ApplicationState, expected_at: datetime | None) -> dict[str, Any]:
    if state == "submitted":
        return {"language": traits.language} | ({"client_id": traits.client_id} if traits.client_id else {})
    if state == "in_review" and expected_at:
        return {"expected_at": rfc3339(expected_at)}
    return _outcome(rng) if state == "decided" else {}


def _outcome(rng: Random) -> dict[str, Any]:
    outcome = rng.choices(("approved", "refused", "partial", "other"), (78, 14, 5, 3))[0]
    return {"outcome": outcome} | ({"reason": both(rng, REASONS)} if outcome == "refused" else {})
