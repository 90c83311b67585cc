"""The words by which a sentence states a time limit, what it runs from and to, or gives reason to doubt it.

Lower case, apostrophes and spaces made plain. Collected from the 2,343 standards of the 2023-2024 GC Service Inventory.
"""

import re
from typing import Final

from shared.language import Bilingual
from shared.measures.numbers import NUMBERS

NO_LIMIT: Final = Bilingual(
    en="Neither text states a time limit.",
    fr="Aucun des deux textes n'énonce de délai.",
)
DISAGREE: Final = Bilingual(
    en="The English and French texts differ on the time limit, its start or its end.",
    fr="Les textes anglais et français diffèrent sur le délai, son début ou sa fin.",
)
ONLY_ENGLISH: Final = Bilingual(
    en="Read from the English text; the French text states no time limit.",
    fr="Lu dans le texte anglais ; le texte français n'énonce pas de délai.",
)
ONLY_FRENCH: Final = Bilingual(
    en="Read from the French text; the English text states no time limit.",
    fr="Lu dans le texte français ; le texte anglais n'énonce pas de délai.",
)
SEVERAL: Final = Bilingual(
    en="The text states several time limits, or a range.",
    fr="Le texte énonce plusieurs délais ou un intervalle.",
)
UNIT: Final = Bilingual(
    en="The time limit is in a unit which is not counted, such as seconds or business hours.",
    fr="Le délai est dans une unité qui ne se compte pas, comme les secondes ou les heures ouvrables.",
)
OTHER_START: Final = Bilingual(
    en="The time limit seems to run from something else than an application.",
    fr="Le délai semble courir à partir d'autre chose qu'une demande.",
)
PAYMENT: Final = Bilingual(
    en="A time limit for a payment, which does not say what it runs from.",
    fr="Un délai de paiement qui ne dit pas à partir de quand il court.",
)


def _beginnings(words: str) -> re.Pattern[str]:
    """Matches any word that begins like one of these; `_` stands for a space."""
    return re.compile(rf"\b(?:{'|'.join(words.split())})".replace("_", " "))


# What makes a text no application's clock, or an uncertain one.
DOUBTS: Final = (
    (
        Bilingual(en="The text speaks of an average.", fr="Le texte parle d'une moyenne."),
        _beginnings(r"average mean\b median moyen médian"),
    ),
    (
        Bilingual(en="The time limit is not firm.", fr="Le délai n'est pas ferme."),
        _beginnings(
            r"""
            usual generally normally typical approximat about_\d around_\d estimated varies\b negotiat agreed
            scheduled payment_schedule at_least minimum (?:day|week|month|hour)s_or_more
            same_(?:business_|working_)?day as_soon_as_possible habituel généralement normalement environ\b estimé
            varie\b varient\b négoci convenu calendrier_(?:établi|de_paiement) échéancier au_moins
            (?:jour|semaine|mois|heure|ouvrable|civil)s?_ou_plus dès_que_possible même_jour
            """
        ),
    ),
    (
        Bilingual(en="The time limit is that of a first step.", fr="Le délai est celui d'une première étape."),
        _beginnings(
            r"""
            (?:initial|preliminary|first)_(?:review|assess|response|reply|office|contact|draft) interim
            subsequent_office (?:première|premier)_(?:action|réponse|contact|examen)
            (?:examen|évaluation|réponse)_(?:initial|prélimin)
            """
        ),
    ),
    (
        Bilingual(en="The text speaks of accuracy.", fr="Le texte parle d'exactitude."),
        _beginnings(r"accura inaccura error quality exact inexact erreur qualité"),
    ),
    (
        Bilingual(en="The text speaks of access or waiting.", fr="Le texte parle d'accès ou d'attente."),
        _beginnings(
            r"""
            calls?\b call-?back caller phone telephone voice_?mail chats?\b live_agent wait queue availab unavailab
            uptime 24/7 pages?\b website portal appels?\b appelant téléphon messages?_vocaux clavardage attente
            disponib indisponib site_web portail
            """
        ),
    ),
    (
        Bilingual(en="The text speaks of an acknowledgement.", fr="Le texte parle d'un accusé de réception."),
        _beginnings(r"ackno accus[eé]"),
    ),
    (
        Bilingual(
            en="The text speaks of a task that recurs or is done in advance.",
            fr="Le texte parle d'une tâche périodique ou faite à l'avance.",
        ),
        _beginnings(
            r"""
            daily weekly monthly quarterly annual in_advance prior_to before\b quotidien hebdomadaire mensuel
            trimestriel annuel à_l'avance avant\b
            """
        ),
    ),
)

