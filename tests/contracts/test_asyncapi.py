"""Each service's AsyncAPI document is valid, and what departments and services really send is valid by it.

asyncapi/3.0.0.json is the specification's own JSON Schema (@asyncapi/specs 6.11.1, Apache-2.0), without its blanks.
"""

import importlib
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import orjson
import pytest

from shared.asyncapi import Hearing, asyncapi
from shared.contracts.envelope import WORDS, type_name
from shared.contracts.reported.kinds import KINDS
from shared.contracts.topics import TOPICS
from shared.decoding import Arrival
from shared.event_schemas import event_schema
from shared.ingest import RETENTION, _answer
from shared.intake import Receipt
from shared.problems import problem
from tests.contracts.test_event_schemas import EXAMPLES, words
from tests.contracts.write import PUBLISHED, SAMPLES

SERVICES = ("inventory", "feedback", "status", "reporting")
DOORS = SERVICES[:3]
SPECIFICATION = Path(__file__).parent / "asyncapi/3.0.0.json"
RECORDS = {path.name: orjson.loads(path.read_bytes()) for path in sorted(SAMPLES.iterdir())}

Document = dict[str, Any]


def hearings(service: str) -> list[Hearing]:
    """What a service's consumers are written to listen to."""
    consumers = importlib.import_module(f"services.{service}.consumers")
    if service == "reporting":
        return [Hearing("reporting", consumers.TOPICS)]
    of, topic = ("feedback", "feedback.cases.v1") if service == "inventory" else ("inventory", "inventory.services.v1")
    listeners = getattr(consumers, "LISTENERS", {})
    return [Hearing(f"{service}.{of}", [topic], listeners)] if listeners else []


@cache
def document(service: str) -> Document:
    topics = [name for name, topic in TOPICS.items() if topic.service == service]
    kinds = KINDS.get(service, {})  # type: ignore[call-overload]
    made = asyncapi(service, kinds, topics, hearings(service), RETENTION, tls=True)
    return orjson.loads(orjson.dumps(made))


@cache
def specification() -> Any:
    return jsonschema_rs.validator_for(orjson.loads(SPECIFICATION.read_bytes()))


def validator(service: str, schema: Document) -> jsonschema_rs.Draft7Validator:
    """AsyncAPI's own schemas are JSON Schema draft 7 and more; references are within the document."""
    whole = {"allOf": [schema], "components": document(service)["components"]}
    return jsonschema_rs.Draft7Validator(whole, validate_formats=True)


def resolved(service: str, reference: str) -> Any:
    found: Any = document(service)
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    return found


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for each in value.values():
            yield from references(each)
    elif isinstance(value, list):
        for each in value:
            yield from references(each)


def operations(service: str, action: str) -> dict[str, list[Document]]:
    """The messages of each operation of an action, by the channel's address."""
    return {
        resolved(service, each["channel"]["$ref"])["address"]: [
            resolved(service, message["$ref"]) for message in each["messages"]
        ]
        for each in document(service)["operations"].values()
        if each["action"] == action
    }


def names(messages: list[Document]) -> set[str]:
    return {message["name"] for message in messages}


# The document


@pytest.mark.parametrize("service", SERVICES)
def test_the_document_is_asyncapi_3(service: str) -> None:
    specification().validate(document(service))


@pytest.mark.parametrize("service", SERVICES)
def test_every_reference_of_the_document_leads_somewhere_and_every_schema_is_used(service: str) -> None:
    found = set(references(document(service)))
    assert all(resolved(service, each) for each in found)
    schemas = {f"#/components/schemas/{name}" for name in document(service)["components"]["schemas"]}
    assert schemas <= found


@pytest.mark.parametrize("service", SERVICES)
def test_every_schema_of_the_document_is_a_json_schema(service: str) -> None:
    for schema in document(service)["components"]["schemas"].values():
        jsonschema_rs.Draft7Validator({"components": document(service)["components"], **schema})


def test_a_server_has_no_address_that_is_made_up_and_says_how_to_log_in() -> None:
    server = document("status")["servers"]["kafka"]
    assert (server["host"], server["protocol"]) == ("{bootstrap}", "kafka-secure")
    (login,) = server["security"]
    assert resolved("status", login["$ref"])["type"] == "scramSha512"
    without_tls = asyncapi("status", {}, [], [], RETENTION, tls=False)
    assert without_tls["servers"]["kafka"]["protocol"] == "kafka"


@pytest.mark.parametrize("service", DOORS)
def test_what_departments_read_is_in_both_languages(service: str) -> None:
    found = document(service)
    about = found["info"]["description"], found["components"]["securitySchemes"]["scram"]["description"]
    parts = [found["channels"]["ingest"], found["channels"]["rejected"], found["servers"]]
    parts += [found["components"]["schemas"][model.__name__] for model in KINDS[service].values()]  # type: ignore[index]
    said = [*about, *(text for part in parts for text in words(part))]
    assert len(said) > 20
    assert [text for text in said if len(text.split(" | ")) != 2] == []


