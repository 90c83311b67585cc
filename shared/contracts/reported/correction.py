"""A report that takes the place of an earlier one of the same source, or withdraws it."""

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from shared.contracts.envelope import Contract
from shared.language import Bilingual


class ReportCorrected(Contract):
    """`data` is what the earlier event ought to have said, whole; without it, the earlier event is withdrawn.

    The event's `time` is when the thing happened, as it ought to have been said; of a withdrawal, when it was withdrawn.
    """

    corrects: Annotated[str, StringConstraints(min_length=1, max_length=255)] = Field(
        description="the id of an event of the same source that was accepted"
    )
    reason: Bilingual
    data: dict[str, Any] | None = None
