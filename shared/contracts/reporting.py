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


class Judged(Published):
    """What a verdict said: `numerator` of `denominator` meet the whole requirement; `excluded` are in neither."""

    state: VerdictState
    numerator: int
    denominator: int
    excluded: int


class VerdictChanged(Published):
    """A requirement is judged otherwise than before, as of `as_of`: by an event, or by the passing of a day. Before the first
    verdict there is none. `verdict_id` leads down to the evidence.
    """

    requirement: str
    rules: str
    rule_version: str
    as_of: date
    due_on: date | None
    verdict_id: str
    before: Judged | None
    after: Judged
