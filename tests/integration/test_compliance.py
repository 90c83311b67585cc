"""Compliance over HTTP, on real Kafka and PostgreSQL: as of, as known at, down to the records and up from an event."""

import asyncio
import random
import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import aiohttp
import orjson
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from guichet import keys
from guichet.client import Services
from guichet.tokens import token
from shared.kafka import Kafka
from shared.organizations import organizations
from shared.ownership import day_in_ottawa
from shared.testing import eventually, status_event
from tests.conftest import LocalSystem
from tests.unit.evidence import row

ORG, OTHER = "9017", "9018"
AS_OF = "2018-03-31"
URL = {"en": "https://www.canada.ca/en/s", "fr": "https://www.canada.ca/fr/s"}
AREAS = ["redesign", "usability", "channel_integration", "mobile"]
Ask = Callable[..., Awaitable[tuple[int, Any]]]
Report = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture(scope="module")
async def key(services: Services) -> str:
    return str((await keys.create(services, ORG))["key"])


@pytest.fixture
def report(services: Services, key: str) -> Report:
    """Report to inventory, and wait until reporting has read it."""

    async def report_(kind: str, data: dict[str, Any], **envelope: Any) -> dict[str, Any]:
        event = {
            "specversion": "1.0",
            "id": uuid.uuid4().hex,
            "source": f"/organizations/{ORG}/stewardship",
            "type": f"guichet.inventory.{kind}.v1",
            "time": datetime.now(UTC).isoformat(),
            "data": data,
            **envelope,
        }
        (receipt,) = await services.send("inventory", key, [orjson.dumps(event)])
        assert receipt["outcome"] == "accepted", receipt
        await eventually(lambda: _read_to(services), lambda position: position >= receipt["position"])
        return {**event, **receipt}

    return report_


async def _read_to(services: Services) -> int:
    reading = await services.ask("reporting", "/v1/reading")
    return min(each["position"] for each in reading["items"] if each["service"] == "inventory")


@pytest.fixture
def ask(services: Services, http: aiohttp.ClientSession) -> Ask:
    async def ask_(path: str, who: str | None = "auditor", org: str = ORG, **query: Any) -> tuple[int, Any]:
        bearer = who and token(services.home, "test", [who], org)
        headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        asked = {name: str(value) for name, value in query.items()}
        async with http.get(services.url("reporting") + path, params=asked, headers=headers) as answer:
            return answer.status, orjson.loads(await answer.read())

    return ask_


def service(name: str, year: str = "2017-2018", **said: Any) -> dict[str, Any]:
    return row(name, year, **{"priority": {"designated": True}, **said})


def stewardship(kind: str, **fields: Any) -> tuple[str, dict[str, Any]]:
    return "StewardshipReported", {"kind": kind, **fields}


def verdict(answer: dict[str, Any], requirement: str) -> dict[str, Any]:
    return next(each for each in answer["verdicts"] if each["requirement"] == requirement)


async def test_every_organisation_of_the_reference_table_answers_page_by_page(ask: Ask) -> None:
    found, after = [], {}
    while True:
        status, answer = await ask("/v1/compliance", as_of=AS_OF, limit=50, **after)
        assert status == 200
        found += answer["items"]
        if answer["next"] is None:
            break
        after = {"after": answer["next"]}
    assert [each["org_id"] for each in found] == sorted(organizations())
    for each in found:
        assert len(each["verdicts"]) == sum(each["states"].values()) == 16
        assert {v["requirement"] for v in each["verdicts"]} >= {"7.1", "7.10", "8.1a", "8.1b", "8.2", "9.3"}


