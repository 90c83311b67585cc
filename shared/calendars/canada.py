"""The holidays of Canada and its provinces: what the `holidays` package knows, mended where it falls short.

Mends, numbered by `MENDED`:
1. Easter Monday, a holiday of the federal public service, is added everywhere: three days after Good Friday.
2. "Boxing Day" is « Lendemain de Noël » in French; some other French names are put right (`_FRENCH`).
"""

from collections.abc import Iterable
from datetime import date, timedelta
from functools import reduce
from importlib.metadata import version
from typing import Final

from shared.language import Bilingual

MENDED: Final = 2

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
}


def source() -> str:
    """Name and version of the package the holidays come from."""
    return f"holidays-{version('holidays')}"


def holidays_of(name: str, years: Iterable[int]) -> dict[date, Bilingual]:
    """Federal holidays, and those of the province named, in both languages."""
    years = list(years)
    english, french = _packaged(name, "en_CA", years), _packaged(name, "fr", years)
    named = {day: Bilingual(en=english[day], fr=_mended(french[day])) for day in english}
    easter_monday = Bilingual(en="Easter Monday", fr="Lundi de Pâques")
    return named | {day + timedelta(days=3): easter_monday for day, text in english.items() if "Good Friday" in text}


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
