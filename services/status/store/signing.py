"""The secrets that a webhook is signed with: the newest, and those before it for as long as was promised."""

from datetime import datetime, timedelta

from shared.database import Connection

# Of a subscription `s`, sealed, the newest first.
PREVIOUS_SECRETS = """
          array(select p.sealed
                  from (select s.sealed_previous_secret as sealed, s.previous_until as until union all
                        select sealed_secret, until from earlier_secret e
                         where e.subscription_id = s.subscription_id) p
                 where p.until > now() and p.sealed is not null order by p.until desc)
"""


async def secrets_until(connection: Connection, subscription_id: str) -> list[datetime]:
    """Until when each secret but the newest signs, the first to end first; held until the commit."""
    await connection.execute("select from subscription where subscription_id = $1 for no key update", subscription_id)
    rows = await connection.fetch(
        "select until from (select previous_until as until from subscription where subscription_id = $1 union all "
        "select until from earlier_secret where subscription_id = $1) s where until > now() order by until",
        subscription_id,
    )
    return [row["until"] for row in rows]


async def rotate_secret(connection: Connection, subscription_id: str, sealed: bytes, both: timedelta) -> datetime:
    """A new secret; until the moment that is returned the one before it signs too, and those before that as promised."""
    await connection.execute(
        "insert into earlier_secret (subscription_id, sealed_secret, until) "
        "select subscription_id, sealed_previous_secret, previous_until from subscription "
        "where subscription_id = $1 and previous_until > now() and sealed_previous_secret is not null "
        "on conflict do nothing",
        subscription_id,
    )
    until: datetime = await connection.fetchval(
        "update subscription set sealed_previous_secret = sealed_secret, previous_until = now() + $3, sealed_secret = $2 "
        "where subscription_id = $1 returning previous_until",
        subscription_id,
        sealed,
        both,
    )
    return until
