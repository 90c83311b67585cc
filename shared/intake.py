"""What a service gives to the doors, and what the doors give back: an outcome for each event, and its receipt."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from shared.contracts.envelope import ServiceName, rfc3339
from shared.contracts.reported.kinds import Kinds
from shared.database import Connection
from shared.dead_letters import DeadLetters
from shared.decoding import Received
from shared.encryption import Seal
from shared.event_log import LogEntry
from shared.problems import Problem, problem


@dataclass(slots=True)
class Recorded:
    """What a service makes of an accepted event: at least one entry for the log, and the key of what it opened."""

    entries: list[LogEntry]
    opened_key: str | None = None
    warnings: list[Problem] = field(default_factory=list)


Outcome = Recorded | Problem
# One outcome for each event, in order; effects are written on the connection, whose transaction the caller commits.
Handle = Callable[[Connection, Sequence[Received], datetime], Awaitable[list[Outcome]]]


@dataclass(frozen=True, slots=True)
class Intake:
    """What a service gives to the doors."""

    service: ServiceName
    kinds: Kinds
    handle: Handle
    dead_letters: DeadLetters
    seal: Seal
    # What a receipt carries besides, for the event that opened the thing of this key (a tracking code).
    opened: Callable[[str], dict[str, Any]] = lambda _: {}
    # Whether oversight reports here too, of any organisation.
    overseen: bool = False


@dataclass(slots=True)
class Receipt:
    """What became of one event; `position` is its place in the service's log."""

    id: str | None
    outcome: str
    position: int | None = None
    recorded_at: datetime | None = None
    problem: Problem | None = None
    warnings: list[Problem] = field(default_factory=list)
    extra: dict[str, Any] = field(default_factory=dict)
    # Whose event was refused, for the log; no part of what is answered.
    org_id: str | None = None

    def as_dict(self, index: int) -> dict[str, Any]:
        answer: dict[str, Any] = {
            "index": index,
            "id": self.id,
            "outcome": self.outcome,
            "position": self.position,
            "recorded_at": self.recorded_at and rfc3339(self.recorded_at),
            **self.extra,
        }
        if self.warnings:
            answer["warnings"] = [warning.as_dict() for warning in self.warnings]
        if self.problem is not None:
            answer["problem"] = self.problem.as_dict()
        return answer


def conflict(event: Received) -> Problem:
    """The answer to an id that was accepted before with other data."""
    return problem(
        "id_conflict",
        f"The id {event.id} of this source was accepted before with other data; a new event needs an id of its own.",
        f"L'identifiant {event.id} de cette source a déjà été accepté avec d'autres données; un nouvel événement exige son propre identifiant.",
        "id",
    )


def unexpected(error: Exception) -> Problem:
    """The answer to an event that our own fault kept from being recorded; it is kept, and can be replayed."""
    name = type(error).__name__
    return problem(
        "internal_error",
        f"A fault of ours ({name}) kept this event from being recorded. It is kept; an operator will replay it.",
        f"Une faute de notre part ({name}) a empêché l'enregistrement de cet événement. Il est conservé; un opérateur le reprendra.",
    )
