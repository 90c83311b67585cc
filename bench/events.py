"""Seeded events as the services publish them: applications of many services, in the order of a log."""

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import orjson

BEGIN = datetime(2026, 9, 1, 12, tzinfo=UTC)
_SPAN = timedelta(hours=32)
# A relay that crashed publishes its last stretch again; what no relay of ours publishes comes now and then too.
_REPEATED, _STRETCH, _BROKEN = 5_000, 250, 1_000
# However long a history is, so many cases are open at its end.
_MOST_OPEN = 1_000


@dataclass(frozen=True, slots=True)
class Record:
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...]


def status_events(
    number: int, seed: int = 1, services: int = 400, begin: datetime = BEGIN, span: timedelta = _SPAN
) -> Iterator[Record]:
    """`number` records of status.applications.v1, positions 1 to `number`: each case submitted, in review, decided."""
    rng = random.Random(seed)
    open_cases: list[dict[str, Any]] = []
    for position in range(1, number + 1):
        now = begin + span * (position / number)
        if not open_cases or (len(open_cases) < _MOST_OPEN and rng.random() < 0.36):
            open_cases.append(_new_case(rng, position, services, now))
            case = open_cases[-1]
        else:
            case = open_cases.pop(rng.randrange(len(open_cases)))
            if case["version"] < 2:
                open_cases.append(case)
        yield _step(case, position, now)


def as_published(events: Iterable[Record]) -> Iterator[Record]:
    """The events as a topic holds them: one in twenty repeated, and one in a thousand that cannot be read."""
    last: list[Record] = []
    for number, event in enumerate(events, 1):
        yield event
        last.append(event)
        if number % _BROKEN == 0:
            half = event.value[: len(event.value) // 2]
            yield Record(event.key, half if number % (2 * _BROKEN) else b'{"specversion":"1.0","data":{}}', ())
        if number % _REPEATED == 0:
            yield from last[-_STRETCH:]
            last.clear()


def inventory_events(services: int = 400) -> Iterator[Record]:
    """The services that `status_events` speaks of, each with its one standard, as inventory publishes them."""
    for number in range(1, services + 1):
        org, service = str(9001 + number % 80), f"SRV{number:05}"
        name = {"en": f"Service {number}", "fr": f"Service {number}"}
        about = {
            "service_id": service,
            "fiscal_year": "2020-2021",
            "valid_from": "2020-04-01",
            "version": 1,
            "name": name,
            "fields": {},
        }
        yield _inventory(2 * number - 1, org, service, "ServiceRecorded", {**about, "priority": number % 7 == 0})
        standard = {
            "standard_id": f"{service}-1",
            "kind": "TML",
            "channel": None,
            "target": 0.8,
            "measure": None,
        }
        yield _inventory(2 * number, org, service, "ServiceStandardRecorded", {**about, **standard})


def _inventory(position: int, org: str, service: str, name: str, data: dict[str, Any]) -> Record:
    kind, moment = f"guichet.inventory.{name}.v1", "2026-01-01T12:00:00.000000Z"
    event = {
        "specversion": "1.0",
        "id": str(position),
        "recordedat": moment,
        "source": "/services/inventory",
        "type": kind,
        "subject": service,
        "time": moment,
        "org": org,
        "causedby": f"i-{position}",
        "causedbysource": f"/organizations/{org}/inventory",
        "data": data,
    }
    return Record(service.encode(), orjson.dumps(event), (("ce_type", kind.encode()), ("ce_id", b"%d" % position)))


def _new_case(rng: random.Random, position: int, services: int, now: datetime) -> dict[str, Any]:
    service = min(int(rng.paretovariate(0.9)), services)
    return {
        "id": f"A-{position}",
        "org": str(9001 + service % 80),
        "service": f"SRV{service:05}",
        "channel": rng.choice(["ONL", "ONL", "ONL", "TEL", "POST", "PERSON"]),
        "started": now.date(),
        "limit": rng.choice([5, 10, 20, 30]),
        "takes": rng.randrange(1, 30),
        "version": 0,
        "clock": None,
        "state": None,
    }


def _step(case: dict[str, Any], position: int, now: datetime) -> Record:
    case["version"] += 1
    state = ("submitted", "in_review", "decided")[case["version"] - 1]
    before, after = case["clock"], _clock(case, state)
    data = {
        "application_id": case["id"],
        "service_id": case["service"],
        "from_state": case["state"],
        "to_state": state,
        "version": case["version"],
        "channel": case["channel"],
        "standards": [{"standard_id": f"{case['service']}-1", "before": before, "after": after}],
        "expected_at": None,
    }
    case["clock"], case["state"] = after, state
    kind, event_id = "guichet.status.ApplicationStateChanged.v1", str(position)
    moment = now.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    subject = f"{case['org']}/{case['id']}"
    value = orjson.dumps(
        {
            "specversion": "1.0",
            "id": event_id,
            "recordedat": moment,
            "source": "/services/status",
            "type": kind,
            "subject": subject,
            "time": moment,
            "datacontenttype": "application/json",
            "org": case["org"],
            "causedby": f"e-{position}",
            "causedbysource": f"/organizations/{case['org']}/case-management",
            "data": data,
        }
    )
    return Record(subject.encode(), value, (("ce_type", kind.encode()), ("ce_id", event_id.encode())))


def _clock(case: dict[str, Any], state: str) -> dict[str, Any]:
    stopped = state == "decided"
    started: date = case["started"]
    due = started + timedelta(days=case["limit"])
    late = datetime(due.year, due.month, due.day, 4, tzinfo=UTC) + timedelta(days=1)
    return {
        "state": "stopped" if stopped else "running",
        "channel": case["channel"],
        "unit": "business_day",
        "limit": case["limit"],
        "started_on": started.isoformat(),
        "stopped_on": (started + timedelta(days=case["takes"])).isoformat() if stopped else None,
        "due_on": due.isoformat(),
        "due_at": late.isoformat(),
        "late_from": None if stopped else late.isoformat(),
        "elapsed": case["takes"] if stopped else 0,
        "paused_for": 0,
        "met": case["takes"] <= case["limit"] if stopped else None,
        "excluded_as": None,
    }
