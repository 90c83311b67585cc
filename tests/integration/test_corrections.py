"""ReportCorrected: a report is put in the place of an earlier one or withdraws it; a chain never forks; figures follow."""

import random
import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
import orjson
import pytest

from guichet import keys
from guichet.client import Services
from guichet.verifying import verify
from shared.testing import eventually, feedback_event, status_event

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
SERVICE, STANDARD = (orjson.loads((EXAMPLES / f"{name}.json").read_bytes())["data"] for name in ("service", "standard"))
ORG = "9003"
REASON = {"en": "Typed wrongly", "fr": "Mal saisi"}
Send = Callable[..., Awaitable[list[dict[str, Any]]]]


@pytest.fixture(scope="module")
async def key(services: Services) -> str:
    return str((await keys.create(services, ORG))["key"])


@pytest.fixture
def send(services: Services, key: str) -> Send:
    async def send_(service: str, *events: dict[str, Any]) -> list[dict[str, Any]]:
        return await services.send(service, key, [orjson.dumps(event) for event in events])

    return send_


def correction(of: dict[str, Any], data: dict[str, Any] | None, **changes: Any) -> dict[str, Any]:
    """A ReportCorrected of an event, with other data or (None) a withdrawal; `corrects` and `time` may be said."""
    service = of["type"].split(".")[1]
    said = {"corrects": changes.pop("corrects", of["id"]), "reason": REASON, "data": data}
    return {
        "specversion": "1.0",
        "id": changes.pop("id", f"correction-{uuid.uuid4().hex[:10]}"),
        "source": of["source"],
        "type": f"guichet.{service}.ReportCorrected.v1",
        "time": changes.pop("time", of.get("time")) or datetime.now(UTC).isoformat(),
        "data": {name: value for name, value in said.items() if value is not None},
    }


def codes(receipts: list[dict[str, Any]]) -> list[str]:
    return [receipt.get("problem", {}).get("code", receipt["outcome"]) for receipt in receipts]


async def read(services: Services, path: str, service: str = "status") -> Any:
    """What the operator reads; None where there is nothing."""
    status, answer = await services._request("GET", service, path, None, "application/json", services._operator)
    return answer if status == 200 else None


async def application(services: Services, name: str) -> Any:
    return await read(services, f"/v1/applications/{name}?org={ORG}")


# Applications


async def test_a_corrected_report_tells_the_application_anew(services: Services, send: Send, unique: str) -> None:
    first, second = (status_event(ORG, unique, state, number=n) for n, state in enumerate(("submitted", "closed"), 1))
    await send("status", first, second)
    right = correction(second, {**second["data"], "state": "in_review"})
    (receipt,) = await send("status", right)
    assert receipt["outcome"] == "accepted"
    found = await application(services, unique)
    assert found["state"] == "in_review"
    assert [step["state"] for step in found["history"]] == ["submitted", "in_review"]
    assert found["version"] == 3
    assert codes(await send("status", right, first)) == ["duplicate", "duplicate"]


async def test_a_withdrawn_report_is_as_if_it_had_never_come_and_stays_readable_as_superseded(
    services: Services, send: Send, http: aiohttp.ClientSession, key: str, unique: str
) -> None:
    first, second = (status_event(ORG, unique, state, number=n) for n, state in enumerate(("submitted", "decided"), 1))
    await send("status", first, second)
    gone = correction(second, None)
    await send("status", gone)
    assert [step["state"] for step in (await application(services, unique))["history"]] == ["submitted"]
    url = f"{services.url('status')}/v1/receipts/{second['id']}"
    async with http.get(url, headers={"Authorization": f"Bearer {key}"}) as answer:
        receipt = await answer.json()
    assert receipt["outcome"] == "accepted"
    superseded = receipt["superseded_by"]
    assert (superseded["id"], superseded["withdrawn"], superseded["reason"]) == (gone["id"], True, REASON)


