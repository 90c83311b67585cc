"""The history of a case, and what of it concerns a clock (clock rules 2, 5 and 7)."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from shared.contracts.measure import Measure

FINAL: Final = frozenset({"closed", "withdrawn"})


class Moment(NamedTuple):
    """One report: the state reached, when (aware), the department's own counter, the event's id."""

    state: str
    at: datetime
    sequence: int | None
    event_id: str


class Course(NamedTuple):
    """Start and end of a clock, its pauses (asked, received) in between, and since when one is open at the end.

    The end is the stop, or the final state which excludes the case; none while it is open.
    """

    start: datetime | None
    end: Moment | None
    pauses: list[tuple[datetime, datetime]]
    asked: datetime | None


def in_order(history: Iterable[Moment]) -> list[Moment]:
    """By time, then the department's sequence (none comes last), then event id (rule 7)."""
    return sorted(history, key=_rank)


def effective(ordered: Sequence[Moment]) -> list[Moment]:
    """Without what came after a final state and before a `reopened` (rule 7)."""
    kept: list[Moment] = []
    for moment in ordered:
        if not kept or kept[-1].state not in FINAL or moment.state == "reopened":
            kept.append(moment)
    return kept


def course(measure: Measure, history: Sequence[Moment]) -> Course:
    """Follows an effective history from the first start to the first stop after it."""
    start = asked = early = None
    pauses: list[tuple[datetime, datetime]] = []
    for moment in history:
        state, at = moment.state, moment.at
        if state == "information_requested":
            asked = asked or at
        elif state == "information_received":
            if start and asked:
                pauses.append((asked, at))
            asked = None
        elif state == measure.starts and not start:
            start, asked = at, asked and at
            if early and early.at == at:
                return Course(start, early, pauses, asked)
        elif state == measure.ends:
            if start:
                return Course(start, moment, pauses, asked)
            early = moment
    final = history[-1] if history and history[-1].state in FINAL else None
    return Course(start, final, pauses, asked)


def _rank(moment: Moment) -> tuple[datetime, bool, int, str]:
    return moment.at, moment.sequence is None, moment.sequence or 0, moment.event_id
