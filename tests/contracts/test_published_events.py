"""Events once published are read for ever, and contracts change only so that nobody who sends or reads them breaks.

`published/` holds records as they stood on Kafka: `<type>.json`, or `<type>.<what is special>.json`. They are never
changed; a new type, or a type with new fields, gets a new one. `schemas/` holds the contracts as JSON Schema, written by
`python -m tests.contracts.write`.
"""

import copy
import importlib
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, get_args

import orjson
import pytest
from aiokafka import ConsumerRecord
from pydantic import ValidationError

from services.feedback.consumers import LISTENERS as FEEDBACK_LISTENERS
from services.reporting.handlers.decoding import decode
from services.status.consumers import LISTENERS as STATUS_LISTENERS
from shared.contracts.envelope import WORDS, Published
from shared.contracts.reported.inventory_stewardship import StewardshipKind
from shared.contracts.reported.status import ApplicationState
from shared.listening import decode as hear
from tests.contracts.write import PUBLISHED, REPORTED, SAMPLES, SCHEMAS, Schema, breaks, committed, schema_of

ROOT = Path(__file__).parents[2]
REGENERATE = "To write tests/contracts/schemas anew: python -m tests.contracts.write"
RECORDS = sorted(SAMPLES.glob("*.json"), key=lambda path: path.name)


def type_of(path: Path) -> str:
    return re.match(r"(guichet\.\w+\.\w+\.v\d+)", path.name)[1]  # type: ignore[index]


def record(path: Path) -> Any:
    return ConsumerRecord("topic", 0, 0, 0, 0, None, path.read_bytes(), None, -1, -1, ())


def name(path: Path) -> str:
    return path.stem


# Samples


@pytest.mark.parametrize("path", RECORDS, ids=name)
def test_an_event_once_published_says_today_what_it_said_then(path: Path) -> None:
    document = orjson.loads(path.read_bytes())
    data = PUBLISHED[type_of(path)].model_validate(document["data"])
    said = data.model_dump(mode="json")
    assert {key: said.get(key, "nothing any more") for key in document["data"]} == document["data"]


@pytest.mark.parametrize("path", RECORDS, ids=name)
def test_an_event_once_published_is_read_by_reporting(path: Path) -> None:
    batch = decode([record(path)])
    assert batch.unreadable == []
    if ".LogAdvanced." in path.name:
        ((service, position, _),) = batch.advanced.values()
        assert (service, position) == (type_of(path).split(".")[1], orjson.loads(path.read_bytes())["data"]["position"])
        return
    if ".LogRestored." in path.name:
        (word,) = batch.restored
        said = orjson.loads(path.read_bytes())["data"]
        assert (word.service, word.after, word.until) == (type_of(path).split(".")[1], said["after"], said["until"])
        return
    (event,) = batch.events
    assert (event.type, event.org) == (type_of(path), "134")
    assert event.service_position == int(orjson.loads(path.read_bytes())["id"])


@pytest.mark.parametrize("path", [each for each in RECORDS if type_of(each) in STATUS_LISTENERS], ids=name)
def test_an_event_once_published_is_heard_by_those_who_listen(path: Path) -> None:
    for listeners in (STATUS_LISTENERS, FEEDBACK_LISTENERS):
        if type_of(path) in listeners:
            assert hear(record(path), listeners).data == PUBLISHED[type_of(path)].model_validate(
                orjson.loads(path.read_bytes())["data"]
            )


@pytest.mark.parametrize("path", RECORDS, ids=name)
def test_a_record_is_a_cloudevent_with_the_attributes_the_interface_names(path: Path) -> None:
    event = orjson.loads(path.read_bytes())
    kind = type_of(path)
    service = kind.split(".")[1]
    assert (event["specversion"], event["type"], event["source"]) == ("1.0", kind, f"/services/{service}")
    assert event["datacontenttype"] == "application/json"
    moments = ["time"]
    if PUBLISHED[kind] not in WORDS:
        assert (event["org"], event["id"]) == ("134", str(int(event["id"])))
        assert event["causedby"]
        assert event["causedbysource"]
        moments.append("recordedat")
    for moment in moments:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", event[moment])
        assert datetime.fromisoformat(event[moment]).utcoffset() is not None


def test_every_event_that_is_published_has_a_sample() -> None:
    missing = set(PUBLISHED) - {type_of(path) for path in RECORDS}
    assert not missing, (
        f"put a record of each, as it stands on Kafka, into tests/contracts/published: {sorted(missing)}"
    )


def test_every_sample_is_of_an_event_that_is_still_read() -> None:
    assert {type_of(path) for path in RECORDS} - set(PUBLISHED) == set()


