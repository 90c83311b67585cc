"""What each requirement asks, in a phrase: of 2014 in the policy's own words, in both languages."""

from collections.abc import Mapping

from shared.language import Bilingual


def _title(en: str, fr: str) -> Bilingual:
    return Bilingual(en=en, fr=fr)


TITLES: Mapping[str, Bilingual] = {
    "7.1": _title(
        "A service inventory is developed and updated annually",
        "Un répertoire de services est établi et mis à jour annuellement",
    ),
    "7.2": _title(
        "Learning opportunities are offered to service providers, at the commencement of employment and on a regular basis",
        "Des possibilités d'apprentissage sont offertes aux fournisseurs de services, à l'entrée en fonction, puis à intervalles réguliers",
    ),
    "7.3": _title(
        "A mechanism to provide feedback and to address client service issues in a timely manner",
        "Un mécanisme permettant de recevoir une rétroaction et de régler en temps opportun les problèmes de services",
    ),
    "7.4": _title(
        "Priority services are reviewed regularly", "Les services prioritaires font régulièrement l'objet d'un examen"
    ),
    "7.5": _title(
        "A multi-year departmental service management strategy, whose progress is measured annually",
        "Une stratégie pluriannuelle de gestion des services ministériels, dont les progrès sont évalués annuellement",
    ),
    "7.6": _title(
        "A user engagement approach promotes awareness and uptake of e-services",
        "Une approche de mobilisation des utilisateurs fait connaître les services électroniques et en favorise l'utilisation",
    ),
    "7.7": _title(
        "Service standards and real-time service delivery performance information for priority services",
        "Des normes de service et de l'information sur le rendement en temps réel pour les services prioritaires",
    ),
    "7.8": _title(
        "Mandatory external and internal enterprise services are adopted where available",
        "Les services internes intégrés et externes obligatoires sont adoptés, là où ils sont disponibles",
    ),
    "7.9": _title(
        "The proportion of e-services is increased annually",
        "La proportion des services électroniques augmente chaque année",
    ),
    "7.10": _title(
        "Priority authenticated external services are e-enabled, with real-time application status",
        "L'authentification des services externes prioritaires se fait par voie électronique, avec un accès en temps réel à l'état de la demande",
    ),
    "8.1a": _title(
        "Compliance is monitored in the department, and corrective action taken",
        "La conformité est surveillée au ministère, et des mesures correctives sont prises",
    ),
    "8.1b": _title(
        "Reports and information are provided on request", "Les rapports et l'information demandés sont fournis"
    ),
    "8.2": _title(
        "The Secretariat oversees compliance and recommends corrective action",
        "Le Secrétariat surveille la conformité et recommande des mesures correctives",
    ),
    "9.1": _title(
        "The deputy head investigates and remedies non-compliance",
        "L'administrateur général enquête sur la non-conformité et y remédie",
    ),
    "9.2": _title(
        "The Secretary may request a review, an audit or corrective actions",
        "Le secrétaire peut demander un examen, une vérification ou des mesures correctives",
    ),
    "9.3": _title(
        "Measures may be recommended to the Treasury Board",
        "Des mesures peuvent être recommandées au Conseil du Trésor",
    ),
    "PSD-4.1.7": _title("An integrated plan of three years", "Un plan intégré de trois ans"),
    "PSD-4.1.11": _title(
        "Online end-to-end availability of services is maximized",
        "L'offre de services en ligne de bout en bout est maximisée",
    ),
    "PSD-4.1.12": _title(
        "The service inventory and its annual updates are approved",
        "Le répertoire de services et ses mises à jour annuelles sont approuvés",
    ),
    "PSD-4.1.13": _title(
        "Service standards, targets and performance information for all channels in use",
        "Normes de service, cibles et information sur le rendement pour tous les modes utilisés",
    ),
    "PSD-4.1.27": _title("Enterprise services are used", "Les services intégrés sont utilisés"),
    "PSD-4.1.33": _title("The workforce is capable of service", "L'effectif a les compétences en matière de service"),
    "PSD-4.1.37": _title(
        "Compliance is monitored and issues are remedied",
        "La conformité est surveillée et les problèmes sont corrigés",
    ),
    "PSD-4.3": _title(
        "The Secretariat monitors and recommends corrective action",
        "Le Secrétariat surveille et recommande des mesures correctives",
    ),
    "PSD-7.1": _title("Consequences of non-compliance", "Conséquences de la non-conformité"),
    "DSD-4.6.1": _title(
        "Client feedback is collected and used", "La rétroaction des clients est recueillie et utilisée"
    ),
    "DSD-4.6.2": _title(
        "New online services give real-time application status",
        "Les nouveaux services en ligne donnent l'état de demande en temps réel",
    ),
    "DSD-4.6.4": _title(
        "The service inventory is published on the open government portal",
        "Le répertoire de services est publié sur le portail du gouvernement ouvert",
    ),
    "DSD-4.6.6": _title(
        "Real-time performance information is on the web presence",
        "L'information sur le rendement en temps réel figure dans la présence Web",
    ),
    "DSD-4.6.7": _title(
        "Each service is reviewed at least once every five years",
        "Chaque service fait l'objet d'un examen au moins tous les cinq ans",
    ),
}
