"""Reading the inventory: services and standards as they stand, how they came to, and what became of them."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, NamedTuple

from services.inventory.store.improvements import last_improvements
from services.inventory.store.reading import transfers
from shared.database import Connection, Pool
from shared.ownership import Transfer

# Whose a service is today: by its transfers; where it has none, of whoever described it.
_OWNER = (
    "coalesce((select to_org from service_transfer t where t.service_id = s.service_id and not t.withdrawn and on_date <= "
    "(now() at time zone 'America/Toronto')::date order by on_date desc, t.version desc limit 1), "
    "(select org_id from service_transfer t where t.service_id = s.service_id and not t.withdrawn "
    "order by on_date, t.version desc limit 1), s.org_id)"
)
_ACCENTED = "àâäáãåçéèêëíìîïñóòôöõúùûüýÿ’"
_PLAIN = "aaaaaaceeeeiiiinooooouuuuyy'"
# In both cases: what `lower` makes of an accented letter depends on how a database was set up.
_LETTERS = "'{}', '{}'".format(*(each.replace("'", "''") for each in (_ACCENTED + _ACCENTED.upper(), _PLAIN * 2)))
_SERVICE = f"service_id, {_OWNER} as owner, s.org_id, fiscal_year, version, name_en, name_fr, priority, fields"
_STANDARD = f"service_id, standard_id, {_OWNER} as owner, s.org_id, fiscal_year, version, name_en, name_fr, target, measure, fields"


class Fate(NamedTuple):
    """What became of a service: the day from which it is offered no more, its transfers, and when it was improved last
    because of feedback.
    """

    retired_on: date | None = None
    transfers: Sequence[Transfer] = ()
    improved_on: date | None = None


def _words(query: str | None) -> list[str]:
    """Patterns that a name without accents or case must all be like."""
    plain = (query or "").lower().translate(str.maketrans(_ACCENTED, _PLAIN))
    for special in "\\%_":
        plain = plain.replace(special, f"\\{special}")
    return [f"%{word}%" for word in plain.split()]


async def list_services(
    pool: Pool, org: str | None, fiscal_year: str | None, query: str | None, after: str, limit: int
) -> list[dict[str, Any]]:
    """The newest version of each service, by id: of its owner of today; of one year, of whoever described it then."""
    rows = await pool.fetch(
        f"select * from (select distinct on (service_id) {_SERVICE} from service_version s where not withdrawn "
        "and ($2::text is null or fiscal_year = $2) order by service_id, fiscal_year desc, version desc) n "
        "where service_id > $4 and ($1::text is null or case when $2::text is null then owner else org_id end = $1) "
        f"and lower(translate(service_id || ' ' || name_en || ' ' || name_fr, {_LETTERS})) like all($3::text[]) "
        "order by service_id limit $5",
        org, fiscal_year, _words(query), after, limit,
    )  # fmt: skip
    return [dict(row) for row in rows]


async def service(pool: Pool, service_id: str) -> dict[str, Any] | None:
    row = await pool.fetchrow(
        f"select {_SERVICE} from service_version s "
        "where service_id = $1 and not withdrawn order by fiscal_year desc, version desc limit 1",
        service_id,
    )
    return row and dict(row)


async def history(pool: Pool, service_id: str) -> list[dict[str, Any]]:
    rows = await pool.fetch(
        "select service_id, org_id as owner, org_id, fiscal_year, version, name_en, name_fr, priority, fields, recorded_at, "
        "withdrawn, source, event_id from service_version where service_id = $1 order by fiscal_year, version",
        service_id,
    )
    return [dict(row) for row in rows]


async def list_standards(
    pool: Pool, org: str | None, service_id: str | None, fiscal_year: str | None, after: Sequence[str], limit: int
) -> list[dict[str, Any]]:
    """The newest version of each standard, by service and id: of its service's owner of today; of one year, as services."""
    rows = await pool.fetch(
        f"select * from (select distinct on (service_id, standard_id) {_STANDARD} from standard_version s "
        "where not withdrawn and (service_id, standard_id) > ($3, $4) and ($2::text is null or service_id = $2) "
        "and ($5::text is null or fiscal_year = $5) order by service_id, standard_id, fiscal_year desc, version desc) n "
        "where $1::text is null or case when $5::text is null then owner else org_id end = $1 "
        "order by service_id, standard_id limit $6",
        org, service_id, after[0], after[1], fiscal_year, limit,
    )  # fmt: skip
    return [dict(row) for row in rows]


async def standards_named(pool: Pool | Connection, standard_id: str, service_id: str | None) -> list[dict[str, Any]]:
    """The newest version of each standard of this id; more than one where services share it."""
    rows = await pool.fetch(
        f"select distinct on (service_id) {_STANDARD} from standard_version s where standard_id = $1 and not withdrawn "
        "and ($2::text is null or service_id = $2) order by service_id, fiscal_year desc, version desc",
        standard_id,
        service_id,
    )
    return [dict(row) for row in rows]


async def standard_history(pool: Pool, service_id: str, standard_id: str) -> list[dict[str, Any]]:
    rows = await pool.fetch(
        "select service_id, standard_id, org_id as owner, s.org_id, fiscal_year, version, name_en, name_fr, target, "
        "s.measure, fields, recorded_at, withdrawn, source, event_id, c.confirmed_by from standard_version s "
        "left join measure_confirmation c using (service_id, standard_id, fiscal_year, version) "
        "where service_id = $1 and standard_id = $2 order by fiscal_year, version",
        service_id,
        standard_id,
    )
    return [dict(row) for row in rows]


async def fates(pool: Pool, service_ids: Iterable[str]) -> dict[str, Fate]:
    """Of those services that were retired, transferred or improved."""
    ids = sorted(set(service_ids))
    rows = await pool.fetch(
        "select distinct on (service_id) service_id, on_date from service_retirement "
        "where service_id = any($1::text[]) and not withdrawn order by service_id, version desc",
        ids,
    )
    retired = {row["service_id"]: row["on_date"] for row in rows}
    moved = await transfers(pool, ids)
    improved = await last_improvements(pool, ids)
    found = retired.keys() | moved.keys() | improved.keys()
    return {each: Fate(retired.get(each), moved.get(each, ()), improved.get(each)) for each in found}


async def counts(pool: Pool) -> dict[str, int]:
    row = await pool.fetchrow(
        "select (select count(distinct service_id) from service_version where not withdrawn) as services, "
        "(select count(distinct (service_id, standard_id)) from standard_version where not withdrawn) as standards, "
        "(select count(distinct org_id) from service_version where not withdrawn) as organizations"
    )
    return dict(row)
