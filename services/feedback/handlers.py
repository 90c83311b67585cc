"""What feedback does with reports, and when inventory changes."""

from collections.abc import Sequence
from datetime import datetime

import orjson

from services.feedback import domain, store
from services.feedback.domain import Case, Step
from shared.contracts.envelope import Published
from shared.contracts.reported.feedback import FeedbackReported
from shared.database import Connection
from shared.decoding import Received
from shared.encryption import Seal
from shared.event_log import LogEntry
from shared.listening import Heard
from shared.ownership import not_your_service, unknown_service
from shared.problems import Problem
from shared.receiving import Outcome, Recorded

TOPIC = "feedback.cases.v1"


async def record_reports(
    seal: Seal, connection: Connection, events: Sequence[Received], _now: datetime
) -> list[Outcome]:
    before = await store.cases(connection, [_key(event) for event in events])
    owners = await store.known_services(
        connection, [event.data.service_id for event in events if isinstance(event.data, FeedbackReported)]
    )
    cases, steps, outcomes = dict(before), [], []
    for event in events:
        outcome = _report(event, cases, owners)
        if isinstance(outcome, Recorded):
            step = cases[_key(event)].steps[-1]
            steps.append((_key(event), step, _sealed_resolution(seal, event), getattr(event.data, "to", None)))
        outcomes.append(outcome)
    changed = [(cases[key], before[key].version if key in before else 0) for key in {key for key, *_ in steps}]
    if changed:
        recorded = [event for event, outcome in zip(events, outcomes, strict=True) if isinstance(outcome, Recorded)]
        received = [event for event in recorded if isinstance(event.data, FeedbackReported)]
        languages = {_key(event): event.data.language for event in received}
        texts = {_key(event): _sealed_text(seal, event) for event in received if event.data.text}
        await store.save(connection, changed, languages, texts)
        await store.add_steps(connection, steps)
    return outcomes


def _report(event: Received, cases: dict[store.Key, Case], owners: dict[str, str]) -> Outcome:
    key = _key(event)
    case = cases.get(key) or Case(*key)
    if found := domain.refusal(case, event.source, event.id):
        return found
    if isinstance(event.data, FeedbackReported):
        owner = owners.get(event.data.service_id)
        if owner is not None and owner != event.org_id:
            return not_your_service(event.data.service_id)
        outcome = domain.receive(case, event.data, Step(event.time, event.source, event.id, "received"))
        if isinstance(outcome, Problem):
            return outcome
        cases[key], published = outcome
        warnings = [] if owner else [unknown_service(event.data.service_id)]
        return Recorded([_entry(event, "FeedbackRecorded", published)], warnings=warnings)
    step = Step(event.time, event.source, event.id, event.data.state)
    cases[key], changed, warnings = domain.handle(case, event.data, step)
    return Recorded([_entry(event, "FeedbackStateChanged", changed)], warnings=warnings)


def _key(event: Received) -> store.Key:
    return event.org_id, event.data.feedback_id


def _entry(event: Received, name: str, data: Published) -> LogEntry:
    key = "/".join(_key(event))
    return LogEntry(TOPIC, key, "feedback", name, event.org_id, event.time, event.source, event.id, data, key)


def text_context(key: store.Key) -> str:
    return "text:" + "/".join(key)


def _sealed_text(seal: Seal, event: Received) -> bytes:
    return seal.seal(event.data.text.encode(), text_context(_key(event)))


def _sealed_resolution(seal: Seal, event: Received) -> bytes | None:
    resolution = getattr(event.data, "resolution", None)
    if resolution is None:
        return None
    return seal.seal(orjson.dumps(resolution.model_dump()), f"resolution:{event.source} {event.id}")


async def remember_services(connection: Connection, events: Sequence[Heard]) -> None:
    await store.remember_services(connection, events)
