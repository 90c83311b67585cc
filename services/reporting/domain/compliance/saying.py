"""What there is to say beside the numbers, requirement by requirement."""

from collections.abc import Sequence
from datetime import date
from fractions import Fraction

from services.reporting.domain.compliance.answering import Timeliness
from services.reporting.domain.compliance.facts import Record
from services.reporting.domain.compliance.online import Proportion
from services.reporting.domain.compliance.settings import Settings
from services.reporting.domain.compliance.verdict import Outcome, State, Unit, Words
from services.reporting.domain.compliance.words import NEVER_REPORTED, listed

_PARTS: dict[str, Words] = {
    "objectives": ("annual objectives and results", "objectifs et résultats annuels"),
    "governance": ("governance", "gouvernance"),
    "risks": ("risks and their mitigation", "risques et leur atténuation"),
    "priorities": ("priorities, plans and targets", "priorités, plans et cibles"),
    "alignment": (
        "alignment with the Government of Canada service direction",
        "harmonisation avec l'orientation des services du gouvernement du Canada",
    ),
    "years": ("more than one year", "plus d'un an"),
    "progress": ("the annual measurement of progress", "l'évaluation annuelle des progrès"),
    "awareness": ("awareness", "sensibilisation"),
    "how_to": ("guidance to clients", "conseils aux clients"),
    "measurement": ("a plan to measure it", "un plan de mesure"),
}


def _lacking(names: Sequence[str]) -> list[Words]:
    if not names:
        return []
    english, french = (", ".join(_PARTS[name][at] for name in names) for at in (0, 1))
    return [(f"It lacks: {english}.", f"Il y manque : {french}.")]


def percent(share: Fraction | None) -> Words:
    """A share to a tenth of a per cent, in each language; only all is 100 %, only none is 0 %."""
    if share is None:
        return "no data", "aucune donnée"
    tenths = int(share) * 1000 if share in {0, 1} else min(max(round(share * 1000), 1), 999)
    return f"{tenths // 10}.{tenths % 10}%", f"{tenths // 10},{tenths % 10} %"


def about_learning(units: Sequence[Unit], settings: Settings) -> list[Words]:
    if not units:
        return [
            ("No service provider was ever reported.", "Aucun fournisseur de services n'a jamais été déclaré."),
        ]
    return [
        (
            f"Both subjects are to be offered within {settings.commencement_days} days of the commencement of employment, and every {settings.learning_days} days.",
            f"Les deux sujets doivent être offerts dans les {settings.commencement_days} jours de l'entrée en fonction, puis tous les {settings.learning_days} jours.",
        )
    ]


def about_timeliness(found: Timeliness, settings: Settings) -> Words:
    if found.outcome == "unknown":
        return (
            "No service issue was due in the last year: whether they are addressed in time is not known.",
            "Aucun problème de service n'était à régler dans la dernière année : on ignore s'ils le sont à temps.",
        )
    whose = (
        ("the department's own time", "le délai du ministère")
        if found.own
        else (f"{settings.resolve_days} days, as the department set no time", f"{settings.resolve_days} jours, le ministère n'ayant pas fixé de délai")
    )  # fmt: skip
    verb = ("enough", "ce qui suffit") if found.outcome == "met" else ("too few", "ce qui est trop peu")
    return (
        f"In the last year {found.settled} of {found.due} service issues were settled in time ({whose[0]}): {verb[0]}.",
        f"Dans la dernière année, {found.settled} problèmes de service sur {found.due} ont été réglés à temps ({whose[1]}) : {verb[1]}.",
    )


def about_strategy(outcome: Outcome, found: Record | None, lacking: Sequence[str], due: date | None) -> list[Words]:
    if found is None:
        return [NEVER_REPORTED]
    if outcome == "failed":
        return [(f"The last strategy ended on {due}.", f"La dernière stratégie a pris fin le {due}.")]
    period = found.fields.get("from"), found.fields.get("to")
    holds = (
        f"The strategy of {period[0]} to {period[1]} holds.",
        f"La stratégie du {period[0]} au {period[1]} est en vigueur.",
    )
    return [holds, *_lacking(lacking)]


def about_engagement(outcome: Outcome, found: Record | None, lacking: Sequence[str], *, known: bool) -> list[Words]:
    if outcome == "unknown" and known:
        return [("No service is an e-service.", "Aucun service n'est un service électronique.")]
    if found is None:
        return [NEVER_REPORTED]
    if outcome == "failed":
        end = found.fields.get("to")
        return [(f"The last approach ended on {end}.", f"La dernière approche a pris fin le {end}.")]
    return [(f"The approach of {found.on} holds.", f"L'approche du {found.on} est en vigueur."), *_lacking(lacking)]


def about_reviews(units: Sequence[Unit], settings: Settings) -> list[Words]:
    if not units:
        return []
    unknown = [unit for unit in units if unit.outcome == "unknown"]
    first_due = min((unit.due_on for unit in unknown if unit.due_on), default=None)
    never = (
        f"Of {len(unknown)} no review was ever reported; the first is due by {first_due}.",
        f"De {len(unknown)}, aucun examen n'a jamais été déclaré; le premier est dû au plus tard le {first_due}.",
    )
    return [
        (
            f"A review is to be less than {settings.review_years} years old, and what it recommends decided.",
            f"Un examen doit dater de moins de {settings.review_years} ans, et ses recommandations être tranchées.",
        ),
        *([never] if unknown else []),
        *listed("Too old, or never reviewed", "Trop ancien, ou jamais fait", _named(units, "failed")),
        *listed("An area or a decision is missing", "Il manque un volet ou une décision", _named(units, "partial")),
    ]


