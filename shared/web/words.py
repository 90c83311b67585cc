"""How numbers, shares, dates and limits are written in each language (Babel; the Translation Bureau's typography)."""

import re
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal, format_percent

from shared.language import Bilingual, Language

_OTTAWA = ZoneInfo("America/Toronto")
_LOCALES = {"en": "en_CA", "fr": "fr_CA"}
_MINUTES = {"en": "MMM d, y, h:mm a", "fr": "d MMM y, H 'h' mm"}
_SECONDS = {"en": "MMM d, y, h:mm:ss a", "fr": "d MMM y, H 'h' mm 'min' ss 's'"}
_NOTHING = "–"


def _pair(en: str, fr: str) -> Bilingual:
    return Bilingual(en=en, fr=fr)


# By the unit of an ISO 8601 duration (T: of time; b: counted in business days): one, several.
_LIMITS = {
    "Db": (_pair("business day", "jour ouvrable"), _pair("business days", "jours ouvrables")),
    "D": (_pair("calendar day", "jour civil"), _pair("calendar days", "jours civils")),
    "W": (_pair("week", "semaine"), _pair("weeks", "semaines")),
    "M": (_pair("month", "mois"), _pair("months", "mois")),
    "TH": (_pair("hour", "heure"), _pair("hours", "heures")),
    "TM": (_pair("minute", "minute"), _pair("minutes", "minutes")),
    "TS": (_pair("second", "seconde"), _pair("seconds", "secondes")),
}


class Words:
    """What templates write with, in one language; each public method is a name in them."""

    def __init__(self, language: Language) -> None:
        self._language = language
        self._locale = _LOCALES[language]

    def names(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in dir(self) if not name.startswith("_") and name != "names"}

    def say(self, en: str, fr: str) -> str:
        return fr if self._language == "fr" else en

    def text(self, pair: Bilingual | dict[str, str]) -> str:
        return pair.in_(self._language) if isinstance(pair, Bilingual) else pair[self._language]

    def number(self, value: float | None) -> str:
        return _NOTHING if value is None else str(format_decimal(value, locale=self._locale))

    def decimal(self, value: float | None) -> str:
        """With one decimal."""
        return _NOTHING if value is None else str(format_decimal(value, format="#,##0.0", locale=self._locale))

    def percent(self, value: float | None, against: float | None = None) -> str:
        """A share to one decimal; to more where rounding would make it equal to what it is held against."""
        if value is None:
            return _NOTHING
        digits = 1
        while against not in {None, value} and digits < 4 and round(value - (against or 0), digits + 2) == 0:
            digits += 1
        pattern = f"#,##0.{'0' * digits}" + self.say("%", "\u00a0%")
        return str(format_percent(value, format=pattern, locale=self._locale))

    def day(self, value: date | None) -> str:
        return _NOTHING if value is None else self._first(format_date(value, "long", locale=self._locale))

    def moment(self, value: datetime | None) -> str:
        """Day, hour and minute in Ottawa."""
        return self._written(value, _MINUTES)

    def instant(self, value: datetime | None) -> str:
        """A moment with its seconds."""
        return self._written(value, _SECONDS)

    def limit(self, measure: dict[str, Any]) -> str:
        """A time limit in words: `P10D` in business days is 10 business days."""
        duration = measure["limit"]
        amount, unit = int("".join(filter(str.isdigit, duration))), duration[-1]
        key = f"T{unit}" if "T" in duration else unit + ("b" if measure["days"] == "business" else "")
        return f"{self.number(amount)} {self.text(_LIMITS[key][amount > 1])}"

    def _written(self, value: datetime | None, patterns: dict[str, str]) -> str:
        if value is None:
            return _NOTHING
        return self._first(format_datetime(value, patterns[self._language], tzinfo=_OTTAWA, locale=self._locale))

    def _first(self, written: str) -> str:
        return re.sub(r"^1 ", "1er ", written) if self._language == "fr" else written
