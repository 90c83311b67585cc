"""What `feedback` publishes: never a word of the client's."""

from typing import Literal

from pydantic import AwareDatetime

from shared.contracts.envelope import Published
from shared.contracts.reported.feedback import Driver, FeedbackKind, HandlingState
from shared.contracts.reported.status import Channel

CaseState = Literal["received"] | HandlingState


class FeedbackRecorded(Published):
    feedback_id: str
    service_id: str
    kind: FeedbackKind
    state: CaseState
    version: int
    channel: Channel | None
    rating: int | None
    drivers: dict[Driver, int]
    application_id: str | None
    reply_wanted: bool
    received_at: AwareDatetime
    # The report of the case was withdrawn; what else is said here is what it had said.
    withdrawn: bool = False


class FeedbackStateChanged(Published):
    feedback_id: str
    service_id: str | None
    kind: FeedbackKind | None
    from_state: CaseState | None
    to_state: CaseState
    version: int
    changed_at: AwareDatetime
