"""What `feedback` publishes: never a word of the client's."""

from datetime import date
from typing import Literal

from pydantic import AwareDatetime

from shared.contracts.envelope import Published
from shared.contracts.measure import CalendarName
from shared.contracts.reported.feedback import Days, Driver, FeedbackKind, HandlingState, Recourse
from shared.contracts.reported.status import Channel

CaseState = Literal["received"] | HandlingState


class Promise(Published):
    """One of a case's two clocks, acknowledging or resolving, under the time that stood when the case was received.

    `met` is null while the clock runs and for what is no feedback; `own` is false where the time is the policy's default.
    """

    within: str
    days: Days
    own: bool
    due_on: date
    due_at: AwareDatetime
    stopped_at: AwareDatetime | None = None
    met: bool | None = None


class Promises(Published):
    """Both clocks of a case, and the share that the department means to resolve in time."""

    acknowledge: Promise
    resolve: Promise
    target: float


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
    promises: Promises | None = None
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
    # Where it was redirected to, when that is because it is no feedback: counted apart, and not timed.
    recourse: Recourse | None = None
    promises: Promises | None = None


class ResolutionTimeRecorded(Published):
    kind: FeedbackKind
    from_date: date
    version: int
    acknowledge_within: str | None
    resolve_within: str
    days: Days
    calendar: CalendarName
    target: float | None
    withdrawn: bool = False


class ImprovementRecorded(Published):
    improvement_id: str
    service_id: str
    version: int
    made_on: date
    feedback_ids: list[str]
    withdrawn: bool = False


class PersonErased(Published):
    """Who was behind a case was erased: no word of theirs is left, and every figure stays as it is."""

    feedback_id: str
    erased_at: AwareDatetime
