"""Stewardship records, retirements and transfers through the real doors: who may report what, and what is known after."""

import uuid
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest

from guichet import keys
from guichet.client import Services
from guichet.tokens import token
from guichet.verifying import verify
from shared.ownership import day_in_ottawa
from shared.testing import eventually, status_event
from tests.conftest import LocalSystem
from tests.integration.test_corrections import SERVICE, codes, correction, read

OLD, NEW, OTHER = "9003", "9004", "9005"
URL = {"en": "https://example.gc.ca/en", "fr": "https://example.gc.ca/fr"}
TEXT = {"en": "Why", "fr": "Pourquoi"}
TODAY = day_in_ottawa(datetime.now(UTC))


@pytest.fixture(scope="module")
async def key(services: Services) -> dict[str, str]:
    """Of each department; oversight's token."""
    found = {org: str((await keys.create(services, org))["key"]) for org in (OLD, NEW, OTHER)}
    return {**found, "oversight": token(services.home, "overseer", ["oversight"], None)}


def event(org: str, name: str, /, **data: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": f"{name}-{uuid.uuid4().hex[:12]}",
        "source": f"/organizations/{org}/registry",
        "type": f"guichet.inventory.{name}.v1",
        "time": datetime.now(UTC).isoformat(),
        "data": data,
    }


def record(org: str, kind: str, /, **data: Any) -> dict[str, Any]:
    return event(org, "StewardshipReported", kind=kind, **data)


def service(org: str, service_id: str, **data: Any) -> dict[str, Any]:
    return event(org, "ServiceReported", **{**SERVICE, "service_id": service_id, **data})


async def send(services: Services, by: str, *events: dict[str, Any], door: str = "inventory") -> list[dict[str, Any]]:
    return await services.send(door, by, [orjson.dumps(each) for each in events])


async def records(services: Services, org: str, kind: str) -> list[dict[str, Any]]:
    found = await read(services, f"/v1/stewardship?org={org}&kind={kind}", "inventory")
    return list(found["items"])


# Records


async def test_a_record_is_kept_and_a_second_report_of_it_is_its_next_version(
    services: Services, key: dict[str, str], unique: str
) -> None:
    first = record(OLD, "strategy_approved", strategy_id=unique, **STRATEGY)
    again = record(OLD, "strategy_approved", strategy_id=unique, **{**STRATEGY, "parts": ["risks", "governance"]})
    assert codes(await send(services, key[OLD], first, again)) == ["accepted", "accepted"]
    found = [
        each for each in await records(services, OLD, "strategy_approved") if each["fields"]["strategy_id"] == unique
    ]
    (only,) = found
    assert (only["record_id"], only["version"], only["on"]) == (f"strategy_approved/{unique}", 2, "2016-04-01")
    assert only["fields"]["parts"] == ["risks", "governance"]


STRATEGY = {"from": "2016-04-01", "to": "2019-03-31", "approved_by": "The deputy head", "parts": ["risks"]}


async def test_a_corrected_record_may_be_another_and_a_withdrawn_one_is_gone(
    services: Services, key: dict[str, str], unique: str
) -> None:
    review = record(OLD, "service_review_completed", service_id=f"S-{unique}", on="2025-05-01", areas=["mobile"])
    right = correction(review, {**review["data"], "on": "2025-05-02"})
    assert codes(await send(services, key[OLD], service(OLD, f"S-{unique}"), review)) == ["accepted"] * 2
    assert codes(await send(services, key[OLD], right)) == ["accepted"]

    async def days() -> list[str]:
        found = await records(services, OLD, "service_review_completed")
        return [each["on"] for each in found if each["fields"]["service_id"] == f"S-{unique}"]

    assert await days() == ["2025-05-02"]
    assert codes(await send(services, key[OLD], correction(right, None))) == ["accepted"]
    assert await days() == []
    assert codes(await send(services, key[OLD], correction(review, None))) == ["corrected_before"]


