"""Versions of services, standards and results: every one is kept; the newest that was not withdrawn is what holds."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from services.inventory.domain import Known, Recorded
from shared.contracts.inventory import ServiceRecorded, ServiceStandardRecorded, ServiceStandardResultRecorded
from shared.database import Connection
from shared.decoding import Received

Key = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """One kind of thing: its table, what a thing is known by, and how its fields are read."""

    name: str
    key: tuple[str, ...]
    kinds: tuple[str, ...]
    fields: str = "fields"

    @property
    def columns(self) -> str:
        return ", ".join(self.key)

    @property
    def arrays(self) -> str:
        return ", ".join(f"${at}::{kind}[]" for at, kind in enumerate(self.kinds, 1))

    def key_of(self, row: Any) -> Key:
        return tuple(row[column] for column in self.key)


SERVICES = Table("service_version", ("service_id", "fiscal_year"), ("text", "text"))
STANDARDS = Table("standard_version", ("service_id", "standard_id", "fiscal_year"), ("text", "text", "text"))
RESULTS = Table(
    "standard_result",
    ("service_id", "standard_id", "from_date", "to_date", "channel"),
    ("text", "text", "date", "date", "text"),
    "jsonb_build_object('met', met, 'total', total, 'value', value, 'unit', unit)",
)


@dataclass(frozen=True, slots=True)
class Made:
    """The version that a report made: of which thing, with which fields, and whether it is the one that holds."""

    key: Key
    version: int
    fields: dict[str, Any]
    holds: bool


@dataclass(frozen=True, slots=True)
class New:
    """A version to be kept, and the report that says so."""

    recorded: Recorded
    org_id: str
    made_by: tuple[str, str]
    withdrawn: bool = False


async def known(connection: Connection, table: Table, keys: Iterable[Key]) -> dict[Key, Known]:
    wanted = list(keys)
    if not wanted:
        return {}
    rows = await connection.fetch(
        f"select distinct on ({table.columns}) {table.columns}, org_id, withdrawn, source, event_id, {table.fields} as fields, "
        f"max(version) over (partition by {table.columns}) as last from {table.name} "
        f"join unnest({table.arrays}) as a ({table.columns}) using ({table.columns}) "
        f"order by {table.columns}, withdrawn, version desc",
        *([key[part] for key in wanted] for part in range(len(table.key))),
    )
    return {
        table.key_of(row): Known(
            row["last"],
            row["org_id"],
            {} if row["withdrawn"] else row["fields"],
            (row["source"], row["event_id"]) if row["source"] else None,
        )
        for row in rows
    }


async def made(connection: Connection, table: Table, corrections: Sequence[Received]) -> dict[tuple[str, str], Made]:
    """The versions that corrected reports made, by source and event id; one that said nothing new made none."""
    targets = [(event.corrects.key, event.source, event.corrects.event_id) for event in corrections if event.corrects]
    if not targets:
        return {}
    rows = await connection.fetch(
        f"select t.*, {table.fields} as fields, not t.withdrawn and not exists (select from {table.name} n where "
        f"({', '.join('n.' + column for column in table.key)}) = ({', '.join('t.' + column for column in table.key)}) "
        f"and not n.withdrawn and n.version > t.version) as holds from {table.name} t "
        "join unnest($1::text[], $2::text[], $3::text[]) as a (service_id, source, event_id) "
        "using (service_id, source, event_id) order by t.version",
        *([target[part] for target in targets] for part in range(3)),
    )
    return {
        (row["source"], row["event_id"]): Made(table.key_of(row), row["version"], row["fields"], row["holds"])
        for row in rows
    }


async def withdraw(connection: Connection, table: Table, one: Made, made_by: tuple[str, str]) -> None:
    """Every version that says what this report said."""
    places = " and ".join(f"{column} = ${at}" for at, column in enumerate(table.key, 3))
    await connection.execute(
        f"update {table.name} set withdrawn = true where source = $1 and event_id = $2 and {places}", *made_by, *one.key
    )


async def newest_service(connection: Connection, service_id: str) -> tuple[int, dict[str, Any]] | None:
    """The version and fields of a service's newest year of which a report is left."""
    row = await connection.fetchrow(
        "select version, fields from service_version where service_id = $1 and not withdrawn "
        "order by fiscal_year desc, version desc limit 1",
        service_id,
    )
    return row and (row["version"], row["fields"])


async def add(connection: Connection, new: Sequence[New]) -> None:
    for kind, statement in _ADD.items():
        rows = [_row(each) for each in new if isinstance(each.recorded, kind)]
        if rows:
            await connection.executemany(statement, rows)


_ADD: dict[type[Recorded], str] = {
    ServiceRecorded: "insert into service_version (org_id, source, event_id, withdrawn, service_id, fiscal_year, version, "
    "valid_from, name_en, name_fr, priority, fields) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
    ServiceStandardRecorded: "insert into standard_version (org_id, source, event_id, withdrawn, service_id, standard_id, "
    "fiscal_year, version, valid_from, name_en, name_fr, target, measure, fields) "
    "values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
    ServiceStandardResultRecorded: "insert into standard_result (org_id, source, event_id, withdrawn, service_id, "
    "standard_id, from_date, to_date, channel, version, met, total, value, unit) "
    "values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
}


def _row(new: New) -> tuple[Any, ...]:
    made_by = (new.org_id, *new.made_by, new.withdrawn)
    match new.recorded:
        case ServiceRecorded() as s:
            said = (s.service_id, s.fiscal_year, s.version, s.valid_from, s.name.en, s.name.fr, s.priority, s.fields)
        case ServiceStandardRecorded() as s:
            measure = s.measure and s.measure.model_dump(mode="json")
            names = (s.name.en, s.name.fr)
            return (*made_by, s.service_id, s.standard_id, s.fiscal_year, s.version, s.valid_from, *names, s.target,
                    measure, s.fields)  # fmt: skip
        case ServiceStandardResultRecorded() as r:
            result = r.after or r.before
            values = (result.met, result.total, result.value, result.unit) if result else (None,) * 4
            return (*made_by, r.service_id, r.standard_id, r.from_date, r.to_date, r.channel or "", r.version, *values)
    return (*made_by, *said)
