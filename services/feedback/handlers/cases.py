"""Reports of cases and of their handling."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import orjson

from services.feedback import store
from services.feedback.domain import cases as domain
from services.feedback.domain.attention import concern
from services.feedback.domain.cases import Case, Step
from services.feedback.domain.likeness import essence, may_be_spam
from services.feedback.domain.masking import mask
from services.feedback.domain.timing import ResolutionTime, promises
from services.feedback.handlers.entries import told
from services.feedback.handlers.tracking import CODES
from services.feedback.store import Key, Keyring
from shared.contracts.feedback import CaseState, FeedbackRecorded, FeedbackStateChanged
from shared.contracts.reported.feedback import FeedbackReported
from shared.database import Connection
from shared.decoding import Received
from shared.encryption import Seal
from shared.intake import Outcome, Recorded
from shared.logs import log
from shared.ownership import Ownership, day_in_ottawa, not_your_service, unknown_service
from shared.problems import Problem
from shared.tracking_codes import code_hash

RECEIVED: Final = "guichet.feedback.FeedbackReported.v1"
_FEWEST_DIGITS: Final = 7

Times = Mapping[str, Sequence[ResolutionTime]]


async def record_cases(seal: Seal, connection: Connection, events: Sequence[Received], now: datetime) -> list[Outcome]:
    await store.hold_times(connection, {event.org_id for event in events})
    before = await store.cases(connection, [_key(event) for event in events])
    owners = await store.known_services(
        connection, [event.data.service_id for event in events if isinstance(event.data, FeedbackReported)]
    )
    times = await store.times_of(connection, [event.org_id for event in events])
    cases, outcomes = dict(before), list[Outcome]()
    recorded: list[Received] = []
    for event in events:
        outcome = _record(event, cases, owners, times, now)
        if isinstance(outcome, Recorded):
            recorded.append(event)
        outcomes.append(outcome)
    if recorded:
        await _save(seal, connection, recorded, before, cases, times, now)
    return outcomes


def _record(
    event: Received, cases: dict[Key, Case], owners: Mapping[str, Ownership], times: Times, now: datetime
) -> Outcome:
    """The case changes in `cases`, unless the report is refused."""
    outcome = _correct(event, cases, owners) if event.corrects is not None else _report(event, cases, owners)
    if isinstance(outcome, Problem):
        return outcome
    case, published, warnings = outcome
    cases[_key(event)] = case
    said = published.model_copy(update={"promises": promises(case, times.get(event.org_id, ()), now)})
    name = "FeedbackRecorded" if event.type == RECEIVED else "FeedbackStateChanged"
    opens = event.type == RECEIVED and event.corrects is None
    key = "/".join(_key(event))
    return Recorded([told(event, name, key, said)], key if opens else None, warnings)


_Outcome = tuple[Case, FeedbackRecorded | FeedbackStateChanged, list[Problem]] | Problem


def _correct(event: Received, cases: Mapping[Key, Case], owners: Mapping[str, Ownership]) -> _Outcome:
    """`corrects` is set."""
    key = _key(event)
    if isinstance(event.data, FeedbackReported) and _is_anothers(event, owners):
        return not_your_service(event.data.service_id)
    corrected = (event.source, event.corrects.event_id if event.corrects else "")
    step = _step(event) if event.data is not None else None
    correct = domain.correct if event.type == RECEIVED else domain.correct_handling
    outcome = correct(cases.get(key) or Case(*key), corrected, event.data, step)
    return outcome if isinstance(outcome, Problem) else (*outcome, [])


def _report(event: Received, cases: Mapping[Key, Case], owners: Mapping[str, Ownership]) -> _Outcome:
    key = _key(event)
    case = cases.get(key) or Case(*key)
    if found := domain.refusal(case, event.source, event.id):
        return found
    if not isinstance(event.data, FeedbackReported):
        return domain.handle(case, event.data, _step(event))
    if _is_anothers(event, owners):
        return not_your_service(event.data.service_id)
    outcome = domain.receive(case, event.data, _step(event))
    if isinstance(outcome, Problem):
        return outcome
    return *outcome, [] if event.data.service_id in owners else [unknown_service(event.data.service_id)]


def _is_anothers(event: Received, owners: Mapping[str, Ownership]) -> bool:
    """Whether the service was another organisation's on that day."""
    owner = owners.get(event.data.service_id)
    return owner is not None and owner.on(day_in_ottawa(event.time)) != event.org_id


