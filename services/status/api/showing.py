"""A subscription as it is shown to whoever made it, its addresses masked."""

from typing import Any

from fastapi import Request

from services.status.delivering import sealing
from services.status.domain.subscriptions import Subscription, masked, notice


def shown(request: Request, each: Subscription) -> dict[str, Any]:
    said = notice(each)
    return {
        "id": each.subscription_id,
        "org_id": each.org_id,
        "application_id": each.application_id,
        "service_id": each.service_id,
        "channel": each.channel,
        "address": address_of(request, each),
        "language": each.language,
        "state": each.state,
        "failing_since": each.failing_since,
        "notice": said and said.model_dump(),
        "previous_secret_until": each.previous_until,
        "quiet_hours": each.quiet_hours,
        "digest": each.digest,
        "contact": _contact(request, each),
        "made_at": each.made_at,
    }


def _contact(request: Request, each: Subscription) -> dict[str, Any] | None:
    if each.sealed_contact is None:
        return None
    address = sealing.open_address(request.app.state.seal, each.subscription_id, each.sealed_contact)
    return {"address": masked("email", address), "confirmed": each.contact_confirmed}


def address_of(request: Request, each: Subscription) -> str:
    return masked(each.channel, sealing.open_address(request.app.state.seal, each.subscription_id, each.sealed_address))
