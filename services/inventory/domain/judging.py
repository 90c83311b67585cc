"""Two tools of the Guideline on Service Management: is it a service (appendix 1A), and is it a priority service (1B). Pure.

They decide nothing by themselves: they ask, say what the answers come to, and why. The rationale is the department's.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.contracts.reported.inventory import Priority
from shared.contracts.reported.inventory_codes import Criterion
from shared.language import Bilingual


def _text(en: str, fr: str) -> Bilingual:
    return Bilingual(en=en, fr=fr)


# All must be answered with yes.
QUESTIONS: Mapping[str, Bilingual] = {
    "final_output": _text(
        "Does it give a recipient a final output (a denial may be one)?",
        "Donne-t-il à un bénéficiaire un extrant final (un refus peut en être un)?",
    ),
    "repeated": _text("Is the output produced repeatedly?", "L'extrant est-il produit de façon répétée?"),
    "need": _text("Does it meet a need of the recipient?", "Répond-il à un besoin du bénéficiaire?"),
    "timeliness": _text(
        "Does it matter to that need how soon it is met?",
        "Le délai dans lequel on répond à ce besoin a-t-il de l'importance?",
    ),
    "recipients": _text("Are its recipients clearly defined?", "Ses bénéficiaires sont-ils clairement définis?"),
    "outcome": _text("Does it contribute by itself to an outcome?", "Contribue-t-il à lui seul à un résultat?"),
    "independent": _text("Is it independent of other services?", "Est-il indépendant des autres services?"),
    "channel": _text(
        "Is it delivered through a channel (internet, in person, mail, telephone)?",
        "Est-il fourni par un mode de prestation (Internet, en personne, poste, téléphone)?",
    ),
}


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether it is a service, or None while that is open; the questions that were answered with no, and those that are
    open.
    """

    is_service: bool | None
    against: tuple[str, ...]
    open: tuple[str, ...]

    @property
    def text(self) -> Bilingual:
        if self.against:
            return _text(
                "This is not a service by itself: each question must be answered with yes.",
                "Ce n'est pas un service à lui seul : il faut répondre oui à chaque question.",
            )
        if self.open:
            return _text("Answer every question to know.", "Répondez à chaque question pour le savoir.")
        return _text("This is a service; report it.", "C'est un service; déclarez-le.")


def is_a_service(answers: Mapping[str, bool]) -> Judgement:
    """Answers by question; one that is missing is open. One no is enough against it."""
    against = tuple(each for each in QUESTIONS if answers.get(each) is False)
    left = tuple(each for each in QUESTIONS if each not in answers)
    return Judgement(False if against else None if left else True, against, left)


# What the tool asks, rated high, medium or low; a high one speaks for the criterion it stands under, where the policy has one.
RATED: Mapping[str, tuple[Criterion | None, Bilingual]] = {
    "volume": ("volume", _text("How high is its volume?", "Quel est son volume?")),
    "mandate": (None, _text("How central is it to the mandate?", "Quelle place tient-il dans le mandat?")),
    "government_priority": (
        None,
        _text(
            "How much does it serve a priority of the government?",
            "Dans quelle mesure sert-il une priorité du gouvernement?",
        ),
    ),
}
RATINGS: Mapping[str, Bilingual] = {
    "high": _text("high", "élevé"), "medium": _text("medium", "moyen"), "low": _text("low", "faible"),
}  # fmt: skip
# What it asks to be answered with yes or no; each yes speaks for its criterion.
ASPECTS: Mapping[str, tuple[Criterion | None, Bilingual]] = {
    "entitlement": (
        "importance", _text("Is it an entitlement or a benefit?", "Est-ce un droit ou une prestation?"),
    ),
    "permission": (
        "importance", _text("Is it a permit or an authorization?", "Est-ce un permis ou une autorisation?"),
    ),
    "fee": ("importance", _text("Do clients pay a fee for it?", "Les clients paient-ils des frais pour l'obtenir?")),
    "mission_critical": (
        "importance",
        _text("Is it mission-critical or an essential service?", "Est-il critique pour la mission ou essentiel?"),
    ),
    "authentication": (
        "sensitivity",
        _text(
            "Must clients be authenticated, or is sensitive information handled?",
            "Faut-il authentifier les clients, ou traite-t-on des renseignements de nature délicate?",
        ),
    ),
    "cost_benefit": (
        "cost_benefit",
        _text(
            "Would improving it give more than it costs?", "L'améliorer rapporterait-il plus que ce que cela coûte?",
        ),
    ),
    "affordability": ("affordability", _text("Can it be improved affordably?", "Peut-on l'améliorer à un coût abordable?")),
}  # fmt: skip
CRITERIA: Mapping[Criterion, Bilingual] = {
    "volume": _text("volume", "volume"),
    "importance": _text("importance to clients", "importance pour les clients"),
    "sensitivity": _text(
        "sensitive personal or commercial information", "renseignements personnels ou commerciaux de nature délicate"
    ),
    "cost_benefit": _text("cost-benefit", "rapport coûts-avantages"),
    "affordability": _text("affordability", "rentabilité"),
}


def propose_priority(yes: frozenset[str], ratings: Mapping[str, str], rationale: Bilingual | None) -> Priority:
    """The designation that the answers speak for: by at least one of the policy's criteria. To be decided by a person."""
    criteria = {ASPECTS[each][0] for each in yes & ASPECTS.keys()}
    criteria |= {RATED[each][0] for each, rating in ratings.items() if each in RATED and rating == "high"}
    met = tuple(each for each in CRITERIA if each in criteria)
    return Priority(designated=bool(met), criteria=met, rationale=rationale)
