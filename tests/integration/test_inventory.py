"""The inventory through its doors: searched, confirmed, told with its history, written out, compared, checked, updated."""

import asyncio
import csv
import io
import uuid
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest

from guichet import keys
from guichet.client import Services
from guichet.inventory_files import read as read_files
from guichet.tokens import token
from shared.testing import eventually, status_event
from tests.integration.test_corrections import SERVICE, STANDARD, codes, correction
from tests.integration.test_stewardship import event, record, send, service

ORG, OTHER = "9006", "9007"
Json = dict[str, Any]


@pytest.fixture(scope="module")
async def key(services: Services) -> str:
    return str((await keys.create(services, ORG))["key"])


def officer(services: Services, org: str = ORG, role: str = "officer") -> str:
    return token(services.home, f"{role}-of-{org}", [role], org)


def standard(name: str, **data: Any) -> Json:
    said = {**STANDARD, "service_id": f"S-{name}", "service_standard_id": f"ST-{name}", **data}
    return event(ORG, "ServiceStandardReported", **{key: value for key, value in said.items() if value is not None})


async def get(services: Services, path: str, **query: Any) -> Any:
    return await services.ask("inventory", path, query=query, public=True)


class Door:
    """Requests with their headers."""

    def __init__(self, http: aiohttp.ClientSession, services: Services) -> None:
        self._http, self._url = http, services.url("inventory")

    async def __call__(self, method: str, path: str, bearer: str | None = None, **more: Any) -> tuple[int, Any, Any]:
        headers = {**more.pop("headers", {}), **({"Authorization": f"Bearer {bearer}"} if bearer else {})}
        async with self._http.request(method, self._url + path, headers=headers, **more) as answer:
            content = await answer.read()
            is_json = "json" in answer.content_type
            return answer.status, answer.headers, orjson.loads(content) if is_json and content else content


@pytest.fixture
def door(http: aiohttp.ClientSession, services: Services) -> Door:
    return Door(http, services)


# Searching


async def test_services_are_found_without_accents_or_case_by_words_of_either_language_or_by_number(
    services: Services, key: str, unique: str
) -> None:
    name = {"service_name_en": f"Fishing Licences {unique}", "service_name_fr": f"Permis de pêche côtière {unique}"}
    await send(services, key, service(ORG, f"S-{unique}", **name))
    for q in (f"PECHE cotiere {unique}", f"pêche {unique}", f"licences fishing {unique}", f"s-{unique}"):
        assert [each["service_id"] for each in (await get(services, "/v1/services", q=q))["items"]] == [
            f"S-{unique}"
        ], q
    for q in (f"pêche % {unique}", f"p_che {unique}", f"hunting {unique}", f"\\ {unique}"):
        assert (await get(services, "/v1/services", q=q))["items"] == [], q


async def test_a_service_of_a_year_is_as_that_year_described_it_and_of_whoever_did(
    services: Services, key: str, unique: str
) -> None:
    rows = [service(ORG, f"S-{unique}", fiscal_year=year, service_name_en=year) for year in ("2023-2024", "2024-2025")]
    await send(services, key, *rows)
    newest = await get(services, "/v1/services", q=f"S-{unique}")
    assert [each["name"]["en"] for each in newest["items"]] == ["2024-2025"]
    older = await get(services, "/v1/services", q=f"S-{unique}", fiscal_year="2023-2024", org=ORG)
    assert [each["name"]["en"] for each in older["items"]] == ["2023-2024"]
    assert (await get(services, "/v1/services", q=f"S-{unique}", fiscal_year="2022-2023"))["items"] == []
    assert (await get(services, "/v1/services", q=f"S-{unique}", org=OTHER))["items"] == []


async def test_what_is_computed_stands_beside_what_was_reported(services: Services, key: str, unique: str) -> None:
    volumes = {"num_applications_online": 7, "num_applications_by_mail": 5, "num_applications_by_fax": "ND"}
    results = {"target": 0.9, "volume_meeting_target": 8, "total_volume": 9}
    described = service(ORG, f"S-{unique}", **{**dict.fromkeys(VOLUMES), **volumes})
    await send(services, key, described, standard(unique, **results))
    found = await get(services, f"/v1/services/S-{unique}")
    assert (found["num_applications_total"], found["retired_on"], found["transferred"]) == (12, None, [])
    (one,) = (await get(services, "/v1/standards", service=f"S-{unique}", fiscal_year=STANDARD["fiscal_year"]))["items"]
    assert (one["performance"], one["target_met"]) == (0.8889, "N")
    assert (await get(services, "/v1/standards", service=f"S-{unique}", fiscal_year="2010-2011"))["items"] == []


