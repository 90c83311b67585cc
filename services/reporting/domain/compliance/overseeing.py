"""Findings of non-compliance, and what is done about them: in the department (8.1, 9.1) and by oversight (8.2, 9.2, 9.3).

Each corrective action and each step names the requirement it is about. Where nothing of its kind was ever recorded of an
organisation, what depends on it is not known.
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
    about = [each for each in by if each.fields.get("requirement") == found.requirement and (each.on or as_of) <= as_of]
    done = [each for each in about if not _is_overdue(each, as_of)]
    refs: tuple[Ref, ...] = (*found.inputs, *(each.ref for each in about))
    return Unit(found.requirement, "met" if done else "failed" if by else "unknown", refs)


def _is_overdue(action: Record, as_of: date) -> bool:
    """A corrective action that should have been taken by a day and was not: it is as if there were none."""
    due, done = action.fields.get("due_on"), action.fields.get("done_on")
    return due is not None and date.fromisoformat(due) < as_of and (done is None or date.fromisoformat(done) > as_of)


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
