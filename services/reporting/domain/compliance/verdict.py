"""A verdict: one requirement applied to one organisation as of a day, with its numbers and what they were made from."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Literal

from services.reporting.domain.compliance.facts import Ref
from shared.contracts.reporting import VerdictState
from shared.language import Bilingual

State = VerdictState
# `pending`: its day has not come yet. It and what is excepted count neither for nor against.
Outcome = Literal["met", "partial", "failed", "unknown", "excepted", "pending"]
Words = tuple[str, str]  # English, French


@dataclass(frozen=True, slots=True)
class Unit:
    """One thing that a requirement is asked of, what was found, by which events, and the next day something is due."""

    name: str
    outcome: Outcome
    refs: tuple[Ref, ...] = ()
    due_on: date | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """A further reading of a requirement that its state does not depend on."""

    name: str
    state: State
    numerator: int
    denominator: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """`numerator` counts what meets the whole requirement, `denominator` all that it is asked of, less what is excluded."""

    requirement: str
    state: State
    numerator: int
    denominator: int
    excluded: int
    due_on: date | None
    explanation: Bilingual
    units: tuple[Unit, ...] = ()
    inputs: tuple[Ref, ...] = ()
    checks: tuple[Check, ...] = ()


@dataclass(frozen=True, slots=True)
class Judged:
    """What a rule finds: units, the state they come to unless it says another, and what there is to explain."""

    units: Sequence[Unit]
    of: Words
    notes: Sequence[Words] = ()
    state: State | None = None
    # The state where there is no unit: nothing known, unless the rule knows that there is nothing.
    empty: State = "insufficient_evidence"
    due_on: date | None = None
    refs: Sequence[Ref] = ()
    checks: tuple[Check, ...] = field(default=())


def count(units: Iterable[Unit], *outcomes: Outcome) -> int:
    return sum(unit.outcome in outcomes for unit in units)


def combined(units: Sequence[Unit], empty: State) -> State:
    """What units come to together: what they would come to whatever turned out of those that are not known, or else that
    the evidence is insufficient.
    """
    met, partial, failed, unknown = (count(units, each) for each in ("met", "partial", "failed", "unknown"))
    if not met + partial + failed + unknown:
        return "excepted" if count(units, "excepted") else empty
    if partial or (met and failed):
        return "partially_compliant"
    if unknown:
        return "insufficient_evidence"
    return "non_compliant" if failed else "compliant"


def verdict(requirement: str, judged: Judged) -> Verdict:
    units = tuple(_in_order(unit) for unit in judged.units)
    state = judged.state or combined(units, judged.empty)
    due = [unit.due_on for unit in units if unit.due_on is not None]
    refs = {ref for unit in units for ref in unit.refs} | set(judged.refs)
    return Verdict(
        requirement=requirement,
        state=state,
        numerator=count(units, "met"),
        denominator=count(units, "met", "partial", "failed", "unknown"),
        excluded=count(units, "excepted", "pending"),
        due_on=judged.due_on or min(due, default=None),
        explanation=both([tally(units, judged.of), *judged.notes]),
        units=units,
        inputs=tuple(sorted(refs)),
        checks=judged.checks,
    )


def _in_order(unit: Unit) -> Unit:
    """With each event behind it once, in their order."""
    refs = tuple(sorted(set(unit.refs)))
    return unit if refs == unit.refs else replace(unit, refs=refs)


def both(sentences: Iterable[Words]) -> Bilingual:
    """Sentences, one after the other, in both languages."""
    english, french = zip(*sentences, strict=True)
    return Bilingual(en=" ".join(english), fr=" ".join(french))


_WORDS: tuple[tuple[Outcome, str, str], ...] = (
    ("partial", "in part", "en partie"),
    ("failed", "not", "non"),
    ("unknown", "not known", "inconnu"),
    ("excepted", "excepted", "exception"),
    ("pending", "not due yet", "échéance à venir"),
)


def tally(units: Sequence[Unit], of: Words) -> Words:
    """The numbers, in words: "Priority services: 1 of 3 meet it (in part: 1; not: 1)."."""
    if not units:
        return f"{of[0]}: 0 of 0; there are none to judge.", f"{of[1]} : 0 sur 0; il n'y en a pas à juger."
    asked, met = count(units, "met", "partial", "failed", "unknown"), count(units, "met")
    found = [(count(units, outcome), en, fr) for outcome, en, fr in _WORDS]
    english = "; ".join(f"{en}: {number}" for number, en, _ in found if number)
    french = "; ".join(f"{fr} : {number}" for number, _, fr in found if number)
    return (
        f"{of[0]}: {met} of {asked} {'meets' if met == 1 else 'meet'} it{f' ({english})' if english else ''}.",
        f"{of[1]} : {met} sur {asked} y {'répond' if met < 2 else 'répondent'}{f' ({french})' if french else ''}.",
    )
