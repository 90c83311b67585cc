"""What the documents list is what the code has, both ways: log events, metrics, problems, and README's events."""

import ast
import importlib
import inspect
import itertools
import re
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest
from prometheus_client.metrics import MetricWrapperBase
from pydantic import BaseModel

from services.reporting.domain.compliance import RULE_SETS, requirements
from services.reporting.domain.compliance.settings import REASONS, Settings
from shared import metrics
from shared.contracts.envelope import WORDS, Published, type_name
from shared.contracts.reported.kinds import KINDS
from shared.contracts.topics import TOPICS
from shared.log_events import FIELDS
from shared.problems import TITLES

ROOT = Path(__file__).parents[2]
SERVICES = ("inventory", "feedback", "status", "reporting")
CODE = sorted(path for folder in ("services", "shared") for path in (ROOT / folder).rglob("*.py"))

Row = tuple[str, ...]


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def table(text: str) -> list[Row]:
    """The cells of the first table of a document, its head left out."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines[2:]]


def codes(cell: str) -> frozenset[str]:
    return frozenset(re.findall(r"`([^`]+)`", cell))


def document(name: str) -> list[Row]:
    rows = table((ROOT / "docs" / name).read_text(encoding="utf-8"))
    firsts = [row[0] for row in rows]
    assert len(set(firsts)) == len(firsts), f"{name} has a row twice"
    empty = [row for row in rows if not all(row[-2:])]
    assert not empty, f"{name} has a row that does not say what it means or what to do: {empty}"
    return rows


# Log events


def logged() -> dict[str, tuple[str, frozenset[str]]]:
    """Each event of the code: its level, and the fields of all the places that log it."""
    found: dict[str, tuple[str, frozenset[str]]] = {}
    for path in CODE:
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and _is_log(node.func.value):
                level = {"exception": "error"}.get(node.func.attr, node.func.attr)
                event = node.args[0]
                assert isinstance(event, ast.Constant), f"{path.name}:{node.lineno}: an event is named by a literal"
                fields = frozenset(keyword.arg or "**" for keyword in node.keywords)
                known = found.get(event.value, (level, frozenset()))
                assert known[0] == level, f"{event.value} is logged at two levels"
                found[event.value] = level, known[1] | fields
    return found


def _is_log(value: ast.expr) -> bool:
    return isinstance(value, ast.Name) and value.id == "log"


def renamed() -> set[str]:
    """What a library logs is brought under these events: event["event"] = "..."."""
    return {
        node.value.value
        for path in CODE
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Constant)
        and any(ast.unparse(target) == "event['event']" for target in node.targets)
    }


def test_every_log_event_is_catalogued_with_its_level_and_fields_and_none_besides() -> None:
    rows = document("logs.md")
    catalogued = {event.strip("`"): (level, codes(fields)) for event, level, fields, *_ in rows}
    libraries = {event: ("any", frozenset({"message"})) for event in renamed()}
    assert logged()
    assert libraries
    assert catalogued == {**logged(), **libraries}


def test_every_log_event_is_declared_with_the_fields_it_is_given_and_none_besides() -> None:
    """What is not declared would be left out of the log."""
    libraries = dict.fromkeys(renamed(), frozenset({"message"}))
    assert {event: fields for event, (_, fields) in logged().items()} | libraries == FIELDS


def test_log_events_are_named_by_a_few_words_in_lower_case() -> None:
    assert [event for event in logged() if not re.fullmatch(r"[a-z]+(_[a-z]+)+", event)] == []


# Metrics


def measured() -> dict[str, tuple[str, frozenset[str]]]:
    """Each metric under the name Prometheus sees, its type and its labels."""
    found = {}
    for metric in vars(metrics).values():
        if isinstance(metric, MetricWrapperBase):
            (family,) = metric.describe()
            suffix = "_total" if family.type == "counter" else ""
            found[family.name + suffix] = family.type, frozenset(metric._labelnames)
    return found


def test_every_metric_is_catalogued_with_its_type_and_labels_and_none_besides() -> None:
    rows = document("metrics.md")
    assert measured()
    assert {name.strip("`"): (kind, codes(labels)) for name, kind, labels, *_ in rows} == measured()


def test_what_is_exposed_is_what_is_catalogued() -> None:
    exposed = re.findall(r"^# TYPE (\S+) (\S+)$", metrics.exposition().decode(), re.MULTILINE)
    created = {name for name, _ in exposed if name.endswith("_created")}
    assert {name for name, _ in exposed} - created == set(measured())


# Problems


def test_every_problem_is_catalogued_with_its_status_and_both_titles_and_none_besides() -> None:
    rows = document("problems.md")
    catalogued = {row[0].strip("`"): (int(row[1]), row[2], row[3]) for row in rows}
    assert catalogued == {code: (status, title.en, title.fr) for code, (status, title) in TITLES.items()}


def used_codes() -> Iterator[str]:
    """Codes given to `problem` and `Problem`, and those of the table of sentences."""
    for path in CODE:
        for node in ast.walk(tree(path)):
            named = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id
            if named in {"problem", "Problem"} and node.args:
                yield from (each.value for each in ast.walk(node.args[0]) if isinstance(each, ast.Constant))
    sentences = vars(importlib.import_module("shared.problems"))
    yield from (code for code, *_ in (*sentences["_SENTENCES"].values(), sentences["_OTHERWISE"]))


def test_every_code_that_is_used_has_a_title_and_every_title_is_used() -> None:
    assert set(used_codes()) == set(TITLES)


# Settings of compliance


def test_every_setting_of_compliance_is_listed_with_its_default_and_reasons_and_none_besides() -> None:
    text = (ROOT / "docs" / "compliance.md").read_text(encoding="utf-8").partition("<!-- settings -->")[2]
    listed = {name.strip("`"): (int(number), en, fr) for name, number, en, fr in table(text)}
    defaults = asdict(Settings())
    assert listed == {name: (defaults[name], reason.en, reason.fr) for name, reason in REASONS.items()}


def test_every_requirement_of_compliance_is_explained() -> None:
    text = (ROOT / "docs" / "compliance.md").read_text(encoding="utf-8")
    missing = [each for rules in RULE_SETS for each in requirements(rules) if each not in text]
    assert not missing


# Events


def contracts(service: str) -> dict[str, type[BaseModel]]:
    """The events of a service's published contracts (their parts, such as a clock, among them)."""
    module = importlib.import_module(f"shared.contracts.{service}")
    own = {name: each for name, each in vars(module).items() if getattr(each, "__module__", "") == module.__name__}
    return {name: each for name, each in own.items() if inspect.isclass(each) and issubclass(each, Published)}


