"""What departments report, in words: each type, each attribute and each field of data, in English and in French.

The inventory's fields have the labels of the official schema (2025), their misprints mended.
"""

from collections.abc import Mapping

from shared.contracts.reported import stewardship_words

Words = tuple[str, str]  # English, French

# By the name of the contract: what an event of this type says; and more about it.
EVENTS: Mapping[str, tuple[Words, Words]] = {
    "ApplicationStatusReported": (
        ("An application reached a state", "Une demande a atteint un état"),
        (
            "Report each state an application reaches, late or out of order if you must: the result is the same.",
            "Déclarez chaque état qu'atteint une demande, en retard ou dans le désordre s'il le faut : le résultat est le même.",
        ),
    ),
    "ExceptionDayReported": (
        ("Offices were closed for a day", "Les bureaux ont été fermés une journée"),
        (
            "A day that is no business day of yours beside the holidays. It moves the due dates of what is open, never of what has ended.",
            "Un jour qui, outre les fériés, n'est pas un jour ouvrable chez vous. Il déplace les échéances de ce qui est ouvert, jamais de ce qui a pris fin.",
        ),
    ),
    "FeedbackReported": (
        ("A client gave feedback", "Un client a donné une rétroaction"),
        (
            "What a client said about a service: a compliment, a suggestion, a complaint or a service issue.",
            "Ce qu'un client a dit d'un service : un compliment, une suggestion, une plainte ou un problème de service.",
        ),
    ),
    "FeedbackHandlingReported": (
        ("A feedback case was handled", "Un cas de rétroaction a été traité"),
        ("What was done about a client's feedback.", "Ce qui a été fait de la rétroaction d'un client."),
    ),
    "ResolutionTimeReported": (
        ("In what time feedback is resolved", "Le délai dans lequel la rétroaction est réglée"),
        (
            "The time you set yourselves for one kind of feedback, from a day on. Until you do, two business days to acknowledge and 30 days to resolve stand.",
            "Le délai que vous vous donnez pour un genre de rétroaction, à compter d'un jour. D'ici là, deux jours ouvrables pour accuser réception et 30 jours pour régler s'appliquent.",
        ),
    ),
    "ImprovementReported": (
        ("A service was improved because of feedback", "Un service a été amélioré grâce à la rétroaction"),
        (
            "What you did, and the cases behind it: published as it is written, in both languages.",
            "Ce que vous avez fait, et les cas qui y ont mené : publié tel quel, dans les deux langues.",
        ),
    ),
    "ServiceReported": (
        ("A service, as described for a fiscal year", "Un service, tel que décrit pour un exercice"),
        (
            "The columns of the official inventory under their names. A volume is always said: a number, NA (not applicable), ND (no data) or null.",
            "Les colonnes du répertoire officiel sous leurs noms. Un volume est toujours indiqué : un nombre, NA (sans objet), ND (aucune donnée) ou null.",
        ),
    ),
    "ServiceStandardReported": (
        ("A service standard, as described for a fiscal year", "Une norme de service, telle que décrite pour un exercice"),
        (
            "The columns of the official inventory under their names, and how the standard is measured.",
            "Les colonnes du répertoire officiel sous leurs noms, et la façon de mesurer la norme.",
        ),
    ),
    "ServiceStandardResultReported": (
        ("A result that no application shows", "Un résultat qu'aucune demande ne montre"),
        (
            "Give met and total, or value and unit, for the days from and to, both included.",
            "Donnez met et total, ou value et unit, pour les jours from et to, tous deux compris.",
        ),
    ),
    "ServiceRetirementReported": (
        ("A service is offered no more", "Un service n'est plus offert"),
        (
            "From the day on. What the service was stays in the inventory, under its id.",
            "À compter du jour on. Ce que le service a été reste au répertoire, sous son identifiant.",
        ),
    ),
    "ServiceTransferReported": (
        ("A service is transferred to another organisation", "Un service est transféré à une autre organisation"),
        (
            "Its owner reports it; from the day on, the service is to_org's, under the same id.",
            "Son propriétaire le déclare; à compter du jour on, le service relève de to_org, sous le même identifiant.",
        ),
    ),
    "StewardshipReported": (
        ("A record of how services are managed", "Une consignation de la gestion des services"),
        (
            "One record, of the kind that kind names. Some kinds are for oversight alone. Nothing that was written freely, and no name of a person, is published.",
            "Une consignation, du genre que nomme kind. Certains genres sont réservés à la surveillance. Rien de ce qui est rédigé librement, ni aucun nom de personne, n'est publié.",
        ),
    ),
    "ReportCorrected": (
        ("A report is corrected or withdrawn", "Une déclaration est corrigée ou retirée"),
        (
            "data is what the corrected event ought to have said, whole; without it, that event is withdrawn. time is when the thing happened, as it ought to have been said; of a withdrawal, when it was withdrawn.",
            "data est ce que l'événement corrigé aurait dû dire, en entier; sans lui, cet événement est retiré. time est l'heure du fait, telle qu'elle aurait dû être déclarée; pour un retrait, celle du retrait.",
        ),
    ),
}  # fmt: skip

