"""What the owner of a webhook reads: asked to confirm that they are one, and told when nothing is delivered any more."""

from datetime import datetime

from services.status.store import Claimed
from shared.organizations import name_of
from shared.web.words import Words

CONFIRM = ("Please confirm your e-mail address", "Veuillez confirmer votre adresse électronique")
IGNORE = (
    "If you did not ask for this, do nothing: nothing more will be sent.",
    "Si vous n'avez rien demandé, ne faites rien : rien d'autre ne sera envoyé.",
)


def to_contact(words: Words, claimed: Claimed) -> tuple[str, list[str]]:
    """The subject and the parts of a letter to a subscription's contact."""
    match claimed.facts["to_contact"]:
        case "suspended":
            return words.say("Notifications are suspended", "Notifications suspendues"), _suspended(words, claimed)
        case "ended":
            return words.say("Notifications have ended", "Fin des notifications"), _ended(words, claimed)
    return words.say(*CONFIRM), _asked(words, claimed)


def _which(words: Words, claimed: Claimed) -> str:
    facts, organization = claimed.facts, words.text(name_of(claimed.org_id))
    thing = (
        words.say(f"the application {facts['application_id']}", f"la demande {facts['application_id']}")
        if facts["application_id"]
        else words.say(f"the service {facts['service_id']}", f"le service {facts['service_id']}")
    )
    return f"{thing} ({organization}), {claimed.subscription_id}"


def _asked(words: Words, claimed: Claimed) -> list[str]:
    which = _which(words, claimed)
    return [
        words.say(
            f"You were named as the contact of a webhook that is told of changes: {which}. Should its deliveries fail for "
            "five days, they are suspended, and you are told here. Open this link and press the button to agree:",
            f"Vous avez été désigné comme personne-ressource d'un webhook avisé des changements : {which}. Si ses livraisons "
            "échouent cinq jours durant, elles sont suspendues et vous en êtes avisé ici. Ouvrez ce lien et appuyez sur le bouton pour accepter :",
        ),
        words.say(*IGNORE),
    ]


def _suspended(words: Words, claimed: Claimed) -> list[str]:
    which, since = _which(words, claimed), words.moment(datetime.fromisoformat(claimed.facts["since"]))
    path = f"/v1/subscriptions/{claimed.subscription_id}"
    return [
        words.say(
            f"Every delivery to your webhook has failed since {since}, and none is made any more: {which}.",
            f"Toute livraison à votre webhook échoue depuis le {since}, et il n'en est plus fait : {which}.",
        ),
        words.say(
            f"Mend the receiver, then POST {path}/test. When that test succeeds, what was held back is delivered. "
            f"GET {path}/deliveries has every attempt and its error.",
            f"Réparez le destinataire, puis faites POST {path}/test. Dès que cet essai réussit, ce qui a été retenu est livré. "
            f"GET {path}/deliveries montre chaque essai et son erreur.",
        ),
    ]


def _ended(words: Words, claimed: Claimed) -> list[str]:
    which = _which(words, claimed)
    return [
        words.say(
            f"Your webhook answered 410, that it is gone for good; nothing more is delivered to it: {which}.",
            f"Votre webhook a répondu 410, qu'il n'existe plus; plus rien ne lui est livré : {which}.",
        ),
        words.say(
            "If that was not meant, make a new subscription: POST /v1/subscriptions.",
            "Si ce n'était pas voulu, créez un nouvel abonnement : POST /v1/subscriptions.",
        ),
    ]
