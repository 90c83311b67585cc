"""What was sent and what was answered: the history that the checker judges the system by."""

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any, Literal

Door = Literal["http", "kafka"]
Identity = tuple[str, str]  # source, event id


@dataclass(slots=True)
class Event:
    """One event that a department means to report, however often it sends it.

    `expected` is what the first of them must come to; `about` is the case it belongs to and what it says there, as the
    oracle folds it; None where nothing is to be folded. `most_entries` is how many the log has of it, or one.
    """

    service: str
    org_id: str
    source: str
    id: str
    expected: Literal["accepted", "rejected"]
    about: Any = None
    most_entries: int = 1
    sent: int = 0
    unknown: int = 0
    position: int = 0
    recorded_at: str = ""
    by_kafka: bool = False

    @property
    def identity(self) -> Identity:
        return self.source, self.id


@dataclass(slots=True)
class Anomaly:
    """Something that must not be: `name` says what kind, `event` which, `way` what each stage holds of it."""

    name: str
    what: str
    service: str = ""
    event: Identity | None = None
    way: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        of = f" {self.event[1]} ({self.event[0]})" if self.event else ""
        return "\n    ".join([f"{self.name}: {self.service}{of}: {self.what}", *self.way])


class History:
    """Every event by its identity, what the answers were, and what was noticed while it happened."""

    def __init__(self) -> None:
        self.events: dict[Identity, Event] = {}
        self.outcomes: Counter[tuple[str, str]] = Counter()  # (source, outcome) -> answers
        self.unknown = self.unknown_over_http = 0
        self.anomalies: list[Anomaly] = []
        # What people did at a service and were answered for, and how many entries of its log say so.
        self.acts: dict[tuple[str, Identity], int] = {}
        # What was accepted, and sent with other data besides.
        self.conflicts: set[Identity] = set()
        self.answers: list[bytes] = []  # some of what was answered, for what must never be in it
        self._lately: dict[str, deque[Event]] = {}

    def invoke(self, event: Event, door: Door) -> None:
        if self.events.setdefault(event.identity, event) is not event and event.expected == "rejected":
            self.conflicts.add(event.identity)
        event.sent += 1
        event.by_kafka |= door == "kafka"

    def lost_answer(self, event: Event, door: Door) -> None:
        """No answer came: it may have been taken, or not."""
        event.unknown += 1
        self.unknown += 1
        self.unknown_over_http += door == "http"

    def answer(self, event: Event, receipt: dict[str, Any]) -> None:
        outcome = receipt["outcome"]
        self.outcomes[event.source, outcome] += 1
        if event.expected == "rejected":
            if outcome != "rejected":
                self.notice("misanswered", event, f"{outcome}, and had to be refused")
        elif outcome == "rejected":
            self.notice("misanswered", event, f"refused: {receipt['problem'].get('detail', receipt['problem'])}")
        else:
            self._settle(event, receipt)

    def _settle(self, event: Event, receipt: dict[str, Any]) -> None:
        place = receipt["position"], receipt["recorded_at"]
        if receipt["outcome"] == "accepted" and event.position:
            self.notice("duplicated", event, f"accepted at {event.position} and again at {place[0]}")
        if receipt["outcome"] == "duplicate" and event.sent == 1:
            self.notice("misanswered", event, "a duplicate, and it was sent once")
        if event.position and (event.position, event.recorded_at) != place:
            self.notice("misanswered", event, f"first {event.position} {event.recorded_at}, then {place[0]} {place[1]}")
        event.position, event.recorded_at = place

        if not event.by_kafka and getattr(event.about, "case", None) is not None:
            self._lately.setdefault(event.service, deque(maxlen=8)).append(event)

    def lately(self, service: str) -> list[Event]:
        """Some that were answered for lately over HTTP."""
        return list(self._lately.get(service, ()))

    def keep(self, answer: bytes) -> None:
        if len(self.answers) < 2_000 or len(answer) % 17 == 0:
            self.answers.append(answer)

    def refusal(self, service: str, status: int, answer: bytes) -> None:
        self.keep(answer)
        self.anomalies.append(Anomaly("misanswered", f"status {status}: {answer[:200]!r}", service))

    def regressed(self, event: Event | None, what: str) -> None:
        self.anomalies.append(
            Anomaly("regressed", what, event.service if event else "reporting", event.identity if event else None)
        )

    def notice(self, name: str, event: Event, what: str) -> None:
        self.anomalies.append(Anomaly(name, what, event.service, event.identity))