async def test_a_verdict_follows_what_is_reported_and_leads_down_to_the_record_in_kafka(
    ask: Ask, report: Report, kafka: Kafka, unique: str
) -> None:
    await report("ServiceReported", service(unique))
    before = verdict((await ask(f"/v1/compliance/{ORG}", as_of=AS_OF))[1], "7.4")
    review = await report(*stewardship("service_review_completed", service_id=unique, on="2017-05-01", areas=AREAS))
    _, answer = await ask(f"/v1/compliance/{ORG}", as_of=AS_OF)
    now = verdict(answer, "7.4")
    assert (answer["rules"], answer["known_at"], answer["known_by"]) == ("policy-2014", None, "all")
    assert answer["watermark"] is not None
    assert now["numerator"] == before["numerator"] + 1
    assert str(now["denominator"]) in now["explanation"]["en"]
    assert str(now["denominator"]) in now["explanation"]["fr"]

    status, evidence = await ask(f"/v1/verdicts/{now['verdict_id']}/evidence")
    assert status == 200
    assert {name: evidence[name] for name in ("state", "numerator", "denominator", "rule_version", "verdict_id")} == {
        name: now[name] for name in ("state", "numerator", "denominator", "rule_version", "verdict_id")
    }
    assert evidence["rule"]["text"].startswith("7.4")
    (record,) = [each for each in evidence["events"] if each["event_id"] == review["id"]]
    assert (record["source"], record["position"], record["in_kafka"]) == (review["source"], review["position"], True)
    assert record["sha256"] == sha256(await _value(kafka, record)).hexdigest()
    (unit,) = [each for each in evidence["inputs"] if each["id"] == unique]
    assert unit["outcome"] == "met"
    assert {"service": "inventory", "position": review["position"]} in unit["events"]


async def _value(kafka: Kafka, record: dict[str, Any]) -> bytes:
    """The record's value, read from Kafka itself."""
    consumer = AIOKafkaConsumer(**kafka.options(), group_id=None, enable_auto_commit=False)
    place = TopicPartition(record["topic"], record["partition"])
    await consumer.start()
    try:
        consumer.assign([place])
        consumer.seek(place, record["offset"])
        return bytes((await consumer.getone(place)).value)
    finally:
        await consumer.stop()


async def test_what_was_known_at_a_moment_stays_what_it_was_and_the_difference_names_its_events(
    ask: Ask, report: Report, unique: str
) -> None:
    recorded_at = datetime.fromisoformat((await report("ServiceReported", service(unique)))["recorded_at"])
    _, known = await eventually(
        lambda: ask(f"/v1/compliance/{ORG}", as_of=AS_OF, known_at=(datetime.now(UTC) + timedelta(1)).isoformat()),
        lambda answer: datetime.fromisoformat(answer[1]["known_at"]) > recorded_at,
    )
    assert (known["known_by"], known["known_at"]) == ("watermark", known["watermark"])
    moment = known["known_at"]
    status, again = await ask(f"/v1/compliance/{ORG}", as_of=AS_OF, known_at=moment)
    assert (status, again["known_by"]) == (200, "known_at")
    review = await report(*stewardship("service_review_completed", service_id=unique, on="2017-05-01", areas=AREAS))
    _, later = await ask(f"/v1/compliance/{ORG}", as_of=AS_OF, known_at=moment)
    assert later["verdicts"] == again["verdicts"] == known["verdicts"]

    _, all_of_it = await ask(f"/v1/compliance/{ORG}", as_of=AS_OF)
    assert verdict(all_of_it, "7.4")["numerator"] == verdict(known, "7.4")["numerator"] + 1
    status, changes = await ask(f"/v1/compliance/{ORG}/changes", as_of=AS_OF, known_from=moment)
    assert status == 200
    (changed,) = [each for each in changes["changes"] if each["requirement"] == "7.4"]
    assert changed["to"]["numerator"] == changed["from"]["numerator"] + 1
    assert review["id"] in {each["event_id"] for each in changed["events"]}
    for found in (known, all_of_it):
        status, evidence = await ask(f"/v1/verdicts/{verdict(found, '7.4')['verdict_id']}/evidence")
        assert (status, evidence["numerator"]) == (200, verdict(found, "7.4")["numerator"])


