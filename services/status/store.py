"""Every SQL statement of status."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from services.status.domain.application import Application, Standard, Step, measure_from
from shared.contracts.inventory import ServiceRecorded, ServiceStandardRecorded
from shared.contracts.status import Clock
from shared.database import ConcurrentChange, Connection, Pool
from shared.language import Bilingual
from shared.listening import Heard

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Saved:
    """A changed application as its row is to be; `previous` is the version it was read at, 0 for a new one."""

    application: Application
    previous: int
    language: str | None
    sealed_client: bytes | None
    client_hash: bytes | None
    tracking_hash: bytes
    opened_at: datetime
    changed_at: datetime


async def applications(connection: Connection | Pool, keys: Iterable[Key]) -> dict[Key, Application]:
    wanted = sorted(set(keys))
    orgs, ids = [key[0] for key in wanted], [key[1] for key in wanted]
    rows = await connection.fetch(
        "select org_id, application_id, service_id, state, version, channel, expected_at, clocks from application "
        "join unnest($1::text[], $2::text[]) as a (org_id, application_id) using (org_id, application_id)",
        orgs,
        ids,
    )
    if not rows:
        return {}
    steps = await connection.fetch(
        "select org_id, application_id, source, event_id, state, occurred_at, sequence, channel, outcome, expected_at "
        "from application_event join unnest($1::text[], $2::text[]) as a (org_id, application_id) "
        "using (org_id, application_id)",
        orgs,
        ids,
    )
    histories: dict[Key, list[Step]] = {}
    for step in steps:
        org_id, application_id, *fields = step.values()
        histories.setdefault((org_id, application_id), []).append(Step(*fields))
    return {(row["org_id"], row["application_id"]): _application(row, histories) for row in rows}


def _application(row: Any, histories: dict[Key, list[Step]]) -> Application:
    return Application(
        org_id=row["org_id"],
        application_id=row["application_id"],
        service_id=row["service_id"],
        state=row["state"],
        version=row["version"],
        channel=row["channel"],
        expected_at=row["expected_at"],
        history=tuple(histories.get((row["org_id"], row["application_id"]), ())),
        clocks={each: Clock.model_validate(clock) for each, clock in row["clocks"].items()},
    )


async def hold_standards(connection: Connection) -> None:
    """Keep the standards as they are until the commit, so that none is missed by an application recorded beside it."""
    await connection.execute("select pg_advisory_xact_lock_shared(hashtext('guichet.standards'))")


async def known_services(connection: Connection | Pool, service_ids: Iterable[str]) -> dict[str, str]:
    """The organisation of each known service."""
    rows = await connection.fetch(
        "select service_id, org_id from known_service where service_id = any($1::text[])", list(set(service_ids))
    )
    return {row["service_id"]: row["org_id"] for row in rows}


async def service_name(pool: Pool, service_id: str) -> Bilingual:
    name = await pool.fetchval("select name from known_service where service_id = $1", service_id)
    return Bilingual.model_validate(name) if name else Bilingual(en=service_id, fr=service_id)


async def known_standards(connection: Connection | Pool, service_ids: Iterable[str]) -> dict[str, list[Standard]]:
    rows = await connection.fetch(
        "select service_id, standard_id, valid_from, name::text as name, channel, measure::text as measure "
        "from known_standard where service_id = any($1::text[])",
        list(set(service_ids)),
    )
    standards: dict[str, list[Standard]] = {}
    for row in rows:
        measure = row["measure"] and measure_from(row["measure"])
        name = Bilingual.model_construct(**orjson.loads(row["name"]))
        standard = Standard(row["standard_id"], row["valid_from"], name, row["channel"], measure)
        standards.setdefault(row["service_id"], []).append(standard)
    return standards


async def save(connection: Connection, saved: Sequence[Saved]) -> None:
    """Write changed applications. Raises ConcurrentChange when another transaction was quicker with one of them."""
    done = await connection.execute(
        "insert into application (org_id, application_id, service_id, state, version, channel, language, sealed_client, "
        "client_hash, expected_at, tracking_hash, clocks, opened_at, changed_at) "
        "select org_id, application_id, service_id, state, version, channel, language, sealed_client, client_hash, "
        "expected_at, tracking_hash, clocks, opened_at, changed_at from unnest("
        "$1::text[], $2::text[], $3::text[], $4::text[], $5::int[], $6::text[], $7::text[], $8::bytea[], $9::bytea[], "
        "$10::timestamptz[], $11::bytea[], $12::jsonb[], $13::timestamptz[], $14::timestamptz[], $15::int[]) "
        "as a (org_id, application_id, service_id, state, version, channel, language, sealed_client, client_hash, "
        "expected_at, tracking_hash, clocks, opened_at, changed_at, previous) where previous = 0",
        *_columns(saved),
    )
    inserted = int(done.split()[-1])
    done = await connection.execute(
        "update application b set state = a.state, version = a.version, channel = a.channel, "
        "language = coalesce(a.language, b.language), sealed_client = coalesce(a.sealed_client, b.sealed_client), "
        "client_hash = coalesce(a.client_hash, b.client_hash), expected_at = a.expected_at, clocks = a.clocks, "
        "opened_at = least(a.opened_at, b.opened_at), changed_at = a.changed_at from unnest("
        "$1::text[], $2::text[], $3::text[], $4::text[], $5::int[], $6::text[], $7::text[], $8::bytea[], $9::bytea[], "
        "$10::timestamptz[], $11::bytea[], $12::jsonb[], $13::timestamptz[], $14::timestamptz[], $15::int[]) "
        "as a (org_id, application_id, service_id, state, version, channel, language, sealed_client, client_hash, "
        "expected_at, tracking_hash, clocks, opened_at, changed_at, previous) "
        "where b.org_id = a.org_id and b.application_id = a.application_id and b.version = a.previous",
        *_columns(saved),
    )
    if inserted + int(done.split()[-1]) != len(saved):
        raise ConcurrentChange


def _columns(saved: Sequence[Saved]) -> list[list[Any]]:
    rows = [
        (
            each.application.org_id, each.application.application_id, each.application.service_id,
            each.application.state, each.application.version, each.application.channel, each.language,
            each.sealed_client, each.client_hash, each.application.expected_at, each.tracking_hash,
            {key: clock.model_dump(mode="json") for key, clock in each.application.clocks.items()},
            each.opened_at, each.changed_at, each.previous,
        )
        for each in saved
    ]  # fmt: skip
    return [list(column) for column in zip(*rows, strict=True)]


async def add_steps(connection: Connection, steps: Sequence[tuple[Key, Step, bytes | None]]) -> None:
    rows = [
        (
            *key, step.source, step.event_id, step.state, step.occurred_at, step.sequence, step.channel, step.outcome,
            step.expected_at, reason,
        )
        for key, step, reason in steps
    ]  # fmt: skip
    await connection.execute(
        "insert into application_event (org_id, application_id, source, event_id, state, occurred_at, sequence, channel, "
        "outcome, expected_at, sealed_reason) select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], "
        "$5::text[], $6::timestamptz[], $7::bigint[], $8::text[], $9::text[], $10::timestamptz[], $11::bytea[])",
        *(list(column) for column in zip(*rows, strict=True)),
    )


async def remember_services(connection: Connection, events: Sequence[Heard]) -> None:
    services: list[tuple[Heard, ServiceRecorded]] = [(event, event.data) for event in events]
    await connection.executemany(
        "insert into known_service (service_id, org_id, name, valid_from, position) values ($1, $2, $3, $4, $5) "
        "on conflict (service_id) do update set org_id = excluded.org_id, name = excluded.name, "
        "valid_from = excluded.valid_from, position = excluded.position "
        "where (excluded.valid_from, excluded.position) >= (known_service.valid_from, known_service.position)",
        [(s.service_id, e.org_id, s.name.model_dump(), s.valid_from, e.position) for e, s in services],
    )


async def remember_standards(connection: Connection, events: Sequence[Heard]) -> None:
    standards: list[tuple[Heard, ServiceStandardRecorded]] = [(event, event.data) for event in events]
    await connection.execute("select pg_advisory_xact_lock(hashtext('guichet.standards'))")
    await connection.executemany(
        "insert into known_standard (service_id, standard_id, valid_from, org_id, name, channel, measure, position) "
        "values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (service_id, standard_id, valid_from) do update set "
        "org_id = excluded.org_id, name = excluded.name, channel = excluded.channel, measure = excluded.measure, "
        "position = excluded.position where excluded.position >= known_standard.position",
        [
            (
                s.service_id, s.standard_id, s.valid_from, e.org_id, s.name.model_dump(), s.channel,
                s.measure and s.measure.model_dump(mode="json"), e.position,
            )
            for e, s in standards
        ],
    )  # fmt: skip


async def ask_to_measure_again(connection: Connection, service_ids: Iterable[str]) -> None:
    """Only where there is something to measure: most standards are known before the first application."""
    await connection.execute(
        "insert into measure_again (service_id, asked_at) select id, clock_timestamp() from unnest($1::text[]) as id "
        "where exists (select from application where service_id = id) "
        "on conflict (service_id) do update set asked_at = excluded.asked_at, after_org = '', after_id = ''",
        sorted(set(service_ids)),
    )


async def next_to_measure(connection: Connection, limit: int) -> tuple[str, list[Key]] | None:
    """A service whose standards changed and its next applications; None where nothing is asked."""
    row = await connection.fetchrow(
        "select service_id, after_org, after_id from measure_again order by asked_at limit 1 for update skip locked"
    )
    if row is None:
        return None
    keys = await connection.fetch(
        "select org_id, application_id from application where service_id = $1 and (org_id, application_id) > ($2, $3) "
        "order by org_id, application_id limit $4",
        row["service_id"], row["after_org"], row["after_id"], limit,
    )  # fmt: skip
    return row["service_id"], [(key["org_id"], key["application_id"]) for key in keys]


async def measured(connection: Connection, service_id: str, last: Key | None) -> None:
    if last is None:
        await connection.execute("delete from measure_again where service_id = $1", service_id)
    else:
        await connection.execute(
            "update measure_again set after_org = $2, after_id = $3 where service_id = $1", service_id, *last
        )


async def save_clocks(connection: Connection, changed: Sequence[tuple[Application, int]]) -> None:
    done = await connection.execute(
        "update application b set version = a.version, clocks = a.clocks "
        "from unnest($1::text[], $2::text[], $3::int[], $4::jsonb[], $5::int[]) "
        "as a (org_id, application_id, version, clocks, previous) "
        "where b.org_id = a.org_id and b.application_id = a.application_id and b.version = a.previous",
        [application.org_id for application, _ in changed],
        [application.application_id for application, _ in changed],
        [application.version for application, _ in changed],
        [{k: c.model_dump(mode="json") for k, c in application.clocks.items()} for application, _ in changed],
        [previous for _, previous in changed],
    )
    if int(done.split()[-1]) != len(changed):
        raise ConcurrentChange


async def find_by_id(pool: Pool, application_id: str, org_id: str | None) -> list[Key]:
    rows = await pool.fetch(
        "select org_id, application_id from application where application_id = $1 and ($2::text is null or org_id = $2) "
        "limit 2",
        application_id,
        org_id,
    )
    return [(row["org_id"], row["application_id"]) for row in rows]


async def find_by_tracking(pool: Pool, tracking_hash: bytes) -> Key | None:
    row = await pool.fetchrow("select org_id, application_id from application where tracking_hash = $1", tracking_hash)
    return row and (row["org_id"], row["application_id"])


async def client_hash(pool: Pool, key: Key) -> bytes | None:
    found: bytes | None = await pool.fetchval(
        "select client_hash from application where org_id = $1 and application_id = $2", *key
    )
    return found


async def list_applications(
    pool: Pool,
    *,
    org_id: str | None,
    client: bytes | None,
    service: str | None,
    state: str | None,
    after: Sequence[str],
    limit: int,
) -> list[Key]:
    rows = await pool.fetch(
        "select org_id, application_id from application where ($1::text is null or org_id = $1) "
        "and ($2::bytea is null or client_hash = $2) and ($3::text is null or service_id = $3) "
        "and ($4::text is null or state = $4) and (org_id, application_id) > ($5, $6) "
        "order by org_id, application_id limit $7",
        org_id, client, service, state, after[0], after[1], limit,
    )  # fmt: skip
    return [(row["org_id"], row["application_id"]) for row in rows]
