"""The corpus of bad requests and records: each has its documented answer, harms no neighbour, and is accounted for."""

import asyncio
import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from guichet.client import Services
from guichet.tokens import token
from shared.kafka import Kafka
from shared.problems import TITLES
from shared.testing import eventually, status_event
from tests.conftest import LocalSystem
from tests.integration import corpus
from tests.integration.conftest import Raw, answers_in
from tests.integration.corpus import BYTES, EVENTS, NDJSON, REQUESTS, STRUCTURED, Bytes, Request, Wrong

DOORS = ("inventory", "feedback", "status")
_COUNTED = re.compile(r'^guichet_events_received_total\{door="\w+",outcome="(\w+)"\} (\S+)$', re.MULTILINE)
_CONTROL = re.compile(rb"[\x00-\x09\x0b-\x1f\x7f]")


@dataclass
class Ledger:
    """How many events this file has sent, and what the doors had counted and logged before it began."""

    before: Counter[str]
    logs: dict[Path, int]
    sent: int = 0
    answered: Counter[str] = field(default_factory=Counter)

    def take(self, sent: int, receipts: list[dict[str, Any]]) -> None:
        assert len(receipts) == sent
        self.sent += sent
        self.answered.update(receipt["outcome"] for receipt in receipts)


async def _counted(services: Services) -> Counter[str]:
    found: Counter[str] = Counter()
    headers = {"Authorization": f"Bearer {token(services.home, 'corpus', ['operator'])}"}
    async with aiohttp.ClientSession() as session:
        for service in DOORS:
            async with session.get(f"{services.url(service)}/metrics", headers=headers) as answer:
                for outcome, number in _COUNTED.findall(await answer.text()):
                    found[outcome] += int(float(number))
    return found


@pytest.fixture(scope="module")
async def ledger(services: Services, system: LocalSystem) -> Ledger:
    logs = {file: file.stat().st_size for file in (system.home / "logs").glob("*.log")}
    assert {file.stem for file in logs} >= {*DOORS, "reporting"}
    return Ledger(await _counted(services), logs)


def _explained(problem: dict[str, Any]) -> str:
    """The code of a receipt's problem, which must speak both languages."""
    for text in (problem["title"], problem["detail"]):
        assert text["en"]
        assert text["fr"]
        assert text["en"] != text["fr"]
    assert problem["title"] == TITLES[problem["code"]][1].model_dump()
    return str(problem["code"])


# Over HTTP, between good events


@pytest.fixture
def send(services: Services, http: aiohttp.ClientSession, key: str) -> Any:
    async def post(body: bytes, kind: str, service: str = "status") -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {key}", "Content-Type": kind}
        async with http.post(f"{services.url(service)}/v1/events", data=body, headers=headers) as answer:
            return answer.status, orjson.loads(await answer.read())

    return post


@pytest.mark.parametrize("case", EVENTS, ids=lambda case: ascii(case.name))
async def test_an_event_wrong_in_one_thing(case: Wrong, send: Any, ledger: Ledger, org: str, unique: str) -> None:
    good = [orjson.dumps(corpus.event(case.example, org, f"{unique}-{n}")) for n in range(2)]
    bad = orjson.dumps(corpus.wrong(case, org, unique))
    status, answer = await send(b"\n".join([good[0], bad, good[1]]), NDJSON, corpus.service_of(case))
    assert status == 202
    ledger.take(3, answer["receipts"])
    first, found, last = answer["receipts"]
    assert (first["outcome"], last["outcome"]) == ("accepted", "accepted")
    assert found["outcome"] == ("rejected" if case.code else "accepted"), found
    if case.code:
        assert _explained(found["problem"]) == case.code
        assert case.field is None or found["problem"]["field"] == case.field


@pytest.mark.parametrize("case", BYTES, ids=lambda case: case.name)
async def test_what_is_no_event(case: Bytes, send: Any, ledger: Ledger, org: str, unique: str) -> None:
    good = [orjson.dumps(status_event(org, f"{unique}-{n}", "submitted")) for n in range(2)]
    status, answer = await send(b"\n".join([good[0], case.sent, good[1]]), NDJSON)
    ledger.take(3, answer["receipts"])
    assert (status, [receipt["outcome"] for receipt in answer["receipts"]]) == (
        202,
        ["accepted", "rejected", "accepted"],
    )
    alone, answer = await send(case.sent, STRUCTURED)
    ledger.take(1, answer["receipts"])
    assert (alone, _explained(answer["receipts"][0]["problem"])) == (422, case.code)


