"""Subscriptions: made, listed, told apart by who made them, suspended and resumed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from services.status.domain.subscriptions import DeliveryChannel, Maker, Subscription, SubscriptionState
from services.status.store.claiming import Claimed
from services.status.store.saving import Key
from services.status.store.settling import hold_alone
from services.status.store.signing import PREVIOUS_SECRETS
from shared.database import Connection, Pool
from shared.language import Language


@dataclass(frozen=True, slots=True)
class Owner:
    """Who may see and change a subscription: its department; or its client, by token or by the key a tracking code opens."""

    org_id: str | None = None
    client_hash: bytes | None = None
    key: Key | None = None

    @property
    def maker(self) -> Maker:
        return "department" if self.org_id is not None else "client"


@dataclass(frozen=True, slots=True)
class NewSubscription:
    """A subscription as it is to be kept; `application_id` or `service_id`."""

    subscription_id: str
    org_id: str
    application_id: str | None
    service_id: str | None
    channel: DeliveryChannel
    language: Language
    state: str
    sealed_address: bytes
    address_hash: bytes
    destination: str
    sealed_secret: bytes | None
    made_by: Maker
    client_hash: bytes | None
    quiet_hours: bool
    digest: bool


_FIELDS = (
    "subscription_id, org_id, application_id, service_id, channel, language, state, failing_since, "
    "case when previous_until > now() then previous_until end as previous_until, quiet_hours, digest, made_at, "
    "sealed_address, sealed_contact, contact_confirmed_at is not null as contact_confirmed"
)
_OWNED = (
    "case when $1::text is not null then made_by = 'department' and org_id = $1 else made_by = 'client' "
    "and (client_hash = $2::bytea or (org_id = $3::text and application_id = $4::text) or (org_id, application_id) in "
    "(select a.org_id, a.application_id from application a where a.client_hash = $2)) end"
)


def _owner(owner: Owner) -> list[Any]:
    return [owner.org_id, owner.client_hash, *(owner.key or (None, None))]


@dataclass(frozen=True, slots=True)
class Alike:
    """A subscription by which the same is told to the same address already."""

    subscription_id: str
    state: SubscriptionState


async def alike(connection: Connection, new: NewSubscription) -> tuple[int, Alike | None]:
    """How many there are for the same thing by the same kind of maker, and the one that has the same address. Until the
    commit nobody else makes one for it.
    """
    thing = [new.org_id, new.application_id, new.service_id, new.made_by]
    await connection.execute(
        "select pg_advisory_xact_lock(hashtextextended('guichet.subscription ' || $1, 0))", "/".join(map(str, thing))
    )
    rows = await connection.fetch(
        "select subscription_id, state, channel, address_hash from subscription where org_id = $1 and made_by = $4 "
        "and state <> 'ended' and application_id is not distinct from $2 and service_id is not distinct from $3",
        *thing,
    )
    same = (new.channel, new.address_hash)
    found = (row for row in rows if (row["channel"], row["address_hash"]) == same)
    return len(rows), next((Alike(row["subscription_id"], row["state"]) for row in found), None)


async def ask_anew(connection: Connection, subscription_id: str, new: NewSubscription) -> None:
    """One that nobody confirmed yet is from now on as it is asked for now, and as if it were made now."""
    await connection.execute(
        "update subscription set language = $2, quiet_hours = $3, digest = $4, made_at = now() "
        "where subscription_id = $1 and state = 'unconfirmed'",
        subscription_id,
        new.language,
        new.quiet_hours,
        new.digest,
    )


async def add_subscription(connection: Connection, new: NewSubscription) -> None:
    await connection.execute(
        "insert into subscription (subscription_id, org_id, application_id, service_id, channel, language, state, "
        "sealed_address, address_hash, destination, sealed_secret, made_by, client_hash, quiet_hours, digest) "
        "values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
        new.subscription_id, new.org_id, new.application_id, new.service_id, new.channel, new.language, new.state,
        new.sealed_address, new.address_hash, new.destination, new.sealed_secret, new.made_by, new.client_hash,
        new.quiet_hours, new.digest,
    )  # fmt: skip


async def list_subscriptions(pool: Pool, owner: Owner, after: Sequence[str], limit: int) -> list[Subscription]:
    rows = await pool.fetch(
        f"select {_FIELDS} from subscription where {_OWNED} and subscription_id > $5 order by subscription_id limit $6",
        *_owner(owner),
        after[0],
        limit,
    )
    return [Subscription(*row.values()) for row in rows]


async def find_subscription(pool: Pool, owner: Owner, subscription_id: str) -> Subscription | None:
    row = await pool.fetchrow(
        f"select {_FIELDS} from subscription where {_OWNED} and subscription_id = $5", *_owner(owner), subscription_id
    )
    return row and Subscription(*row.values())


async def read_subscription(pool: Pool, subscription_id: str) -> Subscription | None:
    """Whoever's it is."""
    row = await pool.fetchrow(f"select {_FIELDS} from subscription where subscription_id = $1", subscription_id)
    return row and Subscription(*row.values())


