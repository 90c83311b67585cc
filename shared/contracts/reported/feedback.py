"""What departments report to `feedback`."""

from datetime import date
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints

from shared.contracts.envelope import Contract
from shared.contracts.identifiers import Identifier
from shared.contracts.measure import CalendarName
from shared.contracts.reported.status import Channel
from shared.language import Bilingual, Language

FeedbackKind = Literal["compliment", "suggestion", "complaint", "issue"]
HandlingState = Literal["acknowledged", "assigned", "interim_reply", "resolved", "redirected", "reopened", "closed"]
Driver = Literal["timeliness", "ease", "knowledge", "fairness", "courtesy", "outcome"]


# What a client turns to a department with that is no feedback (policy.md 6): it goes to those who decide it.
Recourse = Literal["decision", "appeal", "personnel"]
RECOURSES: tuple[Recourse, ...] = ("decision", "appeal", "personnel")


class FeedbackReported(Contract):
    """A client's words on a service. Identifiers in `text` are masked before it is kept (docs/masking.md).

    `contact` is where the client can be reached.
    """

    feedback_id: Identifier
    service_id: Identifier
    kind: FeedbackKind
    channel: Channel | None = None
    language: Language | None = None
    text: str | None = Field(default=None, max_length=20_000)
    rating: int | None = Field(default=None, ge=1, le=5)
    drivers: dict[Driver, Annotated[int, Field(ge=1, le=5)]] = Field(default_factory=dict)
    application_id: Identifier | None = None
    reply_wanted: bool = False
    contact: Annotated[str, StringConstraints(min_length=3, max_length=300)] | None = None


class FeedbackHandlingReported(Contract):
    """A step of a case. `to` says where it was redirected: `decision`, `appeal` or `personnel` (which are no feedback), or a
    place in words. `resolution` is what the client is told.
    """

    feedback_id: Identifier
    state: HandlingState
    to: str | None = Field(default=None, max_length=200)
    resolution: Bilingual | None = None


Days = Literal["business", "calendar"]
_Within = Annotated[str, StringConstraints(pattern=r"^P[1-9][0-9]{0,3}D$")]


class ResolutionTimeReported(Contract):
    """In what time a department means to acknowledge and to resolve feedback of one kind, from a day on.

    Times in days (`P30D`), counted as `days` says; `target` is the share that is to be resolved in time, 0-1.
    """

    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True)

    kind: FeedbackKind
    acknowledge_within: _Within | None = None
    resolve_within: _Within
    days: Days = "calendar"
    calendar: CalendarName = "CA"
    target: Annotated[float, Field(ge=0, le=1)] | None = None
    from_: date = Field(alias="from")


class ImprovementReported(Contract):
    """What a department did because of feedback, and the cases behind it."""

    improvement_id: Identifier
    service_id: Identifier
    made_on: date
    title: Bilingual
    feedback_ids: Annotated[tuple[Identifier, ...], Field(max_length=1000)] = ()
    url: Bilingual | None = None
