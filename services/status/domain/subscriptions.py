"""Subscriptions: who is told of which changes, by which channel, and how that stands."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from services.status.domain.retries import Tried
from shared.language import Bilingual, Language

DeliveryChannel = Literal["webhook", "email", "notify"]
SubscriptionState = Literal["active", "unconfirmed", "suspended", "ended"]
Maker = Literal["department", "client"]

# Of one application, or of all of a service.
MOST: dict[Maker, int] = {"client": 10, "department": 1000}
# The old secret signs beside the new one so long.
BOTH_SECRETS = timedelta(hours=24)
MOST_SECRETS = 5
SUSPENDED_AFTER = timedelta(days=5)
# Longer than from one try to the next (retries): where nothing was tried, nothing failed.
LONGEST_PAUSE = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Subscription:
    """What is known of a subscription to whoever made it, but for its addresses, which are shown masked."""

    subscription_id: str
    org_id: str
    application_id: str | None
    service_id: str | None
    channel: DeliveryChannel
    language: Language
    state: SubscriptionState
    failing_since: datetime | None
    previous_until: datetime | None
    quiet_hours: bool
    digest: bool
    made_at: datetime
    sealed_address: bytes
    sealed_contact: bytes | None
    contact_confirmed: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """How deliveries of a subscription go: since when all of them fail, and when the last one did."""

    failing_since: datetime | None = None
    failed_at: datetime | None = None

    def after(self, tried: Tried, at: datetime) -> "Standing":
        if tried.delivered:
            return Standing()
        if not tried.failed:
            return self
        goes_on = self.failed_at is not None and at - self.failed_at <= LONGEST_PAUSE
        return Standing(self.failing_since if goes_on and self.failing_since else at, at)

    @property
    def failing(self) -> bool:
        return self.failing_since is not None

    @property
    def is_to_be_suspended(self) -> bool:
        if self.failing_since is None or self.failed_at is None:
            return False
        return self.failed_at - self.failing_since >= SUSPENDED_AFTER


def masked(channel: DeliveryChannel, address: str) -> str:
    """Enough of an address to know it by: a webhook's host, a mailbox's first letter and domain."""
    if channel == "webhook":
        scheme, _, rest = address.partition("://")
        return f"{scheme}://{rest.partition('/')[0].partition('?')[0]}/…"
    name, _, domain = address.rpartition("@")
    return f"{name[:1]}…@{domain}"


def notice(subscription: Subscription) -> Bilingual | None:
    """What its owner must know or do; None where all is well."""
    since = subscription.failing_since
    on = since.date().isoformat() if since else ""
    match subscription.state:
        case "unconfirmed":
            return Bilingual(
                en="Open the link in the message we sent to this address; nothing is sent before that. If it was lost, ask for "
                "the same once more.",
                fr="Ouvrez le lien du message envoyé à cette adresse; rien n'est envoyé avant cela. S'il s'est perdu, "
                "demandez la même chose de nouveau.",
            )
        case "suspended" if subscription.channel != "webhook":
            return Bilingual(
                en=f"Suspended: every message has failed since {on}. Ask for it again, and open the link of the letter that "
                "comes, or POST .../test; what was held back is sent then.",
                fr=f"Suspendu : tout message échoue depuis le {on}. Demandez-le de nouveau et ouvrez le lien de la lettre "
                "reçue, ou POST .../test; ce qui a été retenu est alors envoyé.",
            )
        case "suspended":
            return Bilingual(
                en=f"Suspended: every delivery has failed since {on}. Mend the receiver, then POST .../test; when the test "
                "succeeds, what was held back is delivered.",
                fr=f"Suspendu : toute livraison échoue depuis le {on}. Réparez le destinataire, puis POST .../test; dès que "
                "l'essai réussit, ce qui a été retenu est livré.",
            )
        case "ended":
            return Bilingual(
                en="Ended: the receiver answered 410, that it is gone for good. Make a new subscription.",
                fr="Terminé : le destinataire a répondu 410, qu'il n'existe plus. Créez un nouvel abonnement.",
            )
    if since is not None:
        return Bilingual(
            en=f"Deliveries have failed since {on}; after five days it is suspended. See its deliveries for the reason.",
            fr=f"Les livraisons échouent depuis le {on}; après cinq jours, suspension. Voyez ses livraisons pour la cause.",
        )
    return None