async def test_a_withdrawn_record_counts_no_more_and_its_correction_says_so(
    ask: Ask, report: Report, unique: str
) -> None:
    await report("ServiceReported", service(unique))
    review = await report(*stewardship("service_review_completed", service_id=unique, on="2017-05-01", areas=AREAS))
    before = verdict((await ask(f"/v1/compliance/{ORG}", as_of=AS_OF))[1], "7.4")
    reason = {"en": "It never was", "fr": "Elle n'a pas eu lieu"}
    await report("ReportCorrected", {"corrects": review["id"], "reason": reason}, source=review["source"])
    now = verdict((await ask(f"/v1/compliance/{ORG}", as_of=AS_OF))[1], "7.4")
    assert now["numerator"] == before["numerator"] - 1
    _, evidence = await ask(f"/v1/verdicts/{before['verdict_id']}/evidence")
    assert evidence["numerator"] == before["numerator"]


async def test_an_event_leads_up_to_the_verdicts_that_it_changed(ask: Ask, report: Report, unique: str) -> None:
    await report("ServiceReported", service(unique))
    review = await report(*stewardship("service_review_completed", service_id=unique, on="2017-05-01", areas=AREAS))
    status, answer = await ask(f"/v1/events/{review['id']}", source=review["source"], as_of=AS_OF)
    assert status == 200
    (record,) = answer["records"]
    assert (record["position"], record["topic"]) == (review["position"], "inventory.stewardship.v1")
    (changed,) = [each for each in answer["verdicts"] if each["requirement"] == "7.4"]
    assert changed["changed"]
    assert changed["rests_on_it"]
    assert changed["to"]["numerator"] == changed["from"]["numerator"] + 1
    assert (await ask("/v1/events/no-such-event"))[0] == 404


