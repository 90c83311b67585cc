"""The mailbox of a webhook's owner: named, confirmed, written to when nothing is delivered any more, and removed."""

from collections.abc import Sequence
from typing import Literal

from shared.database import Connection

Notice = Literal["confirm", "suspended", "ended"]


async def name_contact(connection: Connection, subscription_id: str, sealed: bytes | None) -> None:
    """Another than before is to be confirmed anew; None: there is none."""
    await connection.execute(
        "update subscription set sealed_contact = $2, contact_confirmed_at = null where subscription_id = $1",
        subscription_id,
        sealed,
    )


async def confirm_contact(connection: Connection, subscription_id: str) -> bool:
    """Whether there is one; confirming again changes nothing."""
    found = await connection.fetchval(
        "update subscription set contact_confirmed_at = coalesce(contact_confirmed_at, now()) "
        "where subscription_id = $1 and sealed_contact is not null returning true",
        subscription_id,
    )
    return bool(found)


async def write_to_contacts(connection: Connection, ids: Sequence[str], notice: Notice) -> None:
    """A letter to the contact of each that has one and, but for the letter that asks for it, has it confirmed."""
    await connection.execute(
        "insert into delivery (subscription_id, org_id, application_id, version, webhook_id, lane, status, due_at, facts) "
        "select subscription_id, org_id, '', 0, "
        "'msg_' || left(encode(sha256(convert_to(concat_ws(' ', subscription_id, $2::text, now()), 'UTF8')), 'hex'), 32), "
        "'live', 'pending', now(), jsonb_build_object('to_contact', $2::text, 'application_id', application_id, "
        "'service_id', service_id, 'since', failing_since) "
        "from subscription where subscription_id = any($1::text[]) and sealed_contact is not null "
        "and (contact_confirmed_at is not null or $2 = 'confirm') on conflict do nothing",
        list(ids),
        notice,
    )