# Whole requests, beside a good one of the same sender


@pytest.mark.parametrize("case", REQUESTS, ids=lambda case: ascii(case.name))
async def test_a_request_that_is_not_as_it_should_be(
    case: Request, raw: Raw, send: Any, ledger: Ledger, key: str, org: str, unique: str
) -> None:
    own = orjson.dumps(status_event(org, unique, "submitted"))
    neighbour = orjson.dumps(status_event(org, f"{unique}-n", "submitted"))
    (english, french), (status, good) = await asyncio.gather(_both(case, raw, key, own), send(neighbour, STRUCTURED))
    ledger.take(1, good["receipts"])
    assert (status, good["receipts"][0]["outcome"]) == (202, "accepted")
    if case.status in {202, 422}:
        for _, _, answer in (english, french):
            ledger.take(1, answer["receipts"])
    assert (english[0], case.code) == (case.status, _code_of(english))
    assert french[0] == (case.status if case.code else 200)  # accepted once, and then a duplicate
    if case.status not in {202, 422}:
        _speaks_both(english, french)
    assert ("allow" in english[1]) == (case.status == 405)
    assert ("www-authenticate" in english[1]) == (case.status == 401)
    assert ("accept-encoding" in english[1]) == (case.status == 415 and "Content-Encoding" in case.headers)


