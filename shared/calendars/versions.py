"""The versions of Canada's holidays, each a file of data: `holidays/<number>_from_<first start date>.csv`.

A case takes the version valid on its start date, whenever it became known (clock rule 1): of the versions valid from its
day or before it, the one valid from the latest day. A mistake is mended by another number from the same day; a change
of the law by a version from the day it takes effect. A file once released is never edited.

Its columns are `day`, `calendars`, `name_en`, `name_fr`. A row of `CA` is for every calendar, unless one has its own.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from shared.language import Bilingual

FOLDER = Path(__file__).parent / "holidays"


@dataclass(frozen=True, slots=True)
class Version:
    version: str
    valid_from: date
    by_calendars: Mapping[str, Mapping[date, Bilingual]]
    """The holidays that rows name for these calendars, separated by spaces."""

    def holidays_of(self, name: str) -> dict[date, Bilingual]:
        own = [days for names, days in self.by_calendars.items() if name in names.split() and names != "CA"]
        return {day: called for days in (self.by_calendars["CA"], *own) for day, called in days.items()}


@cache
def versions(folder: Path = FOLDER) -> list[Version]:
    """Every version that counts, by the day it is valid from; of one day, the highest number alone."""
    numbered = sorted(folder.glob("*_from_*.csv"), key=lambda file: int(file.stem.partition("_")[0]))
    latest = {each.valid_from: each for each in map(_read, numbered)}
    return [latest[day] for day in sorted(latest)]


def _read(file: Path) -> Version:
    number, _, valid_from = file.stem.partition("_from_")
    by_calendars: dict[str, dict[date, Bilingual]] = {}
    with file.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            called = Bilingual(en=row["name_en"], fr=row["name_fr"])
            by_calendars.setdefault(row["calendars"], {})[date.fromisoformat(row["day"])] = called
    return Version(number, date.fromisoformat(valid_from), by_calendars)
