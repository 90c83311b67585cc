"""What the tables must hold, worked out from the events by other code than the product's: plainly, one event at a time."""

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime
from typing import Any

import asyncpg
import orjson

from bench.events import Record


@dataclass(slots=True)
class Tables:
    """The log's size, and each view's cells without those that come to nothing, summed over the partitions."""

    events: int = 0
    # (met, total) by organisation, service, standard, channel and day; cases by the same and their duration.
    performance: dict[Any, tuple[int, ...]] = field(default_factory=dict)
    durations: dict[Any, int] = field(default_factory=dict)
    open: dict[Any, int] = field(default_factory=dict)
    # (events, sum of hashes) by type, organisation and day; (events, last) by organisation, service and hour.
    counts: dict[Any, tuple[int, int]] = field(default_factory=dict)
    feeds: dict[Any, tuple[int, datetime]] = field(default_factory=dict)
    services: frozenset[str] = frozenset()

    def differing(self, other: "Tables") -> list[str]:
        """The names of what is not equal in the two."""
        return [each.name for each in fields(self) if getattr(self, each.name) != getattr(other, each.name)]


def expected(records: Iterable[Record]) -> Tables:
    """The tables after these records, whatever their order between cases: an event counts once, what is no event never."""
    seen, last = set[str](), dict[str, Any]()
    counts: dict[Any, list[int]] = {}
    feeds: dict[Any, list[Any]] = {}
    for record in records:
        event = _event(record)
        if event is None or event["id"] in seen:
            continue
        seen.add(event["id"])
        # The last word on a case is all that stands of it.
        last[event["subject"]] = (event["org"], event["data"]["service_id"], _clocks(event["data"]["standards"]))
        _heard(event, record.value, counts, feeds)
    tables = Tables(
        len(seen),
        counts={key: (events, total) for key, (events, total) in counts.items()},
        feeds={key: (events, moment) for key, (events, moment) in feeds.items()},
        services=frozenset(service for _, service, _ in last.values()),
    )
    _count_cases(tables, last.values())
    return tables


def _event(record: Record) -> dict[str, Any] | None:
    """An event of an application's, or None."""
    try:
        event: dict[str, Any] = orjson.loads(record.value)
    except orjson.JSONDecodeError:
        return None
    whole = {"id", "recordedat", "org", "subject"} <= event.keys() and {"service_id", "standards"} <= event[
        "data"
    ].keys()
    return event if whole else None


def _heard(event: dict[str, Any], value: bytes, counts: dict[Any, list[int]], feeds: dict[Any, list[Any]]) -> None:
    moment = datetime.fromisoformat(event["recordedat"]).astimezone(UTC)
    count = counts.setdefault((event["type"], event["org"], moment.date()), [0, 0])
    count[0] += 1
    first = int(hashlib.sha256(value).hexdigest()[:16], 16)
    count[1] += first - 2**64 if first >= 2**63 else first
    hour = (event["org"], event["source"].split("/")[-1], datetime(*moment.timetuple()[:4], tzinfo=UTC))
    feed = feeds.setdefault(hour, [0, moment])
    feed[0], feed[1] = feed[0] + 1, max(feed[1], moment)


def _clocks(standards: list[Any]) -> list[tuple[Any, ...]]:
    """(standard, channel, state, stopped on, met, elapsed) of each, as it stands now."""
    names = ("channel", "state", "stopped_on", "met", "elapsed")
    return [(each["standard_id"], *(each["after"][name] for name in names)) for each in standards]


def _count_cases(tables: Tables, cases: Iterable[tuple[str, str, list[Any]]]) -> None:
    met, total, durations, opened = Counter[Any](), Counter[Any](), Counter[Any](), Counter[Any]()
    for org, service, clocks in cases:
        for standard, channel, state, stopped_on, in_time, elapsed in clocks:
            key = (org, service, standard, channel)
            if state == "stopped":
                day = date.fromisoformat(stopped_on)
                total[(*key, day)] += 1
                met[(*key, day)] += in_time
                durations[(*key, day, elapsed)] += 1
            else:
                opened[key] += 1
    tables.performance = {key: (met[key], total[key]) for key in total}
    tables.durations, tables.open = dict(durations), dict(opened)


_FOUND = {
    "performance": (
        5,
        (
            "select org_id, service_id, standard_id, channel, day, sum(met)::bigint, sum(total)::bigint "
            "from views_1.performance_cell group by 1, 2, 3, 4, 5 having sum(total) <> 0"
        ),
    ),
    "durations": (
        6,
        (
            "select org_id, service_id, standard_id, channel, day, bucket, sum(cases)::bigint "
            "from views_1.duration_cell group by 1, 2, 3, 4, 5, 6 having sum(cases) <> 0"
        ),
    ),
    "open": (
        4,
        (
            "select org_id, service_id, standard_id, channel, sum(cases)::bigint "
            "from views_1.open_cell group by 1, 2, 3, 4 having sum(cases) <> 0"
        ),
    ),
    "counts": (
        3,
        (
            "select type, org_id, day, sum(events)::bigint, sum(hash) from views_1.event_cell "
            "where type like 'guichet.status.%' group by 1, 2, 3"
        ),
    ),
    "feeds": (
        3,
        (
            "select org_id, service, hour, sum(events)::bigint, max(last_recorded_at) from views_1.feed_hour "
            "where service = 'status' group by 1, 2, 3"
        ),
    ),
}


async def found(dsn: str) -> Tables:
    """The same, read from reporting's tables: what came from status."""
    connection = await asyncpg.connect(dsn)
    try:
        tables = Tables(await connection.fetchval("select count(*) from logged_event where service = 'status'"))
        for name, (keys, statement) in _FOUND.items():
            rows = [tuple(row.values()) for row in await connection.fetch(statement)]
            cells = {row[:keys]: row[keys:] if len(row) > keys + 1 else row[keys] for row in rows}
            setattr(tables, name, cells)
        rows = await connection.fetch("select service_id from views_1.service_change")
        tables.services = frozenset(row["service_id"] for row in rows)
    finally:
        await connection.close()
    return tables