@pytest.mark.parametrize("kind", PUBLISHED)
def test_the_samples_of_an_event_show_every_field_it_has(kind: str) -> None:
    """And so a new field needs a new sample, which will keep it."""
    shown: set[str] = set()
    for path in (each for each in RECORDS if type_of(each) == kind):
        shown |= set(orjson.loads(path.read_bytes())["data"])
    assert set(PUBLISHED[kind].model_fields) <= shown


def published_names(service: str) -> set[str]:
    """The contracts that a service's handlers, and what delivers, name: what it puts into its log."""
    path = ROOT / "services" / service / "handlers"
    files = list(path.rglob("*.py") if path.is_dir() else [path.with_suffix(".py")])
    files += path.with_name("delivering").rglob("*.py")
    words = {word for file in files for word in re.findall(r'"([A-Z]\w+)"', file.read_text(encoding="utf-8"))}
    contracts = vars(importlib.import_module(f"shared.contracts.{service}"))
    return {word for word in words if isinstance(contracts.get(word), type) and issubclass(contracts[word], Published)}


@pytest.mark.parametrize("service", ["inventory", "feedback", "status"])
def test_what_services_put_into_their_logs_is_known_here(service: str) -> None:
    known = {kind.split(".")[2] for kind in PUBLISHED if kind.split(".")[1] == service} - {
        word.__name__ for word in WORDS
    }
    assert published_names(service) == known


def test_no_event_between_services_has_a_field_for_what_clients_wrote_or_who_they_are() -> None:
    private = {"text", "reason", "resolution", "client_id", "language", "tracking_code"}
    for kind in PUBLISHED:
        assert not set(_fields(schema_of(kind))) & private, kind


def _fields(schema: Any) -> list[str]:
    if isinstance(schema, dict):
        return [*schema.get("properties", {}), *(field for each in schema.values() for field in _fields(each))]
    return [field for each in schema for field in _fields(each)] if isinstance(schema, list) else []


# Schemas


@pytest.mark.parametrize("kind", [*REPORTED, *PUBLISHED])
def test_a_contract_does_not_change_so_that_a_sender_or_reader_breaks(kind: str) -> None:
    found = breaks(kind, committed(kind), schema_of(kind))
    help_ = f"Keep {kind} as it is and publish the change as another type (.v2). {REGENERATE} --breaking"
    assert not found, "\n".join([*found, help_])


@pytest.mark.parametrize("kind", [*REPORTED, *PUBLISHED])
def test_the_schema_committed_is_that_of_the_contract(kind: str) -> None:
    assert committed(kind) == schema_of(kind), f"{kind} has changed, and breaks nobody. {REGENERATE}"


def test_there_is_a_schema_for_every_event_and_none_for_another() -> None:
    assert {path.stem for path in SCHEMAS.glob("*.json")} == {*REPORTED, *PUBLISHED}, REGENERATE


STATUS = "guichet.status.ApplicationStatusReported.v1"
FEEDBACK = "guichet.feedback.FeedbackReported.v1"
SERVICE = "guichet.inventory.ServiceReported.v1"
STEWARDSHIP = "guichet.inventory.StewardshipReported.v1"
STANDARD = "guichet.inventory.ServiceStandardReported.v1"
CHANGED = "guichet.status.ApplicationStateChanged.v1"
RECORDED = "guichet.feedback.FeedbackRecorded.v1"


def _rename(schema: Schema) -> None:
    schema["properties"]["sequence_number"] = schema["properties"].pop("sequence")


