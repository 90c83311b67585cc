"""What the policies leave open: each number with its default and its reason, so that it can be changed openly."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

from shared.language import Bilingual


@dataclass(frozen=True, slots=True)
class Settings:
    """Whole numbers all; the unit is in the name."""

    annual_days: int = 366
    first_due_years: int = 1
    review_years: int = 5
    learning_days: int = 366
    commencement_days: int = 30
    resolve_days: int = 30
    resolve_target_percent: int = 80
    strategy_years: int = 2
    freshness_percent: int = 150
    status_cadence_minutes: int = 1440
    authentication_by_interaction_point: int = 1


def _reason(en: str, fr: str) -> Bilingual:
    return Bilingual(en=en, fr=fr)


REASONS: Mapping[str, Bilingual] = {
    "annual_days": _reason(
        "Annually: once in a fiscal year, and never more than a year, a leap day included, after the last time; the policy gives no number of days.",
        "Annuellement : une fois par exercice, et jamais plus d'un an, jour bissextile compris, après la dernière fois; la politique ne donne aucun nombre de jours.",
    ),
    "first_due_years": _reason(
        "What is to be done annually is first due a year after its requirement comes into force.",
        "Ce qui est à faire annuellement est dû pour la première fois un an après l'entrée en vigueur de l'exigence.",
    ),
    "review_years": _reason(
        "Regularly: at least every five years, as the Directive on Service and Digital, 4.6.7, says it since; the policy of 2014 gives no interval.",
        "Régulièrement : au moins tous les cinq ans, comme le dit depuis la Directive sur les services et le numérique, 4.6.7; la politique de 2014 ne fixe aucun intervalle.",
    ),
    "learning_days": _reason(
        "Learning opportunities on a regular basis: both subjects within a year, a leap day included.",
        "Possibilités d'apprentissage à intervalles réguliers : les deux sujets en un an, jour bissextile compris.",
    ),
    "commencement_days": _reason(
        "At the commencement of employment: within 30 days of it; whoever was there when the policy came into force, within its first year.",
        "À l'entrée en fonction : dans les 30 jours; pour qui était en poste à l'entrée en vigueur de la politique, dans la première année.",
    ),
    "resolve_days": _reason(
        "In a timely manner, where the department set no time of its own: 30 calendar days, the Canada Revenue Agency's published norm for service complaints.",
        "En temps opportun, si le ministère n'a pas fixé son propre délai : 30 jours civils, la norme publiée de l'Agence du revenu du Canada pour les plaintes liées au service.",
    ),
    "resolve_target_percent": _reason(
        "How many cases in a hundred are to be settled in time, where the department set no target: 80, the same agency's.",
        "Combien de cas sur cent doivent être réglés à temps, si le ministère n'a pas fixé de cible : 80, celle de la même agence.",
    ),
    "strategy_years": _reason(
        "Multi-year: two years or more (Guideline on Service Management, 2.5).",
        "Pluriannuelle : deux ans ou plus (Ligne directrice sur la gestion des services, 2.5).",
    ),
    "freshness_percent": _reason(
        "Real time: no older than its declared cadence and half of it again, so that one late update is no failure.",
        "En temps réel : pas plus ancien que la cadence déclarée et la moitié en plus, pour qu'une mise à jour tardive ne soit pas un manquement.",
    ),
    "status_cadence_minutes": _reason(
        "Real-time application status: a change is visible within 24 hours (timed updates; near real time would be 15 minutes).",
        "État de la demande en temps réel : un changement est visible en 24 heures (mises à jour cadencées; le quasi-temps réel serait de 15 minutes).",
    ),
    "authentication_by_interaction_point": _reason(
        "Where a service does not say whether its clients must authenticate, its authentication interaction point does: Y or N, needed; NA, not. 0: not known.",
        "Si un service ne dit pas si ses clients doivent s'authentifier, son point d'interaction « authentification » le dit : Y ou N, nécessaire; NA, non. 0 : inconnu.",
    ),
}
_MOST, _MOST_YEARS = 100_000, 100


def changed(settings: Settings, changes: Mapping[str, int]) -> Settings:
    """Settings with some of them changed. Raises ValueError, in both languages, for a name or a number that cannot be."""
    known = [each.name for each in fields(Settings)]
    for name, number in changes.items():
        if name not in known:
            raise ValueError(f"the settings are {', '.join(known)} | les paramètres sont {', '.join(known)}")
        most = _MOST_YEARS if name.endswith("_years") else _MOST
        if not 0 <= number <= most:
            raise ValueError(f"{name} is a number from 0 to {most} | {name} est un nombre de 0 à {most}")
    return replace(settings, **changes)
