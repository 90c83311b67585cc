"""What feedback says: entries of its log, never with a word of the client's."""

from datetime import datetime
from typing import Final

from shared.contracts.envelope import Published
from shared.contracts.feedback import PersonErased
from shared.decoding import Received
from shared.event_log import LogEntry

TOPIC: Final = "feedback.cases.v1"


def told(event: Received, name: str, key: str, data: Published) -> LogEntry:
    """By a report; `key` is `<org_id>/<what it is of>`."""
    return LogEntry(TOPIC, key, "feedback", name, event.org_id, event.time, event.source, event.id, data, key)


def erased(org_id: str, feedback_id: str, erasure_id: str, now: datetime) -> LogEntry:
    key = f"{org_id}/{feedback_id}"
    source = f"/organizations/{org_id}/officers"
    data = PersonErased(feedback_id=feedback_id, erased_at=now)
    return LogEntry(TOPIC, key, "feedback", "PersonErased", org_id, now, source, erasure_id, data, key)
