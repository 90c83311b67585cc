"""The states of an application in plain words, in both languages: what happened, and what comes next."""

from shared.contracts.reported.status import ApplicationState, Outcome
from shared.language import Bilingual


def _text(en: str, fr: str) -> Bilingual:
    return Bilingual(en=en, fr=fr)


SUMMARY: dict[ApplicationState, Bilingual] = {
    "submitted": _text("We have received your application.", "Nous avons reçu votre demande."),
    "complete": _text("Your application is complete.", "Votre demande est complète."),
    "in_review": _text("Your application is being reviewed.", "Votre demande est à l'étude."),
    "information_requested": _text(
        "We need information from you.", "Nous avons besoin de renseignements de votre part."
    ),
    "information_received": _text(
        "We have received the information you sent.", "Nous avons reçu les renseignements envoyés."
    ),
    "decided": _text("A decision has been made.", "Une décision a été rendue."),
    "issued": _text("What you asked for has been issued.", "Ce que vous avez demandé a été délivré."),
    "closed": _text("Your application has been closed.", "Votre demande a été fermée."),
    "withdrawn": _text("Your application has been withdrawn.", "Votre demande a été retirée."),
    "reopened": _text("Your application has been reopened.", "Votre demande a été rouverte."),
}

NEXT: dict[ApplicationState, Bilingual] = {
    "submitted": _text("We check that it is complete.", "Nous vérifions qu'elle est complète."),
    "complete": _text("An officer will review it.", "Un agent l'étudiera."),
    "in_review": _text("You need do nothing; we will decide.", "Vous n'avez rien à faire; nous rendrons une décision."),
    "information_requested": _text(
        "Send what we asked for; until then, the time does not count.",
        "Envoyez ce qui vous est demandé; d'ici là, le délai ne court pas.",
    ),
    "information_received": _text("The review goes on.", "L'étude se poursuit."),
    "decided": _text("You will receive the decision.", "Vous recevrez la décision."),
    "issued": _text("Nothing more is to be done.", "Il n'y a plus rien à faire."),
    "closed": _text(
        "It was closed, which is not a decision; ask the department if you did not expect this.",
        "Elle est fermée, ce qui n'est pas une décision; en cas de doute, adressez-vous au ministère.",
    ),
    "withdrawn": _text("Nothing more is to be done.", "Il n'y a plus rien à faire."),
    "reopened": _text("The review goes on.", "L'étude se poursuit."),
}

CLOSED_AFTER_DECISION = _text(
    "A decision was made, and your application is closed.", "Une décision a été rendue; votre demande est fermée."
)
NOTHING_MORE = NEXT["issued"]

OUTCOME: dict[Outcome, Bilingual] = {
    "approved": _text("Approved", "Approuvée"),
    "refused": _text("Refused", "Refusée"),
    "partial": _text("Approved in part", "Approuvée en partie"),
    "other": _text("See the decision you received", "Voir la décision reçue"),
}


def summary(state: ApplicationState, *, decided: bool) -> Bilingual:
    """What happened, in plain words. Closed is not decided, unless a decision came before."""
    return CLOSED_AFTER_DECISION if state == "closed" and decided else SUMMARY[state]


def following(state: ApplicationState, *, decided: bool) -> Bilingual:
    """What comes next, and what is asked of the client."""
    return NOTHING_MORE if state == "closed" and decided else NEXT[state]