def _nullable(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


BREAKING: list[tuple[str, Callable[[Schema], object], str]] = [
    (STATUS, lambda s: s["properties"].pop("sequence"), "no field sequence"),
    (STATUS, _rename, "no field sequence"),
    (STATUS, lambda s: s["required"].append("channel"), "needs channel now"),
    (STATUS, lambda s: s["properties"]["state"]["enum"].remove("reopened"), "no code 'reopened'"),
    (STATUS, lambda s: s["properties"]["channel"]["anyOf"].pop(), "takes no null"),
    (STATUS, lambda s: s["properties"]["application_id"].update(maxLength=50), "narrower maxLength"),
    (STATUS, lambda s: s["properties"]["application_id"].update(pattern="^[a-z]+$"), "narrower pattern"),
    (STATUS, lambda s: s["properties"]["notify"].update(type="string"), "takes no boolean"),
    (STATUS, lambda s: s["$defs"]["Bilingual"]["properties"].pop("fr"), "data.reason has no field fr"),
    (FEEDBACK, lambda s: s["properties"]["drivers"]["additionalProperties"].update(maximum=3), "narrower maximum"),
    (SERVICE, lambda s: s["$defs"]["Priority"]["required"].append("rationale"), "needs rationale now"),
    (
        STANDARD,
        lambda s: s["$defs"]["Measure"]["properties"]["limit"].update(pattern="^P"),
        "measure.limit has a narrower",
    ),
    (STEWARDSHIP, lambda s: s["$defs"]["ProviderLeft"]["properties"].pop("on"), "data has no field on"),
    (STEWARDSHIP, lambda s: s["oneOf"].pop(0), "takes no object inventory_confirmed any more"),
    (CHANGED, lambda s: s["properties"].pop("version"), "no field version"),
    (CHANGED, lambda s: s["required"].remove("version"), "may lack version"),
    (CHANGED, lambda s: s["properties"].update(version=_nullable(s["properties"]["version"])), "may be null"),
    (CHANGED, lambda s: s["$defs"]["Clock"]["properties"].pop("met"), "data.standards[].before has no field met"),
    (RECORDED, lambda s: s["properties"]["kind"]["enum"].remove("issue"), "no code 'issue'"),
]


@pytest.mark.parametrize(("kind", "change", "message"), BREAKING)
def test_a_change_that_breaks_somebody_is_seen_for_what_it_is(
    kind: str, change: Callable[[Schema], object], message: str
) -> None:
    changed = copy.deepcopy(schema_of(kind))
    change(changed)
    assert any(message in each for each in breaks(kind, schema_of(kind), changed))


HARMLESS: list[tuple[str, Callable[[Schema], object]]] = [
    (STATUS, lambda s: s["properties"].update(office={"type": "string"})),
    (STATUS, lambda s: s["properties"]["state"]["enum"].append("appealed")),
    (STATUS, lambda s: s["required"].remove("service_id")),
    (STATUS, lambda s: s["properties"].update(state=_nullable(s["properties"]["state"]))),
    (STATUS, lambda s: s["properties"]["application_id"].update(maxLength=200)),
    (STATUS, lambda s: s.update(description="In other words.")),
    (STATUS, lambda s: s["properties"]["sequence"]["anyOf"][0].update(type="number")),
    (CHANGED, lambda s: s["properties"].update(office={"type": "string"})),
    (CHANGED, lambda s: (s["properties"].update(office={"type": "string"}), s["required"].append("office"))),
    (RECORDED, lambda s: s["properties"]["channel"]["anyOf"].pop()),
]


@pytest.mark.parametrize(("kind", "change"), HARMLESS)
def test_a_change_that_only_adds_breaks_nobody(kind: str, change: Callable[[Schema], object]) -> None:
    changed = copy.deepcopy(schema_of(kind))
    change(changed)
    assert changed != schema_of(kind)
    assert breaks(kind, schema_of(kind), changed) == []


@pytest.mark.parametrize("kind", REPORTED)
def test_a_reported_contract_takes_no_field_that_it_does_not_name(kind: str) -> None:
    """A misspelt field must be told to its sender; and so a field taken away is one that senders are refused for."""
    tags = [{}] if kind != STEWARDSHIP else [{"kind": each} for each in get_args(StewardshipKind)]
    for tag in tags:
        with pytest.raises(ValidationError) as refused:
            REPORTED[kind].model_validate({"no_such_field": 1, **tag})
        assert "extra_forbidden" in {each["type"] for each in refused.value.errors()}


@pytest.mark.parametrize("kind", PUBLISHED)
def test_a_published_contract_passes_over_fields_it_does_not_know_yet(kind: str) -> None:
    for path in (each for each in RECORDS if type_of(each) == kind):
        data = orjson.loads(path.read_bytes())["data"]
        assert PUBLISHED[kind].model_validate({**data, "new": [1]}) == PUBLISHED[kind].model_validate(data)


@pytest.mark.parametrize(
    "kind", ["guichet.status.ApplicationStatusReported.v1", "guichet.status.ApplicationStateChanged.v1"]
)
def test_lesson_5_21_a_state_that_is_renamed_is_noticed_before_it_breaks_a_client(kind: str) -> None:
    """And the states are those that the interface promises, to the letter: what is new is a field beside them."""
    old, renamed = schema_of(kind), orjson.loads(orjson.dumps(schema_of(kind)).replace(b'"issued"', b'"delivered"'))
    assert breaks(kind, old, renamed)
    states = "submitted complete in_review information_requested information_received decided issued closed withdrawn reopened"
    assert list(get_args(ApplicationState)) == states.split()
