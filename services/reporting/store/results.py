"""What a department says of its standards that no application shows: results of periods, and the volumes of the annual filing."""

from typing import Any

import orjson

from services.reporting.store.evidence import KNOWN, LAST
from shared.database import Connection

# By the organisation, or by the subject: as the log's indexes have them.
_OF_SERVICE = (
    "e.service = 'inventory' and e.org_id = $3 and e.type = $4 and value::json #>> '{data,service_id}' = $5 "
    """and hashtext(text_after(value, '"subject":"')) = hashtext(text_after($6, '"subject":"')) and """ + KNOWN
)


async def reported_results(connection: Connection, service_id: str, org_id: str) -> list[dict[str, Any]]:
    """The newest version of each period's result, the newest period first; without those that were withdrawn."""
    rows = await connection.fetch(
        "select value from (select distinct on (value::json #>> '{data,standard_id}', value::json #>> '{data,from_date}', "
        "value::json #>> '{data,to_date}', value::json #>> '{data,channel}') e.value, e.service_position from logged_event e "
        f"where {_OF_SERVICE} order by value::json #>> '{{data,standard_id}}', value::json #>> '{{data,from_date}}', "
        "value::json #>> '{data,to_date}', value::json #>> '{data,channel}', e.service_position desc) newest "
        "order by value::json #>> '{data,to_date}' desc, service_position desc",
        LAST, None, org_id, "guichet.inventory.ServiceStandardResultRecorded.v1", service_id, _subject(service_id),
    )  # fmt: skip
    found = [orjson.loads(row["value"])["data"] for row in rows]
    return [each for each in found if each["after"] is not None]


async def filed_rows(connection: Connection, service_id: str, org_id: str) -> list[dict[str, Any]]:
    """The newest version of each year's row of each standard, the newest year first; without those that were withdrawn."""
    rows = await connection.fetch(
        "select value from (select distinct on (value::json #>> '{data,standard_id}', value::json #>> '{data,fiscal_year}') "
        f"e.value from logged_event e where {_OF_SERVICE} order by value::json #>> '{{data,standard_id}}', "
        "value::json #>> '{data,fiscal_year}', e.service_position desc) newest "
        "order by value::json #>> '{data,fiscal_year}' desc",
        LAST, None, org_id, "guichet.inventory.ServiceStandardRecorded.v1", service_id, _subject(service_id),
    )  # fmt: skip
    found = [orjson.loads(row["value"])["data"] for row in rows]
    return [each for each in found if not each.get("withdrawn")]


def _subject(service_id: str) -> str:
    return f'"subject":{orjson.dumps(service_id).decode()}'
