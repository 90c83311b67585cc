"""What is read of cases."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from services.feedback.store.cases import Key
from shared.database import Pool
from shared.language import Language

# Of a case whose every report was withdrawn nothing is told.
_TOLD = (
    "exists (select from feedback_step s where s.org_id = c.org_id "
    "and s.feedback_id = c.feedback_id and s.superseded_by is null)"
)
# The client wrote last: no officer has written, and the department took no step, since.
_UNANSWERED = (
    "coalesce((select max(written_at) filter (where author = 'client') > coalesce(greatest(max(written_at) filter "
    "(where author = 'officer'), (select max(occurred_at) from feedback_step s where s.org_id = c.org_id "
    "and s.feedback_id = c.feedback_id and s.superseded_by is null and s.source not like '%/clients')), "
    "'-infinity') from feedback_message m "
    "where m.org_id = c.org_id and m.feedback_id = c.feedback_id), false)"
)
_SHOWN = (
    "c.org_id, c.feedback_id, c.service_id, kind, state, version, channel, language, rating, drivers, application_id, "
    "reply_wanted, received_at, recourse, acknowledge_due_on, acknowledge_due_at, acknowledged_at, resolve_due_on, resolve_due_at, ended_at, "
    "ended_at is null and coalesce(resolve_due_at < $1, false) as overdue, concern, concern_seen_at, "
    "coalesce(group_id, c.feedback_id) as group_id, (select count(*) from feedback_case g where g.org_id = c.org_id "
    "and (g.group_id = coalesce(c.group_id, c.feedback_id) or g.feedback_id = coalesce(c.group_id, c.feedback_id))) "
    f"as group_size, spam_suspected, spam, {_UNANSWERED} as unanswered"
)
# What asks for an officer: open; with words of concern that nobody has looked at; with a message that nobody has answered;
# or sent on a short while ago as no feedback.
_WAITS = (
    "(ended_at is null and not (kind is null and state in ('resolved', 'closed', 'redirected')) "
    f"or (concern is not null and concern_seen_at is null) or {_UNANSWERED} "
    "or (recourse is not null and state = 'redirected' and ended_at > now() - interval '30 days'))"
)
# Each filter by its name, as SQL that holds for `${place}`.
_FILTERS = {
    "org": "c.org_id = ${0}::text",
    "state": "state = ${0}::text",
    "kind": "kind = ${0}::text",
    "service": "c.service_id = ${0}::text",
    "overdue": "(ended_at is null and coalesce(resolve_due_at < $1, false)) = ${0}::bool",
    "of_concern": "(concern is not null and concern_seen_at is null) = ${0}::bool",
    "unanswered": f"{_UNANSWERED} = ${{0}}::bool",
    "group": "coalesce(group_id, c.feedback_id) = ${0}::text",
    "spam": "spam = ${0}::bool",
}


async def list_cases(
    pool: Pool, filters: Mapping[str, Any], after: Sequence[str], limit: int, now: datetime
) -> list[dict[str, Any]]:
    """Cases by organisation and id; a filter of None holds for all."""
    wanted = [(_FILTERS[name], value) for name, value in filters.items() if value is not None]
    conditions = " ".join(f"and {sql.format(place)}" for place, (sql, _) in enumerate(wanted, 5))
    rows = await pool.fetch(
        f"select {_SHOWN} from feedback_case c where (c.org_id, c.feedback_id) > ($2, $3) {conditions} and {_TOLD} "
        "order by c.org_id, c.feedback_id limit $4",
        now, *after, limit, *(value for _, value in wanted),
    )  # fmt: skip
    return [dict(row) for row in rows]


async def work_list(pool: Pool, org_id: str, limit: int, now: datetime) -> list[dict[str, Any]]:
    """An organisation's open cases: those of concern first, then by when they are due."""
    rows = await pool.fetch(
        f"select {_SHOWN}, k.name_en, k.name_fr from feedback_case c left join known_service k using (service_id) "
        f"where c.org_id = $2 and {_WAITS} and not spam and {_TOLD} order by (concern is not null and "
        "concern_seen_at is null) desc, resolve_due_at nulls last, c.feedback_id limit $3",
        now,
        org_id,
        limit,
    )
    return [dict(row) for row in rows]