VOLUMES = [name for name in SERVICE if name.startswith("num_applications")]


async def test_every_page_of_a_search_has_what_the_one_before_had_not(
    services: Services, key: str, unique: str
) -> None:
    await send(services, key, *(service(ORG, f"S-{unique}-{number}") for number in range(5)))
    seen: list[str] = []
    after = None
    while True:
        page = await get(services, "/v1/services", q=f"S-{unique}", limit=2, after=after)
        seen += [each["service_id"] for each in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert seen == [f"S-{unique}-{number}" for number in range(5)]


# History


async def test_every_version_says_when_by_which_report_and_what_it_changed(
    services: Services, key: str, unique: str
) -> None:
    first = service(ORG, f"S-{unique}", fiscal_year="2023-2024", service_fee="N")
    second = service(ORG, f"S-{unique}", fiscal_year="2023-2024", service_fee="Y")
    third = service(ORG, f"S-{unique}", fiscal_year="2024-2025", service_fee="Y", sin_usage="Y")
    for each in (first, second, third):
        await send(services, key, each)
    items = (await get(services, f"/v1/services/S-{unique}/history"))["items"]
    assert [(each["fiscal_year"], each["version"]) for each in items] == [
        ("2023-2024", 1), ("2023-2024", 2), ("2024-2025", 1),
    ]  # fmt: skip
    assert [each["by"]["event_id"] for each in items] == [first["id"], second["id"], third["id"]]
    assert items[1]["changes"] == [{"field": "service_fee", "from": "N", "to": "Y"}]
    assert items[2]["since"] == {"fiscal_year": "2023-2024", "version": 2}
    assert {"field": "sin_usage", "from": SERVICE["sin_usage"], "to": "Y"} in items[2]["changes"]


# Confirming a measure


async def test_an_officer_confirms_a_measure_and_later_rows_keep_it_while_the_sentence_stands(
    services: Services, key: str, unique: str, door: Door
) -> None:
    sentences = {
        "service_standard_en": "Decisions within 20 business days",
        "service_standard_fr": "Décisions dans les 20 jours ouvrables",
    }
    row = standard(unique, measure=None, **sentences)
    await send(services, key, service(ORG, f"S-{unique}"), row)
    path = f"/v1/standards/ST-{unique}"
    _, headers, found = await door("GET", path)
    assert (found["measure"]["limit"], found["measure"]["confirmed"]) == ("P20D", False)
    body = {"limit": "P25D", "days": "business"}
    status, after, confirmed = await door(
        "PUT", f"{path}/measure", officer(services), json=body, headers={"If-Match": headers["ETag"]}
    )
    assert status == 200, confirmed
    assert (confirmed["measure"]["limit"], confirmed["measure"]["confirmed"]) == ("P25D", True)
    assert (confirmed["version"], after["ETag"] != headers["ETag"]) == (2, True)
    # The same row again, with another id, and next year's: what the officer confirmed stays.
    assert codes(await send(services, key, {**row, "id": uuid.uuid4().hex})) == ["accepted"]
    _, _, again = await door("GET", path)
    assert (again["version"], again["measure"]) == (2, confirmed["measure"])
    next_year = {**row, "id": uuid.uuid4().hex, "data": {**row["data"], "fiscal_year": "2027-2028"}}
    await send(services, key, next_year)
    _, _, newest = await door("GET", path)
    assert (newest["fiscal_year"], newest["measure"]) == ("2027-2028", confirmed["measure"])
    # Another sentence is another promise.
    data = {**next_year["data"], "service_standard_en": "Decisions within 30 business days",
            "service_standard_fr": "Décisions dans les 30 jours ouvrables"}  # fmt: skip
    await send(services, key, {**next_year, "id": uuid.uuid4().hex, "data": data})
    _, _, other = await door("GET", path)
    assert (other["measure"]["limit"], other["measure"]["confirmed"]) == ("P30D", False)


async def test_a_correction_of_a_row_keeps_the_measure_that_was_confirmed(
    services: Services, key: str, unique: str, door: Door
) -> None:
    row = standard(unique, measure=None)
    await send(services, key, service(ORG, f"S-{unique}"), row)
    path = f"/v1/standards/ST-{unique}"
    confirm = {"json": {"limit": "P9D"}, "headers": {"If-Match": "*"}}
    assert (await door("PUT", f"{path}/measure", officer(services), **confirm))[0] == 200
    again = {**row, "id": uuid.uuid4().hex, "data": {**row["data"], "total_volume": 99}}
    await send(services, key, again)
    await send(services, key, correction(again, None))
    _, _, found = await door("GET", path)
    assert (found["measure"]["limit"], found["measure"]["confirmed"], found["fields"].get("total_volume")) == (
        "P9D", True, row["data"].get("total_volume"),
    )  # fmt: skip


async def test_status_measures_by_what_was_confirmed(services: Services, key: str, unique: str, door: Door) -> None:
    await send(services, key, service(ORG, f"S-{unique}"), standard(unique, measure=None, channel="ONL"))
    confirm = {"json": {"limit": "P40D", "days": "calendar"}, "headers": {"If-Match": "*"}}
    assert (await door("PUT", f"/v1/standards/ST-{unique}/measure", officer(services), **confirm))[0] == 200
    begun = status_event(ORG, f"A-{unique}", "submitted", service_id=f"S-{unique}", channel="ONL")
    await send(services, key, begun, door="status")

    async def limits() -> list[Any]:
        found = await services.ask("status", f"/v1/applications/A-{unique}", query={"org": ORG})
        return [each["limit"] for each in found["standards"]]

    await eventually(limits, lambda found: found == [40])


async def test_nothing_is_overwritten_unseen(services: Services, key: str, unique: str, door: Door) -> None:
    await send(services, key, service(ORG, f"S-{unique}"), standard(unique, measure=None))
    path = f"/v1/standards/ST-{unique}"
    _, headers, _ = await door("GET", path)
    put = f"{path}/measure"
    by = officer(services)
    assert (await door("PUT", put, by, json={"limit": "P1D"}))[2]["code"] == "precondition_required"
    read = {"headers": {"If-Match": headers["ETag"]}}
    answers = await asyncio.gather(*(door("PUT", put, by, json={"limit": f"P{n}D"}, **read) for n in range(2, 6)))
    assert sorted(status for status, _, _ in answers) == [200, 412, 412, 412]
    french = {"headers": {"If-Match": headers["ETag"], "Accept-Language": "fr"}}
    status, _, stale = await door("PUT", put, by, json={"limit": "P9D"}, **french)
    assert (status, stale["code"]) == (412, "precondition_failed")
    assert "version" in stale["detail"]
    items = (await get(services, f"{path}/history"))["items"]
    assert [each["version"] for each in items] == [1, 2]


async def test_who_confirmed_is_told_to_those_who_may_read_the_organisation(
    services: Services, key: str, unique: str, door: Door
) -> None:
    await send(services, key, service(ORG, f"S-{unique}"), standard(unique, measure=None))
    path = f"/v1/standards/ST-{unique}"
    await door("PUT", f"{path}/measure", officer(services), json={"limit": "P3D"}, headers={"If-Match": "*"})
    for bearer, told in ((officer(services), f"officer-of-{ORG}"), (None, None), (officer(services, OTHER), None)):
        _, _, found = await door("GET", f"{path}/history", bearer)
        assert found["items"][-1]["confirmed_by"] == told


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", "unreadable"),
        (b"{}", "missing_field"),
        (b'{"limit": "ten days"}', "invalid_value"),
        (b'{"limit": "P10D", "because": 1}', "unknown_field"),
        (b'{"limit": "P2W", "days": "business"}', "invalid_value"),
        (b"[]", "invalid_value"),
    ],
)
async def test_a_measure_that_is_none_is_told_why(
    services: Services, key: str, unique: str, door: Door, body: bytes, code: str
) -> None:
    await send(services, key, service(ORG, f"S-{unique}"), standard(unique, measure=None))
    headers = {"If-Match": "*", "Content-Type": "application/json"}
    _, _, found = await door("PUT", f"/v1/standards/ST-{unique}/measure", officer(services), data=body, headers=headers)
    assert found["code"] == code


