"""What departments report to `status`."""

from typing import Literal

from pydantic import Field

from shared.contracts.envelope import Contract
from shared.contracts.identifiers import Identifier
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
