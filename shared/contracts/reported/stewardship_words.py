"""What departments report of how they manage their services, in words: each field of each kind, in English and in French."""

from collections.abc import Mapping

from shared.contracts.reported import inventory_stewardship as kinds

Words = tuple[str, str]  # English, French

_WORDS: Mapping[str, Words] = {
    "kind": ("what it is a record of", "ce que la déclaration consigne"),
    "documents": ("what shows that it is so", "ce qui en fait foi"),
    "on": ("the day it took effect", "le jour où c'est devenu effectif"),
    "from": ("the first day", "le premier jour"),
    "to": ("the last day, included", "le dernier jour, compris"),
    "fiscal_year": ("the fiscal year, April 1 to March 31", "l'exercice, du 1er avril au 31 mars"),
    "service_id": ("the service's id, as in the inventory", "l'identifiant du service, comme au répertoire"),
    "service_standard_id": (
        "the service standard's id; without it, the whole service",
        "l'identifiant de la norme de service; sans lui, tout le service",
    ),
    "confirmed_by": ("who confirmed it; never published", "qui l'a confirmé; jamais publié"),
    "approved_by": ("who approved it; never published", "qui l'a approuvée; jamais publié"),
    "provider_id": (
        "a pseudonym of the service provider, never a name",
        "un pseudonyme du fournisseur de services, jamais un nom",
    ),
    "topic": ("what the learning opportunity is about", "le sujet de la possibilité d'apprentissage"),
    "form": ("formal or informal", "formelle ou informelle"),
    "services": ("all, or the ids of the services", "all, ou les identifiants des services"),
    "channels": ("the channels, by their official codes", "les modes de prestation, par leurs codes officiels"),
    "url": ("the page's address in each language", "l'adresse de la page dans chaque langue"),
    "accessible": ("whether people with disabilities can use it", "si les personnes handicapées peuvent s'en servir"),
    "areas": ("the areas that were reviewed", "les volets examinés"),
    "recommendations": ("what was recommended", "ce qui a été recommandé"),
    "recommendation_id": ("the recommendation's id", "l'identifiant de la recommandation"),
    "decision": ("what was decided about it", "ce qui en a été décidé"),
    "strategy_id": ("the strategy's id", "l'identifiant de la stratégie"),
    "parts": ("the parts that it has", "les parties qu'elle contient"),
    "elements": ("the elements that it has", "les éléments qu'elle contient"),
    "venue": ("where it is published", "où c'est publié"),
    "cadence": ("how often it is brought up to date", "à quelle cadence c'est mis à jour"),
    "as_of": ("the day or the moment it was so", "le jour ou le moment où il en était ainsi"),
    "value": ("what was shown", "ce qui était affiché"),
    "requirement": ("the requirement of the policy", "l'exigence de la politique"),
    "basis": ("on what basis", "sur quel fondement"),
    "reason": ("why; never published", "pourquoi; jamais publié"),
    "expires_on": ("the last day it holds", "le dernier jour où cela vaut"),
    "mandatory_service_id": ("the mandatory service's id", "l'identifiant du service obligatoire"),
    "name": ("its name", "son nom"),
    "provider_org": ("the organisation that provides it", "l'organisation qui le fournit"),
    "applies_to": (
        "all, or the ids of the organisations that must adopt it",
        "all, ou les identifiants des organisations qui doivent l'adopter",
    ),
    "request_id": ("the request's id", "l'identifiant de la demande de rapport"),
    "due_on": ("the last day to provide it", "le dernier jour pour le fournir"),
    "subject": ("what is asked for; never published", "ce qui est demandé; jamais publié"),
}  # fmt: skip

FIELDS: Mapping[str, Mapping[str, Words]] = {
    **{
        model.__name__: {field.alias or name: _WORDS[field.alias or name] for name, field in model.model_fields.items()}
        for model in kinds.MODELS
    },
    "StewardshipReported": {},
    "Urls": {"en": ("in English", "en anglais"), "fr": ("in French", "en français")},
    "Document": {
        "url": ("its address", "son adresse"),
        "title": ("its title", "son titre"),
        "sha256": ("the SHA-256 of its content, in hexadecimal", "le SHA-256 de son contenu, en hexadécimal"),
    },
    "Recommendation": {
        "id": ("its id, unique within the service", "son identifiant, unique au sein du service"),
        "text": ("what is recommended; never published", "ce qui est recommandé; jamais publié"),
    },
}