async def test_an_application_of_which_no_report_is_left_is_not_there_until_one_comes_again(
    services: Services, send: Send, unique: str
) -> None:
    only = status_event(ORG, unique, "submitted")
    await send("status", only)
    await send("status", correction(only, None))
    assert await application(services, unique) is None
    await send("status", status_event(ORG, unique, "in_review", number=2))
    found = await application(services, unique)
    assert ([step["state"] for step in found["history"]], found["version"]) == (["in_review"], 3)


async def test_a_chain_never_forks(send: Send, unique: str) -> None:
    event = status_event(ORG, unique, "submitted")
    await send("status", event)
    first, fork = (correction(event, {**event["data"], "state": state}) for state in ("complete", "closed"))
    assert codes(await send("status", first)) == ["accepted"]
    (refused,) = await send("status", fork)
    assert refused["problem"]["code"] == "corrected_before"
    assert first["id"] in refused["problem"]["detail"]["en"]
    assert first["id"] in refused["problem"]["detail"]["fr"]
    second = correction(event, {**event["data"], "state": "in_review"}, corrects=first["id"])
    assert codes(await send("status", second)) == ["accepted"]


async def test_a_withdrawal_may_itself_be_corrected(services: Services, send: Send, unique: str) -> None:
    event = status_event(ORG, unique, "submitted")
    gone = correction(event, None)
    await send("status", event, gone)
    back = correction(event, event["data"], corrects=gone["id"])
    assert codes(await send("status", back)) == ["accepted"]
    assert (await application(services, unique))["state"] == "submitted"


async def test_in_one_batch_a_correction_follows_what_it_corrects_and_forks_are_refused_there_too(
    services: Services, send: Send, unique: str
) -> None:
    event = status_event(ORG, unique, "submitted")
    first, fork = (correction(event, {**event["data"], "state": state}) for state in ("complete", "closed"))
    chained = correction(event, {**event["data"], "state": "in_review"}, corrects=first["id"])
    assert codes(await send("status", chained, fork, first, event)) in (
        ["accepted", "corrected_before", "accepted", "accepted"],
        ["unknown_event", "accepted", "corrected_before", "accepted"],
    )


async def test_corrections_of_nothing_of_each_other_and_of_themselves_are_refused_and_none_is_lost(
    send: Send, unique: str
) -> None:
    event = status_event(ORG, unique, "submitted")
    a = correction(event, event["data"], id=f"{unique}-a", corrects=f"{unique}-b")
    b = correction(event, event["data"], id=f"{unique}-b", corrects=f"{unique}-a")
    itself = correction(event, event["data"], id=f"{unique}-c", corrects=f"{unique}-c")
    nothing = correction(event, event["data"])
    assert codes(await send("status", a, b, itself, nothing)) == ["unknown_event"] * 4


async def test_another_source_s_report_cannot_be_corrected(send: Send, unique: str) -> None:
    event = status_event(ORG, unique, "submitted")
    await send("status", event)
    stranger = {**correction(event, None), "source": f"/organizations/{ORG}/another-system"}
    assert codes(await send("status", stranger)) == ["unknown_event"]


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"application_id": "another"}, "correction_elsewhere", "data.data.application_id"),
        ({"service_id": "another"}, "correction_elsewhere", "data.data.service_id"),
        ({"state": "no_such_state"}, "invalid_value", "data.data.state"),
        ({"surplus": 1}, "unknown_field", "data.data.surplus"),
    ],
)
async def test_a_correction_is_judged_by_the_contract_of_what_it_corrects_and_keeps_to_its_thing(
    send: Send, unique: str, change: dict[str, Any], code: str, field: str
) -> None:
    event = status_event(ORG, unique, "submitted")
    await send("status", event)
    (receipt,) = await send("status", correction(event, {**event["data"], **change}))
    assert (receipt["problem"]["code"], receipt["problem"]["field"]) == (code, field)
    assert codes(await send("status", correction(event, None))) == ["accepted"]


