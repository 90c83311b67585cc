"""The cases behind the figures of one service, day by day, as its owner's events have them."""

from collections import defaultdict
from datetime import date
from typing import Any

from services.reporting.domain.including_open import Ended, Open
from services.reporting.domain.outlook import Day
from shared.database import Connection

Key = tuple[str, str]  # standard, channel ('' where none is said)


async def ended_cases(
    connection: Connection, service_id: str, org_id: str, first: date
) -> dict[tuple[str, str, str], list[Ended]]:
    """Cases that ended on a day or later, by standard, channel and unit."""
    rows = await connection.fetch(
        "select standard_id, channel, unit, day, bucket, sum(cases)::bigint as cases from views_1.duration_cell "
        "where service_id = $1 and org_id = $2 and day >= $3 group by 1, 2, 3, 4, 5 having sum(cases) > 0",
        service_id, org_id, first,
    )  # fmt: skip
    found = defaultdict(list)
    for row in rows:
        found[row["standard_id"], row["channel"], row["unit"]].append(Ended(row["day"], row["bucket"], row["cases"]))
    return found


async def open_cases(connection: Connection, service_id: str, org_id: str) -> dict[Key, list[Open]]:
    rows = await connection.fetch(
        "select standard_id, channel, state, started_on, late_from, sum(cases)::bigint as cases from views_1.open_cell "
        "where service_id = $1 and org_id = $2 and cases <> 0 group by 1, 2, 3, 4, 5 having sum(cases) > 0",
        service_id, org_id,
    )  # fmt: skip
    return _grouped(rows, lambda row: Open(row["state"], row["started_on"], row["late_from"], row["cases"]))


async def counted_days(connection: Connection, service_id: str, org_id: str, first: date) -> dict[Key, list[Day]]:
    """How many cases were counted on each day from one on, and how many of them met the standard."""
    rows = await connection.fetch(
        "select standard_id, channel, day, sum(met)::bigint as met, sum(total)::bigint as total "
        "from views_1.performance_cell where service_id = $1 and org_id = $2 and day >= $3 "
        "group by 1, 2, 3 having sum(total) <> 0 order by day",
        service_id, org_id, first,
    )  # fmt: skip
    return _grouped(rows, lambda row: Day(row["day"], row["met"], row["total"]))


def _grouped(rows: Any, made: Any) -> dict[Key, list[Any]]:
    found = defaultdict(list)
    for row in rows:
        found[row["standard_id"], row["channel"]].append(made(row))
    return found
