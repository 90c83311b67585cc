"""What feedback does with reports, and when inventory changes."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import orjson

from services.feedback import domain, store
from services.feedback.domain import Case, Step
from shared.contracts.envelope import Published
from shared.contracts.feedback import CaseState
from shared.contracts.reported.feedback import FeedbackReported
from shared.database import Connection
from shared.decoding import Received
from shared.encryption import Seal
from shared.event_log import LogEntry
from shared.intake import Outcome, Recorded
from shared.listening import Heard
from shared.ownership import not_your_service, unknown_service
from shared.problems import Problem

TOPIC = "feedback.cases.v1"
RECEIVED = "guichet.feedback.FeedbackReported.v1"


async def record_reports(
    seal: Seal, connection: Connection, events: Sequence[Received], _now: datetime
) -> list[Outcome]:
    before = await store.cases(connection, [_key(event) for event in events])
    owners = await store.known_services(
        connection, [event.data.service_id for event in events if isinstance(event.data, FeedbackReported)]
    )
    cases, outcomes = dict(before), list[Outcome]()
    recorded: list[Received] = []
    for event in events:
        outcome = _correct(event, cases) if event.corrects is not None else _report(event, cases, owners)
        if isinstance(outcome, Recorded):
            recorded.append(event)
        outcomes.append(outcome)
    if recorded:
        await _save(seal, connection, recorded, before, cases)
    return outcomes


async def _save(
    seal: Seal,
    connection: Connection,
    recorded: Sequence[Received],
    before: Mapping[store.Key, Case],
    cases: Mapping[store.Key, Case],
) -> None:
    keys = {_key(event) for event in recorded}
    changed = [(cases[key], before[key].version if key in before else 0) for key in keys]
    received = [event for event in recorded if event.type == RECEIVED]
    languages = {_key(event): event.data.language for event in received if event.data is not None}
    # A withdrawn or corrected case keeps no word of the report it was told by before.
    texts = {_key(event): _sealed_text(seal, event) for event in received}
    await store.save(connection, changed, languages, texts)
    told = [event for event in recorded if event.data is not None]
    await store.add_steps(
        connection,
        [(_key(e), _step(e), _sealed_resolution(seal, e), getattr(e.data, "to", None)) for e in told],
    )
    await store.supersede_steps(connection, [event for event in recorded if event.corrects is not None])


def _correct(event: Received, cases: dict[store.Key, Case]) -> Outcome:
    """`corrects` is set."""
    key = _key(event)
    corrected = (event.source, event.corrects.event_id if event.corrects else "")
    step = _step(event) if event.data is not None else None
    name = "FeedbackRecorded" if event.type == RECEIVED else "FeedbackStateChanged"
    correct = domain.correct if event.type == RECEIVED else domain.correct_handling
    outcome = correct(cases.get(key) or Case(*key), corrected, event.data, step)
    if isinstance(outcome, Problem):
        return outcome
    cases[key], published = outcome
    return Recorded([_entry(event, name, published)])


def _step(event: Received) -> Step:
    state: CaseState = "received" if isinstance(event.data, FeedbackReported) else event.data.state
    return Step(event.time, event.source, event.id, state)


def _report(event: Received, cases: dict[store.Key, Case], owners: dict[str, str]) -> Outcome:
    key = _key(event)
    case = cases.get(key) or Case(*key)
    if found := domain.refusal(case, event.source, event.id):
        return found
    if isinstance(event.data, FeedbackReported):
        owner = owners.get(event.data.service_id)
        if owner is not None and owner != event.org_id:
            return not_your_service(event.data.service_id)
        outcome = domain.receive(case, event.data, _step(event))
        if isinstance(outcome, Problem):
            return outcome
        cases[key], published = outcome
        warnings = [] if owner else [unknown_service(event.data.service_id)]
        return Recorded([_entry(event, "FeedbackRecorded", published)], warnings=warnings)
    cases[key], changed, warnings = domain.handle(case, event.data, _step(event))
    return Recorded([_entry(event, "FeedbackStateChanged", changed)], warnings=warnings)


def _key(event: Received) -> store.Key:
    """Of a correction, the case that the corrected report was of."""
    if event.corrects is not None:
        return event.org_id, event.corrects.key.partition("/")[2]
    return event.org_id, event.data.feedback_id


def _entry(event: Received, name: str, data: Published) -> LogEntry:
    key = "/".join(_key(event))
    return LogEntry(TOPIC, key, "feedback", name, event.org_id, event.time, event.source, event.id, data, key)


def text_context(key: store.Key) -> str:
    return "text:" + "/".join(key)


def _sealed_text(seal: Seal, event: Received) -> bytes | None:
    text = event.data.text if event.data is not None else None
    return seal.seal(text.encode(), text_context(_key(event))) if text else None


def _sealed_resolution(seal: Seal, event: Received) -> bytes | None:
    resolution = getattr(event.data, "resolution", None)
    if resolution is None:
        return None
    return seal.seal(orjson.dumps(resolution.model_dump()), f"resolution:{event.source} {event.id}")


async def remember_services(connection: Connection, events: Sequence[Heard]) -> None:
    await store.remember_services(connection, events)
