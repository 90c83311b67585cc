"""A department that reports once a night, in whatever order, gets the same result as one that reports as things happen."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from guichet.client import Services
from shared.testing import status_event

# Within a day: two pauses, one of them open until the next step, and a report for which two share a moment.
COURSE = (
    ("submitted", 0),
    ("complete", 20),
    ("information_requested", 60),
    ("information_received", 300),
    ("in_review", 300),
    ("information_requested", 400),
    ("information_received", 420),
    ("decided", 600),
)
BEGAN = datetime.now(UTC) - timedelta(days=2)


def course(org: str, application: str) -> list[dict[str, Any]]:
    return [
        status_event(
            org, application, state, number=number, sequence=number, time=BEGAN + timedelta(minutes=minutes),
            channel="ONL", expected_at=(BEGAN + timedelta(days=number + 1)).isoformat(),
        )
        for number, (state, minutes) in enumerate(COURSE)
    ]  # fmt: skip


async def test_a_night_s_batch_in_any_order_gives_what_live_reports_give(
    services: Services, key: str, org: str, unique: str
) -> None:
    live, nightly = f"{unique}-live", [f"{unique}-night-{number}" for number in range(5)]
    for event in course(org, live):
        (receipt,) = await services.send("status", key, [orjson.dumps(event)])
        assert receipt["outcome"] == "accepted"
    batch = [event for application in nightly for event in course(org, application)]
    random.Random(unique).shuffle(batch)
    receipts = await services.send("status", key, [orjson.dumps(event) for event in batch])
    assert {each["outcome"] for each in receipts} == {"accepted"}

    async def read(application: str) -> dict[str, Any]:
        told = await services.ask("status", f"/v1/applications/{application}", bearer=key)
        return {name: value for name, value in told.items() if name not in {"application_id", "as_of"}}

    wanted = await read(live)
    assert (wanted["state"], wanted["version"], len(wanted["history"])) == ("decided", len(COURSE), len(COURSE))
    for application in nightly:
        assert await read(application) == wanted
