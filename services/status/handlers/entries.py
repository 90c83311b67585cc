"""What status says of applications and calendars: entries of its log."""

from datetime import datetime

from services.status.domain.application import Change
from shared.contracts.reported.status import ExceptionDayReported
from shared.contracts.status import ExceptionDayRecorded
from shared.decoding import Received
from shared.event_log import LogEntry

TOPIC = "status.applications.v1"


def changed(event: Received, change: Change) -> LogEntry:
    """An application, by a report."""
    key = "/".join(change.application.key)
    return LogEntry(
        TOPIC, key, "status", "ApplicationStateChanged", event.org_id, event.time, event.source, event.id,
        change.published, key,
    )  # fmt: skip


def measured(cause: tuple[str, str], change: Change, now: datetime) -> LogEntry:
    """An application's clocks, by the source and id of what changed their rules."""
    key = "/".join(change.application.key)
    return LogEntry(
        TOPIC, key, "status", "ApplicationStateChanged", change.application.org_id, now, *cause, change.published, key
    )


def exception_day(event: Received, day: ExceptionDayReported, *, withdrawn: bool = False) -> LogEntry:
    said = ExceptionDayRecorded(day=day.day, note=day.note, calendar=day.calendar, withdrawn=withdrawn)
    return LogEntry(
        TOPIC, event.org_id, "status", "ExceptionDayRecorded", event.org_id, event.time, event.source, event.id, said,
        str(day.day),
    )  # fmt: skip
