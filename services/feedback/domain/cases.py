"""A feedback case and its steps. Values in, values out."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from shared.contracts.feedback import CaseState, FeedbackRecorded, FeedbackStateChanged
from shared.contracts.reported.feedback import (
    RECOURSES,
    Driver,
    FeedbackHandlingReported,
    FeedbackKind,
    FeedbackReported,
    Recourse,
)
from shared.contracts.reported.status import Channel
from shared.ownership import keeps_its_key
from shared.problems import Problem, problem

FINAL = frozenset({"closed", "redirected"})
Identity = tuple[str, str]  # source, event id


@dataclass(frozen=True, slots=True, order=True)
class Step:
    """One report about a case; steps are ordered by their time, then by the event's identity."""

    occurred_at: datetime
    source: str
    event_id: str
    state: CaseState
    to: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Case:
    """A case as its reports tell it; `service_id` and `kind` are null while only its handling was reported."""

    org_id: str
    feedback_id: str
    steps: tuple[Step, ...] = ()
    # The source and id of reports that others took the place of.
    superseded: frozenset[Identity] = frozenset()
    # Counts what was reported of it, corrections too: grows with each, never goes back.
    version: int = 0
    service_id: str | None = None
    kind: FeedbackKind | None = None
    channel: Channel | None = None
    rating: int | None = None
    drivers: Mapping[Driver, int] | None = None
    application_id: str | None = None
    reply_wanted: bool = False
    received_at: datetime | None = None

    @property
    def state(self) -> CaseState | None:
        """The newest step's state; after a final one, only `reopened` moves it."""
        state: CaseState | None = None
        for step in sorted(self.steps):
            if state not in FINAL or step.state == "reopened":
                state = step.state
        return state

    @property
    def recourse(self) -> Recourse | None:
        """Where the case was redirected to as no feedback, while it is redirected."""
        if self.state != "redirected":
            return None
        to = max(step for step in self.steps if step.state == "redirected").to
        return next((each for each in RECOURSES if each == to), None)


MOST_REPORTS = 200
Corrected = tuple[Case, FeedbackRecorded | FeedbackStateChanged]


def refusal(case: Case, source: str, event_id: str) -> Problem | None:
    """A report that cannot join the case: one that stands there already, or one too many."""
    if (source, event_id) in case.superseded or any(
        step.source == source and step.event_id == event_id for step in case.steps
    ):
        return problem(
            "id_conflict",
            f"The event {event_id} stands in this case already, from more than 13 months ago.",
            f"L'événement {event_id} figure déjà à ce cas, depuis plus de 13 mois.",
            "id",
        )
    if len(case.steps) >= MOST_REPORTS:
        return problem(
            "too_many_reports",
            f"Case {case.feedback_id} has {MOST_REPORTS} reports, the most one may have; check the sender.",
            f"Le cas {case.feedback_id} compte {MOST_REPORTS} rapports, le maximum permis; vérifiez l'expéditeur.",
            "data.feedback_id",
        )
    return None


def receive(case: Case, data: FeedbackReported, step: Step) -> tuple[Case, FeedbackRecorded] | Problem:
    """The case itself is reported: once; a second report of it is a conflict."""
    if case.kind is not None:
        return problem(
            "id_conflict",
            f"Case {case.feedback_id} was reported before; report its handling, or a new case with an id of its own.",
            f"Le cas {case.feedback_id} a déjà été déclaré; déclarez son traitement, ou un nouveau cas avec son propre identifiant.",
            "data.feedback_id",
        )
    after = _told(replace(case, steps=(*case.steps, step), version=case.version + 1), data, step.occurred_at)
    return after, _recorded(after)


def correct(case: Case, corrected: Identity, data: FeedbackReported | None, step: Step | None) -> Corrected | Problem:
    """Put another report of the case itself in the place of an earlier one, or take that away."""
    if data is not None and (
        found := _elsewhere(case, data.feedback_id, data.service_id) or _told_anew(case, corrected)
    ):
        return found
    after = _without(case, corrected, step)
    if data is not None and step is not None:
        after = _told(after, data, step.occurred_at)
        return after, _recorded(after)
    withdrawn = _recorded(replace(case, version=after.version)).model_copy(update={"withdrawn": True})
    return Case(case.org_id, case.feedback_id, after.steps, after.superseded, after.version), withdrawn


