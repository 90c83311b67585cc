"""The words by which a sentence states a time limit, what it runs from and to, or gives reason to doubt it.

Lower case, apostrophes and spaces made plain. Collected from the public inventories of 2018-2019, 2019-2020 and 2023-2024
(docs/measures.md).
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
ACCESS: Final = Bilingual(
    en="The text speaks of access or waiting.",
    fr="Le texte parle d'accès ou d'attente.",
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
    (UNIT, _beginnings(r"net_business_days (?:jours_)?ouvrables_nets")),
    (
        Bilingual(en="The text speaks of an average.", fr="Le texte parle d'une moyenne."),
        _beginnings(r"average mean\b median moyen médian"),
    ),
    (
        Bilingual(en="The time limit is not firm.", fr="Le délai n'est pas ferme."),
        _beginnings(
            r"""
            usual generally normally typical approximat about_\d around_\d estimated varies\b negotiat agreed
            no_service_standard scheduled payment_schedule at_least(?!_\d+_?%) minimum
            (?:day|week|month|hour)s_or_more same_(?:business_|working_)?day as_soon_as_possible
            habituel généralement normalement environ\b estimé varie\b varient\b négoci convenu
            calendrier_(?:établi|de_paiement) échéancier aucune_norme_de_service au_moins(?!_\d+_?%)
            (?:jour|semaine|mois|heure|ouvrable|civil)s?_ou_plus dès_que_possible même_jour
            """
        ),
    ),
    (
        Bilingual(en="The time limit is that of a first step.", fr="Le délai est celui d'une première étape."),
        _beginnings(
            r"""
            (?:initial|preliminary|first)_(?:review|assess|response|reply|office|contact|draft) interim
            subsequent_office draft schedule_(?:an?|the|client)\b assign(?:ed|ing)?_(?:to\b|an?\b) scheduling_a
            course_of_action certification_basis permission_has_been_given (?:to|will)_contact_ contacted next_steps
            path_forward receipt_confirmed forwarded designated_contact screen_ interview_stage of_completeness
            first_(?:action|call) is_admissible estimate_of_the_time estimation_du_temps
            complete_or_(?:incomplete|not)
            planification_d' planifier organisation_d'une_réunion aff?ectation_d'un_inspecteur affectant assignée?s?_à
            établissant_une_date (?:pour|de)_communiquer_avec_le prochaines_étapes base_de_certification
            exhaustivité_du_document (?:l'exhaustivité|lacunes)_ou première_mesure premier_appel examen_préalable
            est_(?:admissible|recevable) version_(?:préliminaire|provisoire) ébauche complète_ou_(?:incomplète|non)
            (?:première|premier)_(?:action|réponse|contact|examen) (?:examen|évaluation|réponse)_(?:initial|prélimin)
            """
        ),
    ),
    (
        Bilingual(en="The text speaks of accuracy.", fr="Le texte parle d'exactitude."),
        _beginnings(r"accura inaccura error quality exact inexact erreur qualité"),
    ),
    (
        ACCESS,
        _beginnings(
            r"""
            live_agent wait queue availab unavailab uptime clients?_(?:are_)?served 24/7 pages?\b website portal
            attente disponib indisponib clients?_(?:sont_|soient_)?servi site_web portail
            """
        ),
    ),
    (
        Bilingual(en="The text speaks of an acknowledgement.", fr="Le texte parle d'un accusé de réception."),
        _beginnings(
            r"""
            ackno confirm(?:ation|s)?_(?:of_)?(?:the_)?receipt (?:notification|complainants)_of_receipt
            accus[eé] confirm\w+_(?:de_)?(?:la_)?réception
            """
        ),
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

# A call that is answered in minutes is access; one that is answered in days is a request like any other.
VOICE: Final = _beginnings(
    r"""
    calls?\b call-?back caller phone telephone voice_?mail chats?\b appels?\b appelant téléphon messages?_vocaux
    clavardage
    """
)

_FILLED: Final = r"remplie?s?\b|compl[eè]t|complété\w*(?!\w|_en_|_dans_)"
COMPLETE: Final = {
    "en": _beginnings(
        r"""
        (?:complete|completed|perfected|fully_documented)(?:_[\w'-]+){0,4}_(?:application|request|file|form|package)
        (?:complete|completed|perfected|fully_documented)(?:_[\w'-]+){0,4}_(?:submission|proposal|claim|document)
        (?:complete|completed)(?:_[\w'-]+){0,4}_(?:information|dossier)
        (?:deemed|considered|documents_are)_complete\b filing_requirements application_duly_completed
        (?:application|request|submission|file|form|package)s?_(?:is|are)_complete\b documents_are_in_order
        applications_that_are_complete full_(?:application|proposal)
        all_(?:of_)?(?:the_|its_)?(?:required|requisite|necessary|requested|relevant|supporting|essential)\b
        all_(?:of_)?(?:the_)?(?:appropriate_)?(?:information|documents|documentation)\b
        in_compliance_with_(?:the_)?requirements
        """
    ),
    "fr": _beginnings(
        r"""
        (?:demande|dossier|formulaire|documentation|trousse)s?(?:_[\w'-]+){0,6}_(?:FILLED|documenté)
        (?:soumission|proposition|réclamation|renseignement)s?(?:_[\w'-]+){0,6}_(?:FILLED|documenté)
        (?:information|document)s?(?:_[\w'-]+){0,6}_(?:FILLED)
        tous_les_(?:documents|renseignements) toutes_les_(?:pièces|informations|données) l'ensemble_des
        documents_sont_en_(?:ordre|règle) toute_(?:la_documentation|l'information)
        (?:exigences|conditions)_(?:en_matière_)?de_dépôt conforme_(?:aux|avec_les)_exigences
        remplissant_les_conditions
        """.replace("FILLED", _FILLED)
    ),
}
DECIDED: Final = {
    "en": _beginnings("decid decis determin ruling approv reject notif review assess respon repl(?:y|ies) answer"),
    "fr": _beginnings(
        r"décisi décid approbation approuv rejet avis\b avise exam[ie]n évalu refus répon(?!dent_aux) répl"
    ),
}
ISSUED: Final = {
    "en": _beginnings(
        r"""
        (?:re-?)?issu(?:e|ing|ance) deliver(?!y_(?:standard|time)) pay paid sen[dt] mailed mailing ship
        reimburs(?!ement)
        """
    ),
    "fr": _beginnings(
        r"""
        d[ée]liv émi[st] émett émission vers[eé] paie pay[eé] livr envo expédi
        rembours(?!ement) octro attribu(?!tion)
        """
    ),
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
# What is said by the way, and where what a limit runs from ends.
ASIDE: Final = re.compile(
    r"\((?!(?:from|after|following|upon|once|since|between|de la|à|après|suivant|dès|une fois|entre)\b)[^()]*\)"
)
UNTIL: Final = re.compile(
    r",| jusqu'| (?:to the (?:date|day|time)|until|upon which|sur laquelle|if|provided|si|sous réserve)\b"
)
ARRIVAL: Final = {
    "en": _beginnings(
        r"rece[ip] submi appl[iy] request fil(?:e|ed|ing)\b claim inquir enquir order\b complain document"
    ),
    "fr": _beginnings(
        r"""
        r[ée]cept reç soumi demande dépôt dossier présent réclam commande plainte requête transm document renseignements
        """
    ),
}
ELSEWHERE: Final = {
    "en": _beginnings(
        r"""
        decision decid approv hearing deadline clos accept notif (?<!request_for_)review agreement contracts?\b
        interview inspect assess granted granting assign confirm eligib signing signature referral expir period event
        respon report comment feedback sample payment
        """
    ),
    "fr": _beginnings(
        r"""
        décision décid approb approuv audience date_limite clôture accept avis examen entente accord contrats?\b
        entrevue inspect évalu octro attribu confirm admissib signature renvoi échéance période répon rapport
        commentaire rétroaction échantillon paiement
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
# How a sentence is made plain: typography first, then phrases that would be taken for something else.
PLAINER: Final = (
    (r"[’`´]", "'"),
    (r"~ ?(?=\d)", "about "),
    (r"_x000d_", " "),
    (r"[\s\u00a0\u202f]+", " "),
    (r"complete and accurate|accurate and complete", "complete"),
    (r"(compl[eè]te?s?) et exacte?s?", r"\1"),
    (r"calls? for (?:proposals|applications)|appels? (?:de|à) (?:propositions|demandes|candidatures)", "competition"),
    (r"readily available|(?:facilement|immédiatement) disponibles?", "ready"),
    (r"(?<=documents are )available", "received"),
    (r"(?<=documents sont )disponibles|(?<=documents nécessaires sont )disponibles", "reçus"),
    (r"entrepôts? d'attente", "entrepôt"),
    (r"l'attente (?=de)|attente (?=des renseignements)", "retour "),
    (r",? including (?:the )?fees|,? y compris (?:le paiement d|l)es frais(?: e?xigés)?", ""),
    (r" et le paiement des frais(?: exigés)?", ""),
    (r"demandes? de (?:paiement|remboursement)", "réclamation"),
    (r"payment (?=claim|request)|(?<=claim) for payment|(?<=request) for payment", ""),
    (r"(?:établissement|fixation) (?:d'une|de la) date de dépôt", "émission d'une date de dépôt"),
    (r"(?<=ty) [–-] (?=\w)", "-"),
    (r"certificates? of approval|certificats? d'(?:agrément|approbation)", "certificate"),
    (
        r"((?:ém[ei]|envo)\w+ (?:d')?(?:un |votre |l')?)avis(?! de cotisation| de déc| de dét| d'appro| écrit)",
        r"\1papier",
    ),
    (r"\(s\)", "s"),
    (r"\d+(?:[.,]\d+)? ?% (?:of the time|du temps)|\((?:wd|jo)\)", ""),
    (
        r"(?:by|before) (?:the )?(?:end of )?(?:the )?(?:next|following) (?:business|working) day",
        "within 1 business day",
    ),
    (
        r"(?:(?:avant|d'ici|à) la fin d(?:u|e la)|au plus tard le) (?:prochain jour ouvrable|jour(?:née)? ouvrable suivante?)",
        "dans 1 jour ouvrable",
    ),
)