ATTRIBUTES: Mapping[str, Words] = {
    "specversion": ("the version of CloudEvents", "la version de CloudEvents"),
    "id": (
        "yours to choose, unique per source, remembered for 13 months",
        "à votre choix, unique par source, retenu 13 mois",
    ),
    "source": (
        "/organizations/<your number>, and behind it what you like, such as the name of a system",
        "/organizations/<votre numéro>, puis ce que vous voulez, comme le nom d'un système",
    ),
    "type": ("the type of the event", "le type de l'événement"),
    "time": (
        "when it happened, with a time zone; at most five minutes ahead of our clock",
        "quand le fait s'est produit, avec un fuseau horaire; au plus cinq minutes en avance sur notre horloge",
    ),
    "subject": ("the id of the thing", "l'identifiant de l'objet"),
    "datacontenttype": ("the data is JSON in UTF-8", "la donnée est en JSON, en UTF-8"),
    "data": ("what happened", "ce qui s'est produit"),
}

_LANGUAGES: Mapping[str, Words] = {"en": ("in English", "en anglais"), "fr": ("in French", "en français")}
_OF_ALL: Mapping[str, Words] = {
    "service_id": ("the service's id, as in the inventory", "l'identifiant du service, comme au répertoire"),
    "service_standard_id": (
        "the service standard's id, as in the inventory",
        "l'identifiant de la norme de service, comme au répertoire",
    ),
    "application_id": (
        "the application's id, unique within your organisation",
        "l'identifiant de la demande, unique dans votre organisation",
    ),
    "feedback_id": (
        "the feedback case's id, unique within your organisation",
        "l'identifiant du cas de rétroaction, unique dans votre organisation",
    ),
    "channel": ("the channel, by its official code", "le mode de prestation, par son code officiel"),
    "language": ("the client's language", "la langue du client"),
}
_OFFICIAL: Mapping[str, Words] = {
    "fiscal_year": ("Fiscal Year", "Exercice financier"),
    "service_name_en": ("Service Name (English)", "Nom du service (anglais)"),
    "service_name_fr": ("Service Name (French)", "Nom du service (français)"),
    "service_description_en": ("Service Description (English)", "Description du service (anglais)"),
    "service_description_fr": ("Service Description (French)", "Description du service (français)"),
    "service_type": ("Service Type", "Type de service"),
    "service_recipient_type": ("Service Recipient Type", "Type de bénéficiaire du service"),
    "service_scope": ("Service Scope", "Étendue du service"),
    "client_target_groups": ("Client/Target Groups", "Clients/groupes cibles"),
    "program_id": ("Program ID Code", "Code d'identification du programme"),
    "program_name_en": ("Program Name (English)", "Désignation du programme (anglais)"),
    "program_name_fr": ("Program Name (French)", "Désignation du programme (français)"),
    "client_feedback_channel": ("Client Feedback, by Channel", "Commentaires des clients, par canal"),
    "automated_decision_system": ("Automated Decision System", "Système décisionnel automatisé"),
    "automated_decision_system_description_en": (
        "Automated Decision System Description (English)",
        "Description du système décisionnel automatisé (anglais)",
    ),
    "automated_decision_system_description_fr": (
        "Automated Decision System Description (French)",
        "Description du système décisionnel automatisé (français)",
    ),
    "service_fee": ("Service Fees", "Frais de service"),
    "os_account_registration": (
        "Online Services: Account Registration/Enrollment",
        "Services en ligne : Enregistrement/inscription du compte",
    ),
    "os_authentication": ("Online Services: Authentication", "Services en ligne : Authentification"),
    "os_application": ("Online Services: Application", "Services en ligne : Demande"),
    "os_decision": ("Online Services: Decision", "Services en ligne : Décision"),
    "os_issuance": ("Online Services: Issuance", "Services en ligne : Émission"),
    "os_issue_resolution_feedback": (
        "Online Services: Issue Resolution and Feedback",
        "Services en ligne : Solution de problème et rétroaction",
    ),
    "os_comments_client_interaction_en": (
        "Comments on Online Services – Client Interaction Points (English)",
        "Commentaires sur les services électroniques – points d'interaction avec les clients (anglais)",
    ),
    "os_comments_client_interaction_fr": (
        "Comments on Online Services – Client Interaction Points (French)",
        "Commentaires sur les services électroniques – points d'interaction avec les clients (français)",
    ),
    "last_service_review": ("Year of last service review", "Année du dernier examen de service"),
    "last_service_improvement": (
        "Year of last service improvement based on client feedback",
        "Année de la dernière amélioration du service sur la base de la rétroaction du client",
    ),
    "sin_usage": ("Use of Social Insurance Number", "Utilisation du numéro d'assurance sociale (NAS)"),
    "cra_bn_identifier_usage": (
        "Use of CRA Business Number as Standard Identifier",
        "Utilisation du numéro d'entreprise de l'ARC en tant qu'identificateur standard",
    ),
    "num_phone_enquiries": (
        "Number of Telephone Enquiries Received",
        "Nombre de demandes de renseignements reçues par téléphone",
    ),
    "num_applications_by_phone": (
        "Number of Applications Submitted by Telephone",
        "Nombre de demandes soumises par téléphone",
    ),
    "num_website_visits": ("Number of Website Visits", "Nombre de visites sur le site Web"),
    "num_applications_online": ("Number of Applications Submitted Online", "Nombre de demandes soumises en ligne"),
    "num_applications_in_person": (
        "Number of Applications Submitted In-Person",
        "Nombre de demandes soumises en personne",
    ),
    "num_applications_by_mail": (
        "Number of Applications Submitted via Postal Mail",
        "Nombre de demandes soumises par la poste",
    ),
    "num_applications_by_email": (
        "Number of Applications Submitted by Email",
        "Nombre de demandes soumises par courriel",
    ),
    "num_applications_by_fax": ("Number of Applications Submitted by Fax", "Nombre de demandes soumises par fax"),
    "num_applications_by_other": (
        "Number of Applications Submitted via other channels",
        "Nombre de demandes soumises par les autres modes de prestation",
    ),
    "special_remarks_en": ("Special Remarks (English)", "Remarques spéciales (anglais)"),
    "special_remarks_fr": ("Special Remarks (French)", "Remarques spéciales (français)"),
    "service_uri_en": ("URL to Service (English)", "URL du service (anglais)"),
    "service_uri_fr": ("URL to Service (French)", "URL du service (français)"),
    "service_standard_en": ("Service Standard (English)", "Norme de service (anglais)"),
    "service_standard_fr": ("Service Standard (French)", "Norme de service (français)"),
    "type": ("Service Standard Type", "Type de norme de service"),
    "channel_comments_en": (
        "Comments on the service standard channel (English)",
        "Commentaires sur le mode de prestation de la norme de service (anglais)",
    ),
    "channel_comments_fr": (
        "Comments on the service standard channel (French)",
        "Commentaires sur le mode de prestation de la norme de service (français)",
    ),
    "target": ("Service Standard Target", "Cible de la norme de service"),
    "volume_meeting_target": (
        "Business Volume That Met Service Standard Target",
        "Volume d'activités qui respectent la norme de service",
    ),
    "total_volume": ("Total Volume", "Volumes totaux"),
    "comments_en": (
        "Comments on the service standard in general (English)",
        "Commentaires sur la norme de service en général (anglais)",
    ),
    "comments_fr": (
        "Comments on the service standard in general (French)",
        "Commentaires sur la norme de service en général (français)",
    ),
    "standards_targets_uri_en": (
        "URL to Service Standards and Targets (English)",
        "URL vers les normes de service et les cibles (anglais)",
    ),
    "standards_targets_uri_fr": (
        "URL to Service Standards and Targets (French)",
        "URL vers les normes de service et les cibles (français)",
    ),
    "performance_results_uri_en": (
        "URL to Real-Time Performance Results (English)",
        "URL aux résultats de rendement en temps réel (anglais)",
    ),
    "performance_results_uri_fr": (
        "URL to Real-Time Performance Results (French)",
        "URL aux résultats de rendement en temps réel (français)",
    ),
    "dialect": (
        "the official file a row was imported from; absent when you report by yourself",
        "le fichier officiel d'où une ligne a été importée; absent quand vous déclarez vous-même",
    ),
    "priority": (
        "whether you name it a priority service, by which criteria, and why",
        "si vous le désignez comme service prioritaire, selon quels critères, et pourquoi",
    ),
    "authentication": (
        "whether a client must prove who they are, and at which level of assurance",
        "si un client doit prouver son identité, et à quel niveau d'assurance",
    ),
    "authority": ("the authority for the service", "l'autorisation du service"),
    "harmonized_service_id": (
        "the id of the service that it is harmonised with",
        "l'identifiant du service avec lequel il est harmonisé",
    ),
    "harmonized_service_name_en": ("the name of that service (English)", "le nom de ce service (anglais)"),
    "harmonized_service_name_fr": ("the name of that service (French)", "le nom de ce service (français)"),
    "service_owner": ("the service owner", "le propriétaire du service"),
    "agreements": ("whether there are service agreements", "s'il existe des ententes de service"),
    "designations": ("special designations", "désignations spéciales"),
    "measure": ("how the standard is measured", "comment la norme est mesurée"),
    "older": ("what the collection of 2016-2020 asked besides", "ce que la collecte de 2016-2020 demandait en outre"),
}

