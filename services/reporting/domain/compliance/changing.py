"""What two answers to the same question differ in, and by which events."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from services.reporting.domain.compliance.facts import Entry, Ref
from services.reporting.domain.compliance.folding import Key, thing
from services.reporting.domain.compliance.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Difference:
    """One requirement that is judged otherwise; `events` made it so. A side without the requirement has no verdict."""

    requirement: str
    before: Verdict | None
    now: Verdict | None
    events: tuple[Ref, ...] = ()


def differ(one: Verdict, other: Verdict) -> bool:
    """Whether two verdicts say another state or other numbers."""
    return _said(one) != _said(other)


def _said(found: Verdict) -> tuple[str, int, int, int]:
    return found.state, found.numerator, found.denominator, found.excluded


def differences(
    before: Sequence[Verdict], now: Sequence[Verdict], old: Iterable[Entry], new: Iterable[Entry]
) -> list[Difference]:
    """Where the verdicts of two states of knowledge differ, with the events that one has and the other has not and that
    are about what the verdict was made from; where no such event is found, all that came between.
    """
    known = {entry.ref: thing(entry) for entry in (*old, *new)}
    olds = {entry.ref for entry in old}
    came = {entry.ref for entry in new} ^ olds
    return [
        Difference(one.requirement, one, other, _events(one, other, came, known))
        for one, other in zip(before, now, strict=True)
        if differ(one, other)
    ]


def _events(one: Verdict, other: Verdict, came: set[Ref], known: dict[Ref, Key]) -> tuple[Ref, ...]:
    touched = {known[ref] for ref in (*one.inputs, *other.inputs) if ref in known}
    found = {ref for ref in came if known[ref] in touched}
    # An application's change that a live page showed is no entry of either.
    shown = {ref for ref in set(one.inputs) ^ set(other.inputs) if ref not in known}
    return tuple(sorted(found | shown or came))


def compared(
    before: Sequence[Verdict], now: Sequence[Verdict], successors: Mapping[str, tuple[str, ...]]
) -> list[Difference]:
    """Where the verdicts of two rule sets, or of one by other settings, differ; by `successors` a requirement of the first
    is set against those of the second that took its place.
    """
    olds, news = {each.requirement: each for each in before}, {each.requirement: each for each in now}
    if olds.keys() == news.keys():
        return [Difference(name, olds[name], news[name]) for name in olds if differ(olds[name], news[name])]
    pairs = [(one, other) for one, others in successors.items() for other in others or ("",)]
    if not olds.keys() <= set(successors):
        pairs = [(other, one) for one, other in pairs]
    return [
        Difference(one or other, olds.get(one), news.get(other))
        for one, other in pairs
        if one not in olds or other not in news or differ(olds[one], news[other])
    ]
