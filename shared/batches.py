"""What batches leave in the log: one line for a batch when little goes on, else one every half second.

One event's position lies in the span of one line each of the door, the relay and every consumer group: so its way can be
followed through all services without a line of its own.
"""

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from contextvars import Context
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from weakref import WeakSet

import structlog

from shared.intake import Receipt
from shared.logs import log

_T = TypeVar("_T")
_SECONDS = 0.5
_ORGANIZATIONS = 5
_all: "WeakSet[Gathered[Any]]" = WeakSet()


class Gathered(Generic[_T]):
    """Says an item at once after half a second of silence, and gathers what comes before half a second is over."""

    def __init__(self, say: Callable[[_T], None], join: Callable[[_T, _T], _T]) -> None:
        self._say, self._join = say, join
        self._held: _T | None = None
        self._said_at = -_SECONDS
        _all.add(self)

    def add(self, item: _T) -> None:
        if self._held is not None:
            self._held = self._join(self._held, item)
            return
        wait = self._said_at + _SECONDS - time.monotonic()
        self._held = item
        if wait <= 0:
            self.flush()
        else:
            asyncio.get_running_loop().call_later(wait, self.flush, context=_named_alike())

    def flush(self) -> None:
        held, self._held = self._held, None
        if held is not None:
            self._said_at = time.monotonic()
            self._say(held)


def _named_alike() -> Context:
    """A context with what the log binds and nothing else: a consumer's own holds its whole batch, and a timer would keep it."""
    context = Context()
    context.run(structlog.contextvars.bind_contextvars, **structlog.contextvars.get_contextvars())
    return context


def flush_all() -> None:
    """Say what is still held; the process ends."""
    for each in list(_all):
        each.flush()


Span = tuple[int, int]


def _wider(one: Span | None, other: Span | None) -> Span | None:
    if one is None or other is None:
        return one or other
    return min(one[0], other[0]), max(one[1], other[1])


@dataclass(slots=True)
class Answered:
    """What a door answered: how often what, the span of positions it recorded, and why it refused whose events."""

    door: str
    outcomes: Counter[str] = field(default_factory=Counter)
    span: Span | None = None
    warnings: Counter[str] = field(default_factory=Counter)
    refusals: dict[str | None, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))


def answered(door: str, receipts: "Sequence[Receipt]") -> Answered:
    found = Answered(door, Counter(receipt.outcome for receipt in receipts))
    places = [receipt.position for receipt in receipts if receipt.outcome == "accepted" and receipt.position]
    found.span = (min(places), max(places)) if places else None
    for receipt in receipts:
        for warning in receipt.warnings:
            found.warnings[warning.code] += 1
        if receipt.problem is not None:
            found.refusals[receipt.org_id][receipt.problem.code] += 1
    return found


def _join_answers(one: Answered, other: Answered) -> Answered:
    one.outcomes.update(other.outcomes)
    one.warnings.update(other.warnings)
    one.span = _wider(one.span, other.span)
    for org_id, codes in other.refusals.items():
        one.refusals[org_id].update(codes)
    return one


def _say_answers(found: Answered) -> None:
    first, last = found.span or (None, None)
    log.info(
        "events_recorded",
        door=found.door,
        accepted=found.outcomes["accepted"],
        duplicate=found.outcomes["duplicate"],
        rejected=found.outcomes["rejected"],
        first=first,
        last=last,
        warnings=dict(found.warnings),
    )
    for org_id, codes in _few(found.refusals).items():
        log.info("events_rejected", door=found.door, org_id=org_id, codes=dict(codes))


def _few(refusals: dict[str | None, Counter[str]]) -> dict[str | None, Counter[str]]:
    """Those of the organisations with most, and the others' together, under none."""
    ranked = sorted(refusals.items(), key=lambda pair: -pair[1].total())
    shown = dict(ranked[:_ORGANIZATIONS])
    for _, codes in ranked[_ORGANIZATIONS:]:
        shown.setdefault(None, Counter()).update(codes)
    return shown


answers = {door: Gathered(_say_answers, _join_answers) for door in ("http", "kafka")}


def _say_published(span: Span) -> None:
    log.info("events_published", first=span[0], last=span[1])


published: Gathered[Span] = Gathered(_say_published, lambda one, other: (one[0], max(one[1], other[1])))


@dataclass(slots=True)
class Taken:
    """What a consumer group took: records, those it had taken before, and the span of each service's positions."""

    group: str
    records: int
    repeated: int
    spans: dict[str, Span]


def join_taken(one: Taken, other: Taken) -> Taken:
    spans = {
        name: span
        for name in {**one.spans, **other.spans}
        if (span := _wider(one.spans.get(name), other.spans.get(name))) is not None
    }
    return Taken(one.group, one.records + other.records, one.repeated + other.repeated, spans)


def say_taken(found: Taken) -> None:
    spans = {name: list(span) for name, span in sorted(found.spans.items())}
    log.info("records_taken", group=found.group, records=found.records, repeated=found.repeated, spans=spans)


def spans_of(records: Sequence[Any]) -> dict[str, Span]:
    """Per service, the first and last position among its records; they ascend within a partition."""
    partitions: dict[tuple[str, int], list[Any]] = {}
    for record in records:
        key = (record.topic, record.partition)
        if key in partitions:
            partitions[key].append(record)
        else:
            partitions[key] = [record]
    spans: dict[str, Span] = {}
    for (topic, _), some in partitions.items():
        first, last = _first_position(some), _first_position(reversed(some))
        if first is not None and last is not None:
            service = topic.partition(".")[0]
            spans[service] = _wider(spans.get(service), (first, last)) or (first, last)
    return spans


def _first_position(records: Any) -> int | None:
    return next((position for record in records if (position := _position(record)) is not None), None)


def _position(record: Any) -> int | None:
    """A service names its records by their position in its log; LogAdvanced has none."""
    for name, value in record.headers or ():
        if name == "ce_id" and value is not None and value.isdigit() and len(value) < 20:
            return int(value)
    return None