async def test_a_verdict_that_changed_is_published_within_a_second_with_the_event_that_changed_it(
    services: Services, report: Report, kafka: Kafka
) -> None:
    """As of today: by the rules in force today."""
    first = day_in_ottawa(datetime.now(UTC)) - timedelta(days=1)
    period = {"from": first.isoformat(), "to": (first + timedelta(days=1000)).isoformat()}
    parts = ["objectives", "governance", "risks", "priorities", "alignment"]
    done = await report(*stewardship("strategy_approved", strategy_id="P", approved_by="X", parts=parts, **period))

    async def told() -> list[dict[str, Any]]:
        answer = await services.ask("reporting", "/v1/log/events", query={"org": ORG, "last": 50})
        return [each for each in answer["items"] if each["caused_by"] == {"source": done["source"], "id": done["id"]}]

    (event,) = await eventually(told)
    assert (event["topic"], event["key"], event["data"]["requirement"]) == ("reporting.verdicts.v1", ORG, "PSD-4.1.7")
    assert event["data"]["before"]["state"] == "insufficient_evidence"
    assert event["data"]["after"]["state"] == "compliant"
    waited = datetime.fromisoformat(event["recorded_at"]) - datetime.fromisoformat(done["recorded_at"])
    assert waited < timedelta(seconds=3)  # one on a quiet machine
    consumer = AIOKafkaConsumer(
        "reporting.verdicts.v1",
        **kafka.options(),
        group_id=None,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    await consumer.start()
    try:
        async for record in consumer:
            if orjson.loads(record.value)["id"] == str(event["position"]):
                assert record.key == ORG.encode()
                break
    finally:
        await consumer.stop()


async def test_our_own_live_page_counts_from_the_first_application_on_where_it_is_the_one_declared(
    ask: Ask, report: Report, services: Services, key: str, unique: str
) -> None:
    year = "2026-2027"
    await report("ServiceReported", service(unique, year))
    standard = {
        "dialect": "collection",
        "fiscal_year": year,
        "service_id": unique,
        "service_standard_id": f"{unique}-1",
    }
    names = {"service_standard_en": "In 10 days", "service_standard_fr": "En 10 jours"}
    await report("ServiceStandardReported", {**standard, **names, "target": 0.8})
    url = {lang: f"https://guichet.example.org/{lang}/services/{unique}" for lang in ("en", "fr")}
    said = {"service_id": unique, "venue": "canada.ca", "url": url, "on": "2026-04-01"}
    await report(*stewardship("standard_published", service_standard_id=f"{unique}-1", **said))
    await report(*stewardship("real_time_published", cadence="PT1H", **said))

    async def outcome() -> str:
        _, answer = await ask(f"/v1/compliance/{ORG}", rules="policy-2014", as_if_in_force="true")
        _, found = await ask(f"/v1/verdicts/{verdict(answer, '7.7')['verdict_id']}/evidence")
        (unit,) = [each for each in found["inputs"] if each["id"] == unique]
        return str(unit["outcome"])

    assert await outcome() == "failed"  # declared in April, and nothing was ever there to show
    event = status_event(ORG, f"A-{unique}", "submitted", service_id=unique)
    (receipt,) = await services.send("status", key, [orjson.dumps(event)])
    assert receipt["outcome"] == "accepted", receipt
    await eventually(outcome, lambda found: found == "met")


async def test_what_if_a_review_were_due_every_year(ask: Ask, report: Report, unique: str) -> None:
    await report("ServiceReported", service(unique))
    await report(*stewardship("service_review_completed", service_id=unique, on="2016-05-01", areas=AREAS))
    status, answer = await ask(f"/v1/compliance/{ORG}/what-if", as_of=AS_OF, set="review_years=1")
    assert status == 200
    (found,) = [each for each in answer["differences"] if each["requirement"] == "7.4"]
    assert found["to"]["numerator"] < found["from"]["numerator"]
    assert {"id": unique, "from": "met", "to": "failed"} in found["units"]
    assert [each["name"] for each in answer["settings"]] == ["review_years"]
    status, other = await ask(f"/v1/compliance/{ORG}/what-if", as_of=AS_OF, other="policy-2020")
    assert status == 200
    assert "7.6" in {each["requirement"] for each in other["differences"]}
    for wrong in ("review_years", "review_yaers=1", "review_years=-1", "review_years=one"):
        status, refused = await ask(f"/v1/compliance/{ORG}/what-if", as_of=AS_OF, set=wrong)
        assert (status, refused["code"]) == (400, "invalid_request"), wrong


async def test_rule_sets_are_those_of_the_day_unless_another_is_asked_for(ask: Ask) -> None:
    _, today = await ask(f"/v1/compliance/{ORG}")
    assert today["rules"] == "policy-2020"
    _, old = await ask(f"/v1/compliance/{ORG}", rules="policy-2014")
    assert {each["state"] for each in old["verdicts"]} == {"superseded"}
    assert len(old["verdicts"]) == 16
    _, as_if = await ask(f"/v1/compliance/{ORG}", rules="policy-2014", as_if_in_force="true")
    assert "superseded" not in {each["state"] for each in as_if["verdicts"]}
    _, before = await ask(f"/v1/compliance/{ORG}", as_of="2012-01-01")
    assert {each["state"] for each in before["verdicts"]} == {"not_yet_in_force"}


@pytest.mark.parametrize("role", ["officer", "deputy_head"])
async def test_officers_see_their_own_organisation_and_oversight_sees_all(ask: Ask, role: str) -> None:
    assert (await ask(f"/v1/compliance/{ORG}", role))[0] == 200
    for path in (f"/v1/compliance/{OTHER}", f"/v1/compliance/{OTHER}/changes?known_from=2026-01-01T00:00:00Z"):
        status, refused = await ask(path, role)
        assert (status, refused["code"]) == (403, "forbidden")
    _, own = await ask("/v1/compliance", role)
    assert [each["org_id"] for each in own["items"]] == [ORG]
    for org, seen in ((ORG, 1), (OTHER, 0), ("nowhere", 0)):
        assert len((await ask(f"/v1/compliance?org={org}", role))[1]["items"]) == seen
    _, foreign = await ask(f"/v1/compliance/{OTHER}", "oversight")
    status, _ = await ask(f"/v1/verdicts/{foreign['verdicts'][0]['verdict_id']}/evidence", role)
    assert status == 403


async def test_the_public_sees_no_verdict(ask: Ask) -> None:
    for path in ("/v1/compliance", f"/v1/compliance/{ORG}", "/v1/verdicts/x/evidence", "/v1/events/x"):
        assert (await ask(path, None))[0] == 401, path


async def test_what_does_not_exist_is_said_in_the_reader_s_language(ask: Ask) -> None:
    status, refused = await ask("/v1/compliance/nowhere")
    assert (status, refused["code"]) == (404, "not_found")
    for wrong in ("x", "e30", "W10", "_" * 300):
        assert (await ask(f"/v1/verdicts/{wrong}/evidence"))[0] == 404
    for query in ({"as_of": "yesterday"}, {"as_of": "0001-01-01"}, {"known_at": "now"}, {"rules": "policy-1999"}):
        status, refused = await ask(f"/v1/compliance/{ORG}", **query)
        assert (status, refused["code"]) == (400, "invalid_request"), query


async def test_the_terminal_shows_verdicts_and_explains_one_down_to_its_records(
    system: LocalSystem, report: Report, unique: str
) -> None:
    await report("ServiceReported", service(unique))

    def command(*arguments: str) -> Any:
        return orjson.loads(system.command(*arguments, "--format", "json").stdout)

    answer = await asyncio.to_thread(command, "report", "compliance", "--org", ORG, "--as-of", AS_OF)
    (item,) = answer["items"]
    found = verdict(item, "7.4")
    evidence = await asyncio.to_thread(command, "explain", found["verdict_id"])
    assert evidence["numerator"] == found["numerator"]
    assert unique in {each["event_id"] for each in evidence["events"]} | {each["id"] for each in evidence["inputs"]}
    refused = await asyncio.to_thread(lambda: system.command("explain", "nonsense", check=False))
    assert (refused.returncode, refused.stdout) == (1, "")


async def test_no_order_of_arrival_changes_a_verdict(ask: Ask, services: Services, key: str, unique: str) -> None:
    """The same reports in another order, of another organisation, come to the same numbers."""
    other_key = str((await keys.create(services, OTHER))["key"])
    own_key = str((await keys.create(services, "9019"))["key"])
    said = [
        ("ServiceReported", service(f"{unique}{{org}}", "2016-2017", points="NYYYYY")),
        ("ServiceReported", service(f"{unique}{{org}}")),
        stewardship("inventory_confirmed", fiscal_year="2017-2018", on="2018-03-01", confirmed_by="Someone"),
        stewardship("provider_appointed", provider_id="P", on="2017-01-01"),
        stewardship("learning_offered", provider_id="P", topic="service_knowledge", form="formal", on="2017-12-01"),
        stewardship("assessment_completed", fiscal_year="2017-2018", on="2018-03-01"),
    ]
    for org, its_key, order in (("9019", own_key, said), (OTHER, other_key, random.Random(7).sample(said, len(said)))):
        events = [
            orjson.dumps(
                {
                    "specversion": "1.0",
                    "id": uuid.uuid4().hex,
                    "source": f"/organizations/{org}/x",
                    "type": f"guichet.inventory.{kind}.v1",
                    "time": (datetime.now(UTC) - timedelta(days=1)).isoformat(),
                    "data": orjson.loads(orjson.dumps(data).replace(b"{org}", org.encode())),
                }
            )
            for kind, data in order
        ]
        receipts = [receipt for event in events for receipt in await services.send("inventory", its_key, [event])]
        assert {receipt["outcome"] for receipt in receipts} == {"accepted"}, receipts
        last = max(receipt["position"] for receipt in receipts)
        await eventually(lambda: _read_to(services), lambda position, last=last: position >= last)
    one, other = [(await ask(f"/v1/compliance/{org}", as_of=AS_OF))[1]["verdicts"] for org in ("9019", OTHER)]
    numbers = [
        [(v["requirement"], v["state"], v["numerator"], v["denominator"]) for v in each] for each in (one, other)
    ]
    assert numbers[0] == numbers[1]
    assert verdict({"verdicts": one}, "7.9")["state"] == "compliant"
    assert verdict({"verdicts": one}, "7.1")["state"] == "compliant"
