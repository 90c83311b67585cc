"""A report that a department sends, and the plan of one case: its reports in order of time."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

from shared.contracts.envelope import rfc3339, type_name

Door = Literal["inventory", "feedback", "status"]
Expected = Literal["accepted", "duplicate", "rejected"]
_SYSTEMS: dict[Door, str] = {
    "inventory": "performance-measurement",
    "feedback": "feedback-desk",
    "status": "case-management",
}


@dataclass(frozen=True, slots=True)
class Report:
    """One event about to be sent: with whose key, to which door, and what that door is expected to answer."""

    org_id: str
    service: Door
    event: dict[str, Any]
    expected: Expected


class Step(NamedTuple):
    """A report, and when what it tells happened (UTC)."""

    at: datetime
    report: Report


Plan = list[Step]


class Window(NamedTuple):
    """From the first moment of a simulation to its last, both aware."""

    start: datetime
    end: datetime


def step(org_id: str, door: Door, name: str, case: str, number: int, at: datetime, data: dict[str, Any]) -> Step:
    """The `number`-th report of a case; `name` is the type's, such as ApplicationStatusReported."""
    at = at.astimezone(UTC)
    event = {
        "specversion": "1.0",
        "id": f"{case}-{number:02d}",
        "source": f"/organizations/{org_id}/{_SYSTEMS[door]}",
        "type": type_name(door, name),
        "time": rfc3339(at),
        "subject": case,
        "datacontenttype": "application/json",
        "data": data,
    }
    return Step(at, Report(org_id, door, event, "accepted"))
