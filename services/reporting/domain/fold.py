"""How recorded events become additive cells: signed deltas, so that neither order nor batching makes a difference."""

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any, Protocol

NOT_STARTED_ON = date(1, 1, 1)
NEVER_LATE = datetime(9999, 1, 1, tzinfo=UTC)
_ABOUT_A_SERVICE = frozenset({"guichet.inventory.ServiceRecorded.v1", "guichet.inventory.ServiceStandardRecorded.v1"})
_EVIDENCE = frozenset({"inventory", "feedback"})
_EXACT = 100
_LOG_GAMMA = math.log(1.01 / 0.99)

PerformanceKey = tuple[
    str, str, str, str, date, date, int
]  # org, service, standard, channel, day, recorded on, partition
DurationKey = tuple[
    str, str, str, str, str, date, int, int
]  # org, service, standard, channel, unit, day, bucket, partition
OpenKey = tuple[str, str, str, str, str, date, datetime, int]  # ..., state, started on, late from, partition


CountKey = tuple[str, str, date, int]  # type, org, day of recording (UTC), partition
FeedKey = tuple[str, str, datetime, int]  # org, service, hour of recording, partition


class Source(Protocol):
    """The Kafka record an event came in."""

    partition: int
    value: bytes


class Logged(Protocol):
    """An event of the log, decoded as far as the fold needs."""

    record: Source
    service: str
    type: str
    org: str
    recordedat: datetime
    data: Any


@dataclass(slots=True)
class Deltas:
    """What a batch of events adds to the views."""

    performance: dict[PerformanceKey, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0, 0, 0, 0]))
    durations: dict[DurationKey, int] = field(default_factory=lambda: defaultdict(int))
    open: dict[OpenKey, int] = field(default_factory=lambda: defaultdict(int))
    counts: dict[CountKey, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))
    feeds: dict[FeedKey, list[Any]] = field(default_factory=dict)
    # How many events were about each: none, where what was folded is taken away again.
    services: dict[str, int] = field(default_factory=lambda: defaultdict(int))


def fold(events: Iterable[Logged]) -> Deltas:
    """Fold events; each event and partition once."""
    deltas, heard = Deltas(), _Heard()
    for event in events:
        partition = event.record.partition
        heard.add(partition, event)
        if event.type == "guichet.status.ApplicationStateChanged.v1":
            _application(deltas, partition, event)
        elif event.type == "guichet.inventory.ServiceStandardResultRecorded.v1":
            _result(deltas, partition, event)
        elif event.type in _ABOUT_A_SERVICE:
            deltas.services[event.data.service_id] += 1
    heard.add_to(deltas)
    return deltas


class _Heard:
    """What was heard of whom by the hour, of which counts and feeds are sums. Most events come in the hour of the one before."""

    def __init__(self) -> None:
        self._hours: dict[tuple[str, str, str, datetime, int], list[Any]] = {}
        self._hour = self._next = datetime.min.replace(tzinfo=UTC)

    def add(self, partition: int, event: Logged) -> None:
        moment = event.recordedat
        if not self._hour <= moment < self._next:
            self._hour = moment.replace(minute=0, second=0, microsecond=0)
            self._next = self._hour + timedelta(hours=1)
        key = (event.type, event.org, event.service, self._hour, partition)
        cell = self._hours.get(key)
        if cell is None:
            self._hours[key] = [1, fingerprint(event.record.value), moment]
            return
        cell[0] += 1
        cell[1] += fingerprint(event.record.value)
        cell[2] = max(cell[2], moment)

    def add_to(self, deltas: Deltas) -> None:
        for (kind, org, service, hour, partition), (events, hashes, last) in self._hours.items():
            count = deltas.counts[kind, org, hour.date(), partition]
            count[0] += events
            count[1] += hashes
            feed = deltas.feeds.setdefault((org, service, hour, partition), [0, last])
            feed[0] += events
            feed[1] = max(feed[1], last)


def fingerprint(value: bytes) -> int:
    """The first 64 bits of a record's SHA-256, signed, as `shared/event_log.py` works it out in SQL."""
    return int.from_bytes(sha256(value).digest()[:8], "big", signed=True)


def has_evidence(deltas: Deltas) -> bool:
    """Whether any of it came from a service that verdicts rest on: all but the applications, which are the many."""
    return any(kind.split(".")[1] in _EVIDENCE for (kind, *_), (events, _) in deltas.counts.items() if events)


