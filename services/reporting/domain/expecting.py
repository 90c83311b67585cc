"""What a client can expect now of a service, in plain words: how long it takes, how often that is in time. Pure."""

import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from services.reporting.domain.compliance.saying import percent
from services.reporting.domain.figures import FEWEST_SHOWN
from services.reporting.domain.including_open import Ruler
from shared.language import Bilingual

Words = tuple[str, str]
_UNITS: Final[Mapping[str, tuple[Words, Words]]] = {
    "business_day": (("business day", "jour ouvrable"), ("business days", "jours ouvrables")),
    "day": (("day", "jour"), ("days", "jours")),
    "hour": (("hour", "heure"), ("hours", "heures")),
    "minute": (("minute", "minute"), ("minutes", "minutes")),
    "second": (("second", "seconde"), ("seconds", "secondes")),
}
_HIDDEN: Final = (
    f"Fewer than {FEWEST_SHOWN} cases: what to expect is not shown.",
    f"Moins de {FEWEST_SHOWN} cas : ce à quoi s'attendre n'est pas montré.",
)
_NOTHING: Final = (
    "No case ended in this period: what to expect is not known.",
    "Aucun cas n'a pris fin dans cette période : on ne sait pas à quoi s'attendre.",
)

_DOUBTFUL: Final = (
    "More cases are reported to have met the standard than there were: what to expect is not known.",
    "On a déclaré plus de cas respectant la norme qu'il n'y en a eu : on ne sait pas à quoi s'attendre.",
)


def expect(item: Mapping[str, Any], rule: Ruler | None, reported: Sequence[Mapping[str, Any]]) -> Bilingual:
    """From a figure as it is shown to whoever asks, and the results that are reported for its period."""
    if item["total"] is None:
        parts = [_HIDDEN]
    elif item["total"] == 0:
        parts = _values(reported) or [_NOTHING]
    elif item["share"] is None:
        parts = [_DOUBTFUL]
    else:
        parts = [*_taken(item), _kept(item, rule), *_waiting(item)]
    return Bilingual(en=" ".join(en for en, _ in parts), fr=" ".join(fr for _, fr in parts))


def _taken(item: Mapping[str, Any]) -> list[Words]:
    """Eight in ten: what clients are told elsewhere too."""
    if not item["percentiles"]:
        return []
    words = amount(item["percentiles"]["p80"], item["percentiles"]["unit"])
    return [
        (
            f"8 in 10 cases that ended took {words[0]} or less.",
            f"8 cas terminés sur 10 ont pris {words[1]} ou moins.",
        )
    ]


def _kept(item: Mapping[str, Any], rule: Ruler | None) -> Words:
    share, target = percent(Fraction(item["met"], item["total"])), item["target"]
    limit = amount(rule.limit, rule.unit) if rule and item["percentiles"] else None
    first, last = item["window"]["from"], item["window"]["to"]
    english = f"{item['met']} of {item['total']} ({share[0]}) met the standard"
    french = f"{item['met']} sur {item['total']} ({share[1]}) ont respecté la norme"
    if limit:
        english, french = f"{english} of {limit[0]}", f"{french} de {limit[1]}"
    english, french = f"{english} from {first} to {last}", f"{french} du {first} au {last}"
    if target:
        goal = percent(Fraction(str(target)))
        english, french = f"{english}; the target is {goal[0]}", f"{french}; la cible est de {goal[1]}"
    return f"{english}.", f"{french}."


# Units that departments give averages in; another is told as they write it.
_AVERAGED_IN: Final[Mapping[str, Words]] = {
    "seconds": ("seconds", "secondes"),
    "minutes": ("minutes", "minutes"),
    "hours": ("hours", "heures"),
    "days": ("days", "jours"),
    "business days": ("business days", "jours ouvrables"),
    "calendar days": ("calendar days", "jours civils"),
    "weeks": ("weeks", "semaines"),
    "months": ("months", "mois"),
}


def _values(reported: Sequence[Mapping[str, Any]]) -> list[Words]:
    """The newest average, or other number, that the department reports."""
    said = next((each for each in reported if each["value"] is not None), None)
    if said is None:
        return []
    number, period = f"{Decimal(str(said['value'])).normalize():f}", (said["from"], said["to"])
    unit = _AVERAGED_IN.get(said["unit"], (said["unit"], f"« {said['unit']} »"))
    return [
        (
            f"The department reports {number} {unit[0]} from {period[0]} to {period[1]}.",
            f"Le ministère déclare {number.replace('.', ',')} {unit[1]} du {period[0]} au {period[1]}.",
        )
    ]


def _waiting(item: Mapping[str, Any]) -> list[Words]:
    if not item["open"] or item["open_late"] is None:
        return []
    return [
        (
            f"{item['open']} cases are open, {item['open_late']} of them late.",
            f"{item['open']} cas sont en cours, dont {item['open_late']} en retard.",
        )
    ]


def amount(value: float, unit: str) -> Words:
    """A duration in whole units, rounded up; seconds as the largest unit that keeps it exact enough to be promised."""
    if unit == "second":
        unit, each = next(
            (name, each)
            for name, each in (("hour", 3600), ("minute", 60), ("second", 1))
            if value >= 2 * each or each == 1
        )
        value /= each
    number = math.ceil(value - 1e-9)
    one, several = _UNITS[unit]
    return (
        f"{number} {(one if number == 1 else several)[0]}",
        f"{number} {(one if number < 2 else several)[1]}",
    )
