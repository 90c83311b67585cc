"""What tests report to inventory: an event of any kind, and a service with one standard."""

from datetime import UTC, datetime
from typing import Any

import orjson


def inventory_event(org: str, kind: str, event_id: str, data: dict[str, Any]) -> bytes:
    return orjson.dumps(
        {
            "specversion": "1.0",
            "id": event_id,
            "source": f"/organizations/{org}/inventory",
            "type": f"guichet.inventory.{kind}.v1",
            "time": datetime.now(UTC).isoformat(),
            "data": data,
        }
    )


def service_with_standard(org: str, service_id: str, measure: dict[str, Any]) -> list[bytes]:
    """A service, and its standard `<service_id>-1` of this measure."""
    names = {"service_name_en": service_id, "service_name_fr": service_id}
    row = {"dialect": "collection", "fiscal_year": "2024-2025", "service_id": service_id, **names}
    standard = {**row, "service_standard_id": f"{service_id}-1", "target": 0.8, "measure": measure}
    return [
        inventory_event(org, "ServiceReported", service_id, row),
        inventory_event(org, "ServiceStandardReported", f"{service_id}-1", standard),
    ]
