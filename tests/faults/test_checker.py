"""The checker's own test: of a system in which all is well it says nothing; of each thing that must not be, its name.

`python -m tests.faults.planted` does the same with bugs in the product.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast

import orjson
import pytest

from tests.faults.checker import Checker, way_of
from tests.faults.departments import PLANTED, Case, Said
from tests.faults.failpoints import ROOT, points
from tests.faults.history import Event, History
from tests.faults.planted import BUGS, Bug
from tests.faults.stages import EVERY_LOG, LOGS, Entry, Look, Record, Stages

SOURCE = "/organizations/9001/faults"
CASE = Case("9001", "f1.1-9001-sh-1", "F-9001-A", "TEL")
KEY = f"9001/{CASE.case_id}"
DECIDED = ("/organizations/9001/decisions", "step-1-1")
TOPIC = "status.applications.v1"


def entry(position: int, event_id: str, version: int) -> Entry:
    document = {
        "id": str(position),
        "causedby": event_id,
        "causedbysource": SOURCE,
        "data": {"version": version},
    }
    return Entry(
        position, (SOURCE, event_id), "guichet.status.ApplicationStateChanged.v1", TOPIC, KEY, orjson.dumps(document)
    )


def record(of: Entry, offset: int, partition: int = 0) -> Record:
    return Record(TOPIC, partition, offset, of.key.encode(), of.value, of.position, of.cause)


ENTRIES = [entry(1, "e-1", 1), entry(2, "e-2", 2)]


def well() -> tuple[History, Stages]:
    """Two reports of one application, one that was refused; everything where it belongs."""
    history = History()
    times = [datetime(2025, 2, 3, hour, tzinfo=UTC) for hour in (15, 16)]
    events = [
        Event("status", "9001", SOURCE, "e-1", "accepted", Said(CASE, "submitted", times[0])),
        Event("status", "9001", SOURCE, "e-2", "accepted", Said(CASE, "decided", times[1])),
        Event("status", "9001", SOURCE, "e-3", "rejected"),
    ]
    receipts: list[dict[str, Any]] = [
        {"outcome": "accepted", "position": 1, "recorded_at": "then"},
        {"outcome": "accepted", "position": 2, "recorded_at": "then"},
        {"outcome": "rejected", "problem": {}},
    ]
    for event, receipt in zip(events, receipts, strict=True):
        history.invoke(event, "http")
        history.answer(event, receipt)
    standard = (CASE.org_id, CASE.service_id, f"{CASE.service_id}-1", CASE.channel)
    stages = Stages(
        received={name: [] for name in LOGS} | {"status": [((SOURCE, "e-1"), 1), ((SOURCE, "e-2"), 2)]},
        entries={name: [] for name in EVERY_LOG} | {"status": list(ENTRIES)},
        letters={name: [] for name in LOGS} | {"status": [(SOURCE, "e-3")]},
        published=dict.fromkeys(EVERY_LOG, 100),
        records=[record(each, each.position) for each in ENTRIES],
        versions={("status", "9001", CASE.case_id): 2},
        cells={
            "met": {(*standard, "2025-02-03"): 1},
            "total": {(*standard, "2025-02-03"): 1},
            "excluded": {},
            "open": {(*standard[:2], f"{CASE.service_id}-2", CASE.channel, "not_started"): 1},
            "durations": {(*standard, "2025-02-03", 0): 1},
        },
    )
    stages.logged["status"] = [(each.position, each.value) for each in ENTRIES]
    return history, stages


def verdict(position: int) -> Entry:
    """A decision, as reporting's own log has it."""
    value = orjson.dumps({"id": str(position)})
    return Entry(position, DECIDED, "guichet.reporting.OversightStepTaken.v1", "reporting.verdicts.v1", "9001", value)


def _decide(history: History, stages: Stages, *positions: int) -> None:
    history.acts["reporting", DECIDED] = 1
    stages.entries["reporting"] = [verdict(each) for each in positions]
    stages.records += [replace(record(each, each.position), topic=each.topic) for each in stages.entries["reporting"]]


