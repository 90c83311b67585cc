"""Trends in words, in both languages."""

from collections.abc import Mapping
from typing import Final

from services.reporting.domain.trends import Change, Direction, Measure
from shared.contracts.reported.feedback import Driver
from shared.language import Bilingual

NAMES: Final[Mapping[Measure, Bilingual]] = {
    "satisfied": Bilingual(en="Clients satisfied with the service", fr="Clients satisfaits du service"),
    "e_services": Bilingual(
        en="Priority services that are e-services", fr="Services prioritaires qui sont des services électroniques"
    ),
    "uptake": Bilingual(
        en="Applications to priority e-services made online",
        fr="Demandes présentées en ligne auprès des services prioritaires électroniques",
    ),
    "within_standard": Bilingual(
        en="Cases that met their service standard", fr="Cas ayant respecté leur norme de service"
    ),
    "targets_met": Bilingual(
        en="Service standards that met their target", fr="Normes de service ayant atteint leur cible"
    ),
}
DRIVER_NAMES: Final[Mapping[Driver, Bilingual]] = {
    "timeliness": Bilingual(en="Timeliness", fr="Rapidité"),
    "ease": Bilingual(en="Ease of access", fr="Facilité d'accès"),
    "knowledge": Bilingual(en="Knowledge of staff", fr="Connaissances du personnel"),
    "fairness": Bilingual(en="Fairness", fr="Équité"),
    "courtesy": Bilingual(en="Courtesy", fr="Courtoisie"),
    "outcome": Bilingual(en="Outcome", fr="Résultat obtenu"),
}
_DIRECTIONS: Final[Mapping[Direction, tuple[str, str]]] = {
    "up": ("the share is higher in {last} than in {first}", "la part est plus élevée en {last} qu'en {first}"),
    "down": ("the share is lower in {last} than in {first}", "la part est moins élevée en {last} qu'en {first}"),
    "same": ("the share is the same in {last} as in {first}", "la part est la même en {last} qu'en {first}"),
    "not_told_apart": (
        "{last} cannot be told apart from {first}: the difference is within the margin of chance",
        "{last} ne se distingue pas de {first} : l'écart est dans la marge du hasard",
    ),
}


def said(change: Change) -> Bilingual:
    """How a measure went, each year with its numbers."""
    name, (english, french) = NAMES[change.measure], _DIRECTIONS[change.direction]
    years = {"first": (change.first, change.before), "last": (change.last, change.after)}
    en = {which: f"{year} ({each.numerator} of {each.denominator})" for which, (year, each) in years.items()}
    fr = {which: f"{year} ({each.numerator} sur {each.denominator})" for which, (year, each) in years.items()}
    return Bilingual(en=f"{name.en}: {english.format(**en)}.", fr=f"{name.fr} : {french.format(**fr)}.")
