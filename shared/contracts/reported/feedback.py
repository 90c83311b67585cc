"""What departments report to `feedback`."""

from typing import Annotated, Literal

from pydantic import Field

from shared.contracts.envelope import Contract
from shared.contracts.identifiers import Identifier
from shared.contracts.reported.status import Channel
from shared.language import Bilingual, Language

FeedbackKind = Literal["compliment", "suggestion", "complaint", "issue"]
HandlingState = Literal["acknowledged", "assigned", "interim_reply", "resolved", "redirected", "reopened", "closed"]
Driver = Literal["timeliness", "ease", "knowledge", "fairness", "courtesy", "outcome"]


class FeedbackReported(Contract):
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


class FeedbackHandlingReported(Contract):
    feedback_id: Identifier
    state: HandlingState
    to: str | None = Field(default=None, max_length=200)
    resolution: Bilingual | None = None
