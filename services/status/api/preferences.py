"""How one is told, changed: the language, the hours, and whom to write to when a webhook fails."""

from fastapi import Request
from pydantic import BaseModel, ConfigDict

from services.status import store
from services.status.api.confirming import ask_contact
from services.status.api.subscribing import Contact, check_preferences, sealed_contact
from services.status.domain.subscriptions import Subscription
from shared.database import transaction
from shared.language import Language


class Preferences(BaseModel):
    """What is to be another from now on; what is left out stays. A contact that is null is removed."""

    model_config = ConfigDict(extra="forbid")

    language: Language = "en"
    quiet_hours: bool = False
    digest: bool = False
    contact: Contact = None


async def change_preferences(request: Request, own: Subscription, wanted: Preferences) -> None:
    """Raises Refused; another contact is asked to confirm."""
    said, name = wanted.model_fields_set, own.subscription_id
    language = wanted.language if "language" in said else own.language
    quiet_hours = wanted.quiet_hours if "quiet_hours" in said else own.quiet_hours
    digest = wanted.digest if "digest" in said else own.digest
    check_preferences(own.channel, morning=quiet_hours or digest, contact=wanted.contact)
    contact = sealed_contact(request, name, wanted.contact)
    async with transaction(request.app.state.pool) as connection:
        await store.change_preferences(connection, name, language, quiet_hours=quiet_hours, digest=digest)
        if "contact" in said:
            await store.name_contact(connection, name, contact)
        if contact is not None:
            await ask_contact(request, connection, own)
    request.app.state.committed.set()
