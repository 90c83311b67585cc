"""Copies of inventory's services and standards, and which applications are to be measured anew when those change."""

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, NamedTuple

import orjson

from services.status.domain.clocks import Rules, Standard
from services.status.store.saving import Key
from shared.calendars import ExceptionDay
from shared.contracts.inventory import ServiceRecorded, ServiceStandardRecorded
from shared.contracts.measure import Measure
from shared.contracts.reported.status import Channel
from shared.database import Connection, Pool
from shared.decoding import Received
from shared.language import Bilingual
from shared.listening import Heard, last_words
from shared.ownership import Ownership, day_in_ottawa, ownership
from shared.transfers import read_transfers

MOST_COUNTED = 10_000


async def hold_rules(connection: Connection) -> None:
    """Keep standards and exception days as they are until the commit, so that none is missed by an application recorded
    beside it.
    """
    await connection.execute("select pg_advisory_xact_lock_shared(hashtext('guichet.standards'))")


async def change_rules(connection: Connection) -> None:
    """Be the only one, until the commit, that records by them or changes them."""
    await connection.execute("select pg_advisory_xact_lock(hashtext('guichet.standards'))")


async def service_names(pool: Pool, service_ids: Collection[str]) -> dict[str, Bilingual]:
    """Of each; the id itself where the service is not known yet."""
    rows = await pool.fetch(
        "select service_id, name from known_service where service_id = any($1::text[])", list(service_ids)
    )
    names = {row["service_id"]: Bilingual.model_validate(row["name"]) for row in rows}
    return {each: names.get(each) or Bilingual(en=each, fr=each) for each in service_ids}


async def owner_of(pool: Pool, service_id: str) -> str | None:
    """The organisation of a service today; None where it is not known yet."""
    found = await known(pool, [service_id], [])
    return found.owner(service_id, day_in_ottawa(datetime.now(UTC)))


class Known(NamedTuple):
    """Whose each known service is, the standards of each, and the exception days of organisations."""

    owners: dict[str, Ownership]
    standards: dict[str, list[Standard]]
    exceptions: dict[str, list[ExceptionDay]]

    def owner(self, service_id: str, day: date) -> str | None:
        """The organisation of a service on a day; None where the service is not known yet."""
        found = self.owners.get(service_id)
        return found.on(day) if found is not None else None

    def rules(self, service_id: str, org_id: str) -> Rules:
        """For applications of a service that an organisation reports."""
        return Rules(self.standards.get(service_id, ()), self.exceptions.get(org_id, ()))


async def known(connection: Connection | Pool, service_ids: Iterable[str], org_ids: Iterable[str]) -> Known:
    """All of it by one statement: every report waits for it."""
    rows = await connection.fetch(
        "select service_id, o.org_id, standard_id, s.valid_from, s.name::text, channel, measure::text, "
        "(select json_agg(d order by known_at, day)::text from exception_day d where d.org_id = any($2)) as days, "
        "(select json_agg(t)::text from known_transfer t where t.service_id = asked.service_id) as transfers "
        "from unnest($1::text[]) as asked (service_id) "
        "left join known_service o using (service_id) left join known_standard s using (service_id)",
        list(set(service_ids)),
        list(set(org_ids)),
    )
    found = Known({}, {}, _exceptions(rows[0]["days"]) if rows and rows[0]["days"] else {})
    for service_id, org_id, standard_id, *fields, _, moved in rows:
        if owner := ownership(org_id, read_transfers(moved) if moved else ()):
            found.owners[service_id] = owner
        if standard_id is not None:
            found.standards.setdefault(service_id, []).append(_standard(standard_id, *fields))
    return found


@lru_cache(maxsize=50_000)
def _standard(standard_id: str, valid_from: date, name: str, channel: Channel | None, measure: str | None) -> Standard:
    """A standard from its row; the same few thousand come by again and again."""
    read = Measure.model_validate_json(measure) if measure else None
    return Standard(standard_id, valid_from, Bilingual.model_construct(**orjson.loads(name)), channel, read)


