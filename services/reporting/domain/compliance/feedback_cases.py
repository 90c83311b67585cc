"""Cases of feedback, as facts: what was recorded of them, what happened to them, and how they stood."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from services.reporting.domain.compliance.facts import Case, Change, Entry, Timing

# What happened to a case, in the order of its moments; how it stood, in the order of the log.
Steps = tuple[tuple[Change, ...], tuple[Timing, ...]]


def case_key(entry: Entry) -> tuple[str]:
    return (entry.data["feedback_id"],)


def case(entry: Entry) -> Case:
    """As it was recorded."""
    data = entry.data
    return Case(
        feedback_id=data["feedback_id"],
        service_id=data.get("service_id"),
        kind=data["kind"],
        received_at=_moment(data["received_at"]),
        ref=entry.ref,
        timings=_timings(entry),
    )


def with_step(steps: Steps, entry: Entry) -> Steps:
    """What changes no state says nothing of when the state came."""
    (changes, timings), data = steps, entry.data
    if data["from_state"] != data["to_state"] and all(each.ref != entry.ref for each in changes):
        change = Change(_moment(data["changed_at"]), data["to_state"], entry.ref)
        changes = tuple(sorted((*changes, change), key=lambda each: (each.at, each.ref)))
    return changes, _in_order((*(each for each in timings if each.ref != entry.ref), *_timings(entry)))


def whole(recorded: Case, steps: Steps) -> Case:
    changes, timings = steps
    return replace(recorded, changes=changes, timings=_in_order((*recorded.timings, *timings)))


def _in_order(timings: tuple[Timing, ...]) -> tuple[Timing, ...]:
    return tuple(sorted(timings, key=lambda each: each.ref))


def _timings(entry: Entry) -> tuple[Timing, ...]:
    return (_timing(entry),) if entry.data.get("promises") else ()


def _timing(entry: Entry) -> Timing:
    data, promise = entry.data, entry.data["promises"]["resolve"]
    return Timing(
        at=_moment(data.get("changed_at") or data["received_at"]),
        due_at=_moment(promise["due_at"]),
        stopped_at=_moment(promise["stopped_at"]) if promise.get("stopped_at") else None,
        met=promise.get("met"),
        target=data["promises"]["target"],
        own=promise["own"],
        recourse=data.get("recourse") is not None,
        ref=entry.ref,
    )


def _moment(text: Any) -> datetime:
    return datetime.fromisoformat(str(text))