def _code_of(answer: tuple[int, dict[str, str], Any]) -> str | None:
    _, headers, found = answer
    assert "nosniff" in headers["x-content-type-options"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    if "receipts" not in found:
        return str(found["code"])
    problem = found["receipts"][0].get("problem")
    return problem and _explained(problem)


def _speaks_both(english: tuple[int, dict[str, str], Any], french: tuple[int, dict[str, str], Any]) -> None:
    assert english[1]["content-type"] == french[1]["content-type"] == "application/problem+json"
    assert (english[1]["content-language"], french[1]["content-language"]) == ("en", "fr")
    assert english[2]["type"] == french[2]["type"] == f"urn:guichet:problem:{english[2]['code']}"
    for part in ("title", "detail"):
        assert english[2][part] != french[2][part]


async def _both(case: Request, raw: Raw, key: str, own: bytes) -> list[Any]:
    """The answers to a request that prefers English, and to one that prefers French."""
    answers = []
    for language in ("en-CA, fr;q=0.8", "en;q=0.5, fr-CA, de;q=0.9"):
        body = case.body.replace(b"{event}", own)
        headers = {"Host": "guichet", "Authorization": "Bearer {key}", "Accept-Language": language, **case.headers}
        headers |= {"Content-Type": case.kind} if case.kind is not None else {}
        headers |= {"Content-Length": str(len(body)), "Connection": "close"}
        lines = [f"{name}: {value}".replace("{key}", key).encode("latin-1") for name, value in headers.items() if value]
        head = b"\r\n".join([f"{case.method} {case.path} HTTP/1.1".encode(), *lines, b"", b""])
        answers.append(answers_in(await raw(head, body))[0])
    return answers


# Replays


async def test_replays_by_either_door_are_duplicates_and_conflicts(
    send: Any, ledger: Ledger, kafka_of_department: Kafka, receipt_of: Any, org: str, unique: str
) -> None:
    event = status_event(org, unique, "submitted", time="2026-05-04T11:00:00Z")
    other = {**event, "data": {**event["data"], "state": "decided"}}
    later = {**event, "time": "2026-05-04T11:00:01Z"}
    written_otherwise = orjson.dumps(
        {**dict(reversed(event.items())), "extra": "x", "time": "2026-05-04T07:00:00-04:00"}
    )
    body = b"\n".join([orjson.dumps(each) for each in (event, event, other)])
    _, answer = await send(body, NDJSON)
    ledger.take(3, answer["receipts"])
    assert [receipt["outcome"] for receipt in answer["receipts"]] == ["accepted", "duplicate", "rejected"]
    _, answer = await send(b"\n".join([written_otherwise, orjson.dumps(other), orjson.dumps(later)]), NDJSON)
    ledger.take(3, answer["receipts"])
    again, *conflicts = answer["receipts"]
    assert again["outcome"] == "duplicate"
    assert [_explained(receipt["problem"]) for receipt in conflicts] == ["id_conflict", "id_conflict"]
    last = status_event(org, f"{unique}-last", "submitted")
    async with AIOKafkaProducer(**kafka_of_department.options()) as producer:
        for each in (event, other, last):
            await producer.send_and_wait(f"ingest.status.{org}", orjson.dumps(each))
    await eventually(lambda: receipt_of(last["id"]), seconds=40)
    ledger.sent += 3
    assert (await receipt_of(event["id"]))["position"] == again["position"]


# Over Kafka, between good records

Key = tuple[str, str]  # how it was sent, name of the case


@pytest.fixture(scope="module")
async def by_kafka(ledger: Ledger, kafka_of_department: Kafka, org: str) -> dict[Key, Any]:
    """The rejection of every case, sent one after the other with good events between; None where there is none."""
    offsets: dict[tuple[str, int], Key] = {}
    async with AIOKafkaProducer(**kafka_of_department.options()) as producer:
        for number, (how, case) in enumerate(
            [*(("event", each) for each in EVENTS), *(("bytes", each) for each in BYTES)]
        ):
            unique = f"k{number}-{id(ledger):x}"
            service = corpus.service_of(case) if isinstance(case, Wrong) else "status"
            sent = orjson.dumps(corpus.wrong(case, org, unique)) if isinstance(case, Wrong) else case.sent
            example = case.example if isinstance(case, Wrong) else "status"
            good = orjson.dumps(corpus.event(example, org, f"{unique}-good"))
            topic = f"ingest.{service}.{org}"
            bad = await producer.send(topic, sent)
            await producer.send(topic, good)
            offsets[service, (await bad).offset] = (how, case.name)
            ledger.sent += 2
    return await _rejections(kafka_of_department, org, offsets)


async def _rejections(kafka: Kafka, org: str, offsets: dict[tuple[str, int], Key]) -> dict[Key, Any]:
    by_name = {case.name: case for case in (*EVENTS, *BYTES)}
    wanted = {key for key in offsets.values() if by_name[key[1]].code}
    found: dict[Key, Any] = {}
    async with AIOKafkaConsumer(
        *(f"rejected.{service}.{org}" for service in DOORS), **kafka.options(), auto_offset_reset="earliest"
    ) as consumer:

        async def answers() -> set[Key]:
            for partition, records in (await consumer.getmany(timeout_ms=500)).items():
                for record in records:
                    answer = orjson.loads(record.value)
                    key = offsets.get((partition.topic.split(".")[1], answer["offset"]))
                    if key is not None:
                        found[key] = answer
            return wanted - found.keys()

        await eventually(answers, lambda missing: not missing, seconds=60)
    return found


@pytest.mark.parametrize("case", [*EVENTS, *BYTES], ids=lambda case: ascii(case.name))
def test_a_record_that_is_not_as_it_should_be(case: Wrong | Bytes, by_kafka: dict[Key, Any], org: str) -> None:
    answer = by_kafka.get(("event" if isinstance(case, Wrong) else "bytes", case.name))
    if case.code is None:
        assert answer is None
        return
    assert _explained(answer["problem"]) == case.code
    assert answer["source"] == f"/organizations/{org}"
    assert answer.keys() == {"id", "source", "partition", "offset", "problem"}


# Afterwards


async def test_all_that_was_sent_is_accounted_for_and_the_doors_are_ready(
    services: Services, ledger: Ledger, by_kafka: dict[Key, Any]
) -> None:
    async def counted() -> Counter[str]:
        return await _counted(services) - ledger.before

    now = await eventually(counted, lambda now: now.total() >= ledger.sent, seconds=40)
    assert now.total() == ledger.sent, (now, ledger.answered)
    assert set(now) == {"accepted", "duplicate", "rejected"}
    for service in (*DOORS, "reporting"):
        ready = await eventually(
            lambda service=service: services.ask(service, "/readyz", public=True), lambda ready: not ready["degraded"]
        )
        assert ready["status"] == "ready"


def test_what_was_logged_meanwhile_is_one_json_object_a_line(ledger: Ledger) -> None:
    wrong = defaultdict(list)
    for file, size in ledger.logs.items():
        with file.open("rb") as log:
            log.seek(size)
            for line in log.read().splitlines():
                if file.stem in {*DOORS, "reporting"} and not _is_sound(line):
                    wrong[file.stem].append(line[:300])
    assert not wrong


def _is_sound(line: bytes) -> bool:
    try:
        return not _CONTROL.search(line) and isinstance(orjson.loads(line), dict)
    except orjson.JSONDecodeError:
        return False
