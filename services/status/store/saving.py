"""Reading and saving applications: their rows, their history, and the clocks last published."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter

from services.status.domain.application import Application, Step
from shared.contracts.status import Clock
from shared.database import ConcurrentChange, Connection, Pool
from shared.decoding import Received

Key = tuple[str, str]
_CLOCKS = TypeAdapter(dict[str, Clock])


@dataclass(frozen=True, slots=True)
class Saved:
    """A changed application as its row is to be; `previous` is the version it was read at, 0 for a new one, which alone
    is given its `tracking_hash`.
    """

    application: Application
    previous: int
    language: str | None
    sealed_client: bytes | None
    client_hash: bytes | None
    tracking_hash: bytes | None
    opened_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class NewStep:
    """A report to be kept in an application's history, with what it says in private."""

    key: Key
    step: Step
    sealed_reason: bytes | None
    sealed_client: bytes | None
    client_hash: bytes | None


async def applications(connection: Connection | Pool, keys: Iterable[Key]) -> dict[Key, Application]:
    wanted = sorted(set(keys))
    orgs, ids = [key[0] for key in wanted], [key[1] for key in wanted]
    rows = await connection.fetch(
        "select org_id, application_id, service_id, state, version, channel, expected_at, clocks::text "
        "from application join unnest($1::text[], $2::text[]) as a (org_id, application_id) using (org_id, application_id)",
        orgs,
        ids,
    )
    if not rows:
        return {}
    steps = await connection.fetch(
        "select org_id, application_id, superseded_by, source, event_id, state, occurred_at, sequence, channel, outcome, "
        "expected_at from application_event join unnest($1::text[], $2::text[]) as a (org_id, application_id) "
        "using (org_id, application_id)",
        orgs,
        ids,
    )
    histories: dict[Key, list[Step]] = {}
    superseded: dict[Key, set[tuple[str, str]]] = {}
    for step in steps:
        org_id, application_id, by, *fields = step.values()
        if by is None:
            histories.setdefault((org_id, application_id), []).append(Step(*fields))
        else:
            superseded.setdefault((org_id, application_id), set()).add((step["source"], step["event_id"]))
    return {(row["org_id"], row["application_id"]): _application(row, histories, superseded) for row in rows}


def _application(
    row: Any, histories: dict[Key, list[Step]], superseded: dict[Key, set[tuple[str, str]]]
) -> Application:
    return Application(
        org_id=row["org_id"],
        application_id=row["application_id"],
        service_id=row["service_id"],
        state=row["state"],
        version=row["version"],
        channel=row["channel"],
        expected_at=row["expected_at"],
        history=tuple(histories.get((row["org_id"], row["application_id"]), ())),
        clocks=_CLOCKS.validate_json(row["clocks"]),
        superseded=frozenset(superseded.get((row["org_id"], row["application_id"]), ())),
    )


_SAVE = """
with changed as (
    select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::int[], $6::text[], $7::text[], $8::bytea[],
                         $9::bytea[], $10::timestamptz[], $11::bytea[], $12::text[]::jsonb[], $13::timestamptz[],
                         $14::timestamptz[], $15::int[], $16::bool[])
        as a (org_id, application_id, service_id, state, version, channel, language, sealed_client, client_hash,
              expected_at, tracking_hash, clocks, opened_at, changed_at, previous, void)
), inserted as (
    insert into application (org_id, application_id, service_id, state, version, channel, language, sealed_client,
                             client_hash, expected_at, tracking_hash, clocks, opened_at, changed_at, void)
    select org_id, application_id, service_id, state, version, channel, language, sealed_client, client_hash,
           expected_at, tracking_hash, clocks, opened_at, changed_at, void
      from changed where previous = 0
    returning 1
), updated as (
    update application b
       set service_id = a.service_id, state = a.state, version = a.version, channel = a.channel,
           language = coalesce(a.language, b.language), sealed_client = coalesce(a.sealed_client, b.sealed_client),
           client_hash = coalesce(a.client_hash, b.client_hash), expected_at = a.expected_at, clocks = a.clocks,
           opened_at = least(a.opened_at, b.opened_at), changed_at = a.changed_at, void = a.void
      from changed a
     where b.org_id = a.org_id and b.application_id = a.application_id and b.version = a.previous
    returning 1
), reported as (
    insert into application_event (org_id, application_id, source, event_id, state, occurred_at, sequence, channel,
                                   outcome, expected_at, sealed_reason, sealed_client, client_hash)
    select * from unnest($17::text[], $18::text[], $19::text[], $20::text[], $21::text[], $22::timestamptz[],
                         $23::bigint[], $24::text[], $25::text[], $26::timestamptz[], $27::bytea[], $28::bytea[],
                         $29::bytea[])
)
select (select count(*) from inserted) + (select count(*) from updated)
"""


