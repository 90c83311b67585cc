"""Every SQL statement of feedback."""

from collections.abc import Iterable, Sequence
from typing import Any

from services.feedback.domain import Case, Step
from shared.contracts.inventory import ServiceRecorded
from shared.database import ConcurrentChange, Connection, Pool
from shared.decoding import Received
from shared.listening import Heard, last_words

Key = tuple[str, str]


async def cases(connection: Connection | Pool, keys: Iterable[Key]) -> dict[Key, Case]:
    wanted = sorted(set(keys))
    orgs, ids = [key[0] for key in wanted], [key[1] for key in wanted]
    rows = await connection.fetch(
        "select org_id, feedback_id, service_id, kind, version, channel, rating, drivers, application_id, reply_wanted, "
        "received_at from feedback_case join unnest($1::text[], $2::text[]) as a (org_id, feedback_id) using (org_id, feedback_id)",
        orgs,
        ids,
    )
    steps: dict[Key, list[Step]] = {}
    superseded: dict[Key, set[tuple[str, str]]] = {}
    for row in await connection.fetch(
        "select org_id, feedback_id, superseded_by, occurred_at, source, event_id, state from feedback_step "
        "join unnest($1::text[], $2::text[]) as a (org_id, feedback_id) using (org_id, feedback_id)",
        orgs,
        ids,
    ):
        org_id, feedback_id, by, *fields = row.values()
        if by is None:
            steps.setdefault((org_id, feedback_id), []).append(Step(*fields))
        else:
            superseded.setdefault((org_id, feedback_id), set()).add((row["source"], row["event_id"]))
    return {
        (row["org_id"], row["feedback_id"]): Case(
            **dict(row),
            steps=tuple(steps.get((row["org_id"], row["feedback_id"]), ())),
            superseded=frozenset(superseded.get((row["org_id"], row["feedback_id"]), ())),
        )
        for row in rows
    }


async def save(
    connection: Connection,
    changed: Sequence[tuple[Case, int]],
    languages: dict[Key, str | None],
    texts: dict[Key, bytes | None],
) -> None:
    """Write changed cases, each read at a version (0: new), and the texts of those that are told anew. Raises ConcurrentChange when another was quicker."""
    rows = [
        (
            c.org_id, c.feedback_id, c.service_id, c.kind, c.state or "received", c.version, c.channel,
            languages.get((c.org_id, c.feedback_id)), texts.get((c.org_id, c.feedback_id)), c.rating,
            dict(c.drivers or {}), c.application_id, c.reply_wanted, c.received_at, previous,
            (c.org_id, c.feedback_id) in texts,
        )
        for c, previous in sorted(changed, key=lambda pair: (pair[0].org_id, pair[0].feedback_id))
    ]  # fmt: skip
    columns: list[list[Any]] = [list(column) for column in zip(*rows, strict=True)]
    source = (
        "unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::int[], $7::text[], $8::text[], "
        "$9::bytea[], $10::int[], $11::jsonb[], $12::text[], $13::bool[], $14::timestamptz[], $15::int[], $16::bool[]) as a (org_id, "
        "feedback_id, service_id, kind, state, version, channel, language, sealed_text, rating, drivers, application_id, "
        "reply_wanted, received_at, previous, told)"
    )
    inserted = await connection.execute(
        "insert into feedback_case (org_id, feedback_id, service_id, kind, state, version, channel, language, "
        "sealed_text, rating, drivers, application_id, reply_wanted, received_at, changed_at) "
        "select org_id, feedback_id, service_id, kind, state, version, channel, language, sealed_text, rating, drivers, "
        f"application_id, reply_wanted, received_at, now() from {source} where previous = 0",
        *columns,
    )
    updated = await connection.execute(
        "update feedback_case b set service_id = a.service_id, kind = a.kind, state = a.state, version = a.version, "
        "channel = a.channel, language = coalesce(a.language, b.language), "
        "sealed_text = case when a.told then a.sealed_text else b.sealed_text end, rating = a.rating, drivers = a.drivers, "
        "application_id = a.application_id, reply_wanted = a.reply_wanted, received_at = a.received_at, "
        f"changed_at = now() from {source} "
        "where b.org_id = a.org_id and b.feedback_id = a.feedback_id and b.version = a.previous",
        *columns,
    )
    if int(inserted.split()[-1]) + int(updated.split()[-1]) != len(changed):
        raise ConcurrentChange