async def test_only_an_officer_of_the_organisation_confirms(
    services: Services, key: str, unique: str, door: Door
) -> None:
    await send(services, key, service(ORG, f"S-{unique}"), standard(unique, measure=None))
    put = {"json": {"limit": "P3D"}, "headers": {"If-Match": "*"}}
    path = f"/v1/standards/ST-{unique}/measure"
    assert (await door("PUT", path, officer(services, OTHER), **put))[2]["code"] == "wrong_organization"
    for bearer in (key, officer(services, ORG, "deputy_head"), officer(services, ORG, "auditor")):
        assert (await door("PUT", path, bearer, **put))[0] == 403
    assert (await door("PUT", path, **put))[0] == 401
    assert (await door("PUT", "/v1/standards/none/measure", officer(services), **put))[0] == 404


async def test_a_standard_id_that_two_services_share_asks_which(
    services: Services, key: str, unique: str, door: Door
) -> None:
    both = [standard(unique, service_id=f"S-{unique}-{n}", measure=None) for n in (1, 2)]
    await send(services, key, *(service(ORG, f"S-{unique}-{n}") for n in (1, 2)), *both)
    assert (await door("GET", f"/v1/standards/ST-{unique}"))[2]["code"] == "ambiguous"
    status, _, found = await door("GET", f"/v1/standards/ST-{unique}?service=S-{unique}-2")
    assert (status, found["service_id"]) == (200, f"S-{unique}-2")


