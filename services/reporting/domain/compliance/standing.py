"""What holds of every requirement of a rule set: when it is in force, whom it does not bind, and what that does to a verdict."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from services.reporting.domain.compliance.facts import Body, Facts
from services.reporting.domain.compliance.settings import Settings
from services.reporting.domain.compliance.verdict import State, Verdict, Words
from services.reporting.domain.compliance.words import (
    VOLUNTARY,
    applied_until,
    applies_from,
    excluded_by,
)
from services.reporting.domain.compliance.years import end_of
from shared.language import Bilingual

Rule = Callable[[Facts, date, Settings], Verdict]
RuleOnVerdicts = Callable[[Facts, date, Settings, Sequence[Verdict]], Verdict]


@dataclass(frozen=True, slots=True)
class Terms:
    """A rule set's first and last day (None: still in force), the days of its phases, and what agents are spared."""

    first: date
    last: date | None
    phases: Mapping[str, date] = field(default_factory=dict)
    not_for_agents: frozenset[str] = frozenset()

    def starts(self, requirement: str) -> date:
        return self.phases.get(requirement, self.first)


def moment_of(facts: Facts, as_of: date) -> datetime:
    """The moment that a day is judged at: its end, or as far as is known."""
    return min(end_of(as_of), facts.known_to)


def standing(found: Verdict, terms: Terms, body: Body, as_of: date, *, as_if_in_force: bool) -> Verdict:
    """A verdict where its requirement is not in force, or not for this organisation; its numbers stay."""
    if body.scope == "EXCLUDED_2_1":
        return _put(found, "not_applicable", excluded_by("2.1"))
    if body.scope == "AGENT_OF_PARLIAMENT_2_2" and found.requirement in terms.not_for_agents:
        return _put(found, "not_applicable", excluded_by("2.2"))
    start = terms.starts(found.requirement)
    if as_of < start and not as_if_in_force:
        return replace(_put(found, "not_yet_in_force", applies_from(start)), due_on=start)
    if terms.last is not None and as_of > terms.last and not as_if_in_force:
        return replace(_put(found, "superseded", applied_until(terms.last)), due_on=None)
    return _with(found, VOLUNTARY) if body.voluntary else found


def _put(found: Verdict, state: State, why: Words) -> Verdict:
    return replace(_with(found, why), state=state)


def _with(found: Verdict, why: Words) -> Verdict:
    said = found.explanation
    return replace(found, explanation=Bilingual(en=f"{why[0]} {said.en}", fr=f"{why[1]} {said.fr}"))
