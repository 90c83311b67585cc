"""Records that no service of ours has written, in the topics between them: what no reader can read, what no table can keep, and
an event that its log does not know, as if that were restored from a backup without it.
"""

from datetime import UTC, datetime
from typing import Any

import orjson
from aiokafka import AIOKafkaProducer

from tests.faults.departments import THOROUGH, services_of
from tests.faults.rig import Rig
from tests.faults.stages import STRAY

_SERVICE = services_of(THOROUGH)[0]
_FAR = "9000000000000000000"  # a position that no log reaches
_SERVICE_RECORDED = "guichet.inventory.ServiceRecorded.v1"
_STATE_CHANGED = "guichet.status.ApplicationStateChanged.v1"


async def stray(rig: Rig) -> None:
    """One of each."""
    (((lost,),), ((known,),)) = [
        await rig.fetch(name, "select position from log_head") for name in ("inventory", "status")
    ]
    event = _event("inventory", f"{lost + 1}", _SERVICE_RECORDED, _service())
    unkeepable = _event("status", _FAR, _STATE_CHANGED, _stopped_without_a_day())
    kafka = rig.system.home.kafka_administrator(rig.system.kafka)
    async with AIOKafkaProducer(**kafka.options()) as producer:
        for topic, kind, value, ce_id in (
            # Their relays are to take these for words of theirs, which tell them nothing new.
            ("inventory.services.v1", _SERVICE_RECORDED, b"no event", f"advanced-{lost}"),
            ("status.applications.v1", _STATE_CHANGED, unkeepable, f"advanced-{known}"),
            ("inventory.services.v1", _SERVICE_RECORDED, event, f"{lost + 1}"),
        ):
            headers = [("ce_type", kind.encode()), ("ce_id", ce_id.encode())]
            await producer.send_and_wait(topic, value, STRAY, 0, headers=headers)


def _event(service: str, position: str, kind: str, data: dict[str, Any]) -> bytes:
    now = datetime.now(UTC).isoformat()
    said = {
        "specversion": "1.0",
        "id": position,
        "source": f"/services/{service}",
        "type": kind,
        "time": now,
        "data": data,
    }
    cause = {"causedby": f"stray-{position}", "causedbysource": f"/organizations/{THOROUGH}/faults"}
    return orjson.dumps({**said, **cause, "org": THOROUGH, "recordedat": now})


def _service() -> dict[str, Any]:
    names = {"en": "As it was told before", "fr": "Comme il a été dit auparavant"}
    said = {"service_id": _SERVICE, "fiscal_year": "2024-2025", "valid_from": "2024-04-01", "version": 99}
    return {**said, "name": names, "priority": False, "fields": {}}


def _stopped_without_a_day() -> dict[str, Any]:
    """By the contract, and yet nothing that a view can count."""
    clock = {
        "state": "stopped",
        "channel": "ONL",
        "unit": "business_day",
        "started_on": "2025-02-03",
        "stopped_on": None,
    }
    clock |= {"late_from": None, "elapsed": 3, "met": True, "excluded_as": None}
    said = {"application_id": "stray", "service_id": _SERVICE, "version": 1, "channel": "ONL", "expected_at": None}
    states = {"from_state": None, "to_state": "decided"}
    return {**said, **states, "standards": [{"standard_id": f"{_SERVICE}-1", "before": None, "after": clock}]}
