"""The benchmarks' own parts that need neither Kafka nor PostgreSQL: the oracle, the ratios, the result's shape."""

import hashlib
import json
from datetime import UTC, date, datetime

import orjson
import pytest

from bench import oracle, results
from bench.__main__ import _peers
from bench.contenders import NAMES, chosen
from bench.events import Record, as_published, inventory_events, status_events
from bench.load import post
from shared.contracts.inventory import ServiceRecorded, ServiceStandardRecorded


def _clock(state: str, **more: object) -> dict[str, object]:
    return {"state": state, "channel": "ONL", "stopped_on": None, "met": None, "elapsed": 0, **more}


def _record(position: int, case: str, clock: dict[str, object], moment: str, service: str = "S1") -> Record:
    event = {
        "id": str(position),
        "type": "guichet.status.ApplicationStateChanged.v1",
        "source": "/services/status",
        "org": "9001",
        "subject": f"9001/{case}",
        "recordedat": moment,
        "data": {"service_id": service, "standards": [{"standard_id": "S1-1", "before": None, "after": clock}]},
    }
    return Record(case.encode(), orjson.dumps(event), ())


def _hash(record: Record) -> int:
    return int.from_bytes(hashlib.sha256(record.value).digest()[:8], "big", signed=True)


_LOG = [
    _record(1, "A", _clock("running"), "2026-09-01T12:10:00.000000Z"),
    _record(2, "B", _clock("running"), "2026-09-01T12:50:00.000000Z"),
    _record(3, "A", _clock("stopped", stopped_on="2026-09-08", met=True, elapsed=5), "2026-09-01T13:00:00.000000Z"),
    _record(4, "C", _clock("stopped", stopped_on="2026-09-08", met=False, elapsed=5), "2026-09-02T00:00:00.000000Z"),
]


def test_oracle_of_a_log_worked_out_by_hand() -> None:
    tables = oracle.expected(_LOG)
    key = ("9001", "S1", "S1-1", "ONL")
    day = date(2026, 9, 8)
    kind = "guichet.status.ApplicationStateChanged.v1"
    assert tables.events == 4
    assert tables.performance == {(*key, day): (1, 2)}
    assert tables.durations == {(*key, day, 5): 2}
    assert tables.open == {key: 1}
    assert tables.counts == {
        (kind, "9001", date(2026, 9, 1)): (3, sum(map(_hash, _LOG[:3]))),
        (kind, "9001", date(2026, 9, 2)): (1, _hash(_LOG[3])),
    }
    assert tables.feeds == {
        ("9001", "status", datetime(2026, 9, 1, 12, tzinfo=UTC)): (2, datetime(2026, 9, 1, 12, 50, tzinfo=UTC)),
        ("9001", "status", datetime(2026, 9, 1, 13, tzinfo=UTC)): (1, datetime(2026, 9, 1, 13, tzinfo=UTC)),
        ("9001", "status", datetime(2026, 9, 2, 0, tzinfo=UTC)): (1, datetime(2026, 9, 2, tzinfo=UTC)),
    }
    assert tables.services == {"S1"}


def test_oracle_counts_an_event_once_and_what_is_none_never() -> None:
    broken = [Record(b"A", b'{"id":', ()), Record(b"A", b'{"specversion":"1.0","data":{}}', ())]
    again = [*_LOG[:2], *broken, *_LOG]
    assert oracle.expected(again).differing(oracle.expected(_LOG)) == []


def test_oracle_names_what_differs() -> None:
    assert oracle.expected(_LOG[:3]).differing(oracle.expected(_LOG)) == [
        "events",
        "performance",
        "durations",
        "counts",
        "feeds",
    ]


def test_a_topic_repeats_stretches_and_holds_what_cannot_be_read() -> None:
    events = list(status_events(5_000))
    published = list(as_published(events))
    assert len(published) == 5_000 + 250 + 5
    assert oracle.expected(published).differing(oracle.expected(events)) == []


def test_events_are_the_same_whenever_they_are_made() -> None:
    assert [*status_events(300)] == [*status_events(300)]
    assert len({record.value for record in inventory_events(5)}) == 10


def _run(rate: float, differing: tuple[str, ...] = (), **more: object) -> dict[str, object]:
    return {"events_per_second": rate, "cpu": rate / 1e6, "memory": rate / 10, "differing": list(differing), **more}


def test_contender_is_its_median_and_right_only_where_every_run_was() -> None:
    found = results.contender([_run(300.0), _run(100.0, ("open",)), _run(200.0)])
    assert (found["median"], found["runs"], found["peak_memory_mb"]) == (200.0, [300.0, 100.0, 200.0], 30.0)
    assert not found["correct"]
    assert found["differing"] == ["open"]


@pytest.fixture
def found() -> dict[str, object]:
    peers = {
        "raw": results.contender([_run(250.0)]),
        "faststream": results.contender([_run(100.0)]),
        "quix": results.contender([_run(900.0, ("counts",))]),
        "faststream-single": results.contender([_run(1.0)]),
        "connect": results.contender([_run(80.0, sql_seconds=1.5)]),
    }
    return results.result("j1", results.contender([_run(200.0)]), peers, {"bytewax": "not installed: make bench-peers"})


def test_ratios_leave_out_who_is_wrong(found: dict[str, object]) -> None:
    assert found["ratio_to_raw"] == 0.8
    assert found["ratio_to_best_framework"] == 2.0


def test_ratios_are_null_without_such_a_peer() -> None:
    alone = results.result("j2", results.contender([_run(200.0)]))
    assert (alone["ratio_to_raw"], alone["ratio_to_best_framework"]) == (None, None)


def test_result_has_the_shape_that_programs_read(found: dict[str, object]) -> None:
    read = json.loads(json.dumps(found))
    assert {"job", "ours", "peers", "ratio_to_raw", "ratio_to_best_framework", "correct"} <= read.keys()
    assert {"median", "runs"} <= read["ours"].keys()
    assert all({"median", "runs", "correct"} <= peer.keys() for peer in read["peers"].values())


def test_table_has_a_row_for_each_contender(found: dict[str, object]) -> None:
    rows = {line.split()[0]: line for line in results.table(found).splitlines() if line}
    assert rows["ours"].endswith("ok")
    assert "0.80" in rows["raw"]
    assert rows["quix"].endswith("wrong: counts")
    assert rows["bytewax"].endswith("skipped (not installed: make bench-peers)")


def test_peers_that_do_not_run_are_named_with_the_reason() -> None:
    run, skipped = chosen(None, ())
    assert run == []
    assert list(skipped) == NAMES
    assert chosen([], NAMES) == ([], {})
    with pytest.raises(Exception, match="no such peer: rw"):
        _peers("rw,raw")


def test_a_request_is_whole() -> None:
    head, _, body = post("/v1/events", "key", "application/json", b"{}").partition(b"\r\n\r\n")
    assert b"Content-Length: 2" in head
    assert body == b"{}"


def test_the_inventory_that_is_drained_is_as_its_service_publishes_it() -> None:
    for record in inventory_events(3):
        event = orjson.loads(record.value)
        contract = ServiceRecorded if event["type"].endswith(".ServiceRecorded.v1") else ServiceStandardRecorded
        contract.model_validate_json(orjson.dumps(event["data"]))
        assert event["causedby"]
        assert event["causedbysource"]
