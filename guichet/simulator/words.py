"""What clients and departments write, in both languages. Nobody is named."""

from random import Random

from shared.contracts.reported.feedback import FeedbackKind
from shared.language import Language

REASONS = (
    ("The conditions of the program are not met.", "Les conditions du programme ne sont pas remplies."),
    ("A required document was not provided.", "Un document exigé n'a pas été fourni."),
    ("The request is not within this service's authority.", "La demande ne relève pas de ce service."),
    ("The application was received after the closing date.", "La demande a été reçue après la date limite."),
    ("The funds of this year are committed.", "Les fonds de l'exercice sont engagés."),
)
RESOLUTIONS = (
    ("The matter was explained and the file corrected.", "La question a été expliquée et le dossier corrigé."),
    ("An apology was offered and the request was completed.", "Des excuses ont été présentées et la demande traitée."),
    ("The web page was corrected.", "La page Web a été corrigée."),
    ("The suggestion will be part of the next service review.", "La suggestion fera partie du prochain examen."),
    (
        "The decision stands; the ways to appeal were explained.",
        "La décision est maintenue; les recours ont été expliqués.",
    ),
)
REDIRECTED_TO = (
    "provincial office / bureau provincial",
    "recourse directorate / direction des recours",
    "partner department / ministère partenaire",
)
_TEXTS: dict[FeedbackKind, dict[Language, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "compliment": {
        "en": (
            ("Thank you.", "Very good service.", "I was pleasantly surprised.", "Everything went well."),
            ("The answer came sooner than promised.", "The agent knew the file.", "The form was easy to fill in."),
        ),
        "fr": (
            ("Merci.", "Très bon service.", "J'ai été agréablement surpris.", "Tout s'est bien passé."),
            (
                "La réponse est venue plus tôt que promis.",
                "L'agent connaissait le dossier.",
                "Le formulaire est simple.",
            ),
        ),
    },
    "suggestion": {
        "en": (
            ("It would help to", "Please consider a way to", "Next time I would like to"),
            ("save a form and finish it later.", "send documents online.", "choose the time of a call."),
        ),
        "fr": (
            ("Il serait utile de pouvoir", "Prévoyez une façon de", "La prochaine fois, j'aimerais"),
            ("enregistrer le formulaire et le finir plus tard.", "envoyer des documents en ligne.", "choisir l'heure."),
        ),
    },
    "complaint": {
        "en": (
            ("I waited far too long.", "Nobody called back.", "I was sent from one office to another."),
            ("The date I was given has passed.", "Two answers contradicted each other.", "The reason was not clear."),
        ),
        "fr": (
            (
                "J'ai attendu beaucoup trop longtemps.",
                "Personne ne m'a rappelé.",
                "On m'a renvoyé d'un bureau à l'autre.",
            ),
            ("La date donnée est passée.", "Deux réponses se contredisaient.", "Le motif n'était pas clair."),
        ),
    },
    "issue": {
        "en": (
            ("The online form stopped.", "My address is wrong in the file.", "The letter did not arrive."),
            ("I tried twice.", "The page gave an error.", "Please tell me what to do."),
        ),
        "fr": (
            (
                "Le formulaire en ligne s'est arrêté.",
                "Mon adresse est erronée au dossier.",
                "La lettre n'est pas arrivée.",
            ),
            ("J'ai essayé deux fois.", "La page affichait une erreur.", "Dites-moi quoi faire."),
        ),
    },
}


def text(rng: Random, kind: FeedbackKind, language: Language) -> str:
    beginnings, ends = _TEXTS[kind][language]
    return f"{rng.choice(beginnings)} {rng.choice(ends)}"


def both(rng: Random, texts: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """One of the texts, as a bilingual text is sent."""
    return dict(zip(("en", "fr"), rng.choice(texts), strict=True))
