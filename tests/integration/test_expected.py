"""What a client may expect of an application that is late: when such applications are decided just now."""

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from guichet.client import Services
from shared.testing import eventually, status_event
from tests.integration.inventories import service_with_standard

DAYS = timedelta(days=1)


async def test_an_overdue_application_is_told_by_when_eight_in_ten_such_applications_are_decided(
    services: Services, key: str, org: str, unique: str
) -> None:
    service = f"S-{unique}"
    sent = service_with_standard(org, service, {"limit": "P5D", "days": "calendar", "confirmed": True})
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