async def change_preferences(
    connection: Connection, subscription_id: str, language: Language, *, quiet_hours: bool, digest: bool
) -> None:
    """What waits for a morning is looked at anew: it may be wanted now."""
    await connection.execute(
        "update subscription set language = $2, quiet_hours = $3, digest = $4 where subscription_id = $1",
        subscription_id,
        language,
        quiet_hours,
        digest,
    )
    await connection.execute(
        "update delivery set due_at = now() where subscription_id = $1 and status = 'pending' and tries = 0 "
        "and due_at > now()",
        subscription_id,
    )


async def remove_subscription(connection: Connection | Pool, subscription_id: str) -> None:
    """With its deliveries, and all that is known of where they went."""
    await connection.execute("delete from subscription where subscription_id = $1", subscription_id)


async def confirm_subscription(connection: Connection, subscription_id: str) -> bool:
    """Whether there is one of this id. What is suspended resumes: its letter arrived. Again, it changes nothing."""
    state = await connection.fetchval(
        "update subscription set state = case when state = 'unconfirmed' then 'active' else state end "
        "where subscription_id = $1 and channel <> 'webhook' returning state",
        subscription_id,
    )
    if state == "suspended":
        await resume_subscription(connection, subscription_id)
    return state is not None


async def may_test(pool: Pool, subscription_id: str, pause: timedelta) -> bool:
    """Whether the last test was long enough ago; this one counts."""
    done = await pool.execute(
        "update subscription set tested_at = now() "
        "where subscription_id = $1 and (tested_at is null or tested_at < now() - $2::interval)",
        subscription_id,
        pause,
    )
    return bool(done == "UPDATE 1")


async def to_test(pool: Pool, subscription_id: str, message_id: str, facts: dict[str, Any]) -> Claimed | None:
    """A subscription as what a sender sends to; `facts` tell of nothing."""
    row = await pool.fetchrow(
        "select 0::bigint as n, subscription_id, org_id, coalesce(application_id, '') as application_id, 0 as version, "
        "$2::text as webhook_id, 'live' as lane, 0 as tries, $3::jsonb as facts, now() as made_at, "
        "now() as leased_until, channel, language, destination, sealed_address, sealed_secret, "
        f"{PREVIOUS_SECRETS}, quiet_hours, digest, failing_since is not null from subscription s where subscription_id = $1",
        subscription_id,
        message_id,
        facts,
    )
    return row and Claimed(*row.values())


async def resume_subscription(connection: Connection, subscription_id: str) -> None:
    """It works again: what was held back goes out now, in its order."""
    await hold_alone(connection, [subscription_id])
    await connection.execute(
        "update subscription set state = 'active', failing_since = null, failed_at = null "
        "where subscription_id = $1 and state in ('active', 'suspended')",
        subscription_id,
    )
    await connection.execute(
        "update delivery set status = 'pending', due_at = now(), tries = 0 "
        "where subscription_id = $1 and status = 'suspended'",
        subscription_id,
    )


async def suspended_count(pool: Pool) -> int:
    return int(await pool.fetchval("select count(*) from subscription where state = 'suspended'"))


async def forget_subscriptions(connection: Connection) -> int:
    """Those that nobody confirmed within a week, and those that ended three months ago."""
    await connection.execute("delete from earlier_secret where until < now()")
    done = await connection.execute(
        "delete from subscription where (state = 'unconfirmed' and made_at < now() - interval '7 days') "
        "or ended_at < now() - interval '90 days'"
    )
    return int(done.split()[-1])