async def test_a_record_of_a_service_that_is_not_known_yet_is_warned_of_and_of_another_s_refused(
    services: Services, key: dict[str, str], unique: str
) -> None:
    review = {"on": "2025-05-01", "areas": ["mobile"]}
    (warned,) = await send(
        services, key[OLD], record(OLD, "service_review_completed", service_id=f"U-{unique}", **review)
    )
    assert [each["code"] for each in warned["warnings"]] == ["unknown_service"]
    await send(services, key[NEW], service(NEW, f"S-{unique}"))
    theirs = record(OLD, "service_review_completed", service_id=f"S-{unique}", **review)
    mechanism = record(
        OLD, "feedback_mechanism_published", services=[f"S-{unique}"], channels=["ONL"], url=URL, accessible=True,
        on="2025-05-01",
    )  # fmt: skip
    assert codes(await send(services, key[OLD], theirs, mechanism)) == ["not_your_service"] * 2


# Oversight


def exemption(org: str, name: str) -> dict[str, Any]:
    data = {"mandatory_service_id": name, "reason": TEXT, "from": "2016-01-01", "expires_on": "2030-01-01"}
    return record(org, "exemption_granted", **data)


async def test_oversight_reports_of_any_organisation_and_no_department_does(
    services: Services, key: dict[str, str], unique: str
) -> None:
    assert codes(await send(services, key[OLD], exemption(OLD, unique))) == ["oversight_only"]
    granted = await send(services, key["oversight"], exemption(OLD, unique), exemption(NEW, unique))
    assert codes(granted) == ["accepted", "accepted"]
    for org in (OLD, NEW):
        found = await records(services, org, "exemption_granted")
        assert f"exemption_granted/{unique}/2016-01-01" in {each["record_id"] for each in found}


async def test_oversight_reports_nothing_that_is_the_departments_to_report(
    services: Services, key: dict[str, str], unique: str
) -> None:
    confirmed = record(OLD, "inventory_confirmed", fiscal_year="2025-2026", on=str(TODAY), confirmed_by="Somebody")
    refused = await send(services, key["oversight"], service(OLD, f"S-{unique}"), confirmed)
    assert codes(refused) == ["department_only", "department_only"]
    assert refused[0]["problem"]["detail"]["fr"] != refused[0]["problem"]["detail"]["en"]


async def test_oversight_names_an_organisation_that_there_is(
    services: Services, key: dict[str, str], unique: str
) -> None:
    nobody = {**exemption(OLD, unique), "source": "/organizations/0/registry"}
    nowhere = {**exemption(OLD, unique), "source": "urn:oversight"}
    assert codes(await send(services, key["oversight"], nobody, nowhere)) == ["wrong_organization"] * 2


async def test_a_department_takes_back_nothing_that_oversight_has_said(
    services: Services, key: dict[str, str], unique: str
) -> None:
    asked = record(OLD, "report_requested", request_id=unique, due_on="2027-01-01", subject=TEXT)
    assert codes(await send(services, key["oversight"], asked)) == ["accepted"]
    assert codes(await send(services, key[OLD], correction(asked, None))) == ["oversight_only"]
    assert codes(await send(services, key[OLD], correction(asked, PROVIDED))) == ["oversight_only"]
    assert codes(await send(services, key["oversight"], correction(asked, None))) == ["accepted"]


PROVIDED = {"kind": "report_provided", "request_id": "Q", "on": "2026-01-01"}


async def test_oversight_reads_the_receipt_of_what_it_sent(
    services: Services, key: dict[str, str], http: aiohttp.ClientSession, unique: str
) -> None:
    sent = exemption(OLD, unique)
    await send(services, key["oversight"], sent)
    url = f"{services.url('inventory')}/v1/receipts/{sent['id']}"
    headers = {"Authorization": f"Bearer {key['oversight']}"}
    async with http.get(url, params={"source": sent["source"]}, headers=headers) as answer:
        assert (answer.status, (await answer.json())["outcome"]) == (200, "accepted")
    async with http.get(url, headers=headers) as answer:
        assert answer.status == 404