def judged(history: History, stages: Stages) -> set[str]:
    checker = Checker(cast(Look, None), history)
    return {anomaly.name for anomaly in checker.judge(stages)}


def test_of_a_system_in_which_all_is_well_nothing_is_said() -> None:
    assert judged(*well()) == set()


def _answer(history: History, event_id: str, receipt: dict[str, Any]) -> None:
    event = history.events[SOURCE, event_id]
    history.invoke(event, "http")
    history.answer(event, receipt)


WRONG: dict[str, tuple[str, Callable[[History, Stages], object]]] = {
    "an accepted event is not remembered": ("lost", lambda _, s: s.received["status"].pop()),
    "it has no entry of the log": ("lost", lambda _, s: s.entries["status"].pop()),
    "it is not in Kafka": ("lost", lambda _, s: s.records.pop()),
    "reporting does not have it": ("lost", lambda _, s: s.logged["status"].pop()),
    "a refused one left no dead letter": ("lost", lambda _, s: s.letters["status"].clear()),
    "what was sent with other data left no dead letter": (
        "lost",
        lambda h, _: h.invoke(Event("status", "9001", SOURCE, "e-1", "rejected"), "kafka"),
    ),
    "a view has counted it not": ("lost", lambda _, s: s.cells["total"].clear()),
    "a view has counted it twice": ("duplicated", lambda _, s: s.cells["met"].update(dict.fromkeys(s.cells["met"], 2))),
    "it is remembered twice": ("duplicated", lambda _, s: s.received["status"].append(((SOURCE, "e-2"), 3))),
    "it has two entries": ("duplicated", lambda _, s: s.entries["status"].append(entry(3, "e-2", 3))),
    "reporting has it twice": ("duplicated", lambda _, s: s.logged["status"].append((2, ENTRIES[1].value))),
    "a record was refused twice": ("duplicated", lambda _, s: s.refused.extend([((SOURCE, "e-3"), "t 7")] * 2)),
    "something is remembered that nobody sent": (
        "invented",
        lambda _, s: s.received["status"].append(((SOURCE, "e-9"), 3)),
    ),
    "a refused one is remembered": ("invented", lambda _, s: s.received["status"].append(((SOURCE, "e-3"), 3))),
    "reporting has what the log has not": ("invented", lambda _, s: s.logged["status"].append((9, b"{}"))),
    "reporting has other bytes": ("invented", lambda _, s: s.logged["status"].__setitem__(1, (2, b"{}"))),
    "positions come out of order": ("reordered", lambda _, s: s.records.reverse()),
    "one key is in two partitions": (
        "reordered",
        lambda _, s: s.records.__setitem__(1, record(ENTRIES[1], 1, partition=1)),
    ),
    "a version is left out": ("reordered", lambda _, s: s.entries["status"].__setitem__(1, entry(2, "e-2", 3))),
    "Kafka has what the log has not": ("premature", lambda _, s: s.records.append(record(entry(9, "e-2", 2), 9))),
    "Kafka has other bytes": (
        "premature",
        lambda _, s: s.records.append(replace(record(ENTRIES[1], 3), value=b"other")),
    ),
    "a verdict is not in Kafka": ("lost", lambda _, s: s.entries["reporting"].append(verdict(1))),
    "what somebody decided is not in the log": ("lost", lambda h, _: h.acts.update({("reporting", DECIDED): 1})),
    "what somebody decided is in the log twice": ("duplicated", lambda h, s: _decide(h, s, 1, 2)),
    "a reader saw a version go back": ("regressed", lambda h, _: h.regressed(None, "3, then 2")),
    "a person's words are in the log": (
        "leaked",
        lambda _, s: s.written.__setitem__("status.log", f"... {PLANTED} ...".encode()),
    ),
    "a person's words are in an answer": ("leaked", lambda h, _: h.keep(PLANTED.encode())),
    "the same is accepted twice": (
        "duplicated",
        lambda h, _: _answer(h, "e-1", {"outcome": "accepted", "position": 3, "recorded_at": "later"}),
    ),
    "a repetition has another receipt": (
        "misanswered",
        lambda h, _: _answer(h, "e-1", {"outcome": "duplicate", "position": 2, "recorded_at": "then"}),
    ),
    "what must be refused is accepted": (
        "misanswered",
        lambda h, _: _answer(h, "e-3", {"outcome": "accepted", "position": 3, "recorded_at": "later"}),
    ),
    "what must be accepted is refused": (
        "misanswered",
        lambda h, _: _answer(h, "e-1", {"outcome": "rejected", "problem": {"detail": "no"}}),
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_must_not_be_is_called_by_its_name(wrong: str) -> None:
    name, spoil = WRONG[wrong]
    history, stages = well()
    spoil(history, stages)
    assert name in judged(history, stages)


def test_a_relay_that_goes_back_and_comes_again_has_done_nothing_wrong() -> None:
    history, stages = well()
    stages.records += [record(each, 10 + each.position) for each in ENTRIES]
    assert judged(history, stages) == set()


def test_what_somebody_decided_is_in_the_log_and_in_kafka_once() -> None:
    history, stages = well()
    _decide(history, stages, 1)
    assert judged(history, stages) == set()


def test_what_follows_from_another_log_was_reported_by_nobody() -> None:
    history, stages = well()
    measured = replace(entry(3, "F-9001-A", 3), cause=("/services/inventory", "F-9001-A"))
    stages.entries["status"].append(measured)
    stages.records.append(record(measured, 3))
    stages.logged["status"].append((3, measured.value))
    assert judged(history, stages) == set()


@pytest.mark.parametrize(("version", "found"), [(3, set()), (4, {"reordered"}), (2, {"reordered"})])
def test_an_application_goes_on_from_the_version_it_had_at_an_earlier_look(version: int, found: set[str]) -> None:
    history, stages = well()
    checker = Checker(cast(Look, None), history)
    assert checker.judge(stages) == []
    later = replace(entry(3, "F-9001-A", version), cause=("/services/inventory", "F-9001-A"))
    stages.entries["status"], stages.records, stages.logged["status"] = [later], [record(later, 3)], [(3, later.value)]
    stages.received["status"], stages.letters["status"] = [], []
    assert {anomaly.name for anomaly in checker.judge(stages)} == found


def test_what_a_restored_log_says_it_has_lost_was_read_by_reporting_all_the_same() -> None:
    history, stages = well()
    stages.logged["status"].append((9, b"{}"))
    stages.lost["status"] = {9}
    assert judged(history, stages) == set()


def test_an_anomaly_is_told_with_the_event_s_way() -> None:
    history, stages = well()
    stages.logged["status"].pop()
    (anomaly, *_) = [each for each in Checker(cast(Look, None), history).judge(stages) if each.event]
    assert anomaly.way == [
        "sent 1 times, 0 without an answer, last answered at 2",
        "status remembers it at 2",
        f"status log 2: guichet.status.ApplicationStateChanged.v1 to {TOPIC}",
        "Kafka: 0/2",
        "reporting: 0 times",
    ]


def test_the_way_of_what_thousands_of_entries_follow_from_is_told_in_a_few_lines() -> None:
    history, stages = well()
    stages.entries["status"] += [entry(position, "e-2", position) for position in range(3, 3_000)]
    way = way_of((SOURCE, "e-2"), stages, history)
    assert len(way) < 40
    assert way[-1] == "status log: 2988 more, up to 2999"


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_bug_can_be_planted(bug: Bug) -> None:
    """Its line is in the product, once; the failpoint it needs is there."""
    assert (ROOT / bug.file).read_text(encoding="utf-8").count(bug.line) == 1
    assert not bug.point or bug.point in points()
