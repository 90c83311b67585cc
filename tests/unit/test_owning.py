"""Who may report what: a service's owner on the day that a report is about, oversight its own kinds, nobody else."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import orjson
import pytest

from services.inventory.handlers import owning
from services.inventory.handlers.kinds import KINDS, Kind
from shared.contracts.reported.kinds import KINDS as CONTRACTS
from shared.decoding import Arrival, Corrects, Received
from shared.door.overseeing import about, organization_named
from shared.language import Bilingual
from shared.ownership import Ownership, Transfer
from tests.unit.test_reported_inventory import SERVICE
from tests.unit.test_stewardship import WHOLE

NOW = datetime(2026, 11, 26, 17, tzinfo=UTC)
TODAY = date(2026, 11, 26)
OLD, NEW, OTHER = "134", "139", "256"


def kind_of(name: str) -> Kind:
    return next(each for each in KINDS if each.reported == name)


def received(org: str, name: str, data: dict[str, Any] | None, **more: Any) -> Received:
    kind = kind_of(name)
    model = CONTRACTS["inventory"][kind.type]
    assert model is not None
    said = None if data is None else model.model_validate(data)
    return Received("1", f"/organizations/{org}/x", org, kind.type, NOW, said, b"", **more)


def code(event: Received, owners: owning.Owners) -> str | None:
    kind = next(each for each in KINDS if each.type == event.type)
    found = owning.refuse(event, kind, owners)
    assert found is None or found.detail.en != found.detail.fr
    return found and found.code


def row(org: str) -> Received:
    return received(org, "ServiceReported", {**SERVICE, "service_id": "S"})


def transfer(org: str, on: date, to: str) -> Received:
    return received(org, "ServiceTransferReported", {"service_id": "S", "on": on.isoformat(), "to_org": to})


def moved(on: date) -> owning.Owners:
    return {"S": Ownership(OLD, (Transfer(on, OLD, NEW),))}


@pytest.mark.parametrize(
    ("on", "old", "new"),
    [(TODAY, "not_your_service", None), (TODAY + timedelta(days=1), None, "not_your_service")],
)
def test_a_row_is_its_owner_s_on_the_day_it_is_reported(on: date, old: str | None, new: str | None) -> None:
    assert code(row(OLD), moved(on)) == old
    assert code(row(NEW), moved(on)) == new
    assert code(row(OTHER), moved(on)) == "not_your_service"


def test_a_day_ends_in_ottawa() -> None:
    late = received(OLD, "ServiceReported", {**SERVICE, "service_id": "S"})
    late.time = datetime(2026, 11, 27, 3, tzinfo=UTC)  # 22:00 of the day before
    assert owning.day_of(late) == TODAY


def test_a_result_is_of_who_owned_the_service_on_its_last_day() -> None:
    data = {"service_id": "S", "service_standard_id": "1", "from": "2026-04-01", "met": 1, "total": 2}
    before = received(OLD, "ServiceStandardResultReported", {**data, "to": "2026-04-30"})
    assert code(before, moved(date(2026, 5, 1))) is None
    after = received(OLD, "ServiceStandardResultReported", {**data, "to": "2026-05-31"})
    assert code(after, moved(date(2026, 5, 1))) == "not_your_service"


def test_a_service_is_transferred_by_its_owner_again_and_again() -> None:
    owners: owning.Owners = {"S": Ownership(OLD)}
    assert code(transfer(OLD, TODAY, NEW), owners) is None
    assert code(transfer(OLD, TODAY + timedelta(days=9), OTHER), owners) == "not_your_service"
    assert code(transfer(NEW, TODAY + timedelta(days=9), OTHER), owners) is None
    assert owners["S"].on(TODAY + timedelta(days=9)) == OTHER
    assert code(transfer(OTHER, TODAY, NEW), {"S": Ownership(OLD)}) == "not_your_service"
    assert code(transfer(OLD, TODAY, OLD), {"S": Ownership(OLD)}) == "invalid_value"
    assert code(transfer(OLD, TODAY, "0"), {"S": Ownership(OLD)}) == "invalid_value"
    assert code(transfer(OLD, TODAY, NEW), {}) == "unknown_service"


def test_of_a_service_that_is_not_known_there_is_a_warning() -> None:
    retired = received(OLD, "ServiceRetirementReported", {"service_id": "S", "on": "2026-04-01"})
    assert code(retired, {}) is None
    assert [each.code for each in retired.warnings] == ["unknown_service"]
    first = row(OLD)
    owners: owning.Owners = {}
    assert (code(first, owners), first.warnings, owners["S"].first) == (None, [], OLD)


def test_who_once_reported_may_correct_what_they_reported_also_after_a_transfer() -> None:
    reason = Bilingual(en="Why", fr="Pourquoi")
    for org, expected in ((OLD, None), (NEW, None), (OTHER, "not_your_service")):
        corrected = received(org, "ServiceReported", None, corrects=Corrects("0", "S", reason))
        assert code(corrected, moved(TODAY)) == expected


@pytest.mark.parametrize("kind", WHOLE)
def test_each_kind_is_oversight_s_or_the_department_s(kind: str) -> None:
    data = {"kind": kind, **WHOLE[kind]}
    by_department = code(received(OLD, "StewardshipReported", data), {})
    by_oversight = code(received(OLD, "StewardshipReported", data, by_oversight=True), {})
    assert {by_department, by_oversight} in ({None, "oversight_only"}, {None, "department_only"})


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.reported)
def test_oversight_reports_records_alone(kind: Kind) -> None:
    if kind.reported != "StewardshipReported":
        corrected = Corrects("0", "S", Bilingual(en="Why", fr="Pourquoi"))
        event = received(OLD, kind.reported, None, corrects=corrected, by_oversight=True)
        assert code(event, {}) == "department_only"


# What oversight sends


@pytest.mark.parametrize(
    ("source", "org_id"),
    [
        ("/organizations/134", "134"),
        ("/organizations/134/oversight", "134"),
        ("/organizations/0", None),
        ("/organizations/", None),
        ("/organizations", None),
        ("urn:134", None),
        (None, None),
    ],
)
def test_the_source_names_the_organisation(source: str | None, org_id: str | None) -> None:
    assert organization_named(source) == org_id
    (arrival,) = about([Arrival(orjson.dumps({"id": "1", "source": source}), "")])
    assert (arrival.org_id, arrival.by_oversight) == (org_id or "", True)
    assert (arrival.problem is not None) == (source is not None and org_id is None)
