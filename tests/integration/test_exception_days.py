"""A day on which a department's offices were closed: open applications are due later, and everyone is told why."""

from datetime import UTC, date, datetime
from typing import Any

import orjson
import pytest

from guichet import keys
from guichet.client import Services
from shared.calendars import calendar
from shared.testing import eventually, status_event
from tests.integration.inventories import service_with_standard

STORM = {"en": "Closed: ice storm", "fr": "Fermé : tempête de verglas"}
ELECTION = {"en": "Closed: the building was a polling place", "fr": "Fermé : l'immeuble servait de bureau de scrutin"}
NOW = datetime.now(UTC)
TODAY = NOW.astimezone(calendar("CA").zone).date()


_organizations = map(str, range(9041, 9080))


@pytest.fixture
def org() -> str:
    """One for each test: its days would move another's."""
    return next(_organizations)


@pytest.fixture
async def key(services: Services, org: str) -> str:
    return str((await keys.create(services, org))["key"])


def business_day(number: int) -> date:
    return calendar("CA").add_business_days(TODAY, number)


def exception_day(org: str, event_id: str, **data: Any) -> bytes:
    kind = "ReportCorrected" if "corrects" in data else "ExceptionDayReported"
    return orjson.dumps(
        {
            "specversion": "1.0",
            "id": event_id,
            "source": f"/organizations/{org}/calendar",
            "type": f"guichet.status.{kind}.v1",
            "time": datetime.now(UTC).isoformat(),
            "data": data,
        }
    )


@pytest.fixture
async def service(services: Services, key: str, org: str, unique: str) -> str:
    """A service with a standard of ten business days, and in it an open application and one that has ended."""
    service_id = f"S-{unique}"
    sent = service_with_standard(org, service_id, {"limit": "P10D", "days": "business", "confirmed": True})
    assert {each["outcome"] for each in await services.send("inventory", key, sent)} == {"accepted"}
    events = [
        status_event(org, f"{unique}-open", "submitted", service_id=service_id, time=NOW),
        status_event(org, f"{unique}-ended", "submitted", service_id=service_id, time=NOW),
        status_event(org, f"{unique}-ended", "decided", number=2, service_id=service_id, time=NOW),
    ]
    assert {
        each["outcome"] for each in await services.send("status", key, [orjson.dumps(each) for each in events])
    } == {"accepted"}
    for name in ("open", "ended"):
        await due(services, key, f"{unique}-{name}", business_day(10))

    async def to_measure() -> int:
        return int((await services.ask("status", "/v1/exception-days", query={"org": org}))["to_measure"])

    # What is still to be measured by the standard would be published with the day as its cause.
    await eventually(to_measure, lambda left: left == 0)
    return service_id


async def due(services: Services, key: str, application_id: str, day: date) -> dict[str, Any]:
    """What is answered of an application once its standard is due on this day."""

    async def read() -> dict[str, Any]:
        return dict(await services.ask("status", f"/v1/applications/{application_id}", bearer=key))

    return await eventually(read, lambda told: [each["due_on"] for each in told["standards"]] == [str(day)])


async def send(services: Services, key: str, event: bytes) -> dict[str, Any]:
    receipt: dict[str, Any] = (await services.send("status", key, [event]))[0]
    return receipt


async def test_a_day_moves_what_is_open_and_nothing_that_has_ended_and_its_note_is_told_in_both_languages(
    services: Services, key: str, org: str, unique: str, service: str
) -> None:
    day = business_day(3)
    event = exception_day(org, f"{unique}-1", day=str(day), note=STORM)
    assert (await send(services, key, event))["outcome"] == "accepted"
    told = await due(services, key, f"{unique}-open", business_day(11))
    assert told["days_off"] == [{"day": str(day), "note": STORM}]
    ended = await due(services, key, f"{unique}-ended", business_day(10))
    assert ended["days_off"] == []
    listed = (await services.ask("status", "/v1/exception-days", query={"org": org}))["items"]
    assert [(each["day"], each["note"], each["calendar"]) for each in listed if each["event_id"] == f"{unique}-1"] == [
        (str(day), STORM, None)
    ]
    # As if it were sent again: it is counted once.
    assert (await send(services, key, event))["outcome"] == "duplicate"
    await due(services, key, f"{unique}-open", business_day(11))


