"""What `status` publishes."""

from datetime import date
from typing import Literal

from pydantic import AwareDatetime

from shared.contracts.envelope import Published
from shared.contracts.measure import CalendarName
from shared.contracts.reported.status import ApplicationState, Channel
from shared.language import Bilingual

ClockState = Literal["not_started", "running", "paused", "stopped", "excluded"]
Unit = Literal["business_day", "day", "second"]


class Clock(Published):
    """How one service standard stands for one application (durations in `unit`, days local to the calendar)."""

    state: ClockState
    channel: Channel | None
    unit: Unit
    limit: int | None
    started_on: date | None
    stopped_on: date | None
    due_on: date | None
    due_at: AwareDatetime | None
    late_from: AwareDatetime | None
    elapsed: int
    paused_for: int
    met: bool | None
    excluded_as: Literal["withdrawn", "closed_undecided"] | None


class StandardChange(Published):
    """The clock of one standard before and after: all that live performance is added up from."""

    standard_id: str
    before: Clock | None
    after: Clock | None


class ApplicationStateChanged(Published):
    application_id: str
    service_id: str
    from_state: ApplicationState | None
    to_state: ApplicationState
    version: int
    channel: Channel | None
    standards: list[StandardChange]
    expected_at: AwareDatetime | None
    # Every report of it was withdrawn: `to_state` says nothing any more.
    void: bool = False


class ExceptionDayRecorded(Published):
    """A day that is no business day of a department: in `calendar`, or in every one. Once `withdrawn`, it is one again."""

    day: date
    note: Bilingual
    calendar: CalendarName | None
    withdrawn: bool = False


class NotificationDelivered(Published):
    """A receiver took a message that told of a change; `waited` in seconds, from the change's commit."""

    application_id: str
    service_id: str
    version: int
    subscription_id: str
    message_id: str
    channel: Literal["webhook", "email", "notify"]
    attempts: int
    waited: float


class NotificationFailed(Published):
    """A message was given up; `code` is what the receiver answered last, `error` our word for it."""

    application_id: str
    service_id: str
    version: int
    subscription_id: str
    message_id: str
    channel: Literal["webhook", "email", "notify"]
    attempts: int
    waited: float
    code: int | None
    error: str