async def test_whose_application_it_is_follows_the_corrected_report(
    services: Services, send: Send, system: Any, unique: str
) -> None:
    event = status_event(ORG, unique, "submitted", client_id=f"wrong-{unique}")
    await send("status", event)
    connection = await asyncpg.connect(system.addresses["postgres"]["status"])
    query = "select client_hash from application where org_id = $1 and application_id = $2"
    try:
        wrong = await connection.fetchval(query, ORG, unique)
        right = correction(event, {**event["data"], "client_id": f"right-{unique}"})
        await send("status", right)
        assert await connection.fetchval(query, ORG, unique) not in {wrong, None}
        without = {name: value for name, value in event["data"].items() if name != "client_id"}
        await send("status", correction(event, without, corrects=right["id"]))
        assert await connection.fetchval(query, ORG, unique) is None
    finally:
        await connection.close()


async def test_a_reason_stands_in_no_topic_and_no_table_in_the_clear(
    services: Services, send: Send, system: Any, unique: str
) -> None:
    event = status_event(ORG, unique, "submitted")
    gone = correction(event, None)
    gone["data"]["reason"] = {"en": f"secret {unique}", "fr": f"secret {unique}"}
    await send("status", event, gone)
    connection = await asyncpg.connect(system.addresses["postgres"]["status"])
    try:
        for table in ("correction", "recorded_event", "application_event", "received_event"):
            rows = await connection.fetch(f"select t::text from {table} t")
            assert not [row for row in rows if f"secret {unique}" in row[0]], table
    finally:
        await connection.close()


# Figures


def inventory(kind: str, subject: str, **data: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": f"{kind}-{uuid.uuid4().hex[:10]}",
        "source": f"/organizations/{ORG}/registry",
        "type": f"guichet.inventory.{kind}.v1",
        "subject": subject,
        "data": data,
    }


async def figures(services: Services, service_id: str) -> list[Any]:
    query = {"window": "2026-01-01/2026-12-31", "org": ORG}
    answer = await services.ask("reporting", "/v1/performance", query={**query, "limit": 1000})
    return [item for item in answer["items"] if item["service_id"] == service_id]


async def test_a_figure_counts_the_corrected_report_and_not_the_one_it_took_the_place_of(
    services: Services, send: Send, unique: str
) -> None:
    measure = {"limit": "P5D", "starts": "submitted", "ends": "decided"}
    example = STANDARD
    standard = {**example, "service_id": f"S-{unique}", "service_standard_id": f"ST-{unique}", "measure": measure}
    standard |= {"fiscal_year": "2026-2027", "target": 0.8}
    base = {**SERVICE, "service_id": f"S-{unique}", "fiscal_year": "2026-2027"}
    sent = await send(
        "inventory",
        inventory("ServiceReported", f"S-{unique}", **base),
        inventory("ServiceStandardReported", f"S-{unique}", **standard),
    )
    assert codes(sent) == ["accepted", "accepted"]
    start = datetime(2026, 5, 4, 15, tzinfo=UTC)
    begun = status_event(
        ORG, unique, "submitted", number=1, time=start, service_id=f"S-{unique}", channel=STANDARD["channel"]
    )
    late = status_event(
        ORG,
        unique,
        "decided",
        number=2,
        time=start + timedelta(days=9),
        service_id=f"S-{unique}",
        channel=STANDARD["channel"],
    )
    await send("status", begun, late)

    def counts(items: list[Any]) -> list[tuple[int, int]]:
        return [(item["met"], item["total"]) for item in items]

    await eventually(lambda: figures(services, f"S-{unique}"), lambda items: counts(items) == [(0, 1)])
    in_time = correction(late, late["data"], time=(start + timedelta(days=2)).isoformat())
    await send("status", in_time)
    await eventually(lambda: figures(services, f"S-{unique}"), lambda items: counts(items) == [(1, 1)])
    await send("status", correction(late, None, corrects=in_time["id"]))
    await eventually(lambda: figures(services, f"S-{unique}"), lambda items: counts(items) == [(0, 0)])
    found = await verify(services, lambda _: None)
    assert found["reconciled"], found


