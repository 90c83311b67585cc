"""Numbers from one to ninety-nine, in words, in both languages."""

from typing import Final

from shared.language import Language

_ONES: Final = {
    "en": "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen",
    "fr": "un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize dix-sept dix-huit "
    "dix-neuf",
}
_TENS: Final = {
    "en": {
        "twenty": 20,
        "thirty": 30,
        "forty": 40,
        "fifty": 50,
        "sixty": 60,
        "seventy": 70,
        "eighty": 80,
        "ninety": 90,
    },
    "fr": {"vingt": 20, "trente": 30, "quarante": 40, "cinquante": 50, "soixante": 60, "quatre-vingt": 80},
}


def _numbers(language: Language) -> dict[str, int]:
    """Words for 1 to 99 ("twenty-one", "vingt-et-un", "soixante-dix", "quatre-vingts")."""
    ones = {word: n for n, word in enumerate(_ONES[language].split(), start=1)}
    numbers = ones | _TENS[language]
    for ten, base in _TENS[language].items():
        top = 19 if language == "fr" and base in {60, 80} else 9
        numbers |= {f"{ten}-{one}": base + n for one, n in ones.items() if n <= top}
    return numbers


def _with_et() -> dict[str, int]:
    return {f"{ten}-et-{one}": base + n for ten, base in _TENS["fr"].items() for one, n in (("un", 1), ("onze", 11))}


NUMBERS: Final = _numbers("en") | _numbers("fr") | _with_et() | {"une": 1, "quatre-vingts": 80}
