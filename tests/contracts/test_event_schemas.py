"""The JSON Schemas that departments use: what they send that is accepted is valid by them, and what is plainly wrong is not."""

import copy
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Any

import jsonschema_rs
import orjson
import pytest

from guichet.inventory_files import read
from guichet.inventory_files.events import event as event_of
from guichet.simulator import Simulation
from guichet.synthetic import SERVICES, STANDARDS
from guichet.validating import validate
from shared.contracts.reported.words import EVENTS, FIELDS
from shared.event_schemas import event_schema, names
from tests.contracts.write import FOR_DEPARTMENTS, REPORTED, written_for_departments

ROOT = FOR_DEPARTMENTS.parents[1]
EXAMPLES = {path.stem: orjson.loads(path.read_bytes()) for path in sorted((ROOT / "docs/examples").iterdir())}
Event = dict[str, Any]


@cache
def validator(kind: str) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(event_schema(kind), validate_formats=True)


def is_valid(event: Event) -> bool:
    return validator(event["type"]).is_valid(event)


def would_be_accepted(event: Event) -> bool:
    (receipt,) = validate([orjson.dumps(event)])
    return bool(receipt["outcome"] == "valid")


# The files


@pytest.mark.parametrize("kind", names())
def test_the_file_is_what_the_code_says(kind: str) -> None:
    file = FOR_DEPARTMENTS / f"{kind}.json"
    assert file.read_bytes() == written_for_departments(kind), "to write it anew: python -m tests.contracts.write"


def test_there_is_a_schema_of_each_type_that_is_recorded_and_none_besides() -> None:
    assert {path.stem for path in FOR_DEPARTMENTS.iterdir()} == set(names()) == set(REPORTED)


@pytest.mark.parametrize("kind", names())
def test_a_schema_is_one_of_2020_12_that_says_what_it_is(kind: str) -> None:
    schema = event_schema(kind)
    jsonschema_rs.meta.validate(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"] == f"urn:guichet:schema:{kind}"
    assert schema["properties"]["type"] == {"const": kind, "description": schema["properties"]["type"]["description"]}


@pytest.mark.parametrize("kind", names())
def test_every_word_of_a_schema_is_in_both_languages_and_every_field_has_some(kind: str) -> None:
    schema = event_schema(kind)
    said = list(words(schema))
    assert [each for each in said if len(each.split(" | ")) != 2] == []
    parts = [schema, *schema["$defs"].values()]
    fields = [(name, about) for part in parts for name, about in part.get("properties", {}).items()]
    assert [name for name, about in fields if "description" not in about and name != "data"] == []


def words(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for each in value:
            yield from words(each)
    elif isinstance(value, dict):
        yield from (text for key in ("title", "description") if isinstance(text := value.get(key), str))
        for each in value.values():
            yield from words(each)


def test_the_table_of_words_names_no_field_that_is_gone() -> None:
    parts = {name: part for kind in names() for name, part in event_schema(kind)["$defs"].items()}
    assert set(FIELDS) == set(parts)
    assert set(EVENTS) == {model.__name__ for model in REPORTED.values()}
    there = {field for part in parts.values() for field in part.get("properties", {})}
    assert {field for words in FIELDS.values() for field in words} == there


# What is accepted is valid


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_valid(name: str) -> None:
    validator(EXAMPLES[name]["type"]).validate(EXAMPLES[name])


def test_every_event_of_the_simulated_departments_that_is_accepted_is_valid() -> None:
    inventory = read([SERVICES, STANDARDS])
    reports = list(Simulation(inventory, 11, datetime(2026, 3, 4, tzinfo=UTC)).backlog(3_000))
    sent = [report.event for report in reports if report.expected == "accepted"]
    assert len(sent) > 1_000
    assert [each for each in sent if not is_valid(each)] == []


def test_every_row_of_an_inventory_that_is_imported_is_valid() -> None:
    rows = [orjson.loads(orjson.dumps(event_of(row))) for row in read([SERVICES, STANDARDS]).to_send]
    assert len(rows) > 500
    assert [row for row in rows if not is_valid(row)] == []


ACCEPTED: list[tuple[str, Callable[[Event], object]]] = [
    ("status", lambda e: e.update(traceparent="00-1-1-00", attempt=2, urgent=False)),
    ("status", lambda e: e.update(source="/organizations/134")),
    ("status", lambda e: e.update(subject=None)),
    ("status", lambda e: e.update(time="2026-11-02T09:30:00.123456-05:00")),
    ("status", lambda e: e["data"].update(channel=None, expected_at="2026-12-01T00:00:00Z", sequence=0)),
    ("correction", lambda e: e["data"].pop("data")),
    ("correction", lambda e: e["data"].update(data=None)),
    ("service", lambda e: e.pop("time")),
    ("standard", lambda e: e["data"].update(measure=None, target=None)),
    ("result", lambda e: (e["data"].pop("met"), e["data"].pop("total"), e["data"].update(value=2.5, unit="min"))),
]


@pytest.mark.parametrize(("name", "change"), ACCEPTED)
def test_what_a_door_accepts_is_valid(name: str, change: Callable[[Event], object]) -> None:
    event = copy.deepcopy(EXAMPLES[name])
    change(event)
    assert would_be_accepted(event)
    assert is_valid(event)


# What is plainly wrong is not


WRONG: list[tuple[str, Callable[[Event], object]]] = [
    ("status", lambda e: e.pop("id")),
    ("status", lambda e: e.pop("time")),
    ("status", lambda e: e.update(time="yesterday")),
    ("status", lambda e: e.update(id="a\nb")),
    ("status", lambda e: e.update(id="x" * 256)),
    ("status", lambda e: e.update(source="/departments/134")),
    ("status", lambda e: e.update(specversion="0.3")),
    ("status", lambda e: e.update(trace_parent="x")),
    ("status", lambda e: e.update(traceparent={"of": "x"})),
    ("status", lambda e: e.update(attempt=1.5)),
    ("status", lambda e: e.update(data="{}")),
    ("status", lambda e: e["data"].update(state="sent")),
    ("status", lambda e: e["data"].update(office="here")),
    ("status", lambda e: e["data"].pop("service_id")),
    ("status", lambda e: e["data"].update(application_id="a,b")),
    ("feedback", lambda e: e["data"].update(rating=6)),
    ("feedback", lambda e: e["data"].update(drivers={"price": 3})),
    ("feedback-handling", lambda e: e["data"].update(resolution={"en": "Done."})),
    ("correction", lambda e: e["data"].pop("reason")),
    ("service", lambda e: e["data"].pop("service_name_fr")),
    ("service", lambda e: e["data"].update(num_website_visits="many")),
    ("standard", lambda e: e["data"].update(target=90)),
    ("standard", lambda e: e["data"]["measure"].update(limit="ten days")),
    ("result", lambda e: e["data"].update(met=-1)),
]


@pytest.mark.parametrize(("name", "change"), WRONG)
def test_what_is_plainly_wrong_is_neither_valid_nor_accepted(name: str, change: Callable[[Event], object]) -> None:
    event = copy.deepcopy(EXAMPLES[name])
    change(event)
    assert not would_be_accepted(event)
    assert not is_valid(event)


def test_a_correction_is_judged_by_the_contracts_of_its_own_door() -> None:
    """Its data is a whole report of some type; only the door knows of which. A row of the inventory is none of status's."""
    event = copy.deepcopy(EXAMPLES["correction"])
    event["data"]["data"] = EXAMPLES["service"]["data"]
    assert not is_valid(event)
    event["type"] = "guichet.inventory.ReportCorrected.v1"
    assert is_valid(event)
