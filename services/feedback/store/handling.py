"""What officers and clients do with a case beside its steps."""

from datetime import datetime

from services.feedback.store.cases import Key
from shared.database import Connection, Pool, transaction


async def see_concern(pool: Pool, key: Key, now: datetime) -> None:
    """Somebody has looked at what was flagged."""
    await pool.execute(
        "update feedback_case set concern_seen_at = coalesce(concern_seen_at, $3) where org_id = $1 and feedback_id = $2 "
        "and concern is not null",
        *key,
        now,
    )


async def mark_spam(pool: Pool, key: Key, *, spam: bool) -> None:
    await pool.execute(
        "update feedback_case set spam = $3, spam_suspected = spam_suspected and $3 where org_id = $1 and feedback_id = $2",
        *key,
        spam,
    )


async def join_group(pool: Pool, key: Key, with_: str) -> bool:
    """Put a case with another of its organisation, if there is that one."""
    done = await pool.execute(
        "update feedback_case c set group_id = coalesce(o.group_id, o.feedback_id) from feedback_case o "
        "where c.org_id = $1 and c.feedback_id = $2 and o.org_id = $1 and o.feedback_id = $3",
        *key,
        with_,
    )
    return bool(done == "UPDATE 1")


async def leave_group(pool: Pool, key: Key) -> None:
    """Put a case by itself, where it stays: its words are no longer compared. The others stay together."""
    async with transaction(pool) as connection:
        await connection.execute(
            "update feedback_case set group_id = null, essence = null where org_id = $1 and feedback_id = $2", *key
        )
        await connection.execute(
            "with head as (select min(feedback_id) as id from feedback_case where org_id = $1 and group_id = $2) "
            "update feedback_case set group_id = nullif(head.id, feedback_id) from head where org_id = $1 and group_id = $2",
            *key,
        )


async def add_message(
    connection: Connection,
    key: Key,
    message_id: str,
    author: str,
    person_id: bytes,
    sealed: bytes,
    now: datetime,
    concern: str | None,
) -> None:
    """The same message sent twice is one; words of concern in it are the case's."""
    await connection.execute(
        "insert into feedback_message (org_id, feedback_id, message_id, author, person_id, sealed_text, written_at) "
        "values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing",
        *key, message_id, author, person_id, sealed, now,
    )  # fmt: skip
    await connection.execute(
        "update feedback_case set changed_at = now(), concern = coalesce($3, concern), "
        "concern_seen_at = case when $3::text is null then concern_seen_at end where org_id = $1 and feedback_id = $2",
        *key,
        concern,
    )


async def count_messages(connection: Connection, key: Key) -> int:
    return int(
        await connection.fetchval("select count(*) from feedback_message where org_id = $1 and feedback_id = $2", *key)
    )