async def case(pool: Pool, org_id: str | None, feedback_id: str, now: datetime) -> list[dict[str, Any]]:
    """The cases of an id (two organisations may have the same), what the client wrote still sealed."""
    rows = await pool.fetch(
        f"select {_SHOWN}, masked, sealed_text, sealed_contact, person_id, texts_forgotten_at, k.name_en, k.name_fr "
        "from feedback_case c left join known_service k using (service_id) "
        f"where c.feedback_id = $2 and ($3::text is null or c.org_id = $3) and {_TOLD} limit 2",
        now,
        feedback_id,
        org_id,
    )
    return [dict(row) for row in rows]


async def language_of(pool: Pool, key: Key) -> Language | None:
    """The language that a case's client wrote in, where it is known."""
    language: Language | None = await pool.fetchval(
        "select language from feedback_case where org_id = $1 and feedback_id = $2", *key
    )
    return language


async def steps_of(pool: Pool, org_id: str, feedback_id: str) -> list[dict[str, Any]]:
    rows = await pool.fetch(
        "select state, occurred_at as at, redirected_to as to, source, event_id, person_id, sealed_resolution from feedback_step "
        "where org_id = $1 and feedback_id = $2 and superseded_by is null order by occurred_at, source, event_id",
        org_id,
        feedback_id,
    )
    return [dict(row) for row in rows]


async def messages_of(pool: Pool, org_id: str, feedback_id: str) -> list[dict[str, Any]]:
    rows = await pool.fetch(
        "select message_id, author, person_id, sealed_text, written_at as at from feedback_message "
        "where org_id = $1 and feedback_id = $2 order by written_at, message_id",
        org_id,
        feedback_id,
    )
    return [dict(row) for row in rows]


async def find_by_tracking(pool: Pool, tracking_hash: bytes) -> Key | None:
    row = await pool.fetchrow(
        f"select org_id, feedback_id from feedback_case c where tracking_hash = $1 and {_TOLD}", tracking_hash
    )
    return (row["org_id"], row["feedback_id"]) if row else None


async def totals(pool: Pool) -> list[dict[str, Any]]:
    """Cases per kind over all organisations; what is no feedback and what is spam stand apart."""
    rows = await pool.fetch(
        "select kind, count(*) as cases, count(*) filter (where ended_at is not null) as ended, "
        "count(*) filter (where ended_at <= resolve_due_at) as in_time, "
        "count(*) filter (where ended_at is not null or resolve_due_at < now()) as due "
        "from feedback_case where kind is not null and recourse is null and not spam group by kind order by kind"
    )
    return [dict(row) for row in rows]


async def satisfaction(
    pool: Pool, org_id: str | None, service_id: str | None, first: date, last: date
) -> tuple[dict[str, list[int]], dict[str, int]]:
    """Of cases received on these days (in Ottawa): how often each answer of 1 to 5 was given to each question; and how
    many cases there were, with any answer, ended, and of each why they were left out.
    """
    received = (
        "received_at >= $3::date::timestamp at time zone 'America/Toronto' "
        "and received_at < ($4::date + 1)::timestamp at time zone 'America/Toronto' "
        "and ($1::text is null or org_id = $1) and ($2::text is null or service_id = $2) and kind is not null"
    )
    rows = await pool.fetch(
        f"with c as (select * from feedback_case where {received} and not spam and recourse is null) "
        "select 'rating' as question, rating as answer, count(*) as times from c where rating is not null group by 1, 2 "
        "union all select key, value::int, count(*) from c, jsonb_each_text(drivers) group by 1, 2",
        org_id,
        service_id,
        first,
        last,
    )
    counts: dict[str, list[int]] = {}
    for question, answer, times in (row.values() for row in rows):
        counts.setdefault(question, [0] * 5)[answer - 1] += times
    row = await pool.fetchrow(
        "select count(*) as cases, count(*) filter (where counted and (rating is not null or drivers <> '{}')) as answered, "
        "count(*) filter (where counted and ended_at is not null) as ended, count(*) filter (where spam) as spam, "
        "count(*) filter (where recourse is not null and not spam) as no_feedback from (select *, not spam and recourse is null "
        f"as counted from feedback_case where {received}) as c",
        org_id, service_id, first, last,
    )  # fmt: skip
    return counts, dict(row)


async def due(pool: Pool, now: datetime) -> list[dict[str, Any]]:
    """Of each organisation with open cases: how many are overdue, and how many of concern nobody has seen."""
    rows = await pool.fetch(
        "select org_id, count(*) filter (where ended_at is null and resolve_due_at < $1) as overdue, "
        "count(*) filter (where concern is not null and concern_seen_at is null) as of_concern "
        "from feedback_case where (ended_at is null or (concern is not null and concern_seen_at is null)) and not spam "
        "group by org_id order by org_id",
        now,
    )
    return [dict(row) for row in rows]
