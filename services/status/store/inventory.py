"""Copies of inventory's services and standards, and which applications are to be measured anew when those change."""

from collections.abc import Iterable, Sequence
from datetime import date
from functools import lru_cache
from typing import Any

import orjson

from services.status.domain.clocks import Standard
from services.status.store.saving import Key
from shared.contracts.inventory import ServiceRecorded, ServiceStandardRecorded
from shared.contracts.measure import Measure
from shared.contracts.reported.status import Channel
from shared.database import Connection, Pool
from shared.language import Bilingual
from shared.listening import Heard, last_words


async def hold_standards(connection: Connection) -> None:
    """Keep the standards as they are until the commit, so that none is missed by an application recorded beside it."""
    await connection.execute("select pg_advisory_xact_lock_shared(hashtext('guichet.standards'))")


async def service_name(pool: Pool, service_id: str) -> Bilingual:
    name = await pool.fetchval("select name from known_service where service_id = $1", service_id)
    return Bilingual.model_validate(name) if name else Bilingual(en=service_id, fr=service_id)


async def owner_of(pool: Pool, service_id: str) -> str | None:
    """The organisation of a service; None where it is not known yet."""
    owner: str | None = await pool.fetchval("select org_id from known_service where service_id = $1", service_id)
    return owner


async def owners_and_standards(
    connection: Connection | Pool, service_ids: Iterable[str]
) -> tuple[dict[str, str], dict[str, list[Standard]]]:
    """The organisation of each known service, and the standards of each."""
    rows = await connection.fetch(
        "select service_id, o.org_id, standard_id, s.valid_from, s.name::text, channel, measure::text "
        "from unnest($1::text[]) as asked (service_id) "
        "left join known_service o using (service_id) left join known_standard s using (service_id)",
        list(set(service_ids)),
    )
    owners: dict[str, str] = {}
    standards: dict[str, list[Standard]] = {}
    for service_id, org_id, standard_id, *fields in rows:
        if org_id is not None:
            owners[service_id] = org_id
        if standard_id is not None:
            standards.setdefault(service_id, []).append(_standard(standard_id, *fields))
    return owners, standards


async def known_standards(connection: Connection | Pool, service_id: str) -> list[Standard]:
    _, standards = await owners_and_standards(connection, [service_id])
    return standards.get(service_id, [])


@lru_cache(maxsize=50_000)
def _standard(standard_id: str, valid_from: date, name: str, channel: Channel | None, measure: str | None) -> Standard:
    """A standard from its row; the same few thousand come by again and again."""
    read = Measure.model_validate_json(measure) if measure else None
    return Standard(standard_id, valid_from, Bilingual.model_construct(**orjson.loads(name)), channel, read)


async def remember_services(connection: Connection, events: Sequence[Heard]) -> None:
    kept, gone = last_words(events, lambda data: (data.service_id, data.valid_from))
    await connection.executemany(
        "delete from known_service where service_id = $1 and valid_from = $2 and position < $3",
        [(event.data.service_id, event.data.valid_from, event.position) for event in gone],
    )
    services: list[tuple[Heard, ServiceRecorded]] = [(event, event.data) for event in kept]
    await connection.executemany(
        "insert into known_service (service_id, org_id, name, valid_from, position) values ($1, $2, $3, $4, $5) "
        "on conflict (service_id) do update set org_id = excluded.org_id, name = excluded.name, "
        "valid_from = excluded.valid_from, position = excluded.position "
        "where (excluded.valid_from, excluded.position) >= (known_service.valid_from, known_service.position)",
        [(s.service_id, e.org_id, s.name.model_dump(), s.valid_from, e.position) for e, s in services],
    )


async def remember_standards(connection: Connection, events: Sequence[Heard]) -> set[str]:
    """Returns the services of which something is measured otherwise from now on: names alone move no clock."""
    kept, gone = last_words(events, lambda data: (data.service_id, data.standard_id, data.valid_from))
    standards: list[tuple[Heard, ServiceStandardRecorded]] = [(event, event.data) for event in kept]
    await connection.execute("select pg_advisory_xact_lock(hashtext('guichet.standards'))")
    before = await _measured_by(connection, events)
    await connection.executemany(
        "delete from known_standard where service_id = $1 and standard_id = $2 and valid_from = $3 and position < $4",
        [(e.data.service_id, e.data.standard_id, e.data.valid_from, e.position) for e in gone],
    )
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
    after = await _measured_by(connection, events)
    return {service_id for service_id, *_ in before ^ after}


async def _measured_by(connection: Connection, events: Sequence[Heard]) -> set[tuple[Any, ...]]:
    """All that clocks depend on, of the services that events are about; each row begins with its service."""
    rows = await connection.fetch(
        "select service_id, standard_id, valid_from, channel, measure::text from known_standard "
        "where service_id = any($1::text[])",
        list({event.data.service_id for event in events}),
    )
    return {tuple(row) for row in rows}


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
