"""The holidays of Canada and its provinces: what the `holidays` package knows, mended where it falls short.

Only who makes a new version of the data runs this, and reads what it changes before committing it:

    python -m shared.calendars.canada > shared/calendars/holidays/3_from_2027-04-01.csv

Mends:
1. Easter Monday, a holiday of the federal public service, is added everywhere: three days after Good Friday.
2. 2022-09-19, the National Day of Mourning, a holiday of the federal public service (announced on 2022-09-13), is added
   everywhere: the package has it in six provinces alone.
3. "Boxing Day" is « Lendemain de Noël » in French; some other French names are put right (`_FRENCH`).
4. Where two holidays fall on one day, both languages name the federal one first.
"""

import csv
import sys
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from functools import reduce
from typing import Final, TextIO

from shared.language import Bilingual

FIRST_YEAR: Final = 2000
LAST_YEAR: Final = 2060

ZONES: Final = {
    "CA": "America/Toronto",
    "CA-AB": "America/Edmonton",
    "CA-BC": "America/Vancouver",
    "CA-MB": "America/Winnipeg",
    "CA-NB": "America/Moncton",
    "CA-NL": "America/St_Johns",
    "CA-NS": "America/Halifax",
    "CA-NT": "America/Edmonton",
    "CA-NU": "America/Iqaluit",
    "CA-ON": "America/Toronto",
    "CA-PE": "America/Halifax",
    "CA-QC": "America/Toronto",
    "CA-SK": "America/Regina",
    "CA-YT": "America/Whitehorse",
}

_FRENCH: Final = {
    "Boxing Day": "Lendemain de Noël",
    "(observé)": "(congé reporté)",
    "Colombie Britannique": "Colombie-Britannique",
    "Nouveau Brunswick": "Nouveau-Brunswick",
    "Jour du Saskatchewan": "Jour de la Saskatchewan",
    "Funéraire de sa majesté": "Funérailles de Sa Majesté",
    "Jour de mémorial": "Jour commémoratif",
}
_MOURNING: Final = date(2022, 9, 19)
_DAY_OF_MOURNING: Final = Bilingual(en="National Day of Mourning", fr="Jour de deuil national")
_FEDERAL_FIRST: Final = {"National Patriots' Day; Victoria Day": "Victoria Day; National Patriots' Day"}


def holidays_of(name: str, years: Iterable[int]) -> dict[date, Bilingual]:
    """Federal holidays, and those of the province named, in both languages."""
    years = list(years)
    english, french = _packaged(name, "en_CA", years), _packaged(name, "fr", years)
    named = {
        day: Bilingual(en=_FEDERAL_FIRST.get(english[day], english[day]), fr=_mended(french[day])) for day in english
    }
    easter_monday = Bilingual(en="Easter Monday", fr="Lundi de Pâques")
    named |= {day + timedelta(days=3): easter_monday for day, text in english.items() if "Good Friday" in text}
    if _MOURNING.year in years:
        named[_MOURNING] = _both(_DAY_OF_MOURNING, named.get(_MOURNING))
    return named


def _both(federal: Bilingual, own: Bilingual | None) -> Bilingual:
    return Bilingual(en=f"{federal.en}; {own.en}", fr=f"{federal.fr}; {own.fr}") if own else federal


def _packaged(name: str, language: str, years: list[int]) -> dict[date, str]:
    from holidays import country_holidays  # noqa: PLC0415  # slow to import, and only some need it

    province = name.partition("-")[2] or None
    return dict(
        country_holidays(
            "CA", subdiv=province, years=years, language=language, categories=("public", "government")
        ).items()
    )


def _mended(french: str) -> str:
    return reduce(lambda text, mend: text.replace(*mend), _FRENCH.items(), french)


def write_version(file: TextIO) -> None:
    """A version's rows, by day, with the calendars that call it so."""
    years = range(FIRST_YEAR, LAST_YEAR + 1)
    named = {name: holidays_of(name, years) for name in ZONES}
    places = defaultdict(list)
    for name, days in named.items():
        for day, called in days.items():
            if name == "CA" or named["CA"].get(day) != called:
                places[day, called.en, called.fr].append(name)
    rows = csv.writer(file, lineterminator="\n")
    rows.writerow(["day", "calendars", "name_en", "name_fr"])
    rows.writerows((day, " ".join(names), en, fr) for (day, en, fr), names in sorted(places.items()))


if __name__ == "__main__":
    write_version(sys.stdout)
