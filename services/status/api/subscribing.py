"""Making a subscription: to what the caller may be told of, at an address that may be written to, and not without end."""

import re
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field

from services.status import store
from services.status.api.access import key_of
from services.status.api.confirming import ask_contact, ask_to_confirm
from services.status.delivering import sealing
from services.status.delivering.addresses import AddressRefused
from services.status.domain.subscriptions import MOST, DeliveryChannel
from shared.contracts.identifiers import Identifier
from shared.database import Connection, transaction
from shared.language import Language
from shared.problems import Problem, Refused, problem

_MAILBOX = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}"
)


Contact = Annotated[
    str | None,
    Field(max_length=254, description="webhook: a mailbox that is told when deliveries are suspended or ended"),
]


class Wanted(BaseModel):
    """A subscription as it is asked for: to one application, or to all of a service."""

    model_config = ConfigDict(extra="forbid")

    application_id: Identifier | None = None
    service_id: Identifier | None = None
    channel: DeliveryChannel
    address: Annotated[str, Field(min_length=3, max_length=2000, description="an https address, or a mailbox")]
    language: Language
    quiet_hours: Annotated[bool, Field(description="e-mail: nothing from 21:00 to 08:00, Toronto time")] = False
    digest: Annotated[bool, Field(description="e-mail: once a day, at 08:00, Toronto time")] = False
    contact: Contact = None


@dataclass(frozen=True, slots=True)
class Made:
    """A subscription as its maker is answered: a webhook's secret is shown this once. `again`: it was made before, and is
    asked to be confirmed once more.
    """

    subscription_id: str
    state: str
    secret: str | None = None
    again: bool = False


async def subscribe(request: Request, who: store.Owner, wanted: Wanted, org: str | None) -> Made:
    """Raises Refused."""
    check_preferences(wanted.channel, morning=wanted.quiet_hours or wanted.digest, contact=wanted.contact)
    org_id, mine = await _thing(request, who, wanted, org)
    contact = sealed_contact(request, name := sealing.new_id(), wanted.contact)
    destination = await _destination(request, wanted)
    seal = request.app.state.seal
    secret = sealing.new_secret() if wanted.channel == "webhook" else None
    new = store.NewSubscription(
        subscription_id=name,
        org_id=org_id,
        application_id=wanted.application_id,
        service_id=wanted.service_id,
        channel=wanted.channel,
        language=wanted.language,
        state="active" if wanted.channel == "webhook" else "unconfirmed",
        sealed_address=sealing.seal_address(seal, name, wanted.address),
        address_hash=sealing.address_hash(seal, wanted.address),
        destination=sealing.destination(seal, destination),
        sealed_secret=sealing.seal_secret(seal, name, secret) if secret else None,
        made_by=who.maker,
        client_hash=mine,
        quiet_hours=wanted.quiet_hours,
        digest=wanted.digest,
    )
    async with transaction(request.app.state.pool) as connection:
        many, same = await store.alike(connection, new)
        if same is not None:
            made = await _ask_again(request, connection, new, same)
        elif many >= MOST[who.maker]:
            raise Refused(_too_many(MOST[who.maker]))
        else:
            await store.add_subscription(connection, new)
            made = Made(name, new.state, secret)
            if contact is not None:
                await store.name_contact(connection, name, contact)
                await ask_contact(request, connection, new)
            if new.state == "unconfirmed":
                await ask_to_confirm(request, connection, new, name)
    request.app.state.committed.set()
    return made


async def _ask_again(request: Request, connection: Connection, new: store.NewSubscription, same: store.Alike) -> Made:
    """Send the letter to confirm once more: it may have been lost, or the address is suspended and works again by now.
    Raises Refused where there is nothing to confirm.
    """
    if new.channel == "webhook" or same.state == "active":
        raise Refused(_exists(new.channel, same.subscription_id))
    await store.ask_anew(connection, same.subscription_id, new)
    await ask_to_confirm(request, connection, new, same.subscription_id)
    return Made(same.subscription_id, same.state, again=True)