def correct_handling(
    case: Case, corrected: Identity, data: FeedbackHandlingReported | None, step: Step | None
) -> Corrected | Problem:
    """Put another step in the place of an earlier one, or take that away."""
    if data is not None and (found := _elsewhere(case, data.feedback_id, case.service_id)):
        return found
    after = _without(case, corrected, step)
    moment = step.occurred_at if step else max(each.occurred_at for each in case.steps)
    return after, _moved(case, after, moment)


def _told_anew(case: Case, corrected: Identity) -> Problem | None:
    """Since it was withdrawn the case was reported by another event: a case has one report of itself."""
    others = [s for s in case.steps if s.state == "received" and (s.source, s.event_id) != corrected]
    if not others:
        return None
    return problem(
        "id_conflict",
        f"Case {case.feedback_id} was reported anew since, by event {others[0].event_id}; correct that one instead.",
        f"Le cas {case.feedback_id} a été déclaré de nouveau depuis, par l'événement {others[0].event_id}; corrigez plutôt celui-ci.",
        "data.corrects",
    )


def _without(case: Case, corrected: Identity, step: Step | None) -> Case:
    left = tuple(each for each in case.steps if (each.source, each.event_id) != corrected)
    return replace(case, steps=left if step is None else (*left, step), version=case.version + 1)


def _elsewhere(case: Case, feedback_id: str, service_id: str | None) -> Problem | None:
    if feedback_id != case.feedback_id:
        return keeps_its_key("feedback_id", feedback_id, case.feedback_id)
    if case.service_id is not None and service_id != case.service_id:
        return keeps_its_key("service_id", service_id or "", case.service_id)
    return None


def _told(case: Case, data: FeedbackReported, received_at: datetime) -> Case:
    return replace(
        case,
        service_id=data.service_id,
        kind=data.kind,
        channel=data.channel,
        rating=data.rating,
        drivers=data.drivers,
        application_id=data.application_id,
        reply_wanted=data.reply_wanted,
        received_at=received_at,
    )


def _recorded(case: Case) -> FeedbackRecorded:
    return FeedbackRecorded.model_validate(
        {
            "feedback_id": case.feedback_id,
            "service_id": case.service_id,
            "kind": case.kind,
            "state": case.state or "received",
            "version": case.version,
            "channel": case.channel,
            "rating": case.rating,
            "drivers": case.drivers or {},
            "application_id": case.application_id,
            "reply_wanted": case.reply_wanted,
            "received_at": case.received_at,
        }
    )


def handle(case: Case, data: FeedbackHandlingReported, step: Step) -> tuple[Case, FeedbackStateChanged, list[Problem]]:
    """A step is taken; after a final state it is kept and moves nothing, but for `reopened`."""
    after = replace(case, steps=(*case.steps, step), version=case.version + 1)
    published = _moved(case, after, step.occurred_at)
    warnings = []
    if case.kind is None:
        warnings.append(
            problem(
                "unknown_case",
                f"Case {data.feedback_id} itself has not been reported yet; report it with FeedbackReported.",
                f"Le cas {data.feedback_id} n'a pas encore été déclaré lui-même; déclarez-le par FeedbackReported.",
                "data.feedback_id",
            )
        )
    return after, published, warnings


def _moved(before: Case, after: Case, moment: datetime) -> FeedbackStateChanged:
    return FeedbackStateChanged(
        feedback_id=after.feedback_id,
        service_id=after.service_id,
        kind=after.kind,
        from_state=before.state,
        to_state=after.state or before.state or "received",
        version=after.version,
        changed_at=moment,
        recourse=after.recourse,
    )


def unmoved(case: Case, moment: datetime) -> FeedbackStateChanged:
    """What is published of a case of which something else than its state has changed."""
    return _moved(case, case, moment)