# By the name of the contract or of its part.
FIELDS: Mapping[str, Mapping[str, Words]] = {
    "ApplicationStatusReported": {
        **_OF_ALL,
        "state": ("the state it reached", "l'état qu'elle a atteint"),
        "outcome": ("the decision, where there is one", "la décision, s'il y en a une"),
        "reason": ("why, for the client to read", "pourquoi, à l'intention du client"),
        "client_id": ("a pseudonym of the client, never a name", "un pseudonyme du client, jamais un nom"),
        "expected_at": ("when a decision is to be expected", "quand une décision est attendue"),
        "sequence": (
            "your own counter, which orders events of the same time",
            "votre propre compteur, qui ordonne les événements d'une même heure",
        ),
        "notify": ("whether the client may be notified of it", "si le client peut en être avisé"),
    },
    "ExceptionDayReported": {
        "day": ("the day on which offices were closed", "le jour où les bureaux ont été fermés"),
        "note": ("why, for everyone to read", "pourquoi, à l'intention de tous"),
        "calendar": (
            "the one calendar whose offices were closed; without it, all of yours",
            "le seul calendrier dont les bureaux ont été fermés; sans lui, tous les vôtres",
        ),
    },
    "FeedbackReported": {
        **_OF_ALL,
        "kind": ("what kind of feedback", "le genre de rétroaction"),
        "text": ("what the client wrote; kept sealed", "ce que le client a écrit; conservé sous scellé"),
        "rating": ("the client's rating, 1 to 5", "la note du client, de 1 à 5"),
        "drivers": ("ratings of what matters to clients, each 1 to 5", "notes sur ce qui importe aux clients, de 1 à 5"),
        "application_id": ("the application it is about", "la demande en cause"),
        "reply_wanted": ("whether the client wants a reply", "si le client souhaite une réponse"),
        "contact": (
            "where the client can be reached; kept sealed, and cases of the same contact are one person's",
            "où joindre le client; conservé sous scellé, et les cas ayant les mêmes coordonnées sont d'une même personne",
        ),
    },
    "FeedbackHandlingReported": {
        **_OF_ALL,
        "state": ("what was done", "ce qui a été fait"),
        "to": (
            "where it was redirected: decision, appeal or personnel, which are no feedback, or a place in words",
            "où il a été réacheminé : decision, appeal ou personnel, qui ne sont pas de la rétroaction, ou un lieu en mots",
        ),
        "resolution": ("what the client is told", "ce que le client apprend"),
    },
    "ResolutionTimeReported": {
        "kind": ("the kind of feedback", "le genre de rétroaction"),
        "acknowledge_within": ("the time to acknowledge, such as P2D", "le délai pour accuser réception, par exemple P2D"),
        "resolve_within": ("the time to resolve, such as P30D", "le délai pour régler, par exemple P30D"),
        "days": ("which days count", "quels jours comptent"),
        "calendar": ("whose holidays do not count", "de quel calendrier les fériés ne comptent pas"),
        "target": ("the share to be resolved in time, 0 to 1", "la part à régler dans le délai, de 0 à 1"),
        "from": ("the first day it holds", "le premier jour où il s'applique"),
    },
    "ImprovementReported": {
        **_OF_ALL,
        "improvement_id": (
            "the improvement's id, unique within your organisation",
            "l'identifiant de l'amélioration, unique dans votre organisation",
        ),
        "made_on": ("the day it was made", "le jour où elle a été faite"),
        "title": ("what became better, for everyone to read", "ce qui s'est amélioré, à l'intention de tous"),
        "feedback_ids": ("the cases behind it", "les cas qui y ont mené"),
        "url": ("where more is told of it", "où l'on en dit davantage"),
    },
    "ServiceReported": {**_OF_ALL, **_OFFICIAL},
    "ServiceStandardReported": {**_OFFICIAL, **_OF_ALL},
    "ServiceStandardResultReported": {
        **_OF_ALL,
        "from": ("the first day", "le premier jour"),
        "to": ("the last day, included", "le dernier jour, compris"),
        "met": ("outputs that met the standard", "les extrants qui respectent la norme"),
        "total": ("all outputs of these days", "tous les extrants de ces jours"),
        "value": ("the result, where it is no share", "le résultat, s'il n'est pas une proportion"),
        "unit": ("the unit of value", "l'unité de value"),
    },
    "ServiceRetirementReported": {
        **_OF_ALL,
        "on": ("the first day it is offered no more", "le premier jour où il n'est plus offert"),
    },
    "ServiceTransferReported": {
        **_OF_ALL,
        "on": ("the first day it is the other organisation's", "le premier jour où il relève de l'autre organisation"),
        "to_org": ("the number of the other organisation", "le numéro de l'autre organisation"),
    },
    **stewardship_words.FIELDS,
    "ReportCorrected": {
        "corrects": (
            "the id of an event of the same source that was accepted",
            "l'identifiant d'un événement accepté de la même source",
        ),
        "reason": ("why it is corrected", "pourquoi elle est corrigée"),
        "data": (
            "what the event ought to have said, whole; absent or null: withdrawn",
            "ce que l'événement aurait dû dire, en entier; absent ou null : retirée",
        ),
    },
    "Bilingual": _LANGUAGES,
    "Priority": {
        "designated": ("whether it is a priority service", "s'il s'agit d'un service prioritaire"),
        "criteria": ("by which criteria", "selon quels critères"),
        "rationale": ("why", "pourquoi"),
    },
    "Authentication": {
        "required": ("whether it is required", "si elle est exigée"),
        "level": ("the level of assurance, 1 to 4", "le niveau d'assurance, de 1 à 4"),
    },
    "OlderService": {
        "last_gba": ("fiscal year of the last gender-based analysis", "exercice de la dernière analyse comparative entre les sexes"),
        "ident_platform": ("platforms by which clients are identified", "plateformes d'identification des clients"),
        "info_service": ("whether it is an information service", "s'il s'agit d'un service d'information"),
        "service_channels": ("the channels of the service", "les modes de prestation du service"),
    },
    "OlderStandard": {
        "target_type": ("whether the target is a percentage", "si la cible est un pourcentage"),
        "service_std_target": ("the target as written, where it is no share", "la cible telle qu'écrite, si elle n'est pas une proportion"),
        "performance": ("the performance as written", "le rendement tel qu'écrit"),
        "gcss_tool_fiscal_yr": (
            "fiscal year of the last review with the GC Service Standard Assessment Tool",
            "exercice du dernier examen avec l'outil d'évaluation des normes relatives aux services du GC",
        ),
    },
    "Measure": {
        "limit": (
            "the time limit, an ISO 8601 duration of one part; business days only in days (P10D)",
            "le délai, une durée ISO 8601 d'une seule partie; les jours ouvrables seulement en jours (P10D)",
        ),
        "days": ("business days or calendar days", "jours ouvrables ou jours civils"),
        "starts": ("the state that starts the clock", "l'état qui lance l'horloge"),
        "ends": ("the state that stops the clock", "l'état qui arrête l'horloge"),
        "calendar": ("whose holidays count", "les jours fériés qui comptent"),
        "confirmed": ("false: only read from a sentence", "false : seulement lue dans une phrase"),
    },
}  # fmt: skip


def both(words: Words) -> str:
    """`English | Français`, as official titles are written."""
    return " | ".join(words)
