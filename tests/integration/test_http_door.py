"""The HTTP door of status, as departments meet it."""

from collections import Counter
from io import BytesIO
from typing import Any

import aiohttp
import asyncpg
import orjson
import pytest

from guichet import keys
from guichet.client import Services
from guichet.tokens import token
from services.status.domain.application import MOST_REPORTS
from shared.testing import status_event
from tests.conftest import LocalSystem

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
NDJSON = "application/x-ndjson"


@pytest.fixture
def post(services: Services, http: aiohttp.ClientSession, key: str) -> Any:
    async def send(body: bytes, kind: str = STRUCTURED, **headers: str) -> tuple[int, Any, Any]:
        sent = {"Authorization": f"Bearer {key}", "Content-Type": kind, **headers}
        async with http.post(f"{services.url('status')}/v1/events", data=BytesIO(body), headers=sent) as answer:
            return answer.status, orjson.loads(await answer.read()), answer.headers

    return send


async def test_an_accepted_event_is_answered_with_its_place_in_the_log(post: Any, org: str, unique: str) -> None:
    status, answer, _ = await post(orjson.dumps(status_event(org, unique, "submitted")))
    receipt = answer["receipts"][0]
    assert status == 202
    assert receipt["outcome"] == "accepted"
    assert receipt["position"] > 0
    assert receipt["recorded_at"].endswith("Z")
    assert len(receipt["tracking_code"]) == 23


async def test_the_same_event_again_is_a_duplicate_with_the_first_receipt(post: Any, org: str, unique: str) -> None:
    body = orjson.dumps(status_event(org, unique, "submitted"))
    _, first, _ = await post(body)
    status, again, _ = await post(body)
    assert status == 200
    assert again["receipts"][0]["outcome"] == "duplicate"
    for field in ("position", "recorded_at", "tracking_code"):
        assert again["receipts"][0][field] == first["receipts"][0][field]


async def test_the_same_id_with_other_data_is_refused_as_a_conflict(post: Any, org: str, unique: str) -> None:
    await post(orjson.dumps(status_event(org, unique, "submitted", time="2026-01-05T10:00:00Z")))
    status, answer, _ = await post(orjson.dumps(status_event(org, unique, "decided", time="2026-01-05T10:00:00Z")))
    assert status == 422
    assert answer["receipts"][0]["problem"]["code"] == "id_conflict"


async def test_one_bad_event_never_refuses_its_neighbours(post: Any, org: str, unique: str) -> None:
    good = [orjson.dumps(status_event(org, f"{unique}-{n}", "submitted")) for n in range(3)]
    bad = [b"{not json", b"[]", b'{"specversion":"1.0"}', b'"\xff\xfe"']
    lines = [good[0], bad[0], bad[1], good[1], bad[2], bad[3], good[2]]
    status, answer, _ = await post(b"\n".join(lines), NDJSON)
    assert status == 202
    outcomes = [receipt["outcome"] for receipt in answer["receipts"]]
    assert outcomes == ["accepted", "rejected", "rejected", "accepted", "rejected", "rejected", "accepted"]
    assert [receipt["index"] for receipt in answer["receipts"]] == list(range(7))
    for receipt in answer["receipts"]:
        if receipt["outcome"] == "rejected":
            assert receipt["problem"]["detail"]["en"]
            assert receipt["problem"]["detail"]["fr"]


async def test_a_batch_answers_one_receipt_for_each_event_in_order(post: Any, org: str, unique: str) -> None:
    events = [status_event(org, f"{unique}-{n}", "submitted") for n in range(20)]
    status, answer, _ = await post(orjson.dumps(events), BATCH)
    assert status == 202
    assert [receipt["id"] for receipt in answer["receipts"]] == [event["id"] for event in events]
    positions = [receipt["position"] for receipt in answer["receipts"]]
    assert positions == sorted(positions)


async def test_a_duplicate_within_one_request_is_found(post: Any, org: str, unique: str) -> None:
    event = orjson.dumps(status_event(org, unique, "submitted"))
    other = orjson.dumps(status_event(org, unique, "withdrawn"))
    _, answer, _ = await post(b"\n".join([event, event, other]), NDJSON)
    first, again, conflict = answer["receipts"]
    assert [first["outcome"], again["outcome"], conflict["outcome"]] == ["accepted", "duplicate", "rejected"]
    assert again["position"] == first["position"]
    assert conflict["problem"]["code"] == "id_conflict"


async def test_a_rejected_id_may_be_sent_again_corrected(post: Any, org: str, unique: str) -> None:
    wrong = status_event(org, unique, "no_such_state")
    right = status_event(org, unique, "submitted")
    _, answer, _ = await post(orjson.dumps([wrong, right]), BATCH)
    assert [receipt["outcome"] for receipt in answer["receipts"]] == ["rejected", "accepted"]


async def test_a_receipt_can_be_looked_up_by_the_event_s_id(
    post: Any, services: Services, http: aiohttp.ClientSession, key: str, org: str, unique: str
) -> None:
    _, answer, _ = await post(orjson.dumps(status_event(org, unique, "submitted")))
    await post(orjson.dumps(status_event(org, f"{unique}-x", "nonsense")))
    headers = {"Authorization": f"Bearer {key}"}

    async def look_up(event_id: str) -> tuple[int, Any]:
        async with http.get(f"{services.url('status')}/v1/receipts/{event_id}", headers=headers) as found:
            return found.status, orjson.loads(await found.read())

    status, found = await look_up(f"{unique}-1")
    assert status == 200
    assert (found["outcome"], found["position"]) == ("accepted", answer["receipts"][0]["position"])
    assert found["tracking_code"] == answer["receipts"][0]["tracking_code"]
    status, refused = await look_up(f"{unique}-x-1")
    assert (status, refused["outcome"], refused["problem"]["code"]) == (200, "rejected", "invalid_value")
    assert (await look_up("never-sent"))[0] == 404