# Feedback


async def test_a_corrected_case_tells_what_it_ought_to_have_told_and_no_word_of_what_it_had(
    services: Services, send: Send, unique: str
) -> None:
    event = feedback_event(ORG, unique, "complaint", text="The wrong client's words", rating=1)
    await send("feedback", event)
    await send("feedback", correction(event, {**event["data"], "kind": "suggestion", "text": None, "rating": 4}))
    found = await read(services, f"/v1/cases/{unique}?org={ORG}", "feedback")
    assert (found["kind"], found["text"], found["rating"], found["version"]) == ("suggestion", None, 4, 2)


async def test_a_withdrawn_case_is_not_there_and_a_withdrawn_step_has_not_been_taken(
    services: Services, send: Send, unique: str
) -> None:
    event = feedback_event(ORG, unique, "complaint", text="Words")
    step = {
        **event,
        "id": f"{unique}-1",
        "type": "guichet.feedback.FeedbackHandlingReported.v1",
        "time": datetime.now(UTC).isoformat(),
        "data": {"feedback_id": unique, "state": "resolved"},
    }
    await send("feedback", event, step)
    assert (await read(services, f"/v1/cases/{unique}?org={ORG}", "feedback"))["state"] == "resolved"
    assert codes(await send("feedback", correction(step, None))) == ["accepted"]
    assert (await read(services, f"/v1/cases/{unique}?org={ORG}", "feedback"))["state"] == "received"
    assert codes(await send("feedback", correction(event, None))) == ["accepted"]
    assert await read(services, f"/v1/cases/{unique}?org={ORG}", "feedback") is None
    # What was withdrawn may be reported anew, as another event.
    assert codes(await send("feedback", {**event, "id": f"{unique}-2"})) == ["accepted"]


# Inventory


async def known(services: Services, service_id: str) -> Any:
    return await read(services, f"/v1/services/{service_id}", "inventory")


def described(unique: str, name: str, fiscal_year: str = "2026-2027") -> dict[str, Any]:
    base = {**SERVICE, "service_id": f"S-{unique}", "fiscal_year": fiscal_year, "service_name_en": name}
    return inventory("ServiceReported", f"S-{unique}", **base)


async def test_of_a_service_the_newest_report_that_was_not_withdrawn_holds(
    services: Services, send: Send, unique: str
) -> None:
    old, new = described(unique, "Old"), described(unique, "New")
    assert codes(await send("inventory", old, new)) == ["accepted", "accepted"]
    right = correction(new, {**new["data"], "service_name_en": "Right"})
    await send("inventory", right)
    assert (await known(services, f"S-{unique}"))["name"]["en"] == "Right"
    await send("inventory", correction(new, None, corrects=right["id"]))
    found = await known(services, f"S-{unique}")
    assert (found["name"]["en"], found["version"]) == ("Old", 4)
    await send("inventory", correction(old, None))
    assert await known(services, f"S-{unique}") is None
    history = await read(services, f"/v1/services/S-{unique}/history", "inventory")
    assert [(item["name"]["en"], item["withdrawn"]) for item in history["items"]] == [
        ("Old", True), ("New", True), ("Right", True), ("Old", True), ("Old", True),
    ]  # fmt: skip