def files_that_record(service: str) -> list[Path]:
    """Where a service puts events into its log: its handlers, and what delivers."""
    handlers, delivering = (ROOT / "services" / service / name for name in ("handlers", "delivering"))
    own = sorted(handlers.rglob("*.py")) if handlers.is_dir() else [handlers.with_suffix(".py")]
    return own + sorted(delivering.rglob("*.py"))


def literals(path: Path) -> list[str]:
    return [
        node.value for node in ast.walk(tree(path)) if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]


def published(service: str) -> list[str]:
    """The names of the events that a service puts into its log, in the order of their contracts."""
    named = {text for path in files_that_record(service) for text in literals(path)}
    return [name for name in contracts(service) if name in named]


def parts_of(service: str) -> dict[str, ast.expr]:
    """What app.py says of its service; read, not run: to import it starts the service's settings."""
    for node in ast.walk(tree(ROOT / "services" / service / "app.py")):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Parts":
            return {keyword.arg or "": keyword.value for keyword in node.keywords}
    raise AssertionError(f"services/{service}/app.py has no Parts")


def topics_of(service: str) -> list[str]:
    listed = parts_of(service)["topics"]
    assert isinstance(listed, ast.List)
    return [each.value if isinstance(each, ast.Constant) else _named(service, each) for each in listed.elts]


def _named(service: str, constant: ast.expr) -> str:
    """Such as `handlers.TOPIC`, or `entries.TOPIC` of a module of the handlers."""
    assert isinstance(constant, ast.Attribute)
    assert isinstance(constant.value, ast.Name)
    module = "handlers" if constant.value.id == "handlers" else f"handlers.{constant.value.id}"
    return str(getattr(importlib.import_module(f"services.{service}.{module}"), constant.attr))


def reported(service: str) -> dict[str, str]:
    """The types that a service's doors know, each with the contract it is judged by."""
    return {kind: model.__name__ for kind, model in KINDS.get(service, {}).items()}


def listens(service: str, kind: str, topic: str) -> bool:
    """Whether a service does anything with this type from this topic."""
    consumers = importlib.import_module(f"services.{service}.consumers")
    if service == "reporting":
        return topic in consumers.TOPICS
    listeners = getattr(consumers, "LISTENERS", {})
    return kind in listeners and topic in literals(ROOT / "services" / service / "consumers.py")


# What is recorded because somebody asked for it, not of any report.
ASKED_FOR = {"PersonErased"}


def recorded_as(service: str, contract: str) -> list[str]:
    """What a report is recorded as: a correction as whatever the corrected report was; others as the event that is named
    after them, or as the one that is named after none.
    """
    recorded = [
        name
        for name in published(service)
        if ".notifications." not in topic_of(service, name) and name not in ASKED_FOR
    ]
    if contract == "ReportCorrected":
        return recorded
    named = {each: _named_after(each, recorded) for each in reported(service).values()}
    others = [name for name in recorded if name not in named.values()]
    return [found] if (found := named[contract]) else others


