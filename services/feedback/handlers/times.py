"""Reports of the times in which a department means to acknowledge and to resolve."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from services.feedback import store
from services.feedback.domain.cases import unmoved
from services.feedback.domain.timing import ResolutionTime, promises
from services.feedback.handlers.entries import told
from services.feedback.store import Place
from shared.contracts.feedback import ResolutionTimeRecorded
from shared.contracts.reported.feedback import ResolutionTimeReported
from shared.database import Connection
from shared.decoding import Received
from shared.event_log import LogEntry
from shared.intake import Outcome, Recorded
from shared.ownership import keeps_its_key

RESOLUTION_TIME: Final = "guichet.feedback.ResolutionTimeReported.v1"


async def record_times(connection: Connection, events: Sequence[Received], now: datetime) -> list[Outcome]:
    """A correction takes the place of a time, on its own day or another: then two days are told of."""
    await store.change_times(connection, {event.org_id for event in events})
    outcomes: list[Outcome] = []
    for event in events:
        if event.corrects is not None and event.data is not None and event.data.kind != _kind(event):
            outcomes.append(keeps_its_key("kind", event.data.kind, _kind(event)))
            continue
        places = await _record(connection, event)
        entries = [await _entry(connection, event, place) for place in places]
        entries += await _promise_again(connection, event, places, now)
        outcomes.append(Recorded(entries))
    return outcomes


def _kind(event: Received) -> str:
    return event.corrects.key.partition("/")[2] if event.corrects else ""


async def _record(connection: Connection, event: Received) -> list[Place]:
    """The kind and days that a report tells of."""
    places: list[Place] = []
    if event.corrects is not None:
        places += (await store.supersede_times(connection, [(event.source, event.corrects.event_id)])).values()
    said: ResolutionTimeReported | None = event.data
    if said is not None:
        await store.add_times(connection, [event])
        places.append((event.org_id, said.kind, said.from_))
    return sorted(set(places))


async def _entry(connection: Connection, event: Received, place: Place) -> LogEntry:
    stands, last, version = await store.standing(connection, place)
    return told(
        event,
        "ResolutionTimeRecorded",
        f"{place[0]}/{place[1]}",
        _recorded(stands or last, version, withdrawn=not stands),
    )


def _recorded(time: ResolutionTime, version: int, *, withdrawn: bool) -> ResolutionTimeRecorded:
    return ResolutionTimeRecorded(
        kind=time.kind,
        from_date=time.from_date,
        version=version,
        acknowledge_within=time.acknowledge_within,
        resolve_within=time.resolve_within,
        days=time.days,
        calendar=time.calendar,
        target=time.target,
        withdrawn=withdrawn,
    )


async def _promise_again(
    connection: Connection, event: Received, places: Sequence[Place], now: datetime
) -> list[LogEntry]:
    """What is open, and was received since, is due by what holds now; each such case says so."""
    entries: list[LogEntry] = []
    for org_id, kind, since in places:
        open_ = await store.open_cases(connection, org_id, kind, since)
        times = (await store.times_of(connection, [org_id])).get(org_id, [])
        cases = await store.cases(connection, open_)
        due = [(key, case, promises(case, times, now)) for key, case in sorted(cases.items())]
        await store.move_due(connection, [(*key, said) for key, _, said in due if said is not None])
        entries += [
            told(event, "FeedbackStateChanged", "/".join(key), unmoved(case, now).model_copy(update={"promises": said}))
            for key, case, said in due
        ]
    return entries