async def test_a_service_whose_every_report_was_withdrawn_is_known_nowhere(
    services: Services, send: Send, unique: str
) -> None:
    before, newest = described(unique, "Before", "2025-2026"), described(unique, "Newest", "2026-2027")
    await send("inventory", before, newest)
    warned = status_event(ORG, unique, "submitted", service_id=f"S-{unique}")

    async def warning(number: int) -> Any:
        event = {**warned, "id": f"{unique}-{number}-{uuid.uuid4().hex}"}
        (receipt,) = await send("status", event)
        return receipt.get("warnings")

    await eventually(lambda: warning(1), lambda warnings: not warnings)
    await send("inventory", correction(newest, None))
    found = await known(services, f"S-{unique}")
    assert (found["name"]["en"], found["fiscal_year"]) == ("Before", "2025-2026")
    await send("inventory", correction(before, None))
    assert await known(services, f"S-{unique}") is None
    await eventually(lambda: warning(2), bool)
    assert codes(await send("inventory", described(unique, "Again"))) == ["accepted"]
    assert (await known(services, f"S-{unique}"))["version"] == 3


# What an adversary, or a confused system, would send


@pytest.mark.parametrize("kind", ["ServiceReported", "ServiceStandardReported", "ServiceStandardResultReported"])
async def test_no_correction_reaches_a_thing_of_another_organisation(
    services: Services, send: Send, unique: str, kind: str
) -> None:
    """Not even one of a report that had said nothing new."""
    theirs = (await keys.create(services, "9004"))["key"]
    other = {**described(unique, "Theirs"), "source": "/organizations/9004/registry", "id": f"theirs-{unique}"}
    await services.send("inventory", theirs, [orjson.dumps(other)])
    mine = thing(kind, f"mine-{unique}")
    again = {**mine, "id": f"again-{uuid.uuid4().hex}"}
    assert codes(await send("inventory", mine, again)) == ["accepted", "accepted"]
    (refused,) = await send("inventory", correction(again, {**again["data"], "service_id": f"S-{unique}"}))
    assert refused["problem"]["code"] == "correction_elsewhere"
    found = await known(services, f"S-{unique}")
    assert (found["org_id"], found["name"]["en"]) == ("9004", "Theirs")


def thing(kind: str, name: str) -> dict[str, Any]:
    """A report of one kind about things of this name."""
    data = {
        "ServiceReported": {**SERVICE, "fiscal_year": "2026-2027"},
        "ServiceStandardReported": {**STANDARD, "service_standard_id": f"ST-{name}"},
        "ServiceStandardResultReported": {
            "service_standard_id": f"ST-{name}", "from": "2026-04-01", "to": "2026-04-30", "met": 9, "total": 10,
        },
    }[kind]  # fmt: skip
    return inventory(kind, name, **{**data, "service_id": f"S-{name}"})


async def test_a_withdrawal_leaves_nothing_to_withdraw_at_any_door(send: Send, unique: str) -> None:
    first = {
        "status": status_event(ORG, unique, "submitted"),
        "feedback": feedback_event(ORG, unique, "complaint"),
        "inventory": described(unique, "Once"),
    }
    for door, event in first.items():
        gone = correction(event, None)
        twice = correction(event, None, corrects=gone["id"])
        assert codes(await send(door, event)) == ["accepted"], door
        assert codes(await send(door, gone)) == ["accepted"], door
        assert codes(await send(door, twice)) == ["withdrawn_before"], door
        back = correction(event, event["data"], corrects=gone["id"])
        assert codes(await send(door, back)) == ["accepted"], door
        assert codes(await send(door, correction(event, None, corrects=back["id"]))) == ["accepted"], door


async def test_a_case_that_was_reported_anew_is_not_brought_back_a_second_time(send: Send, unique: str) -> None:
    event = feedback_event(ORG, unique, "complaint")
    gone, anew = correction(event, None), {**event, "id": f"{unique}-anew"}
    assert codes(await send("feedback", event)) == ["accepted"]
    assert codes(await send("feedback", gone)) == ["accepted"]
    assert codes(await send("feedback", anew)) == ["accepted"]
    assert codes(await send("feedback", correction(event, event["data"], corrects=gone["id"]))) == ["id_conflict"]