async def test_what_it_moves_is_published_with_the_day_as_its_cause(
    services: Services, key: str, org: str, unique: str, service: str
) -> None:
    event = exception_day(org, f"{unique}-1", day=str(business_day(3)), note=STORM)
    await send(services, key, event)

    async def effects() -> list[dict[str, Any]]:
        query = {"source": f"/organizations/{org}/calendar"}
        return list((await services.ask("reporting", f"/v1/trace/{unique}-1", query=query))["reading"]["events"])

    found = await eventually(effects, lambda events: len(events) == 2)
    assert [(each["type"].split(".")[2], each["subject"]) for each in found] == [
        ("ExceptionDayRecorded", str(business_day(3))),
        ("ApplicationStateChanged", f"{org}/{unique}-open"),
    ]
    assert found[0]["reasons"][0]["code"] == "exception_day"


async def test_a_day_taken_back_counts_again_and_one_corrected_counts_where_it_was_meant(
    services: Services, key: str, org: str, unique: str, service: str
) -> None:
    await send(services, key, exception_day(org, f"{unique}-1", day=str(business_day(3)), note=STORM))
    await due(services, key, f"{unique}-open", business_day(11))
    elsewhere = {"day": str(business_day(11)), "note": ELECTION}
    why = {"en": "The wrong day", "fr": "Le mauvais jour"}
    correction = exception_day(org, f"{unique}-2", corrects=f"{unique}-1", reason=why, data=elsewhere)
    assert (await send(services, key, correction))["outcome"] == "accepted"
    # Only from the tenth day on does the eleventh matter.
    told = await due(services, key, f"{unique}-open", business_day(10))
    assert told["days_off"] == []
    withdrawal = exception_day(org, f"{unique}-3", corrects=f"{unique}-2", reason=why, data=None)
    assert (await send(services, key, withdrawal))["outcome"] == "accepted"
    again = exception_day(
        org, f"{unique}-4", corrects=f"{unique}-3", reason=why, data={**elsewhere, "day": str(business_day(1))}
    )
    assert (await send(services, key, again))["outcome"] == "accepted"
    told = await due(services, key, f"{unique}-open", business_day(11))
    assert [each["note"] for each in told["days_off"]] == [ELECTION]


async def test_a_day_of_one_province_s_offices_moves_no_other_calendar(
    services: Services, key: str, org: str, unique: str, service: str
) -> None:
    event = exception_day(org, f"{unique}-1", day=str(business_day(3)), note=STORM, calendar="CA-QC")
    assert (await send(services, key, event))["outcome"] == "accepted"
    told = await due(services, key, f"{unique}-open", business_day(10))
    assert told["days_off"] == []


async def test_an_application_that_comes_in_the_same_request_is_due_by_the_day_already(
    services: Services, key: str, org: str, unique: str, service: str
) -> None:
    report = status_event(org, f"{unique}-new", "submitted", service_id=service, time=NOW)
    day = exception_day(org, f"{unique}-1", day=str(business_day(2)), note=STORM)
    await services.send("status", key, [orjson.dumps(report), day])
    told = await services.ask("status", f"/v1/applications/{unique}-new", bearer=key)
    assert [each["due_on"] for each in told["standards"]] == [str(business_day(11))]


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"day": "1999-12-31", "note": STORM}, "data.day"),
        ({"day": "2026-13-01", "note": STORM}, "data.day"),
        ({"day": "2026-12-01", "note": {"en": "Closed"}}, "data.note.fr"),
        ({"day": "2026-12-01", "note": STORM, "calendar": "CA-XX"}, "data.calendar"),
        ({"note": STORM}, "data.day"),
    ],
)
async def test_what_is_no_exception_day_is_refused_with_the_field_at_fault(
    services: Services, key: str, org: str, unique: str, data: dict[str, Any], field: str
) -> None:
    receipt = await send(services, key, exception_day(org, f"{unique}-1", **data))
    assert receipt["outcome"] == "rejected"
    assert receipt["problem"]["field"] == field
