"""A question about compliance, whole: what it names always has the same answer. A verdict's id is its question."""

import base64
import json
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from services.reporting.domain.compliance import RULE_SETS, Rules, requirements
from services.reporting.domain.compliance.settings import Settings, changed

_FORM = 1
# A day beyond these says that something is wrong.
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2100, 12, 31)


@dataclass(frozen=True, slots=True)
class Cut:
    """How much of the log is known: everything recorded up to `known_to`; or, where `position` is given, everything read
    up to it, `known_to` being how far that is whole.
    """

    known_to: datetime
    position: int | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """One organisation's compliance with a rule set as of a day, as known at a cut, by these settings."""

    org_id: str
    rules: Rules
    as_of: date
    cut: Cut
    as_if_in_force: bool = False
    changes: dict[str, int] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        """Raises ValueError where a change cannot be."""
        return changed(Settings(), self.changes)


def verdict_id(question: Question, requirement: str, rule_version: str) -> str:
    """The name of one verdict: everything that it is a function of."""
    cut = [question.cut.known_to.isoformat(), question.cut.position]
    said = [question.org_id, question.rules, question.as_of.isoformat(), cut, int(question.as_if_in_force)]
    parts = [_FORM, requirement, rule_version.partition("+")[2], *said, sorted(question.changes.items())]
    text = json.dumps(parts, separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_verdict_id(name: str) -> tuple[Question, str, str]:
    """The question, the requirement and the rule version that a name stands for. Raises ValueError for no such name."""
    try:
        text = base64.b64decode(name + "=" * (-len(name) % 4), altchars=b"-_", validate=True)
        form, requirement, version, org_id, rules, as_of, cut, as_if, changes = json.loads(text)
        question = Question(
            str(org_id), _rules(rules), date.fromisoformat(as_of), _cut(cut), bool(as_if), dict(changes)
        )
        whole = all(type(number) is int for number in question.changes.values()) and question.settings is not None
        whole = whole and FIRST_DAY <= question.as_of <= LAST_DAY and 1900 <= question.cut.known_to.year <= 2200
        valid = whole and form == _FORM and requirement in requirements(question.rules)
    except (ValueError, TypeError, RecursionError) as error:
        raise ValueError("no verdict's id") from error
    if not valid:
        raise ValueError("no verdict's id")
    return question, requirement, f"{question.rules}+{version}"


def _rules(said: Any) -> Rules:
    if said not in RULE_SETS:
        raise ValueError(said)
    found: Rules = said
    return found


def _cut(said: Any) -> Cut:
    known_to, position = said
    moment = datetime.fromisoformat(known_to)
    if moment.tzinfo is None or not (position is None or (isinstance(position, int) and 0 <= position < 2**63)):
        raise ValueError(said)
    return Cut(moment, position)
