"""What a client may expect of an application that is late: when such applications are decided just now."""

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from guichet.client import Services
from shared.testing import eventually, status_event

DAYS = timedelta(days=1)


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


async def test_an_overdue_application_is_told_by_when_eight_in_ten_such_applications_are_decided(
    services: Services, key: str, org: str, unique: str
) -> None:
    service = f"S-{unique}"
    names = {"service_name_en": service, "service_name_fr": service}
    row = {"dialect": "collection", "fiscal_year": "2024-2025", "service_id": service, **names}
    measure = {"limit": "P5D", "days": "calendar", "confirmed": True}
    standard = {**row, "service_standard_id": f"{service}-1", "target": 0.8, "measure": measure}
    sent = [
        inventory_event(org, "ServiceReported", service, row),
        inventory_event(org, "ServiceStandardReported", f"{service}-1", standard),
    ]
    assert {each["outcome"] for each in await services.send("inventory", key, sent)} == {"accepted"}

    now = datetime.now(UTC)
    late = status_event(org, f"{unique}-late", "submitted", service_id=service, time=now - 8 * DAYS)
    others = [
        status_event(org, f"{unique}-{n}", state, number=at, service_id=service, time=now - at * DAYS)
        for n in range(12)
        for state, at in (("submitted", 15), ("decided", 5))
    ]
    await services.send("status", key, [orjson.dumps(event) for event in (late, *others)])

    async def read() -> Any:
        return await services.ask("status", f"/v1/applications/{unique}-late", bearer=key)

    found = await eventually(read, lambda told: bool(told["standards"]))
    found = await eventually(read, lambda told: "eight in ten" in (told["expected_because"] or {}).get("en", ""))
    assert "12" in found["expected_because"]["en"]
    assert "10 jours" in found["expected_because"]["fr"]
    assert datetime.fromisoformat(found["expected_at"]) > now
