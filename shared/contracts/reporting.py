"""What `reporting` publishes: verdicts that changed, with no word that anybody wrote."""

from datetime import date
from typing import Literal

from shared.contracts.envelope import Published

VerdictState = Literal[
    "not_yet_in_force",
    "not_applicable",
    "compliant",
    "partially_compliant",
    "non_compliant",
    "insufficient_evidence",
    "excepted",
    "superseded",
]


class ConfirmationSigned(Published):
    """A deputy head has signed the annual confirmation of a fiscal year."""

    fiscal_year: str
    signed_on: date


class CorrectiveActionChanged(Published):
    """A corrective action about a requirement was opened, or stands otherwise than before."""

    action_id: str
    version: int
    requirement: str
    state: Literal["open", "done", "cancelled"]
    opened_on: date
    due_on: date
    done_on: date | None


class OversightStepTaken(Published):
    """A step of oversight about a requirement was taken, under a clause of the policy."""

    step_id: str
    step: str
    clause: str
    requirement: str
    taken_on: date


class Judged(Published):
    """What a verdict said: `numerator` of `denominator` meet the whole requirement; `excluded` are in neither."""

    state: VerdictState
    numerator: int
    denominator: int
    excluded: int


class VerdictChanged(Published):
    """A requirement is judged otherwise than before, as of `as_of`: by an event, or by the passing of a day. Before the first
    verdict there is none. `verdict_id` leads down to the evidence; `read_position` is where the change stands among what
    reporting has read, the id of its message on the live stream.
    """

    requirement: str
    rules: str
    rule_version: str
    as_of: date
    due_on: date | None
    verdict_id: str
    before: Judged | None
    after: Judged
    read_position: int | None = None
