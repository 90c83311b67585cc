"""The real timeliness standards, what is read from each, and the sample that docs/measures.md has checked by hand.

Draws it again, or another, with what is read from each today, as CSV:

    python -m tests.unit.measured_sentences 2026
"""

import csv
import random
import sys
from collections.abc import Iterator
from typing import NamedTuple

from shared.contracts.measure import Measure
from shared.language import Bilingual
from shared.measures import Inferred, infer, words
from tests.unit.test_inventory_files import DATA

# By fiscal year: the file, its columns of both texts and of the type, and the type that is timeliness.
FILES = {
    "2018-2019": ("standards_2018-2019.csv", "service_std_en", "service_std_fr", "service_std_type", "time"),
    "2019-2020": ("standards_2019-2020.csv", "service_std_en", "service_std_fr", "service_std_type", "time"),
    "2023-2024": ("service-std_2023-2024.csv", "service_standard_en", "service_standard_fr", "type", "TML"),
}
SAMPLE, SEED = 100, 2026


class Sentence(NamedTuple):
    """A standard's sentence in both languages, and the first fiscal year in which it stands."""

    en: str
    fr: str
    year: str


def timeliness(year: str) -> Iterator[Sentence]:
    """The sentences of a year's timeliness standards, one for each standard."""
    name, en, fr, kind, timely = FILES[year]
    with (DATA / name).open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            if row[kind].strip() == timely:
                yield Sentence(row[en], row[fr], year)


def different() -> list[Sentence]:
    """The different sentences of which a measure is read, in the order of their texts."""
    first: dict[tuple[str, str], Sentence] = {}
    for year in FILES:
        for each in timeliness(year):
            first.setdefault((each.en, each.fr), each)
    return [first[texts] for texts in sorted(first) if infer(*texts).measure is not None]


def sample(seed: int, number: int = SAMPLE) -> list[Sentence]:
    return random.Random(seed).sample(different(), number)


def in_words(found: Inferred) -> str:
    """What was read, as the page writes it."""
    measure = found.measure
    if measure is None:
        return "nothing"
    return f"{limit_in_words(measure)}, {measure.starts} to {measure.ends}{alone(found.note)}"


def limit_in_words(measure: Measure) -> str:
    number, unit = int("".join(filter(str.isdigit, measure.limit))), measure.limit[-1]
    time = {"H": "hour", "M": "minute", "S": "second"}
    days = {"D": "day", "W": "week", "M": "month"}
    name = (time if "T" in measure.limit else days)[unit]
    business = "business " if measure.days == "business" else ""
    return f"{number} {business}{name}{'s' if number > 1 else ''}"


def alone(note: Bilingual | None) -> str:
    if note is None:
        return ""
    return ", from French alone" if note == words.ONLY_FRENCH else ", from English alone"


def main() -> None:
    rows = csv.writer(sys.stdout, lineterminator="\n")
    rows.writerow(["n", "year", "english", "french", "read"])
    for number, each in enumerate(sample(int(sys.argv[1])), 1):
        rows.writerow([number, each.year, each.en, each.fr, in_words(infer(each.en, each.fr))])


if __name__ == "__main__":
    main()
