"""The inventory as the log has it: the newest version of every service and standard of a fiscal year."""

import asyncio
from collections.abc import Sequence
from typing import Any

import orjson

from services.reporting.store.evidence import KNOWN, LAST
from shared.database import Connection, Pool

_NEWEST = """
select * from (
    select distinct on (value::json #>> '{data,service_id}', value::json #>> '{data,fiscal_year}', value::json #>> '{data,standard_id}')
           e.org_id, e.service_position, e.value
      from logged_event e
     where e.service = 'inventory' and e.type = $3 and (value::json #>> '{data,fiscal_year}') = any($4::text[])
       and ($5::text is null or e.org_id = $5) and """ + KNOWN + """
     order by value::json #>> '{data,service_id}', value::json #>> '{data,fiscal_year}', value::json #>> '{data,standard_id}', e.service_position desc
) newest order by org_id, service_position
"""  # fmt: skip


async def rows_of_years(
    connection: Connection | Pool, name: str, years: Sequence[str], org_id: str | None
) -> list[dict[str, Any]]:
    """Services (`ServiceRecorded`) or standards (`ServiceStandardRecorded`) of some fiscal years, each in its newest version,
    without those that were withdrawn: `org_id`, `position`, and the event's data.
    """
    kind = f"guichet.inventory.{name}.v1"
    rows = await connection.fetch(_NEWEST, LAST, None, kind, list(years), org_id)
    # Beside the loop: all of government in all years is some ten thousand rows.
    return await asyncio.to_thread(_decoded, rows)


def _decoded(rows: Sequence[Any]) -> list[dict[str, Any]]:
    found = []
    for row in rows:
        data = orjson.loads(row["value"])["data"]
        if not data.get("withdrawn"):
            found.append({"org_id": row["org_id"], "position": row["service_position"], **data})
    return found
