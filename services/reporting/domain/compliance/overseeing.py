"""Findings of non-compliance, and what is done about them: in the department (8.1, 9.1) and by oversight (8.2, 9.2, 9.3).

Nothing records corrective actions, confirmations or steps of oversight in this version: what depends on them is not
known. `facts.actions` and `facts.steps` are where they will come in, each naming the requirement it is about.
"""

from collections.abc import Sequence
from datetime import date

from services.reporting.domain.compliance.facts import Facts, Record, Ref
from services.reporting.domain.compliance.verdict import Outcome, State, Unit, Verdict

_SETTLED = frozenset({"compliant", "not_applicable", "excepted"})


def findings(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """The verdicts that ask for something to be done."""
    return [each for each in verdicts if each.state == "non_compliant"]


def attested(verdicts: Sequence[Verdict]) -> bool:
    """Whether it is known of every requirement that there is no finding."""
    return bool(verdicts) and all(each.state in _SETTLED for each in verdicts)


def answered(found: Sequence[Verdict], by: Sequence[Record], as_of: date) -> list[Unit]:
    """Each finding: whether something that names its requirement had been done about it by a day."""
    return [_answered(each, by, as_of) for each in found]


def _answered(found: Verdict, by: Sequence[Record], as_of: date) -> Unit:
    done = [each for each in by if each.fields.get("requirement") == found.requirement and (each.on or as_of) <= as_of]
    refs: tuple[Ref, ...] = (*found.inputs, *(each.ref for each in done))
    return Unit(found.requirement, "met" if done else "failed" if by else "unknown", refs)


def assessed(outcome: Outcome, acted: Sequence[Unit]) -> Outcome:
    """An assessment whose findings have not all their corrective action is a part; where none is recorded, it is not known."""
    if outcome != "met" or all(unit.outcome == "met" for unit in acted):
        return outcome
    return "partial" if any(unit.outcome != "unknown" for unit in acted) else "unknown"


def nothing_found(verdicts: Sequence[Verdict]) -> State:
    """The state where there is no finding: there is nothing to do, if that is known of every requirement."""
    return "not_applicable" if attested(verdicts) else "insufficient_evidence"


def requests(facts: Facts, as_of: date) -> list[Unit]:
    """Each request for a report: provided by its day, late, or not due yet."""
    provided = {each.fields["request_id"]: each for each in reversed(facts.of("report_provided", as_of))}
    asked = facts.records.get("report_requested", ())
    return [_request(each, provided.get(each.fields["request_id"]), as_of) for each in asked]


def _request(asked: Record, provided: Record | None, as_of: date) -> Unit:
    name, due = asked.fields["request_id"], date.fromisoformat(asked.fields["due_on"])
    if provided is not None:
        in_time = (provided.on or date.max) <= due
        return Unit(name, "met" if in_time else "failed", (asked.ref, provided.ref))
    return Unit(name, "pending" if as_of <= due else "failed", (asked.ref,), due)