async def test_an_officer_confirms_their_own_standard_where_another_department_has_one_of_the_same_id(
    services: Services, key: str, unique: str, door: Door
) -> None:
    theirs = {**standard(unique, service_id=f"T-{unique}", measure=None), "source": f"/organizations/{OTHER}/registry"}
    other = str((await keys.create(services, OTHER))["key"])
    await send(services, other, service(OTHER, f"T-{unique}"), theirs)
    await send(services, key, service(ORG, f"S-{unique}"), standard(unique, measure=None))
    put = {"json": {"limit": "P3D"}, "headers": {"If-Match": "*"}}
    status, _, found = await door("PUT", f"/v1/standards/ST-{unique}/measure", officer(services), **put)
    assert (status, found["service_id"]) == (200, f"S-{unique}")


async def test_a_thing_that_was_read_is_not_sent_again(services: Services, key: str, unique: str, door: Door) -> None:
    await send(services, key, service(ORG, f"S-{unique}"), standard(unique))
    for path in (f"/v1/services/S-{unique}", f"/v1/services/S-{unique}/history", f"/v1/standards/ST-{unique}"):
        _, headers, _ = await door("GET", path)
        assert (await door("GET", path, headers={"If-None-Match": headers["ETag"]}))[0] == 304


# What others got wrong


async def test_lesson_5_12_a_row_twice_in_one_batch_counts_once_and_harms_no_neighbour(
    services: Services, key: str, unique: str
) -> None:
    row, other = service(ORG, f"S-{unique}"), service(ORG, f"S-{unique}-other")
    same_data = {**row, "id": uuid.uuid4().hex}
    receipts = await send(services, key, row, row, same_data, other)
    assert [each["outcome"] for each in receipts] == ["accepted", "duplicate", "accepted", "accepted"]
    items = (await get(services, f"/v1/services/S-{unique}/history"))["items"]
    assert [each["version"] for each in items] == [1]


async def test_lesson_5_20_what_is_changed_by_hand_is_a_version_and_an_event_like_any_other(
    services: Services, key: str, unique: str, door: Door
) -> None:
    await send(services, key, service(ORG, f"S-{unique}"), standard(unique, measure=None))
    before = (await services.ask("inventory", "/v1/log"))["position"]
    path = f"/v1/standards/ST-{unique}"
    confirm = {"json": {"limit": "P3D"}, "headers": {"If-Match": "*"}}
    await door("PUT", f"{path}/measure", officer(services), **confirm)
    assert (await services.ask("inventory", "/v1/log"))["position"] > before
    version = (await get(services, f"{path}/history"))["items"][-1]
    assert version["by"]["source"] == f"/organizations/{ORG}/officers"
    assert [each["field"] for each in version["changes"]] == ["measure"]


