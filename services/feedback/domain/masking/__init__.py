"""Personal data in what people write, taken out before it is kept (docs/masking.md has every form, and what is not caught).

The policy asks for feedback, not for numbers that identify a person (Directive on Privacy Practices 4.2.9). What looks
like one is replaced by a label that says which kind it was, so that an officer still understands the sentence.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from services.feedback.domain.masking.forms import FORMS, LABELS, Kind
from shared.language import Language

__all__ = ["LABELS", "Kind", "Masked", "mask"]


@dataclass(frozen=True, slots=True)
class Masked:
    """A text without the personal data that was found in it, and how many of each kind there were."""

    text: str
    found: Mapping[Kind, int]


@dataclass(frozen=True, slots=True)
class _Place:
    start: int
    end: int
    kind: Kind


def mask(text: str, language: Language = "en") -> Masked:
    """Replace each identifier by its label, such as `[SIN]` or `[NAS]`. What is masked already stays as it is."""
    pieces, after, found = list[str](), 0, Counter[Kind]()
    for place in _places(text):
        pieces += [text[after : place.start], f"[{LABELS[place.kind].in_(language)}]"]
        after = place.end
        found[place.kind] += 1
    return Masked("".join([*pieces, text[after:]]), dict(found))


def _places(text: str) -> list[_Place]:
    """Where identifiers stand, in order and without overlap: a form before those that are listed after it."""
    taken, covered = list[_Place](), bytearray(len(text))
    for form in FORMS:
        after = 0
        while match := form.pattern.search(text, after):
            start, end = match.span("it")
            # What runs into another identifier may hide one that begins within it.
            after = start + 1
            if form.holds(match["it"]) and not any(covered[start:end]):
                taken.append(_Place(start, end, form.kind))
                covered[start:end] = b"\1" * (end - start)
                after = end
    return sorted(taken, key=lambda place: place.start)