async def save(connection: Connection, saved: Sequence[Saved], steps: Sequence[NewStep]) -> None:
    """Write changed applications and what was newly reported of them. Raises ConcurrentChange when another transaction
    was quicker with one of them.
    """
    if await connection.fetchval(_SAVE, *_columns(saved), *_columns_of_steps(steps)) != len(saved):
        raise ConcurrentChange


def _columns(saved: Sequence[Saved]) -> list[Sequence[Any]]:
    rows = [
        (
            each.application.org_id, each.application.application_id, each.application.service_id,
            each.application.state, each.application.version, each.application.channel, each.language,
            each.sealed_client, each.client_hash, each.application.expected_at, each.tracking_hash,
            _written(each.application.clocks), each.opened_at, each.changed_at, each.previous, each.application.void,
        )
        for each in saved
    ]  # fmt: skip
    return list(zip(*rows, strict=True))


def _written(clocks: Mapping[str, Clock]) -> str:
    return _CLOCKS.dump_json(dict(clocks)).decode()


def _columns_of_steps(steps: Sequence[NewStep]) -> list[Sequence[Any]]:
    rows = [
        (
            *each.key, each.step.source, each.step.event_id, each.step.state, each.step.occurred_at, each.step.sequence,
            each.step.channel, each.step.outcome, each.step.expected_at, each.sealed_reason, each.sealed_client,
            each.client_hash,
        )
        for each in steps
    ]  # fmt: skip
    return list(zip(*rows, strict=True)) or [[]] * 13


async def supersede_steps(connection: Connection, corrections: Sequence[Received]) -> None:
    """Reports that others took the place of tell nothing any more: of the application, nor of whose it is."""
    if not corrections:
        return
    made = [(each, each.corrects) for each in corrections if each.corrects is not None]
    keys = [corrects.key.partition("/") for _, corrects in made]
    orgs, ids = [org for org, _, _ in keys], [application for _, _, application in keys]
    await connection.execute(
        "update application_event b set superseded_by = a.by "
        "from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[]) "
        "as a (org_id, application_id, source, event_id, by) where b.org_id = a.org_id "
        "and b.application_id = a.application_id and b.source = a.source and b.event_id = a.event_id",
        orgs, ids, [each.source for each, _ in made], [corrects.event_id for _, corrects in made],
        [each.id for each, _ in made],
    )  # fmt: skip
    await connection.execute(
        "update application b set (sealed_client, client_hash) = ("
        "  select sealed_client, client_hash from application_event e where e.org_id = b.org_id "
        "  and e.application_id = b.application_id and superseded_by is null and client_hash is not null "
        "  order by occurred_at desc, source, event_id limit 1) "
        "from (select distinct * from unnest($1::text[], $2::text[]) as u (org_id, application_id)) a "
        "where b.org_id = a.org_id and b.application_id = a.application_id",
        orgs,
        ids,
    )


async def save_clocks(connection: Connection, changed: Sequence[tuple[Application, int]]) -> None:
    done = await connection.execute(
        "update application b set version = a.version, clocks = a.clocks "
        "from unnest($1::text[], $2::text[], $3::int[], $4::text[]::jsonb[], $5::int[]) "
        "as a (org_id, application_id, version, clocks, previous) "
        "where b.org_id = a.org_id and b.application_id = a.application_id and b.version = a.previous",
        [application.org_id for application, _ in changed],
        [application.application_id for application, _ in changed],
        [application.version for application, _ in changed],
        [_written(application.clocks) for application, _ in changed],
        [previous for _, previous in changed],
    )
    if int(done.split()[-1]) != len(changed):
        raise ConcurrentChange