@pytest.mark.parametrize(
    "path",
    [
        "/v1/services/none", "/v1/services/none/history", "/v1/standards/none", "/v1/export/2022/service.csv",
        "/v1/services/changes?from=x&to=2021-2022", "/v1/annual-update/0/2025-2026", "/v1/stewardship",
    ],
)  # fmt: skip
async def test_lesson_5_22_every_refusal_is_whole_in_both_languages(door: Door, path: str) -> None:
    said = [await door("GET", path, headers={"Accept-Language": language}) for language in ("en", "fr")]
    assert said[0][0] == said[1][0] >= 400
    for name in ("title", "detail"):
        assert said[0][2][name] != said[1][2][name]


# Files and years


async def test_what_is_exported_is_what_was_reported_and_can_be_imported(
    services: Services, key: str, unique: str, door: Door, tmp_path: Path
) -> None:
    year = "2022-2023"
    await send(
        services, key, service(ORG, f"S-{unique}", fiscal_year=year, service_name_fr="Été, « hiver »\nprintemps"),
        standard(unique, fiscal_year=year),
    )  # fmt: skip
    for name in ("service.csv", "service-std.csv"):
        status, headers, content = await door("GET", f"/v1/export/{year}/{name}?org={ORG}")
        assert (status, headers["Content-Type"].partition(";")[0]) == (200, "text/csv")
        (tmp_path / name).write_bytes(content)
    again = read_files([tmp_path / "service.csv", tmp_path / "service-std.csv"])
    assert again.count("rejected") == 0
    (found,) = (row.data for row in again.rows if row.key == (year, f"S-{unique}") and row.data)
    assert found.service_name_fr == "Été, « hiver »\nprintemps"
    text = (tmp_path / "service-std.csv").read_text(encoding="utf-8-sig")
    rows = {row["service_standard_id"]: row for row in csv.DictReader(io.StringIO(text, newline=""))}
    assert rows[f"ST-{unique}"]["owner_org"] == again.rows[0].org_id or rows[f"ST-{unique}"]["owner_org"]
    assert (await door("GET", "/v1/export/2022/service.csv"))[2]["code"] == "invalid_request"
    assert (await door("GET", f"/v1/export/{year}/else.csv"))[0] == 400


async def test_two_years_are_compared(services: Services, key: str, unique: str) -> None:
    rows = [
        service(ORG, f"S-{unique}-both", fiscal_year="2020-2021", service_fee="N"),
        service(ORG, f"S-{unique}-both", fiscal_year="2021-2022", service_fee="Y"),
        service(ORG, f"S-{unique}-old", fiscal_year="2020-2021"),
        service(ORG, f"S-{unique}-new", fiscal_year="2021-2022"),
    ]
    await send(services, key, *rows)
    query = {"from": "2020-2021", "to": "2021-2022", "org": ORG}
    found = (await get(services, "/v1/services/changes", **query))["services"]
    mine = {what: [each for each in things if unique in each["service_id"]] for what, things in found.items()}
    assert [each["service_id"] for each in mine["added"]] == [f"S-{unique}-new"]
    assert [each["service_id"] for each in mine["removed"]] == [f"S-{unique}-old"]
    assert [each["changes"] for each in mine["changed"]] == [[{"field": "service_fee", "from": "N", "to": "Y"}]]


# Checking and the annual update


async def test_a_row_is_judged_before_it_is_reported_and_nothing_is_kept(
    services: Services, unique: str, door: Door
) -> None:
    good = {**SERVICE, "service_id": f"S-{unique}"}
    status, _, found = await door("POST", "/v1/services/check", json=good)
    assert (status, found["valid"], found["problems"]) == (200, True, [])
    assert {"issue", "severity", "text"} <= found["findings"][0].keys()
    bad = {**good, "service_fee": "perhaps", "service_name_fr": None, "num_website_visits": -1}
    _, _, judged = await door("POST", "/v1/services/check", json=bad)
    assert judged["valid"] is False
    assert {each["field"] for each in judged["problems"]} == {
        "data.service_fee", "data.service_name_fr", "data.num_website_visits",
    }  # fmt: skip
    assert (await door("GET", f"/v1/services/S-{unique}"))[0] == 404
    _, _, of_standard = await door("POST", "/v1/services/check", json={**STANDARD, "service_id": f"S-{unique}"})
    assert of_standard["computed"].keys() == {"performance", "target_met"}
    assert (await door("POST", "/v1/services/check", json=[]))[0] == 422