def merge(into: Deltas, more: Deltas) -> None:
    """Add one batch's deltas to another's."""
    for key, values in more.performance.items():
        cell = into.performance[key]
        for at, value in enumerate(values):
            cell[at] += value
    for duration_key, cases in more.durations.items():
        into.durations[duration_key] += cases
    for open_key, cases in more.open.items():
        into.open[open_key] += cases
    for count_key, (events, total) in more.counts.items():
        into.counts[count_key][0] += events
        into.counts[count_key][1] += total
    for feed_key, (events, last) in more.feeds.items():
        heard, latest = into.feeds.get(feed_key, (0, last))
        into.feeds[feed_key] = [heard + events, max(latest, last)]
    for service, number in more.services.items():
        into.services[service] += number


def negated(deltas: Deltas) -> Deltas:
    """What takes these away again; when an organisation was last heard of stays as it was."""
    return Deltas(
        performance=defaultdict(
            lambda: [0] * 5, {key: [-v for v in values] for key, values in deltas.performance.items()}
        ),
        durations=defaultdict(int, {key: -cases for key, cases in deltas.durations.items()}),
        open=defaultdict(int, {key: -cases for key, cases in deltas.open.items()}),
        counts=defaultdict(lambda: [0, 0], {key: [-v for v in values] for key, values in deltas.counts.items()}),
        feeds={key: [-events, last] for key, (events, last) in deltas.feeds.items()},
        services=defaultdict(int, {service: -number for service, number in deltas.services.items()}),
    )


def _application(deltas: Deltas, partition: int, event: Logged) -> None:
    data, recorded_on = event.data, event.recordedat.date()
    deltas.services[data.service_id] += 1
    for change in data.standards:
        case = (event.org, data.service_id, change.standard_id)
        if change.before is not None:
            _count(deltas, case, change.before, recorded_on, partition, -1)
        if change.after is not None:
            _count(deltas, case, change.after, recorded_on, partition, 1)


def _count(
    deltas: Deltas, case: tuple[str, str, str], clock: Any, recorded_on: date, partition: int, sign: int
) -> None:
    channel = clock.channel or ""
    if clock.state == "stopped":
        cell = deltas.performance[(*case, channel, clock.stopped_on, recorded_on, partition)]
        cell[0] += sign * bool(clock.met)
        cell[1] += sign
        cell[4] += sign
        deltas.durations[(*case, channel, clock.unit, clock.stopped_on, bucket(clock.elapsed), partition)] += sign
    elif clock.state == "excluded":
        cell = deltas.performance[(*case, channel, clock.stopped_on, recorded_on, partition)]
        cell[2 if clock.excluded_as == "withdrawn" else 3] += sign
        cell[4] += sign
    else:
        started, late = clock.started_on or NOT_STARTED_ON, clock.late_from or NEVER_LATE
        deltas.open[(*case, channel, clock.state, started, late, partition)] += sign


def _result(deltas: Deltas, partition: int, event: Logged) -> None:
    """A result that no application shows counts on the last day of its period."""
    data, recorded_on = event.data, event.recordedat.date()
    deltas.services[data.service_id] += 1
    key = (event.org, data.service_id, data.standard_id, data.channel or "", data.to_date, recorded_on, partition)
    for result, sign in ((data.before, -1), (data.after, 1)):
        if result is not None and result.total is not None:
            cell = deltas.performance[key]
            cell[0] += sign * (result.met or 0)
            cell[1] += sign * result.total
            cell[4] += sign


def bucket(elapsed: int) -> int:
    """The bucket of a duration: itself up to 100 units, then DDSketch's with 1 % relative error (Masson et al., 2019)."""
    if elapsed <= _EXACT:
        return max(elapsed, 0)
    return _EXACT + math.ceil(math.log(elapsed / _EXACT) / _LOG_GAMMA)


def value_of(bucket_: int) -> float:
    """The duration a bucket stands for, within 1 %."""
    if bucket_ <= _EXACT:
        return float(bucket_)
    upper = _EXACT * math.exp((bucket_ - _EXACT) * _LOG_GAMMA)
    return 2 * upper / (1 + math.exp(_LOG_GAMMA))