@lru_cache(maxsize=1_000)
def _exceptions(rows: str) -> dict[str, list[ExceptionDay]]:
    """Of each organisation, from their rows; the same come by again and again."""
    found: dict[str, list[ExceptionDay]] = {}
    for row in orjson.loads(rows):
        withdrawn = row["withdrawn_at"]
        day = ExceptionDay(
            date.fromisoformat(row["day"]),
            Bilingual.model_construct(**row["note"]),
            datetime.fromisoformat(row["known_at"]),
            datetime.fromisoformat(withdrawn) if withdrawn else None,
            row["calendar"],
        )
        found.setdefault(row["org_id"], []).append(day)
    return found


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
    await change_rules(connection)
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


_ASKED = (
    "on conflict (service_id) do update set asked_at = excluded.asked_at, after_org = '', after_id = '', "
    "cause_source = excluded.cause_source, cause_id = excluded.cause_id"
)


async def ask_to_measure_again(connection: Connection, service_ids: Iterable[str]) -> None:
    """Only where there is something to measure: most standards are known before the first application."""
    await connection.execute(
        "insert into measure_again (service_id, asked_at) select id, clock_timestamp() from unnest($1::text[]) as id "
        f"where exists (select from application where service_id = id) {_ASKED}",
        sorted(set(service_ids)),
    )


async def ask_for_business_days(connection: Connection, event: Received, calendars: Collection[str]) -> None:
    """What an exception day may move: an organisation's applications with a clock in business days of these calendars, or
    of any where none is named. The event is the cause of what changes.
    """
    await connection.execute(
        "insert into measure_again (service_id, asked_at, cause_source, cause_id) "
        "select distinct service_id, clock_timestamp(), $3::text, $4::text from known_standard s "
        "where measure->>'days' = 'business' and (measure->>'calendar' = any($2::text[]) or cardinality($2::text[]) = 0) "
        f"and exists (select from application a where a.service_id = s.service_id and a.org_id = $1) {_ASKED}",
        event.org_id, list(calendars), event.source, event.id,
    )  # fmt: skip


class Asked(NamedTuple):
    """A service whose applications are measured again, by the source and id of what event, and the next of them."""

    service_id: str
    cause: tuple[str, str]
    keys: list[Key]


async def next_to_measure(connection: Connection, limit: int) -> Asked | None:
    """None where nothing is asked."""
    row = await connection.fetchrow(
        "select service_id, after_org, after_id, coalesce(cause_source, '/services/inventory') as source, "
        "coalesce(cause_id, service_id) as id from measure_again order by asked_at limit 1 for update skip locked"
    )
    if row is None:
        return None
    keys = await connection.fetch(
        "select org_id, application_id from application where service_id = $1 and (org_id, application_id) > ($2, $3) "
        "order by org_id, application_id limit $4",
        row["service_id"], row["after_org"], row["after_id"], limit,
    )  # fmt: skip
    found = [(key["org_id"], key["application_id"]) for key in keys]
    return Asked(row["service_id"], (row["source"], row["id"]), found)


async def left_to_measure(connection: Connection | Pool, org_id: str | None = None) -> int:
    """How many applications are still to be measured again, of one organisation or in all: MOST_COUNTED stands for as many
    or more, since anyone may ask for it at any time.
    """
    own = "" if org_id is None else "and a.org_id = $2"
    left: int = await connection.fetchval(
        "select count(*) from (select from measure_again m join application a using (service_id) "
        f"where (a.org_id, a.application_id) > (m.after_org, m.after_id) {own} limit $1) first_ones",
        MOST_COUNTED,
        *([] if org_id is None else [org_id]),
    )
    return left


async def measured(connection: Connection, service_id: str, last: Key | None) -> None:
    if last is None:
        await connection.execute("delete from measure_again where service_id = $1", service_id)
    else:
        await connection.execute(
            "update measure_again set after_org = $2, after_id = $3 where service_id = $1", service_id, *last
        )
