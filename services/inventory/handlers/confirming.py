"""What a person confirms: how a standard is measured, which is a new version of it said like any other; and a year's inventory."""

import secrets
from datetime import datetime
from typing import Any

import orjson

from services.inventory import domain, store
from services.inventory.domain import Confirmation, Known
from services.inventory.handlers.kinds import TOPIC
from shared.contracts.envelope import rfc3339, type_name
from shared.contracts.measure import Measure
from shared.contracts.reported.inventory import ServiceStandardReported
from shared.database import Connection
from shared.decoding import Arrival
from shared.event_log import LogEntry, append
from shared.identity import Person
from shared.ownership import day_in_ottawa


async def confirm_measure(
    connection: Connection, standard: dict[str, Any], measure: Measure, by: str, now: datetime
) -> bool:
    """Record it; whether that changed anything. `standard` is its newest version, held; `by` the subject of a token."""
    measure = measure.model_copy(update={"confirmed": True})
    reported = ServiceStandardReported.model_validate({**standard["fields"], "measure": measure})
    known = Known(standard["version"], standard["org_id"], standard["fields"])
    recorded = domain.record_standard(reported, known)
    if recorded.version == known.version:
        return False
    key = (recorded.service_id, recorded.standard_id, recorded.fiscal_year)
    said_by = (f"/organizations/{known.org_id}/officers", f"measure-{'-'.join(key)}-{recorded.version}")
    await store.add(connection, [store.New(recorded, known.org_id, recorded.fields, said_by)])
    sentences = (reported.service_standard_en, reported.service_standard_fr)
    await store.confirm(connection, key, recorded.version, by, Confirmation(*sentences, measure))
    entry = LogEntry(
        TOPIC, recorded.service_id, "inventory", "ServiceStandardRecorded", known.org_id, now, *said_by, recorded,
        recorded.service_id,
    )  # fmt: skip
    await append(connection, [entry], [])
    return True


def year_confirmed(person: Person, fiscal_year: str, now: datetime) -> Arrival:
    """What someone of an organisation says by confirming the inventory of a year, as the department's door takes it."""
    source = f"/organizations/{person.org_id}/officers"
    data = {
        "kind": "inventory_confirmed",
        "fiscal_year": fiscal_year,
        "on": day_in_ottawa(now).isoformat(),
        "confirmed_by": person.subject,
    }
    event = {
        "specversion": "1.0",
        "id": f"inventory-confirmed-{secrets.token_hex(8)}",
        "source": source,
        "type": type_name("inventory", "StewardshipReported"),
        "time": rfc3339(now),
        "data": data,
    }
    return Arrival(orjson.dumps(event), person.org_id or "")