@pytest.mark.parametrize(
    ("body", "kind", "status", "code"),
    [
        (b"x" * (4 * 1024 * 1024 + 1), NDJSON, 413, "too_large"),
        (b"[" + b",".join([b"{}"] * 10_001) + b"]", BATCH, 413, "too_large"),
        (b"<event/>", "application/xml", 415, "unsupported_media_type"),
        (b"{}", BATCH, 400, "unreadable"),
        (b"", NDJSON, 400, "invalid_request"),
    ],
)
async def test_a_request_that_cannot_be_taken_gets_problem_details(
    post: Any, body: bytes, kind: str, status: int, code: str
) -> None:
    answered, problem, headers = await post(body, kind, **{"Accept-Language": "fr-CA"})
    assert (answered, problem["code"]) == (status, code)
    assert headers["Content-Type"] == "application/problem+json"
    assert headers["Content-Language"] == "fr"
    assert {"type", "title", "detail", "status"} <= problem.keys()


async def test_a_receipt_of_an_id_with_slashes_can_be_looked_up(
    post: Any, services: Services, key: str, org: str, unique: str
) -> None:
    sent = status_event(org, unique, "submitted", id=f"{unique}/2026//a b")
    await post(orjson.dumps(sent))
    for written in (f"{unique}/2026//a%20b", f"{unique}%2F2026%2F%2Fa%20b"):
        found = await services.ask("status", f"/v1/receipts/{written}", bearer=key)
        assert (found["id"], found["outcome"]) == (sent["id"], "accepted")


async def test_a_refused_body_counts_by_its_size_and_by_the_events_in_it(
    services: Services, http: aiohttp.ClientSession
) -> None:
    made = await keys.create(services, "9012", ["status"])
    url, headers = f"{services.url('status')}/v1/events", {"Authorization": f"Bearer {made['key']}"}

    async def left(body: bytes, kind: str) -> int:
        sent = {**headers, "Content-Type": kind}
        async with http.post(url, data=BytesIO(body), headers=sent) as answer:
            assert answer.status in {400, 413}
            return int(answer.headers["RateLimit"].split(";")[1].removeprefix("r="))

    assert await left(b"[" + b" " * 1024 * 1024, BATCH) == 200_000 - 1025
    assert await left(b"{}\n" * 1_000_000, NDJSON) < 10_000


async def test_without_a_good_key_nothing_is_taken(services: Services, http: aiohttp.ClientSession, org: str) -> None:
    for headers in ({}, {"Authorization": "Bearer gk_000000000000_nothing"}, {"Authorization": "Bearer x.y.z"}):
        async with http.post(f"{services.url('status')}/v1/events", data=b"{}", headers=headers) as answer:
            assert answer.status == 401
            assert answer.headers["WWW-Authenticate"] == "Bearer"


async def test_an_operator_s_token_is_no_department_s_key(services: Services, http: aiohttp.ClientSession) -> None:
    headers = {"Authorization": f"Bearer {token(services.home, 'someone', ['operator'])}"}
    async with http.post(f"{services.url('status')}/v1/events", data=b"{}", headers=headers) as answer:
        assert answer.status == 403


async def test_a_revoked_key_is_refused_at_once(
    services: Services, http: aiohttp.ClientSession, org: str, unique: str
) -> None:
    made = await keys.create(services, org, ["status"])
    url, headers = f"{services.url('status')}/v1/events", {"Authorization": f"Bearer {made['key']}"}
    kind = {"Content-Type": STRUCTURED}
    async with http.post(url, json=status_event(org, unique, "submitted"), headers={**headers, **kind}) as answer:
        assert answer.status == 202
    await services.ask("status", f"/v1/keys/{made['id']}", method="DELETE")
    async with http.post(
        url, json=status_event(org, f"{unique}-2", "submitted"), headers={**headers, **kind}
    ) as answer:
        assert answer.status == 401


async def test_an_event_that_returns_after_its_id_was_forgotten_harms_no_neighbour(
    post: Any, system: LocalSystem, org: str, unique: str
) -> None:
    event, neighbour = status_event(org, unique, "submitted"), status_event(org, f"{unique}-n", "submitted")
    await post(orjson.dumps(event))
    connection = await asyncpg.connect(system.addresses["postgres"]["status"])
    try:
        await connection.execute("delete from received_event where event_id = $1", event["id"])
    finally:
        await connection.close()
    status, answer, _ = await post(orjson.dumps([event, neighbour]), BATCH)
    assert status == 202
    assert [receipt["outcome"] for receipt in answer["receipts"]] == ["rejected", "accepted"]
    assert answer["receipts"][0]["problem"]["code"] == "id_conflict"


async def test_a_runaway_sender_of_one_application_is_stopped_and_stalls_nobody(
    post: Any, org: str, unique: str
) -> None:
    many = [status_event(org, unique, "in_review", number=1, id=f"{unique}-{n}") for n in range(MOST_REPORTS + 300)]
    status, answer, _ = await post(orjson.dumps([*many, status_event(org, f"{unique}-n", "submitted")]), BATCH)
    outcomes = Counter(receipt["outcome"] for receipt in answer["receipts"])
    assert status == 202
    assert outcomes == {"accepted": MOST_REPORTS + 1, "rejected": 300}
    assert answer["receipts"][-1]["outcome"] == "accepted"
    assert answer["receipts"][-2]["problem"]["code"] == "too_many_reports"