async def test_only_inventory_takes_anything_from_oversight(
    services: Services, key: dict[str, str], unique: str
) -> None:
    for door in ("status", "feedback"):
        status, _ = await services._request(
            "POST",
            door,
            "/v1/events",
            orjson.dumps(exemption(OLD, unique)),
            "application/cloudevents+json",
            key["oversight"],
        )
        assert status == 403, door


# Transfers and retirements


def transfer(org: str, service_id: str, to: str, on: date) -> dict[str, Any]:
    return event(org, "ServiceTransferReported", service_id=service_id, on=str(on), to_org=to)


async def test_lesson_5_19_a_transferred_service_keeps_its_id_and_its_new_owner_reports_it(
    services: Services, key: dict[str, str], unique: str
) -> None:
    name = f"S-{unique}"
    await send(services, key[OLD], service(OLD, name))
    assert codes(await send(services, key[NEW], service(NEW, name))) == ["not_your_service"]
    assert codes(await send(services, key[OLD], transfer(OLD, name, NEW, TODAY))) == ["accepted"]
    (refused,) = await send(services, key[OLD], service(OLD, name, service_name_en="Mine still"))
    assert refused["problem"]["code"] == "not_your_service"
    assert str(TODAY) in refused["problem"]["detail"]["fr"]
    assert codes(await send(services, key[NEW], service(NEW, name, service_name_en="Ours now"))) == ["accepted"]
    found = await read(services, f"/v1/services/{name}", "inventory")
    assert (found["org_id"], found["name"]["en"]) == (NEW, "Ours now")
    assert [(each["on"], each["from_org"], each["to_org"]) for each in found["transferred"]] == [(str(TODAY), OLD, NEW)]


async def test_a_transfer_to_come_changes_nothing_until_its_day(
    services: Services, key: dict[str, str], unique: str
) -> None:
    name = f"S-{unique}"
    await send(services, key[OLD], service(OLD, name), transfer(OLD, name, NEW, TODAY + timedelta(days=30)))
    (refused,) = await send(services, key[NEW], service(NEW, name))
    assert refused["problem"]["code"] == "not_your_service"
    assert codes(await send(services, key[OLD], service(OLD, name, service_name_en="Until then"))) == ["accepted"]
    assert (await read(services, f"/v1/services/{name}", "inventory"))["org_id"] == OLD


async def test_nobody_transfers_what_is_not_theirs_nor_to_nobody(
    services: Services, key: dict[str, str], unique: str
) -> None:
    name = f"S-{unique}"
    assert codes(await send(services, key[OLD], transfer(OLD, name, NEW, TODAY))) == ["unknown_service"]
    await send(services, key[OLD], service(OLD, name))
    assert codes(await send(services, key[OTHER], transfer(OTHER, name, NEW, TODAY))) == ["not_your_service"]
    to_nobody = [transfer(OLD, name, to, TODAY) for to in ("0", OLD)]
    assert codes(await send(services, key[OLD], *to_nobody)) == ["invalid_value", "invalid_value"]


async def test_a_transfer_taken_back_leaves_the_service_where_it_was(
    services: Services, key: dict[str, str], unique: str
) -> None:
    name = f"S-{unique}"
    moved = transfer(OLD, name, NEW, TODAY)
    await send(services, key[OLD], service(OLD, name), moved)
    assert codes(await send(services, key[OLD], correction(moved, None))) == ["accepted"]
    assert (await read(services, f"/v1/services/{name}", "inventory"))["org_id"] == OLD
    assert codes(await send(services, key[OLD], service(OLD, name, service_name_en="Mine"))) == ["accepted"]