def _named_after(contract: str, recorded: list[str]) -> str | None:
    """`ServiceReported` is recorded as `ServiceRecorded`, `ServiceTransferReported` as `ServiceTransferred`."""
    thing = contract.removesuffix("Reported")
    past = {f"{thing}Recorded", f"{thing}red", f"{thing.removesuffix('ment')}d"}
    return next((name for name in recorded if name in past), None)


def topic_of(service: str, name: str) -> str:
    (topic,) = (
        topic for topic, said in TOPICS.items() if said.service == service and name in {e.__name__ for e in said.events}
    )
    return topic


def code(*texts: str) -> str:
    return ", ".join(f"`{text}`" for text in texts)


def published_rows() -> list[Row]:
    rows: list[Row] = []
    for service in SERVICES:
        for name in published(service):
            topic = topic_of(service, name)
            kind = f"guichet.{service}.{name}.v1"
            consumers = [each for each in SERVICES if listens(each, kind, topic)]
            rows.append((code(kind), service, code(topic), ", ".join(consumers) or "nobody yet"))
    for service in SERVICES:
        for topic, word in itertools.product(topics_of(service), WORDS):
            kind = type_name(service, word.__name__)
            consumers = [each for each in SERVICES if listens(each, kind, topic)]
            rows.append((code(kind), service, code(topic), ", ".join(consumers) or "nobody yet"))
    return rows


def reported_rows() -> list[Row]:
    rows: list[Row] = []
    for service in SERVICES:
        for kind, contract in reported(service).items():
            door = code("POST /v1/events", f"ingest.{service}.<org_id>")
            outcome = code(*recorded_as(service, contract)) if contract else "not in this version"
            rows.append((code(kind), service, door, outcome))
    return rows


def written(head: Row, rows: list[Row]) -> str:
    lines = [f"| {' | '.join(row)} |" for row in (head, *rows)]
    return "\n".join([lines[0], "|---" * len(head) + "|", *lines[1:]])


def events_section() -> str:
    """README's section, as the code would write it."""
    return "\n\n".join(
        [
            "Between services:",
            written(("event", "published by", "topic", "consumed by"), published_rows()),
            "What departments report:",
            written(("event", "reported to", "topic or door", "recorded as"), reported_rows()),
        ]
    )


def test_readme_lists_every_event_with_its_topic_and_who_consumes_it() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.search(r"<!-- events -->\n(.*?)\n<!-- /events -->", readme, re.DOTALL)
    assert found, "README.md has no <!-- events --> … <!-- /events -->"
    assert found[1].strip() == events_section(), f"README.md's events are not the code's; they are:\n{events_section()}"


def test_the_table_of_events_is_drawn_from_the_code() -> None:
    """The derivation itself: a few rows that are known by heart."""
    rows = [tuple(cell.replace("`", "") for cell in row) for row in published_rows()]
    state_changed = "guichet.status.ApplicationStateChanged.v1"
    assert (state_changed, "status", "status.applications.v1", "reporting") in rows
    service = ("guichet.inventory.ServiceRecorded.v1", "inventory", "inventory.services.v1")
    assert (*service, "feedback, status, reporting") in rows
    assert len({row[0] for row in rows if ".Log" not in row[0]}) == 19
    notified = "guichet.status.NotificationDelivered.v1"
    assert (notified, "status", "status.notifications.v1", "reporting") in rows
    reports = {row[0].strip("`"): row[3] for row in reported_rows()}
    assert reports["guichet.feedback.FeedbackHandlingReported.v1"] == "`FeedbackStateChanged`"
    assert reports["guichet.status.ReportCorrected.v1"] == "`ApplicationStateChanged`, `ExceptionDayRecorded`"
    assert reports["guichet.status.ExceptionDayReported.v1"] == "`ExceptionDayRecorded`"
    assert reports["guichet.inventory.StewardshipReported.v1"] == "`StewardshipRecorded`"
    assert reports["guichet.inventory.ServiceRetirementReported.v1"] == "`ServiceRetired`"
    assert reports["guichet.inventory.ServiceTransferReported.v1"] == "`ServiceTransferred`"


@pytest.mark.parametrize("service", SERVICES)
def test_every_published_contract_is_an_event_or_part_of_one(service: str) -> None:
    """A contract that nothing publishes any more, or that is published under another name, would stay unnoticed."""
    parts = {
        name
        for event in published(service)
        for name in contracts(service)
        if f'"{name}"' in str(contracts(service)[event].model_json_schema()).replace("'", '"')
    }
    assert {*published(service), *parts} == set(contracts(service))