async def _thing(request: Request, who: store.Owner, wanted: Wanted, org: str | None) -> tuple[str, bytes | None]:
    """The organisation of what is subscribed to, and the client it must stay with. Raises Refused: 404 for another's."""
    if (wanted.application_id is None) == (wanted.service_id is None):
        raise Refused(
            problem(
                "invalid_request",
                "Name one of application_id and service_id.",
                "Indiquez soit application_id, soit service_id.",
            )
        )
    if wanted.application_id is not None:
        key = await key_of(request, wanted.application_id, org)
        by_token = (
            who.client_hash is not None and await store.client_hash(request.app.state.pool, key) == who.client_hash
        )
        return key[0], who.client_hash if by_token else None
    owner = await store.owner_of(request.app.state.pool, wanted.service_id or "")
    if who.org_id is None or owner not in {None, who.org_id}:
        raise Refused(
            problem(
                "not_found",
                "No service of this id is your department's; a client subscribes to an application.",
                "Aucun service portant cet identifiant ne relève de votre ministère; un client s'abonne à une demande.",
            )
        )
    return who.org_id, None


def check_preferences(channel: DeliveryChannel, *, morning: bool, contact: str | None) -> None:
    """Raises Refused for what has no meaning on a channel; `morning`: something is to wait for one."""
    if channel == "webhook" and morning:
        raise Refused(
            problem(
                "invalid_request",
                "quiet_hours and digest are for what people read: email and notify.",
                "quiet_hours et digest valent pour ce que lisent des personnes : email et notify.",
            )
        )
    if channel != "webhook" and contact is not None:
        raise Refused(
            problem(
                "invalid_request",
                "contact is for webhooks; what people get has an address of its own.",
                "contact vaut pour les webhooks; ce que reçoivent des personnes a déjà son adresse.",
            )
        )


def sealed_contact(request: Request, subscription_id: str, contact: str | None) -> bytes | None:
    """Raises Refused for what is no mailbox, and where no e-mail is sent."""
    if contact is None:
        return None
    if "email" not in request.app.state.senders:
        raise Refused(not_set_up("email"))
    if not _MAILBOX.fullmatch(contact):
        raise Refused(not_a_mailbox("contact"))
    return sealing.seal_address(request.app.state.seal, subscription_id, contact)


async def _destination(request: Request, wanted: Wanted) -> str:
    """The host that an address leads to. Raises Refused for an address that may not be written to."""
    state = request.app.state
    sender: Any = state.senders.get(wanted.channel)
    if sender is None:
        raise Refused(not_set_up(wanted.channel))
    if wanted.channel != "webhook":
        if not _MAILBOX.fullmatch(wanted.address) or len(wanted.address) > 254:
            raise Refused(not_a_mailbox())
        return wanted.channel
    plain = state.settings.webhook_targets == "any"
    try:
        return str(await sender.check(wanted.address, plain=plain))
    except AddressRefused:
        raise Refused(_not_allowed(plain=plain)) from None


def _not_allowed(*, plain: bool) -> Problem:
    also = (" (or a loopback address, in this demo)", " (ou une adresse locale, dans cette démonstration)")
    en, fr = also if plain else ("", "")
    return problem(
        "address_not_allowed",
        f"A webhook's address is https://<a public host>{en}, without user name, fragment or white space.",
        f"L'adresse d'un webhook est https://<un hôte public>{fr}, sans nom d'utilisateur, fragment ni espace.",
        "address",
    )


def not_a_mailbox(field: str = "address") -> Problem:
    return problem(
        "address_not_allowed",
        "This is no e-mail address, such as name@example.org.",
        "Ce n'est pas une adresse électronique, telle que nom@example.org.",
        field,
    )


def not_set_up(channel: DeliveryChannel) -> Problem:
    return problem(
        "channel_not_set_up",
        f"The channel {channel} is not set up on this system; use webhook, or ask its operator.",
        f"Le mode d'envoi {channel} n'est pas configuré sur ce système; utilisez webhook, ou demandez à l'exploitant.",
        "channel",
    )


def _exists(channel: DeliveryChannel, subscription_id: str) -> Problem:
    if channel != "webhook":
        return problem(
            "subscription_exists",
            f"This address is told of these changes already ({subscription_id}).",
            f"Cette adresse est déjà avisée de ces changements ({subscription_id}).",
            "address",
        )
    return problem(
        "subscription_exists",
        f"{subscription_id} sends the same to this address already; if its secret is lost, rotate it.",
        f"{subscription_id} envoie déjà la même chose à cette adresse; si son secret est perdu, renouvelez-le (rotate).",
        "address",
    )


def _too_many(most: int) -> Problem:
    return problem(
        "too_many_subscriptions",
        f"There are {most} subscriptions to this already, the most there may be; delete one that is not needed.",
        f"Il y a déjà {most} abonnements à ceci, le maximum permis; supprimez-en un qui ne sert plus.",
    )