async def test_the_annual_update_is_done_step_by_step(services: Services, unique: str) -> None:
    org = "9008"
    key = str((await keys.create(services, org))["key"])
    await send(services, key, *(service(org, f"S-{unique}-{n}", fiscal_year="2024-2025") for n in (1, 2, 3)))
    path = f"/v1/annual-update/{org}/2025-2026"
    began = await get(services, path)
    assert len([each for each in began["missing"] if unique in each["service_id"]]) == 3
    assert [each["step"] for each in began["steps"]] == ["report", "correct", "measure", "confirm"]
    assert began["confirmed"] is None
    await send(
        services, key,
        service(org, f"S-{unique}-1", fiscal_year="2025-2026", service_fee="Y"),
        event(org, "ServiceRetirementReported", service_id=f"S-{unique}-2", on="2025-06-01"),
        event(org, "ServiceTransferReported", service_id=f"S-{unique}-3", on="2025-06-01", to_org=OTHER),
    )  # fmt: skip
    found = await get(services, path)
    assert [each for each in found["missing"] if unique in each["service_id"]] == []
    assert [each["service_id"] for each in found["changes"]["services"]["changed"]] == [f"S-{unique}-1"]
    confirmed = record(
        org, "inventory_confirmed", fiscal_year="2025-2026", on="2026-06-01", confirmed_by="The deputy head"
    )
    await send(services, key, confirmed)
    done = await get(services, path)
    assert done["confirmed"]["on"] == "2026-06-01"
    assert done["steps"][-1]["done"] is True


async def test_an_annual_update_of_nobody_or_of_no_year_is_refused(door: Door) -> None:
    assert (await door("GET", "/v1/annual-update/0/2025-2026"))[0] == 404
    assert (await door("GET", f"/v1/annual-update/{ORG}/2025"))[0] == 400


# Records


async def test_records_are_read_by_their_department_and_by_those_who_read_all(
    services: Services, key: str, unique: str, door: Door
) -> None:
    strategy = {"strategy_id": unique, "from": "2016-04-01", "to": "2019-03-31", "approved_by": "Somebody", "parts": []}
    await send(services, key, record(ORG, "strategy_approved", **strategy))
    other = str((await keys.create(services, OTHER))["key"])
    path = f"/v1/stewardship?org={ORG}&kind=strategy_approved"
    for bearer in (key, officer(services), token(services.home, "auditor", ["auditor"])):
        status, _, found = await door("GET", path, bearer)
        assert status == 200
        mine = [each for each in found["items"] if each["record_id"] == f"strategy_approved/{unique}"]
        assert mine[0]["fields"]["approved_by"] == "Somebody"
    for bearer in (other, officer(services, OTHER)):
        assert (await door("GET", path, bearer))[0] == 403
    assert (await door("GET", path))[0] == 401


async def test_every_version_of_a_record_says_when_by_which_report_and_what_it_changed(
    services: Services, key: str, unique: str, door: Door
) -> None:
    strategy = {"strategy_id": unique, "from": "2016-04-01", "to": "2019-03-31", "parts": []}
    first, second = (record(ORG, "strategy_approved", **strategy, approved_by=name) for name in ("One", "Another"))
    await send(services, key, first)
    await send(services, key, second)
    path = f"/v1/stewardship/{ORG}/history?record_id=strategy_approved/{unique}"
    status, _, found = await door("GET", path, officer(services))
    assert status == 200
    assert [each["by"]["event_id"] for each in found["items"]] == [first["id"], second["id"]]
    assert found["items"][1]["changes"] == [{"field": "approved_by", "from": "One", "to": "Another"}]
    assert (await door("GET", path, officer(services, OTHER)))[0] == 403
    assert (await door("GET", path.replace(unique, "none"), key))[0] == 404