async def add_steps(connection: Connection, steps: Sequence[tuple[Key, Step, bytes | None, str | None]]) -> None:
    await connection.executemany(
        "insert into feedback_step (org_id, feedback_id, source, event_id, state, occurred_at, sealed_resolution, "
        "redirected_to) values ($1, $2, $3, $4, $5, $6, $7, $8)",
        [(*key, s.source, s.event_id, s.state, s.occurred_at, sealed, to) for key, s, sealed, to in steps],
    )


async def supersede_steps(connection: Connection, corrections: Sequence[Received]) -> None:
    """Reports that others took the place of tell nothing any more."""
    made = [(each, each.corrects) for each in corrections if each.corrects is not None]
    if made:
        keys = [corrects.key.partition("/") for _, corrects in made]
        await connection.execute(
            "update feedback_step b set superseded_by = a.by "
            "from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[]) "
            "as a (org_id, feedback_id, source, event_id, by) where b.org_id = a.org_id "
            "and b.feedback_id = a.feedback_id and b.source = a.source and b.event_id = a.event_id",
            [org for org, _, _ in keys], [feedback for _, _, feedback in keys], [each.source for each, _ in made],
            [corrects.event_id for _, corrects in made], [each.id for each, _ in made],
        )  # fmt: skip


async def known_services(connection: Connection, service_ids: Iterable[str]) -> dict[str, str]:
    """The organisation of each known service."""
    rows = await connection.fetch(
        "select service_id, org_id from known_service where service_id = any($1::text[])", list(set(service_ids))
    )
    return {row["service_id"]: row["org_id"] for row in rows}


async def remember_services(connection: Connection, events: Sequence[Heard]) -> None:
    kept, gone = last_words(events, lambda data: (data.service_id, data.valid_from))
    await connection.executemany(
        "delete from known_service where service_id = $1 and valid_from = $2 and position < $3",
        [(event.data.service_id, event.data.valid_from, event.position) for event in gone],
    )
    services: list[tuple[Heard, ServiceRecorded]] = [(event, event.data) for event in kept]
    await connection.executemany(
        "insert into known_service (service_id, org_id, valid_from, position) values ($1, $2, $3, $4) "
        "on conflict (service_id) do update set org_id = excluded.org_id, valid_from = excluded.valid_from, "
        "position = excluded.position "
        "where (excluded.valid_from, excluded.position) >= (known_service.valid_from, known_service.position)",
        [(s.service_id, e.org_id, s.valid_from, e.position) for e, s in services],
    )


# Of a case whose every report was withdrawn nothing is told.
_TOLD = (
    "exists (select from feedback_step s where s.org_id = feedback_case.org_id "
    "and s.feedback_id = feedback_case.feedback_id and s.superseded_by is null)"
)


async def list_cases(
    pool: Pool, org_id: str | None, state: str | None, kind: str | None, after: Sequence[str], limit: int
) -> list[dict[str, Any]]:
    rows = await pool.fetch(
        "select org_id, feedback_id, service_id, kind, state, version, channel, language, rating, drivers, "
        "application_id, reply_wanted, received_at from feedback_case where ($1::text is null or org_id = $1) "
        "and ($2::text is null or state = $2) and ($3::text is null or kind = $3) "
        "and (org_id, feedback_id) > ($4, $5) "
        f"and {_TOLD} order by org_id, feedback_id limit $6",
        org_id, state, kind, after[0], after[1], limit,
    )  # fmt: skip
    return [dict(row) for row in rows]


async def case(pool: Pool, org_id: str | None, feedback_id: str) -> list[dict[str, Any]]:
    """The cases of an id (two organisations may have the same), what the client wrote still sealed."""
    rows = await pool.fetch(
        "select org_id, feedback_id, service_id, kind, state, version, channel, language, rating, drivers, "
        "application_id, reply_wanted, received_at, sealed_text from feedback_case "
        f"where feedback_id = $1 and ($2::text is null or org_id = $2) and {_TOLD} limit 2",
        feedback_id,
        org_id,
    )
    return [dict(row) for row in rows]


async def steps_of(pool: Pool, org_id: str, feedback_id: str) -> list[dict[str, Any]]:
    rows = await pool.fetch(
        "select state, occurred_at as at, redirected_to as to from feedback_step "
        "where org_id = $1 and feedback_id = $2 and superseded_by is null order by occurred_at, source, event_id",
        org_id,
        feedback_id,
    )
    return [dict(row) for row in rows]


async def totals(pool: Pool) -> list[dict[str, Any]]:
    """Cases per kind and state over all organisations."""
    rows = await pool.fetch(
        "select kind, count(*) as cases, count(*) filter (where state in ('resolved', 'closed', 'redirected')) as ended, "
        "avg(rating)::double precision as rating from feedback_case where kind is not null group by kind order by kind"
    )
    return [dict(row) for row in rows]