def _step(event: Received) -> Step:
    state: CaseState = "received" if isinstance(event.data, FeedbackReported) else event.data.state
    return Step(event.time, event.source, event.id, state, getattr(event.data, "to", None))


def _key(event: Received) -> Key:
    """Of a correction, the case that the corrected report was of."""
    if event.corrects is not None:
        return event.org_id, event.corrects.key.partition("/")[2]
    return event.org_id, event.data.feedback_id


async def _save(
    seal: Seal,
    connection: Connection,
    recorded: Sequence[Received],
    before: Mapping[Key, Case],
    cases: Mapping[Key, Case],
    times: Times,
    now: datetime,
) -> None:
    people = {key: person_of(seal, key) for key in {_key(event) for event in recorded}}
    ring = await store.keyring(connection, seal, {person: org_id for (org_id, _), person in people.items()})
    # A withdrawn or corrected case keeps no word of the report it was told by before.
    said = {_key(event): _told(seal, ring, people[_key(event)], event) for event in recorded if event.type == RECEIVED}
    await store.save(connection, [
        store.Saved(
            case=cases[key],
            previous=before[key].version if key in before else 0,
            person_id=people[key],
            promises=promises(cases[key], times.get(key[0], ()), now),
            told=said.get(key),
            tracking_hash=code_hash(CODES.code(seal, "/".join(key))) if key in said and ring.holds(people[key]) else None,
        )
        for key in people
    ])  # fmt: skip
    if alike := [key for key, told_ in said.items() if told_.essence]:
        await store.group_alike(connection, alike)
    steps = [
        (_key(event), _step(event), people[_key(event)], _resolution(ring, people[_key(event)], event))
        for event in recorded
        if event.data is not None
    ]
    await store.add_steps(connection, steps)
    await store.supersede_steps(connection, [event for event in recorded if event.corrects is not None])
    for (org_id, feedback_id), each in said.items():
        if each.concern:
            log.warning("case_of_concern", org_id=org_id, feedback=feedback_id, concern=each.concern)


def person_of(seal: Seal, key: Key) -> bytes:
    """The name of who is behind a case."""
    return seal.derive("person", "/".join(key))[:16]


def contact_hash(seal: Seal, org_id: str, contact: str | None) -> bytes | None:
    """By which cases of one contact are found; None for what is no address or number ("n/a")."""
    plain = "".join((contact or "").split()).casefold()
    if "@" not in plain and sum(each.isdigit() for each in plain) < _FEWEST_DIGITS:
        return None
    return seal.derive("contact", f"{org_id}:{plain}")[:16]


def _told(seal: Seal, ring: Keyring, person: bytes, event: Received) -> store.Told:
    data: FeedbackReported | None = event.data
    if data is None or data.text is None:
        contact = _contact(ring, person, event)
        hashed = contact_hash(seal, event.org_id, data.contact if data else None) if contact else None
        return store.Told(data.language if data else None, None, contact, hashed, {}, None, None, False)
    masked = mask(data.text, data.language or "en")
    same = essence(masked.text)
    return store.Told(
        language=data.language,
        sealed_text=ring.seal(person, masked.text.encode(), text_context(_key(event))),
        sealed_contact=_contact(ring, person, event),
        contact_hash=contact_hash(seal, event.org_id, data.contact) if ring.holds(person) else None,
        masked={str(kind): count for kind, count in masked.found.items()},
        concern=concern(data.text),
        essence=seal.derive("essence", same)[:16] if same and ring.holds(person) else None,
        spam_suspected=may_be_spam(data.text),
    )


def _contact(ring: Keyring, person: bytes, event: Received) -> bytes | None:
    contact = getattr(event.data, "contact", None)
    return contact and ring.seal(person, contact.strip().encode(), contact_context(_key(event)))


def _resolution(ring: Keyring, person: bytes, event: Received) -> bytes | None:
    resolution = getattr(event.data, "resolution", None)
    if resolution is None:
        return None
    return ring.seal(person, orjson.dumps(resolution.model_dump()), resolution_context(event.source, event.id))


def text_context(key: Key) -> str:
    return "text:" + "/".join(key)


def contact_context(key: Key) -> str:
    return "contact:" + "/".join(key)


def message_context(key: Key, message_id: str) -> str:
    return f"message:{'/'.join(key)} {message_id}"


def resolution_context(source: str, event_id: str) -> str:
    return f"resolution:{source} {event_id}"