# What a service takes, refuses, listens to and publishes


@pytest.mark.parametrize("service", DOORS)
def test_a_door_takes_every_type_it_records_in_both_modes_and_answers_refusals(service: str) -> None:
    taken = operations(service, "receive")[f"ingest.{service}.{{org_id}}"]
    kinds = set(KINDS[service])  # type: ignore[index]
    assert f"guichet.{service}.ReportCorrected.v1" in kinds
    for mode in ("application/cloudevents+json", "application/json"):
        assert names([message for message in taken if message["contentType"] == mode]) == kinds
    (refused,) = operations(service, "send")[f"rejected.{service}.{{org_id}}"]
    assert refused["payload"] == {"$ref": "#/components/schemas/Rejection"}


def test_a_service_listens_to_what_it_does_something_with() -> None:
    assert set(operations("inventory", "receive")) == {"ingest.inventory.{org_id}", "feedback.cases.v1"}
    services = "inventory.services.v1"
    assert names(operations("feedback", "receive")[services]) == {
        "guichet.inventory.ServiceRecorded.v1",
        "guichet.inventory.ServiceTransferred.v1",
    }
    assert names(operations("status", "receive")[services]) == {
        "guichet.inventory.ServiceRecorded.v1",
        "guichet.inventory.ServiceStandardRecorded.v1",
        "guichet.inventory.ServiceTransferred.v1",
    }


def test_reporting_listens_to_everything_the_others_publish() -> None:
    heard = operations("reporting", "receive")
    published = {topic: found for door in DOORS for topic, found in operations(door, "send").items()}
    assert {topic: names(found) for topic, found in heard.items()} == {
        topic: names(found) for topic, found in published.items() if not topic.startswith("rejected.")
    }


def test_every_event_that_is_published_stands_on_a_topic() -> None:
    told = {type_name(topic.service, event.__name__) for topic in TOPICS.values() for event in topic.events} | {
        type_name(service, word.__name__) for service in SERVICES for word in WORDS
    }
    assert told == set(PUBLISHED)
    sent = {name for service in SERVICES for found in operations(service, "send").values() for name in names(found)}
    assert sent - {"Rejection"} == told


@pytest.mark.parametrize("service", DOORS)
def test_a_report_is_the_event_that_its_own_schema_describes(service: str) -> None:
    """But for where its parts are found."""
    found = document(service)["channels"]["ingest"]["messages"]
    for kind, model in KINDS[service].items():  # type: ignore[index]
        alone = {name: part for name, part in event_schema(kind).items() if name not in {"$schema", "$id", "$defs"}}
        text = orjson.dumps(alone).decode().replace("#/$defs/", "#/components/schemas/")
        there = orjson.dumps(found[model.__name__]["payload"]).decode()
        assert re.sub("-Input", "", there) == text


# What is really sent


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_valid_in_both_modes(name: str) -> None:
    event = EXAMPLES[name]
    service, contract = event["type"].split(".")[1:3]
    messages = document(service)["channels"]["ingest"]["messages"]
    validator(service, messages[contract]["payload"]).validate(event)
    binary = messages[f"{contract}.binary"]
    headers = {f"ce_{key}": value for key, value in event.items() if key != "data"}
    validator(service, binary["headers"]).validate({"content-type": "application/json", **headers})
    validator(service, binary["payload"]).validate(event["data"])
    assert not validator(service, binary["headers"]).is_valid({**headers, "ce_type": "another"})
    assert not validator(service, messages[contract]["payload"]).is_valid({**event, "data": {}})


@pytest.mark.parametrize("name", RECORDS)
def test_a_record_is_valid_for_whoever_publishes_it_and_for_whoever_hears_it(name: str) -> None:
    event = RECORDS[name]
    described = [
        (service, message)
        for service in SERVICES
        for action in ("send", "receive")
        for found in operations(service, action).values()
        for message in found
        if message["name"] == event["type"]
    ]
    assert described
    for service, message in described:
        validator(service, message["payload"]).validate(event)
        validator(service, message["headers"]).validate({"ce_type": event["type"], "ce_id": event["id"]})
        assert not validator(service, message["payload"]).is_valid({**event, "source": "/services/another"})
        assert validator(service, message["payload"]).is_valid({**event, "data": {**event["data"], "new": 1}})


@pytest.mark.parametrize("event_id", ["A-1", None])
def test_an_answer_to_a_refused_report_is_valid(event_id: str | None) -> None:
    arrival = Arrival(b"{}", "134", topic="ingest.status.134", partition=0, offset=7)
    receipt = Receipt(event_id, "rejected", problem=problem("unknown_type", "Not that.", "Pas cela.", "type"))
    schema = {"$ref": "#/components/schemas/Rejection"}
    validator("status", schema).validate(orjson.loads(_answer(arrival, receipt)))
