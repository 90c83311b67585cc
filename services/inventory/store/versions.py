"""Versions of services, standards and results: every one is kept; the newest that was not withdrawn is what holds."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson

from services.inventory.domain import Known, Recorded
from shared.contracts.inventory import (
    ServiceRecorded,
    ServiceRetired,
    ServiceStandardRecorded,
    ServiceStandardResultRecorded,
    ServiceTransferred,
    StewardshipRecorded,
)
from shared.database import Connection

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

    def as_json(self, key: Key) -> str:
        """A thing's key as it is kept with its reports."""
        return orjson.dumps(key).decode()

    def from_json(self, text: str) -> Key:
        kinds = zip(orjson.loads(text), self.kinds, strict=True)
        return tuple(date.fromisoformat(part) if kind == "date" else part for part, kind in kinds)

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
RETIREMENTS = Table("service_retirement", ("service_id",), ("text",), "jsonb_build_object('on', on_date)")
TRANSFERS = Table(
    "service_transfer", ("service_id", "on_date"), ("text", "date"), "jsonb_build_object('to_org', to_org)"
)
STEWARDSHIP = Table("stewardship_version", ("org_id", "record_id"), ("text", "text"))


@dataclass(frozen=True, slots=True)
class New:
    """A version to be kept, whose it is, the fields that it was reported with, and by which event (source, id)."""

    recorded: Recorded
    org_id: str
    fields: dict[str, Any]
    said_by: tuple[str, str]
    withdrawn: bool = False


async def known(connection: Connection, table: Table, keys: Iterable[Key]) -> dict[Key, Known]:
    wanted = list(keys)
    if not wanted:
        return {}
    rows = await connection.fetch(
        f"select distinct on ({table.columns}) {table.columns}, org_id, version, withdrawn, {table.fields} as fields "
        f"from {table.name} "
        f"join unnest({table.arrays}) as a ({table.columns}) using ({table.columns}) "
        f"order by {table.columns}, version desc",
        *([key[part] for key in wanted] for part in range(len(table.key))),
    )
    return {
        table.key_of(row): Known(row["version"], row["org_id"], {} if row["withdrawn"] else row["fields"])
        for row in rows
    }


async def withdraw(connection: Connection, table: Table, key: Key) -> None:
    """Every version of a thing of which no report is left."""
    places = " and ".join(f"{column} = ${at}" for at, column in enumerate(table.key, 1))
    await connection.execute(f"update {table.name} set withdrawn = true where {places}", *key)


async def newest_service(connection: Connection, service_id: str) -> tuple[int, dict[str, Any], str] | None:
    """The version, the fields and the organisation of a service's newest year of which a report is left."""
    row = await connection.fetchrow(
        "select version, fields, org_id from service_version where service_id = $1 and not withdrawn "
        "order by fiscal_year desc, version desc limit 1",
        service_id,
    )
    return row and (row["version"], row["fields"], row["org_id"])


async def add(connection: Connection, new: Sequence[New]) -> None:
    for kind, statement in _ADD.items():
        rows = [_row(each) for each in new if isinstance(each.recorded, kind)]
        if rows:
            await connection.executemany(statement, rows)


_ADD: dict[type[Recorded], str] = {
    ServiceRecorded: "insert into service_version (org_id, withdrawn, service_id, fiscal_year, version, valid_from, "
    "name_en, name_fr, priority, fields, source, event_id) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
    ServiceStandardRecorded: "insert into standard_version (org_id, withdrawn, service_id, standard_id, fiscal_year, version, "
    "valid_from, name_en, name_fr, target, measure, fields, source, event_id) "
    "values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
    ServiceStandardResultRecorded: "insert into standard_result (org_id, withdrawn, service_id, standard_id, from_date, to_date, "
    "channel, version, met, total, value, unit) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
    ServiceRetired: "insert into service_retirement (org_id, withdrawn, service_id, version, on_date) "
    "values ($1, $2, $3, $4, $5)",
    ServiceTransferred: "insert into service_transfer (org_id, withdrawn, service_id, on_date, version, to_org) "
    "values ($1, $2, $3, $4, $5, $6)",
    StewardshipRecorded: "insert into stewardship_version (org_id, withdrawn, record_id, version, kind, on_date, fields, "
    "source, event_id) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
}


def _row(new: New) -> tuple[Any, ...]:
    says_who = new.said_by if isinstance(new.recorded, _SAYS_WHO) else ()
    return (new.org_id, new.withdrawn, *_said(new.recorded, new.fields), *says_who)


_SAYS_WHO = (ServiceRecorded, ServiceStandardRecorded, StewardshipRecorded)


def _said(recorded: Recorded, fields: dict[str, Any]) -> tuple[Any, ...]:
    match recorded:
        case ServiceRecorded() as s:
            return (s.service_id, s.fiscal_year, s.version, s.valid_from, s.name.en, s.name.fr, s.priority, fields)
        case ServiceStandardRecorded() as s:
            measure = s.measure and s.measure.model_dump(mode="json")
            names = (s.name.en, s.name.fr)
            return (s.service_id, s.standard_id, s.fiscal_year, s.version, s.valid_from, *names, s.target, measure,
                    fields)  # fmt: skip
        case ServiceStandardResultRecorded() as r:
            values = (fields["met"], fields["total"], fields["value"], fields["unit"])
            return (r.service_id, r.standard_id, r.from_date, r.to_date, r.channel or "", r.version, *values)
        case ServiceRetired() as r:
            return (r.service_id, r.version, r.on)
        case ServiceTransferred() as t:
            return (t.service_id, t.on, t.version, t.to_org)
        case StewardshipRecorded() as s:
            return (s.record_id, s.version, s.kind, s.on, fields)
