"""Making a subscription: to what the caller may be told of, at an address that may be written to, and not without end."""

import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field

from services.status import store
from services.status.api.access import key_of
from services.status.delivering import sealing
from services.status.delivering.addresses import AddressRefused
from services.status.domain.subscriptions import MOST, DeliveryChannel
from shared.contracts.envelope import rfc3339
from shared.contracts.identifiers import Identifier
from shared.database import Connection, transaction
from shared.language import Language
from shared.problems import Problem, Refused, problem

_MAILBOX = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}"
)

_LETTERS_AN_HOUR, _HOUR = 10, 3600.0
_MOST_THINGS = 10_000


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
    org_id, mine = await _thing(request, who, wanted, org)
    destination = await _destination(request, wanted)
    seal, name = request.app.state.seal, sealing.new_id()
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
            if new.state == "unconfirmed":
                await _ask_to_confirm(request, connection, new, name)
    request.app.state.committed.set()
    return made


async def _ask_again(request: Request, connection: Connection, new: store.NewSubscription, same: store.Alike) -> Made:
    """Send the letter to confirm once more: it may have been lost, or the address is suspended and works again by now.
    Raises Refused where there is nothing to confirm.
    """
    if new.channel == "webhook" or same.state == "active":
        raise Refused(_exists(new.channel, same.subscription_id))
    await store.ask_anew(connection, same.subscription_id, new)
    await _ask_to_confirm(request, connection, new, same.subscription_id)
    return Made(same.subscription_id, same.state, again=True)


async def _ask_to_confirm(
    request: Request, connection: Connection, new: store.NewSubscription, subscription_id: str
) -> None:
    _count_letter(request, f"{new.org_id}/{new.application_id}/{new.service_id}")
    at = rfc3339(datetime.now(UTC))
    await store.add_confirmation(connection, subscription_id, new.org_id, sealing.new_message_id(), at)


def _count_letter(request: Request, thing: str) -> None:
    """Letters that ask to confirm reach people who may not have asked: few of them for one application, in this process.
    Raises Refused.
    """
    letters: dict[str, list[float]] = request.app.state.letters
    now = time.monotonic()
    if len(letters) > _MOST_THINGS:
        for each in [each for each, times in letters.items() if now - times[-1] > _HOUR]:
            del letters[each]
    mine = letters.setdefault(thing, [])
    mine[:] = [each for each in mine if now - each < _HOUR]
    if len(mine) >= _LETTERS_AN_HOUR:
        raise Refused(
            problem(
                "too_many_requests",
                f"{_LETTERS_AN_HOUR} letters of confirmation an hour are sent for one application; wait an hour.",
                f"{_LETTERS_AN_HOUR} lettres de confirmation à l'heure sont envoyées pour une demande; patientez une heure.",
            ),
            {"Retry-After": str(int(_HOUR - (now - mine[0])) + 1)},
        )
    mine.append(now)


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
    if wanted.channel == "webhook" and (wanted.quiet_hours or wanted.digest):
        raise Refused(
            problem(
                "invalid_request",
                "quiet_hours and digest are for what people read: email and notify.",
                "quiet_hours et digest valent pour ce que lisent des personnes : email et notify.",
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


def not_a_mailbox() -> Problem:
    return problem(
        "address_not_allowed",
        "This is no e-mail address, such as name@example.org.",
        "Ce n'est pas une adresse électronique, telle que nom@example.org.",
        "address",
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