async def test_an_application_reported_under_the_wrong_service_is_withdrawn_and_reported_under_the_right_one(
    services: Services, send: Send, unique: str
) -> None:
    wrong = status_event(ORG, unique, "submitted", service_id="wrong")
    await send("status", wrong)
    await send("status", correction(wrong, None))
    (receipt,) = await send("status", status_event(ORG, unique, "submitted", number=2, service_id="right"))
    assert receipt["outcome"] == "accepted"
    assert receipt["tracking_code"]
    assert (await application(services, unique))["service_id"] == "right"


async def test_a_superseded_report_that_comes_again_after_its_id_was_forgotten_is_known_all_the_same(
    send: Send, system: Any, unique: str
) -> None:
    doors = {"status": status_event(ORG, unique, "submitted"), "feedback": feedback_event(ORG, unique, "complaint")}
    for door, event in doors.items():
        await send(door, event)
        await send(door, correction(event, {**event["data"], "channel": "TEL"}))
        connection = await asyncpg.connect(system.dsn(f"{door}_owner", door))
        await connection.execute("delete from received_event where event_id = $1", event["id"])
        await connection.close()
        assert codes(await send(door, event)) == ["id_conflict"], door


async def test_events_of_one_request_that_hang_on_too_many_others_are_refused_and_may_come_again(
    send: Send, unique: str
) -> None:
    event = status_event(ORG, unique, "submitted")
    chain = [event]
    for number in range(20):
        chain.append(correction(event, event["data"], id=f"{unique}-c{number}", corrects=chain[-1]["id"]))
    first = codes(await send("status", *chain))
    assert first == ["accepted"] * 10 + ["too_entangled"] * 11
    assert codes(await send("status", *chain))[:20] == ["duplicate"] * 10 + ["accepted"] * 10


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_is_corrected_what_is_told_is_what_the_reports_that_are_left_say(
    services: Services, send: Send, unique: str, seed: int
) -> None:
    """Random chains at the three doors, against the plain fold of the reports that are left, in their places."""
    choose = random.Random(seed)
    places: dict[str, list[list[dict[str, Any] | None]]] = {"status": [], "inventory": []}
    tips: dict[str, list[str]] = {"status": [], "inventory": []}
    for number in range(14):
        for door, chains in places.items():
            if not chains or choose.random() < 0.4:
                event = new_report(door, unique, number)
                (receipt,) = await send(door, event)
                chains.append([event])
                tips[door].append(event["id"])
            else:
                at = choose.randrange(len(chains))
                first, last = chains[at][0], chains[at][-1]
                assert first is not None
                withdraws = last is not None and choose.random() < 0.4
                said = None if withdraws else {**first["data"], **other_words(door, number)}
                made = correction(first, said, corrects=tips[door][at])
                (receipt,) = await send(door, made)
                chains[at].append(None if said is None else {**first, "data": said})
                tips[door][at] = made["id"]
            assert receipt["outcome"] == "accepted", receipt
            left = [chain[-1] for chain in chains if chain[-1] is not None]
            await holds(services, door, unique, left)
    assert (await verify(services, lambda _: None))["reconciled"]


def new_report(door: str, unique: str, number: int) -> dict[str, Any]:
    if door == "status":
        return status_event(ORG, unique, "in_review", number=number + 1)
    return described(unique, f"Name {number % 3}")


def other_words(door: str, number: int) -> dict[str, Any]:
    if door == "status":
        return {"state": ("submitted", "complete", "information_requested")[number % 3]}
    return {"service_name_en": f"Name {number % 4}"}


async def holds(services: Services, door: str, unique: str, left: list[dict[str, Any]]) -> None:
    if door == "status":
        found = await application(services, unique)
        assert [s["state"] for s in (found or {"history": []})["history"]] == [event["data"]["state"] for event in left]
    else:
        found = await known(services, f"S-{unique}")
        assert (found and found["name"]["en"]) == (left[-1]["data"]["service_name_en"] if left else None)