async def test_a_correction_of_a_transfer_moves_its_day_and_never_another_service(
    services: Services, key: dict[str, str], unique: str
) -> None:
    name, theirs = f"S-{unique}", f"T-{unique}"
    moved = transfer(OLD, name, NEW, TODAY)
    await send(services, key[OTHER], service(OTHER, theirs))
    await send(services, key[OLD], service(OLD, name), moved)
    stolen = correction(moved, {**moved["data"], "service_id": theirs})
    assert codes(await send(services, key[OLD], stolen)) == ["correction_elsewhere"]
    later = correction(moved, {**moved["data"], "on": str(TODAY + timedelta(days=9))})
    assert codes(await send(services, key[OLD], later)) == ["accepted"]
    found = await read(services, f"/v1/services/{name}", "inventory")
    assert [each["on"] for each in found["transferred"]] == [str(TODAY + timedelta(days=9))]
    assert (await read(services, f"/v1/services/{theirs}", "inventory"))["org_id"] == OTHER


async def test_applications_of_a_transferred_service_are_its_new_owner_s_but_for_those_begun_before(
    services: Services, key: dict[str, str], unique: str
) -> None:
    name = f"S-{unique}"
    await send(services, key[OLD], service(OLD, name))
    begun = status_event(OLD, f"begun-{unique}", "submitted", service_id=name)

    async def known() -> Any:
        (receipt,) = await send(services, key[OLD], {**begun, "id": uuid.uuid4().hex}, door="status")
        return receipt.get("warnings")

    await eventually(known, lambda warnings: not warnings)
    await send(services, key[OLD], transfer(OLD, name, NEW, TODAY - timedelta(days=3)))

    async def of_new(number: int = 0) -> str:
        one = status_event(NEW, f"new-{unique}", "submitted", service_id=name, id=uuid.uuid4().hex)
        return codes(await send(services, key[NEW], one, door="status"))[0]

    await eventually(of_new, lambda code: code == "accepted")
    late = status_event(OLD, f"late-{unique}", "submitted", service_id=name)
    done = status_event(OLD, f"begun-{unique}", "decided", service_id=name, number=2)
    assert codes(await send(services, key[OLD], late, done, door="status")) == ["not_your_service", "accepted"]


async def test_a_retired_service_says_since_when_and_may_be_taken_back(
    services: Services, key: dict[str, str], unique: str
) -> None:
    name = f"S-{unique}"
    gone = event(OLD, "ServiceRetirementReported", service_id=name, on="2026-04-01")
    await send(services, key[OLD], service(OLD, name))
    assert codes(await send(services, key[OLD], gone)) == ["accepted"]
    assert (await read(services, f"/v1/services/{name}", "inventory"))["retired_on"] == "2026-04-01"
    assert codes(await send(services, key[OLD], correction(gone, None))) == ["accepted"]
    assert (await read(services, f"/v1/services/{name}", "inventory"))["retired_on"] is None


async def test_what_was_refused_of_oversight_is_judged_again_as_oversight_s(
    services: Services, key: dict[str, str], unique: str
) -> None:
    """By a department's key it would be refused otherwise."""
    confirmed = {"fiscal_year": "2025-2026", "on": str(TODAY), "confirmed_by": "Somebody"}
    refused = record(OLD, "inventory_confirmed", **confirmed)
    assert codes(await send(services, key["oversight"], refused)) == ["department_only"]
    (letter,) = (await read(services, f"/v1/dead-letters?event={refused['id']}", "inventory"))["items"]
    assert (letter["door"], letter["org_id"]) == ("oversight", OLD)
    again = await services.ask("inventory", f"/v1/dead-letters/{letter['id']}/replay", method="POST")
    assert again["problem"]["code"] == "department_only"


def test_oversight_reports_by_the_command_with_its_token(system: LocalSystem, unique: str, tmp_path: Path) -> None:
    file = tmp_path / "exemption.json"
    file.write_bytes(orjson.dumps(exemption(OLD, unique)))
    made = orjson.loads(system.command("token", "--role", "oversight").stdout)["token"]
    sent = system.command("emit", str(file), "--to", "inventory", "--key", made, "--format", "json")
    assert '"accepted"' in sent.stdout


async def test_all_of_it_is_reconciled_and_nothing_of_it_is_set_aside(services: Services) -> None:
    """Last in this file: what was reported above is in reporting's log as it is in inventory's."""
    assert (await verify(services, lambda _: None))["reconciled"]
