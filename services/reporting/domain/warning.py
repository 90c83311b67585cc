"""What is said of an outlook, in both languages, and to whom."""

from fractions import Fraction
from typing import Any, Final

from services.reporting.domain.compliance.saying import percent
from services.reporting.domain.outlook import Outlook, Range, State
from shared.language import Bilingual

Words = tuple[str, str]


def answer(found: Outlook, target: float | None, as_of: Any, *, shown: bool) -> dict[str, Any]:
    """As it is answered; where it is not `shown`, that it is not."""
    if not shown:
        names = (
            "state",
            "target",
            "met",
            "total",
            "open_late",
            "expected",
            "share",
            "interval",
            "needed",
            "explanation",
        )
        hidden = dict.fromkeys(names)
        return {**hidden, "reason": "suppressed", "fiscal_year": found.year, "as_of": as_of, "suppressed": True}
    words = _words(found, target)
    expected = found.expected
    return {
        "state": found.state,
        "reason": found.reason,
        "fiscal_year": found.year,
        "target": target,
        "met": found.met,
        "total": found.total,
        "open_late": found.late,
        "expected": expected and {"low": expected.low, "middle": expected.middle, "high": expected.high},
        "share": found.share,
        "interval": found.interval,
        "needed": found.needed,
        "as_of": as_of,
        "suppressed": False,
        "explanation": Bilingual(en=words[0], fr=words[1]).model_dump(),
    }


_REASONS: Final[dict[str, Words]] = {
    "no_target": (
        "No target is set, so there is none to miss.",
        "Aucune cible n'est fixée; aucune ne peut donc être manquée.",
    ),
    "no_cases": (
        "Nothing was counted this fiscal year: whether the target will be met is not known.",
        "Rien n'a été compté cet exercice : on ne sait pas si la cible sera atteinte.",
    ),
    "met_exceeds_total": (
        "More cases are reported to have met the standard than there were: that has to be corrected first.",
        "On a déclaré plus de cas respectant la norme qu'il n'y en a eu : il faut d'abord corriger cela.",
    ),
    "volume_unknown": (
        "Too little was counted this fiscal year to say how much is still to come, and so whether the target will be met.",
        "Trop peu a été compté cet exercice pour dire combien il reste à venir, et donc si la cible sera atteinte.",
    ),
    "reported_results": (
        "The results of this standard are reported for whole periods: how much is still to come is not known.",
        "Les résultats de cette norme sont déclarés pour des périodes entières : on ne sait pas combien il reste à venir.",
    ),
}
_STATES: Final[dict[State, Words]] = {
    "secured": (
        "The target will be met even if none of the cases still expected meets the standard.",
        "La cible sera atteinte même si aucun des cas encore attendus ne respecte la norme.",
    ),
    "on_track": ("The target is likely to be met.", "La cible sera probablement atteinte."),
    "uncertain": (
        "Whether the target will be met cannot be told yet.",
        "On ne peut pas encore dire si la cible sera atteinte.",
    ),
    "off_track": (
        "The target is likely to be missed, but can still be met.",
        "La cible sera probablement manquée, mais peut encore être atteinte.",
    ),
    "unrecoverable": (
        "The target can no longer be met this fiscal year.",
        "La cible ne peut plus être atteinte cet exercice.",
    ),
}


def _words(found: Outlook, target: float | None) -> Words:
    if found.state is None:
        return _REASONS[found.reason or "no_cases"]
    parts = [_STATES[found.state], _so_far(found, target)]
    if found.expected is None:
        parts.append(
            ("With a target of 100%, one failure is enough.", "Avec une cible de 100 %, un seul manquement suffit.")
        )
    else:
        parts.append(_to_come(found, found.expected))
    return " ".join(en for en, _ in parts), " ".join(fr for _, fr in parts)


def _so_far(found: Outlook, target: float | None) -> Words:
    goal = percent(Fraction(str(target)))
    return (
        f"In {found.year} so far, {found.met} of {found.total} cases met the standard; the target is {goal[0]}.",
        f"En {found.year} jusqu'ici, {found.met} cas sur {found.total} ont respecté la norme; la cible est de {goal[1]}.",
    )


def _to_come(found: Outlook, expected: Range) -> Words:
    if expected.high == 0:
        return "Nothing more is to come this year.", "Plus rien n'est à venir cet exercice."
    if found.state in {"secured", "unrecoverable"}:
        return (
            f"Still expected are about {expected.middle} cases, {expected.high} at the most.",
            f"On attend encore environ {expected.middle} cas, {expected.high} au plus.",
        )
    share, low, high = (percent(Fraction(each or 0)) for each in (found.share, *(found.interval or (0, 0))))
    english = (
        f"Still expected are about {expected.middle} cases ({expected.low} to {expected.high}), by which the year would come to "
        f"{share[0]} (95% interval {low[0]} to {high[0]}); {found.needed} of them have to meet the standard."
    )
    french = (
        f"On attend encore environ {expected.middle} cas ({expected.low} à {expected.high}), ce qui porterait l'exercice à "
        f"{share[1]} (intervalle à 95 % : {low[1]} à {high[1]}); {found.needed} d'entre eux doivent respecter la norme."
    )
    if not found.late:
        return english, french
    return (
        f"{english} {found.late} open cases are late already and cannot.",
        f"{french} {found.late} cas en cours sont déjà en retard et ne le peuvent plus.",
    )
