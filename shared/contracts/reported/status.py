"""What departments report to `status`."""

from datetime import date
from typing import Literal

from pydantic import Field

from shared.contracts.envelope import Contract
from shared.contracts.identifiers import Identifier
from shared.contracts.measure import CalendarName
from shared.contracts.moments import Moment
from shared.language import Bilingual, Language

ApplicationState = Literal[
    "submitted",
    "complete",
    "in_review",
    "information_requested",
    "information_received",
    "decided",
    "issued",
    "closed",
    "withdrawn",
    "reopened",
]
Channel = Literal["EML", "FAX", "ONL", "OTH", "PERSON", "POST", "TEL"]
Outcome = Literal["approved", "refused", "partial", "other"]


class ApplicationStatusReported(Contract):
    application_id: Identifier
    service_id: Identifier
    state: ApplicationState
    channel: Channel | None = None
    outcome: Outcome | None = None
    reason: Bilingual | None = None
    language: Language | None = None
    client_id: Identifier | None = None
    expected_at: Moment | None = None
    sequence: int | None = Field(default=None, ge=0, lt=2**63)
    notify: bool = True


class ExceptionDayReported(Contract):
    """A day on which the department's offices were closed beside the holidays: no business day of `calendar`, or of none.

    `note` is public: it tells clients why the day does not count.
    """

    day: date = Field(ge=date(2000, 1, 1), le=date(2060, 12, 31))
    note: Bilingual
    calendar: CalendarName | None = None
