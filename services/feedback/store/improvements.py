"""What departments improved because of feedback."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from shared.contracts.reported.feedback import ImprovementReported
from shared.database import Connection, Pool
from shared.decoding import Received

Key = tuple[str, str]  # organisation, improvement id


async def improvements(connection: Connection, keys: Sequence[Key]) -> dict[Key, dict[str, Any]]:
    rows = await connection.fetch(
        "select i.* from improvement i join unnest($1::text[], $2::text[]) as a (org_id, improvement_id) "
        "using (org_id, improvement_id)",
        [org for org, _ in keys],
        [each for _, each in keys],
    )
    return {(row["org_id"], row["improvement_id"]): dict(row) for row in rows}


async def save_improvement(connection: Connection, event: Received, said: ImprovementReported, version: int) -> None:
    await connection.execute(
        "insert into improvement (org_id, improvement_id, service_id, made_on, title, url, feedback_ids, source, event_id, "
        "version) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict (org_id, improvement_id) do update set "
        "service_id = excluded.service_id, made_on = excluded.made_on, title = excluded.title, url = excluded.url, "
        "feedback_ids = excluded.feedback_ids, source = excluded.source, event_id = excluded.event_id, "
        "version = excluded.version, withdrawn = false",
        event.org_id, said.improvement_id, said.service_id, said.made_on, said.title.model_dump(),
        said.url and said.url.model_dump(), list(said.feedback_ids), event.source, event.id, version,
    )  # fmt: skip


async def withdraw_improvement(connection: Connection, key: Key, version: int) -> None:
    await connection.execute(
        "update improvement set withdrawn = true, version = $3 where org_id = $1 and improvement_id = $2", *key, version
    )


async def list_improvements(
    pool: Pool, org_id: str | None, service_id: str | None, since: date | None, after: Sequence[str], limit: int
) -> list[dict[str, Any]]:
    """The newest first; `after` is a day, organisation and id."""
    rows = await pool.fetch(
        "select i.org_id, improvement_id, i.service_id, made_on, title, url, cardinality(feedback_ids) as feedback, "
        "s.name_en, s.name_fr from improvement i left join known_service s using (service_id) "
        "where not withdrawn and ($1::text is null or i.org_id = $1) and ($2::text is null or i.service_id = $2) "
        "and ($3::date is null or made_on >= $3) and ($4 = '' or made_on < $4::text::date or (made_on = $4::text::date "
        "and (i.org_id, improvement_id) > ($5, $6))) order by made_on desc, i.org_id, improvement_id limit $7",
        org_id, service_id, since, *after, limit,
    )  # fmt: skip
    return [dict(row) for row in rows]