def about_publication(units: Sequence[Unit], settings: Settings) -> list[Words]:
    if not units:
        return []
    unknown = len(_named(units, "unknown"))
    never = (
        f"Of {unknown} nothing published was ever reported.",
        f"De {unknown}, aucune publication n'a jamais été déclarée.",
    )
    return [
        *([never] if unknown else []),
        *listed("A part of it is published", "Publié en partie", _named(units, "partial")),
        *listed(
            f"No standard, or information older than {settings.freshness_percent}% of its cadence",
            f"Aucune norme, ou information plus ancienne que {settings.freshness_percent} % de sa cadence",
            _named(units, "failed"),
        ),
    ]


def _named(units: Sequence[Unit], outcome: Outcome) -> list[str]:
    return [unit.name for unit in units if unit.outcome == outcome]


def about_mandatory(units: Sequence[Unit], on_list: Sequence[Record]) -> list[Words]:
    if not on_list:
        return [("No list of mandatory services is known.", "Aucune liste de services obligatoires n'est connue.")]
    return listed("Not adopted", "Non adoptés", _named(units, "failed"))


def baseline(year: str) -> Words:
    return (
        f"{year} is the baseline; the first increase is judged in 2017-2018.",
        f"{year} est l'année de référence; la première augmentation est jugée en 2017-2018.",
    )


def no_year_before(year: str) -> Words:
    return (
        f"There is no inventory of the year before {year} to compare with.",
        f"Il n'y a pas de répertoire de l'exercice précédant {year} à comparer.",
    )


def about_growth(new: Proportion, old: Proportion, cohort: tuple[int, int, int]) -> list[Words]:
    """The two proportions, of the same services in both years too, and the average share of interaction points online."""
    (en_new, fr_new), (en_old, fr_old) = percent(new.least), percent(old.least)
    both, before, now = cohort
    (en_mean, fr_mean), (en_was, fr_was) = percent(new.points_online), percent(old.points_online)
    return [
        (
            f"E-services in {new.year}: {new.yes} of {new.total} ({en_new}); in {old.year}: {old.yes} of {old.total} ({en_old}).",
            f"Services électroniques en {new.year} : {new.yes} sur {new.total} ({fr_new}); en {old.year} : {old.yes} sur {old.total} ({fr_old}).",
        ),
        (
            f"Of the {both} services in both years: {now}, and {before} before. Average share online: {en_mean}, and {en_was} before.",
            f"Des {both} services présents aux deux exercices : {now}, contre {before} auparavant. Part moyenne en ligne : {fr_mean}, contre {fr_was} auparavant.",
        ),
        *_unknown(new, old),
    ]


def _unknown(new: Proportion, old: Proportion) -> list[Words]:
    if not new.unknown + old.unknown:
        return []
    return [
        (
            f"Interaction points not known: {new.unknown} services in {new.year}, {old.unknown} in {old.year}; taken either way.",
            f"Points d'interaction inconnus : {new.unknown} services en {new.year}, {old.unknown} en {old.year}; comptés dans les deux sens.",
        )
    ]


def about_assessment(last: Record | None, outcome: Outcome, due: date, findings: int, acted: int) -> list[Words]:
    if last is None:
        return [("No assessment was ever reported.", "Aucune évaluation n'a jamais été déclarée.")]
    said = (
        f"The last assessment was completed on {last.on}; the next is due by {due}.",
        f"La dernière évaluation s'est terminée le {last.on}; la prochaine est due au plus tard le {due}.",
    )
    actions = (
        f"A corrective action is recorded for {acted} of {findings} findings of non-compliance.",
        f"Une mesure corrective est consignée pour {acted} des {findings} constats de non-conformité.",
    )
    return [said, actions] if findings and outcome != "failed" else [said]


def about_steps(units: Sequence[Unit], nothing: State) -> list[Words]:
    """How many findings were answered, or why there is nothing to answer: `nothing` is the state where there is none."""
    if units:
        return [_answered(units)]
    if nothing == "not_applicable":
        return [("There is no finding of non-compliance.", "Il n'y a aucun constat de non-conformité.")]
    return [
        (
            "There is no finding of non-compliance among what is known, and not everything is known.",
            "Il n'y a aucun constat de non-conformité dans ce qui est connu, et tout n'est pas connu.",
        )
    ]


def _answered(units: Sequence[Unit]) -> Words:
    met = sum(unit.outcome == "met" for unit in units)
    if any(unit.outcome != "unknown" for unit in units):
        return (
            f"Findings of non-compliance for which a step or an action is recorded: {met} of {len(units)}.",
            f"Constats de non-conformité pour lesquels une étape ou une mesure est consignée : {met} sur {len(units)}.",
        )
    return (
        "No step or action of this kind was ever recorded of the organisation.",
        "Aucune étape ni mesure de ce genre n'a jamais été consignée au sujet de l'organisation.",
    )
