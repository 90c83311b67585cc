"""Reports of what a department improved because of feedback."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from services.feedback import store
from services.feedback.handlers.entries import told
from shared.contracts.feedback import ImprovementRecorded
from shared.contracts.reported.feedback import ImprovementReported
from shared.database import Connection
from shared.decoding import Received
from shared.intake import Outcome, Recorded
from shared.ownership import Ownership, keeps_its_key, not_your_service, unknown_service

IMPROVEMENT: Final = "guichet.feedback.ImprovementReported.v1"


async def record_improvements(connection: Connection, events: Sequence[Received]) -> list[Outcome]:
    """A second report of an improvement is a new version of it."""
    owners = await store.known_services(
        connection, [event.data.service_id for event in events if event.data is not None]
    )
    outcomes: list[Outcome] = []
    for event in events:  # few come at a time, and each may be of the one before
        key = _key(event)
        known = (await store.improvements(connection, [key])).get(key)
        outcomes.append(await _record(connection, event, owners, known))
    return outcomes


def _key(event: Received) -> store.Key:
    if event.corrects is not None:
        return event.org_id, event.corrects.key.partition("/")[2]
    return event.org_id, event.data.improvement_id


async def _record(
    connection: Connection, event: Received, owners: Mapping[str, Ownership], known: Mapping[str, Any] | None
) -> Outcome:
    said: ImprovementReported | None = event.data
    version = 1 + (known["version"] if known else 0)
    key = _key(event)
    if said is None:
        # Known: what is withdrawn was accepted. Another report may hold by now, and then stays.
        assert known is not None and event.corrects is not None  # noqa: S101, PT018 - as said
        gone = known["event_id"] == event.corrects.event_id and known["source"] == event.source
        if gone:
            await store.withdraw_improvement(connection, key, version)
        return Recorded([told(event, "ImprovementRecorded", "/".join(key), _again(known, version, withdrawn=gone))])
    if event.corrects is not None and said.improvement_id != key[1]:
        return keeps_its_key("improvement_id", said.improvement_id, key[1])
    owner = owners.get(said.service_id)
    if owner is not None and owner.on(said.made_on) != event.org_id:
        return not_your_service(said.service_id)
    await store.save_improvement(connection, event, said, version)
    warnings = [] if owner else [unknown_service(said.service_id)]
    return Recorded([told(event, "ImprovementRecorded", "/".join(key), _recorded(said, version))], warnings=warnings)


def _recorded(said: ImprovementReported, version: int) -> ImprovementRecorded:
    return ImprovementRecorded(
        improvement_id=said.improvement_id,
        service_id=said.service_id,
        version=version,
        made_on=said.made_on,
        feedback_ids=list(said.feedback_ids),
    )


def _again(known: Mapping[str, Any], version: int, *, withdrawn: bool) -> ImprovementRecorded:
    names = ("improvement_id", "service_id", "made_on", "feedback_ids")
    return ImprovementRecorded(version=version, withdrawn=withdrawn, **{name: known[name] for name in names})
