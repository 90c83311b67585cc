"""Time limits read from the sentences of service standards (clock rule 9): proposed, never guessed.

Many standards of the GC Service Inventory exist only as a sentence: "within 10 business days of receiving a complete
application", « dans un délai de 30 jours ouvrables ». Each language is read alone, then the two are compared.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from shared.contracts.measure import Measure
from shared.language import Bilingual, Language
from shared.measures import words
from shared.measures.numbers import NUMBERS

_Days = Literal["business", "calendar"]


@dataclass(frozen=True, slots=True)
class Inferred:
    """A proposed measure, not confirmed; or none, and why. A note beside a measure says it is from one language."""

    measure: Measure | None
    note: Bilingual | None


def infer(text_en: str, text_fr: str) -> Inferred:
    """The measure which either text states, where the other does not contradict it and neither gives doubt."""
    en, fr = _read(text_en, "en"), _read(text_fr, "fr")
    for doubt in (en, fr):
        if isinstance(doubt, Bilingual):
            return Inferred(None, doubt)
    measures = [found for found in (en, fr) if isinstance(found, Measure)]
    if len(measures) == 2:
        same = _in_days(measures[0]) == _in_days(measures[1])
        return Inferred(measures[0], None) if same else Inferred(None, words.DISAGREE)
    if not measures:
        return Inferred(None, words.NO_LIMIT)
    return Inferred(measures[0], words.ONLY_FRENCH if en is None else words.ONLY_ENGLISH)


def _read(text: str, language: Language) -> Measure | Bilingual | None:
    """The measure one text states; None where it states no time limit; the reason where it is uncertain."""
    text = _plain(text)
    doubt = next((note for note, signs in words.DOUBTS if signs.search(text)), None)
    stated = [_stated(match, text, language) for match in words.DURATION[language].finditer(text)]
    if doubt or not stated:
        return doubt
    first = stated[0]
    for other in stated:
        if isinstance(other, Bilingual):
            return other
        if isinstance(first, Measure) and _in_days(other) != _in_days(first):
            return words.SEVERAL
    return first


def _stated(match: re.Match[str], text: str, language: Language) -> Measure | Bilingual:
    limit = _limit(match)
    if words.VOICE.search(text) and (isinstance(limit, Bilingual) or limit[0].startswith("PT")):
        return words.ACCESS
    return limit if isinstance(limit, Bilingual) else _measure(*limit, text, match, language)


def _in_days(measure: Measure) -> Measure:
    """The same measure, weeks written as the calendar days they are (clock rule 3)."""
    if not measure.limit.endswith("W"):
        return measure
    return measure.model_copy(update={"limit": f"P{7 * int(measure.limit[1:-1])}D"})


def _plain(text: str) -> str:
    text = text.lower()
    for written, plain in words.PLAINER:
        text = re.sub(written, plain, text)
    return text


def _limit(match: re.Match[str]) -> tuple[str, _Days] | Bilingual:
    """ISO 8601 duration and kind of days."""
    number, unit, business = _number(match["n"]), match["unit"], match["kind"] in words.BUSINESS
    if match["upto"] or (match["again"] and _number(match["again"]) != number):
        return words.SEVERAL
    if (
        number == 0
        or unit not in words.UNITS
        or match["kind"] in words.UNCOUNTED
        or (business and not words.UNITS[unit].endswith("D"))
    ):
        return words.UNIT
    return words.UNITS[unit].format(number), "business" if business else "calendar"


def _number(text: str) -> int:
    return int(text) if text.isdigit() else NUMBERS[text.replace(" ", "-")]


def _measure(limit: str, days: _Days, text: str, match: re.Match[str], language: Language) -> Measure | Bilingual:
    clauses = list(_clauses(text, match, language))
    if any(not _is_arrival(clause, language) for clause in clauses):
        return words.OTHER_START
    decided, issued = (signs[language].search(text) for signs in (words.DECIDED, words.ISSUED))
    if words.PAID.search(text) and not clauses:
        return words.PAYMENT
    return Measure(
        limit=limit,
        days=days,
        starts="complete" if words.COMPLETE[language].search(text) else "submitted",
        ends="issued" if issued and not decided else "decided",
    )


def _clauses(text: str, match: re.Match[str], language: Language) -> Iterator[str]:
    """What the sentence says the limit runs from, before and after the limit itself."""
    before, after = (words.ASIDE.sub("", part) for part in (text[: match.start()], text[match.end() :]))
    for signs, part in (
        (words.FROM_BEFORE, re.split(r"[.;!?] ", before)[-1]),
        (words.FROM_AFTER, re.split(r"[.;!?](?: |$)", after)[0]),
    ):
        if anchor := signs[language].search(part):
            clause = words.UNTIL.split(part[anchor.end() :])[0]
            if clause.strip():
                yield clause


def _is_arrival(clause: str, language: Language) -> bool:
    return bool(words.ARRIVAL[language].search(clause)) and not words.ELSEWHERE[language].search(clause)