COMPLETE: Final = {
    "en": _beginnings(
        r"""
        (?:complete|completed|perfected|fully_documented)(?:_[\w'-]+){0,4}_(?:application|request|file|form|package)
        (?:complete|completed|perfected|fully_documented)(?:_[\w'-]+){0,4}_(?:submission|proposal|claim|document)
        (?:complete|completed)(?:_[\w'-]+){0,4}_(?:information|dossier)
        (?:deemed|considered|is|are|been)_complete\b filing_requirements
        all_(?:of_)?(?:the_|its_)?(?:required|requisite|necessary|requested|relevant|supporting)\b
        """
    ),
    "fr": _beginnings(
        r"""
        (?:demande|dossier|formulaire|documentation|trousse)s?(?:_[\w'-]+){0,6}_(?:compl[eèé]t|remplie?s?\b|documenté)
        (?:soumission|proposition|réclamation|renseignement)s?(?:_[\w'-]+){0,6}_(?:compl[eèé]t|remplie?s?\b|documenté)
        (?:information|document)s?(?:_[\w'-]+){0,6}_(?:compl[eèé]t|remplie?s?\b)
        tous_les_(?:documents|renseignements) toutes_les_(?:pièces|informations|données) l'ensemble_des
        toute_(?:la_documentation|l'information) (?:exigences|conditions)_de_dépôt
        """
    ),
}
DECIDED: Final = {
    "en": _beginnings("decid decis determin ruling approv reject notif review assess"),
    "fr": _beginnings(r"décisi décid approbation approuv rejet avis\b avise exam[ie]n évalu refus"),
}
ISSUED: Final = {
    "en": _beginnings("(?:re-?)?issu(?:e|ing|ance) deliver pay paid sen[dt] mailed mailing ship reimburs"),
    "fr": _beginnings("d[ée]liv émi[st] émett émission vers[eé] paie pay[eé] livr envo expédi rembours octro"),
}
PAID: Final = _beginnings("pay paid reimburs vers[eé] paie rembours")

# Where a limit runs from: what follows one of these words must be the arrival of an application, and nothing else.
FROM_BEFORE: Final = {
    "en": _beginnings(r"(?:once|after|following|upon|when|between)\b"),
    "fr": _beginnings(r"(?:une_fois|après|à_la_suite|suite_à|dès|lorsque|entre)\b"),
}
FROM_AFTER: Final = {
    "en": re.compile(r"^ ?(?:of|on)\b|\b(?:from|after|following|upon|once|since|when|between)\b"),
    "fr": re.compile(
        r"^ ?(?:de|du|des|d')\b|\b(?:suiv\w+|après|à compter|à partir|dès|depuis|une fois|lorsque|entre|suite à)\b"
    ),
}
ARRIVAL: Final = {
    "en": _beginnings(r"rece[ip] submi appl[iy] request fil(?:e|ed|ing)\b claim inquir enquir order\b"),
    "fr": _beginnings("r[ée]cept reç soumi demande dépôt dossier présent réclam commande"),
}
ELSEWHERE: Final = {
    "en": _beginnings(
        r"""
        decision decid approv hearing deadline clos accept notif review agreement interview inspect assess granted
        granting assign confirm eligib sign referral expir period event respon report comment sample payment
        """
    ),
    "fr": _beginnings(
        r"""
        décision décid approb approuv audience date_limite clôture accept avis examen entente accord entrevue
        inspect évalu octro attribu confirm admissib sign renvoi échéance période répon rapport commentaire
        échantillon paiement
        """
    ),
}

_NUMBER: Final = r"\d{1,4}|" + "|".join(sorted(NUMBERS, key=len, reverse=True)).replace("-", "[- ]")
_COUNT: Final = (
    rf"(?<!\w)(?<!\d[.,])(?P<n>{_NUMBER})(?: ?\( ?(?P<again>{_NUMBER}) ?\))?"
    rf"(?: ?(?:-|–|/|to|or|and|à|ou|et) ?(?P<upto>{_NUMBER})(?: ?\(\w+\))?)?"
)
DURATION: Final = {
    "en": re.compile(
        rf"{_COUNT}[ -]?(?:(?P<kind>business|working|work|calendar|civil|consecutive|workable|clear)[ -])?"
        r"(?P<unit>day|week|month|hour|hr|minute|min|second)s?\b"
    ),
    "fr": re.compile(
        rf"{_COUNT} ?(?P<unit>jour|journée|semaine|mois|heure|minute|seconde)s?\b"
        r"(?:[ -](?P<kind>ouvrable|ouvré|de travail|civil|calendaire|calendrier|traitable|franc))?"
    ),
}
BUSINESS: Final = frozenset({"business", "working", "work", "ouvrable", "ouvré", "de travail"})
UNCOUNTED: Final = frozenset({"workable", "clear", "traitable", "franc"})
UNITS: Final = {
    "day": "P{}D", "jour": "P{}D", "journée": "P{}D", "week": "P{}W", "semaine": "P{}W",
    "month": "P{}M", "mois": "P{}M",
    "hour": "PT{}H", "hr": "PT{}H", "heure": "PT{}H", "minute": "PT{}M", "min": "PT{}M",
}  # fmt: skip
PLAINER: Final = (
    (r"[’`´]", "'"),
    (r"~ ?(?=\d)", "about "),
    (r"[\s\u00a0\u202f]+", " "),
    (r"\(s\)", "s"),
    (r"\d+(?:[.,]\d+)? ?% (?:of the time|du temps)|\((?:wd|jo)\)", ""),
    (
        r"(?:by|before) (?:the )?(?:end of )?(?:the )?(?:next|following) (?:business|working) day",
        "within 1 business day",
    ),
    (r"(?:avant|d'ici) la fin du (?:prochain jour ouvrable|jour ouvrable suivant)", "dans 1 jour ouvrable"),
)
