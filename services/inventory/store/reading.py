"""Whose each service is, and which standards there are: what reports are judged by."""

from collections.abc import Iterable, Sequence

from shared.database import Connection, Pool
from shared.ownership import Ownership, Transfer, ownership


async def owners(connection: Connection | Pool, service_ids: Iterable[str]) -> dict[str, Ownership]:
    """Whose each known service is: that of its newest year, or by its transfers."""
    ids = list(service_ids)
    rows = await connection.fetch(
        "select distinct on (service_id) service_id, org_id from service_version where service_id = any($1::text[]) "
        "and not withdrawn order by service_id, fiscal_year desc, version desc",
        ids,
    )
    newest = {row["service_id"]: row["org_id"] for row in rows}
    moved = await transfers(connection, ids)
    found = {each: ownership(newest.get(each), moved.get(each, ())) for each in newest.keys() | moved.keys()}
    return {service_id: each for service_id, each in found.items() if each is not None}


async def transfers(connection: Connection | Pool, service_ids: Sequence[str]) -> dict[str, list[Transfer]]:
    """Of each service that was transferred, in the order of the days."""
    rows = await connection.fetch(
        "select distinct on (service_id, on_date) service_id, on_date, org_id, to_org from service_transfer "
        "where service_id = any($1::text[]) and not withdrawn order by service_id, on_date, version desc",
        service_ids,
    )
    found: dict[str, list[Transfer]] = {}
    for row in rows:
        found.setdefault(row["service_id"], []).append(Transfer(row["on_date"], row["org_id"], row["to_org"]))
    return found


async def known_standards(connection: Connection, service_ids: Iterable[str]) -> set[tuple[str, str]]:
    rows = await connection.fetch(
        "select distinct service_id, standard_id from standard_version where service_id = any($1::text[]) "
        "and not withdrawn",
        list(service_ids),
    )
    return {(row["service_id"], row["standard_id"]) for row in rows}
