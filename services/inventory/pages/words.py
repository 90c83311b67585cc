"""What the pages have in common: their frame, and how fields and their values are written."""

from collections.abc import Mapping
from typing import Any

import orjson

from shared.contracts.measure import CalendarName
from shared.contracts.reported.words import FIELDS
from shared.language import Bilingual, Language
from shared.organizations import organizations
from shared.web import Pages

pages = Pages("inventory")
LABELS = {
    name: Bilingual(en=en, fr=fr)
    for kind in ("ServiceReported", "ServiceStandardReported")
    for name, (en, fr) in FIELDS[kind].items()
}
CALENDARS: Mapping[CalendarName, Bilingual] = {
    "CA": Bilingual(en="Federal public service", fr="Fonction publique fédérale"),
    "CA-AB": Bilingual(en="Alberta", fr="Alberta"),
    "CA-BC": Bilingual(en="British Columbia", fr="Colombie-Britannique"),
    "CA-MB": Bilingual(en="Manitoba", fr="Manitoba"),
    "CA-NB": Bilingual(en="New Brunswick", fr="Nouveau-Brunswick"),
    "CA-NL": Bilingual(en="Newfoundland and Labrador", fr="Terre-Neuve-et-Labrador"),
    "CA-NS": Bilingual(en="Nova Scotia", fr="Nouvelle-Écosse"),
    "CA-NT": Bilingual(en="Northwest Territories", fr="Territoires du Nord-Ouest"),
    "CA-NU": Bilingual(en="Nunavut", fr="Nunavut"),
    "CA-ON": Bilingual(en="Ontario", fr="Ontario"),
    "CA-PE": Bilingual(en="Prince Edward Island", fr="Île-du-Prince-Édouard"),
    "CA-QC": Bilingual(en="Quebec", fr="Québec"),
    "CA-SK": Bilingual(en="Saskatchewan", fr="Saskatchewan"),
    "CA-YT": Bilingual(en="Yukon", fr="Yukon"),
}


def departments(language: Language) -> list[Any]:
    return sorted(organizations().values(), key=lambda each: each.name.in_(language))


def written(value: Any) -> str:
    """A value of a field, cut where it is long."""
    if value is None:
        return "–"
    plain = value if isinstance(value, str) else orjson.dumps(value).decode()
    text = ", ".join(map(str, value)) if isinstance(value, list) else plain
    return text if len(text) <= 200 else f"{text[:199]}…"
