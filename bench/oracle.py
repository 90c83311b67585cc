"""What the tables must hold, worked out from the events by other code than the product's: plainly, one event at a time."""

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

import asyncpg
import orjson

from bench.events import Record

Performance = dict[tuple[str, str, str, str, date], tuple[int, int]]
Open = dict[tuple[str, str, str, str], int]


def expected(records: Iterable[Record]) -> tuple[int, Performance, Open]:
    """Number of events; met and total per organisation, service, standard, channel and day; open cases likewise."""
    last: dict[str, dict[str, Any]] = {}
    number = 0
    for record in records:
        event = orjson.loads(record.value)
        last[event["subject"]] = event
        number += 1
    met, total, opened = Counter[Any](), Counter[Any](), Counter[Any]()
    for event in last.values():
        for change in event["data"]["standards"]:
            clock = change["after"]
            key = (event["org"], event["data"]["service_id"], change["standard_id"], clock["channel"])
            if clock["state"] == "stopped":
                day = datetime.fromisoformat(clock["stopped_on"]).date()
                total[(*key, day)] += 1
                met[(*key, day)] += clock["met"]
            else:
                opened[key] += 1
    return number, {key: (met[key], total[key]) for key in total}, dict(opened)


async def found(dsn: str) -> tuple[int, Performance, Open]:
    """The same, read from reporting's tables."""
    connection = await asyncpg.connect(dsn)
    try:
        number = await connection.fetchval("select count(*) from logged_event")
        performance = await connection.fetch(
            "select org_id, service_id, standard_id, channel, day, sum(met)::bigint, sum(total)::bigint "
            "from views_1.performance_cell group by 1, 2, 3, 4, 5 having sum(total) <> 0"
        )
        opened = await connection.fetch(
            "select org_id, service_id, standard_id, channel, sum(cases)::bigint from views_1.open_cell "
            "group by 1, 2, 3, 4 having sum(cases) <> 0"
        )
    finally:
        await connection.close()
    return (
        number,
        {tuple(row.values())[:5]: tuple(row.values())[5:] for row in performance},
        {tuple(row.values())[:4]: row[4] for row in opened},
    )
