"""What is known of an organisation: values that the requirements are judged by, each with the events it came from.

Three times are kept apart: when something holds (`on`, `first`, an expiry), when it was recorded (a cut of the log leaves
out what came later), and the day a question is asked of.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Literal

# A recorded event: whose log, and its position there.
Ref = tuple[str, int]
PolicyScope = Literal["IN_SCOPE", "EXCLUDED_2_1", "AGENT_OF_PARLIAMENT_2_2", "CHECK_NOT_NAMED_POST_2014"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One recorded event as the log has it; `name` without its prefix and version, such as `ServiceRecorded`."""

    service: str
    position: int
    name: str
    org_id: str
    recorded_at: datetime
    data: Mapping[str, Any]

    @property
    def ref(self) -> Ref:
        return self.service, self.position


@dataclass(frozen=True, slots=True)
class Body:
    """An organisation, and how the policy of 2014 applies to it."""

    org_id: str
    scope: PolicyScope = "IN_SCOPE"
    voluntary: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """A service as its department describes it for one fiscal year; `fields` are the official columns."""

    service_id: str
    year: str
    org_id: str
    fields: Mapping[str, Any]
    ref: Ref


@dataclass(frozen=True, slots=True)
class Standard:
    """A service standard, valid from `first` (1 April of its year) until the next version's day."""

    service_id: str
    standard_id: str
    first: date
    fields: Mapping[str, Any]
    ref: Ref


@dataclass(frozen=True, slots=True)
class Result:
    """Outputs of the days `first` to `last` that met a standard, and all of them."""

    service_id: str
    standard_id: str
    first: date
    last: date
    met: int | None
    total: int | None
    ref: Ref


@dataclass(frozen=True, slots=True)
class Record:
    """A stewardship record; `on` is the day it takes effect."""

    kind: str
    on: date | None
    fields: Mapping[str, Any]
    ref: Ref


@dataclass(frozen=True, slots=True)
class Departure:
    """A service ends, or goes over to `to_org`, on a day."""

    service_id: str
    on: date
    ref: Ref
    from_org: str | None = None
    to_org: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """A feedback case comes to another state."""

    at: datetime
    state: str
    ref: Ref


@dataclass(frozen=True, slots=True)
class Timing:
    """How a feedback case stood, from a moment on, against the department's own time, as feedback measured it; `target` a
    share from 0 to 1. `recourse`: it was found to be no feedback, but a decision, an appeal or a matter of staff.
    """

    at: datetime
    due_at: datetime
    stopped_at: datetime | None
    met: bool | None
    target: float
    own: bool
    recourse: bool
    ref: Ref


@dataclass(frozen=True, slots=True)
class Case:
    """A feedback case, its changes in the order in which they happened, its timings in the order in which they were known."""

    feedback_id: str
    service_id: str | None
    kind: str
    received_at: datetime
    ref: Ref
    changes: tuple[Change, ...] = ()
    timings: tuple[Timing, ...] = ()


@dataclass(frozen=True, slots=True)
class Live:
    """When our own live page of a service last had something new to show, by the event that it showed."""

    at: datetime
    ref: Ref


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything known of an organisation at one cut of the log; `known_to` is the moment that the cut reaches."""

    body: Body
    known_to: datetime = _EPOCH
    rows: tuple[Row, ...] = ()
    standards: Mapping[str, tuple[Standard, ...]] = field(default_factory=dict)
    results: tuple[Result, ...] = ()
    retired: tuple[Departure, ...] = ()
    transfers: tuple[Departure, ...] = ()
    # Stewardship records by kind, and by kind and the service that they are about: the oldest first.
    records: Mapping[str, tuple[Record, ...]] = field(default_factory=dict)
    records_of: Mapping[tuple[str, str], tuple[Record, ...]] = field(default_factory=dict)
    cases: tuple[Case, ...] = ()
    improvements: tuple[Record, ...] = ()
    live: Mapping[str, Live] = field(default_factory=dict)
    # What people decided: annual confirmations, corrective actions and the steps of oversight.
    confirmations: tuple[Record, ...] = ()
    actions: tuple[Record, ...] = ()
    steps: tuple[Record, ...] = ()
    # Which services they are on a day, once it was worked out: every requirement asks (`population`).
    populations: dict[date, Any] = field(default_factory=dict, init=False, compare=False, repr=False)

    def standards_of(self, service_id: str, day: date) -> list[Standard]:
        """The versions of a service's standards that had begun by a day, the oldest first."""
        return [each for each in self.standards.get(service_id, ()) if each.first <= day]

    def of(self, kind: str, until: date) -> list[Record]:
        """Stewardship records of a kind that had taken effect by a day, the oldest first."""
        return [each for each in self.records.get(kind, ()) if each.on is not None and each.on <= until]

    def about(self, service_id: str, kind: str, until: date) -> list[Record]:
        """Those of one service."""
        return [
            each for each in self.records_of.get((kind, service_id), ()) if each.on is not None and each.on <= until
        ]
