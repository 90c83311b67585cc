"""The checker: compares a history with what every stage holds, and names what must not be, with the event's way.

lost, duplicated, invented, reordered, premature, regressed, leaked; and misanswered, unanswered, unhealed. These are the
invariants I1 to I9 of the design (reliability.md 1); I5 comes with notifications. Nothing here is the product's own code.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

import orjson

from tests.faults.departments import PLANTED
from tests.faults.history import Anomaly, Event, History, Identity
from tests.faults.oracle import Oracle
from tests.faults.stages import EVERY_LOG, LOGS, NOTIFICATIONS, Entry, Look, Record, Stages

_MOST_TOLD = 40
_MOST_OF_A_WAY = 10  # entries of one log: a standard may have thousands of applications measured again
_STATE_CHANGED = "guichet.status.ApplicationStateChanged.v1"
# Sources of what no department has reported: people, and the services themselves.
_PEOPLE, _SERVICES = ("/officers", "/decisions"), "/services/"


class Checker:
    """Judges what is new since the last check, and the views as a whole."""

    def __init__(self, look: Look, history: History) -> None:
        self._look, self._history = look, history
        self._oracle = Oracle()
        self._order = Order()
        self._versions: dict[str, int] = {}  # the last of each application
        self._checked = 0
        # Positions that were looked at before, and those that were in Kafka.
        self._before: dict[str, set[int]] = {name: set() for name in EVERY_LOG}
        self._in_kafka: dict[str, set[int]] = {name: set() for name in EVERY_LOG}

    async def check(self, segment: str) -> list[Anomaly]:
        """Everything since the last check, in a system at rest; `segment` begins the ids of its cases."""
        return self.judge(await self._look.stages(segment))

    def judge(self, stages: Stages) -> list[Anomaly]:
        events = list(self._history.events.values())[self._checked :]
        self._checked += len(events)
        self._oracle.fold(event for event in events if event.expected == "accepted")
        found = [*self._history.anomalies, *received(events, stages, self._history), *refused_once(stages)]
        self._history.anomalies.clear()
        for service in LOGS:
            found += one_entry_each(service, stages, self._history)
            found += read_once(service, stages, self._before[service])
        for service in EVERY_LOG:
            found += published(service, stages, self._before[service], self._in_kafka[service])
            self._before[service] |= {entry.position for entry in stages.entries[service]}
            self._before[service] |= {position for position, _ in stages.logged[service]}
        found += done_once(stages, self._history)
        found += self._order.judge(stages.records)
        found += versions(self._oracle, stages, self._versions)
        found += views(self._oracle, stages)
        found += leaks(stages, self._history)
        for anomaly in found[:_MOST_TOLD]:
            if anomaly.event and not anomaly.way:
                anomaly.way = way_of(anomaly.event, stages, self._history)
        return found


def received(events: Sequence[Event], stages: Stages, history: History) -> Iterator[Anomaly]:
    """I1, I2, I6, I7: accepted is remembered once, where its receipt says; refused is a dead letter, and not remembered."""
    places: dict[Identity, list[tuple[str, int]]] = defaultdict(list)
    for service in LOGS:
        for identity, position in stages.received[service]:
            places[identity].append((service, position))
    letters = {identity for service in LOGS for identity in stages.letters[service]}
    for identity in history.conflicts - letters:
        yield Anomaly("lost", "sent with other data, and no dead letter", history.events[identity].service, identity)
    history.conflicts.clear()
    for event in events:
        if event.expected == "accepted":
            yield from _remembered(event, places.get(event.identity, []))
            continue
        if event.identity in places:
            yield Anomaly("invented", "accepted, and had to be refused", event.service, event.identity)
        if event.identity not in letters:
            yield Anomaly("lost", "refused without a dead letter", event.service, event.identity)
    for identity, found in places.items():
        if identity not in history.events:
            yield Anomaly("invented", f"remembered at {found}, and never sent", found[0][0], identity)


def refused_once(stages: Stages) -> Iterator[Anomaly]:
    """I7: a record at Kafka's door is refused once, however often it is delivered."""
    for (identity, record), times in Counter(stages.refused).items():
        if times > 1:
            yield Anomaly("duplicated", f"the record {record} was refused {times} times", "", identity)


def _remembered(event: Event, places: Sequence[tuple[str, int]]) -> Iterator[Anomaly]:
    if len(places) != 1:
        name = "duplicated" if places else "lost"
        yield Anomaly(name, f"remembered {len(places)} times", event.service, event.identity)
    elif event.position and places[0][1] != event.position:
        what = f"answered with {event.position}, remembered at {places[0][1]}"
        yield Anomaly("misanswered", what, event.service, event.identity)


def one_entry_each(service: str, stages: Stages, history: History) -> Iterator[Anomaly]:
    """I1, I2: one event that was accepted, one entry of the log; some tell of two things."""
    entries = Counter(entry.cause for entry in stages.entries[service] if _by_report(entry))
    remembered = dict(stages.received[service])
    for identity in remembered.keys() - entries.keys():
        yield Anomaly("lost", "remembered, and no entry of the log", service, identity)
    for identity, number in entries.items():
        if identity not in remembered:
            yield Anomaly("invented", "an entry of the log of what was not accepted", service, identity)
        elif identity in history.events and number > history.events[identity].most_entries:
            yield Anomaly("duplicated", f"{number} entries of the log", service, identity)


def _by_report(entry: Entry) -> bool:
    """Whether an entry says what came of a department's report; not what people did, or what followed from another log."""
    return entry.topic != NOTIFICATIONS and not entry.cause[0].endswith(_PEOPLE) and _SERVICES not in entry.cause[0]


def done_once(stages: Stages, history: History) -> Iterator[Anomaly]:
    """I1, I2: what a person was answered for is in the log, once."""
    entries = Counter(
        (service, entry.cause)
        for service in EVERY_LOG
        for entry in stages.entries[service]
        if not entry.type.endswith(".VerdictChanged.v1")  # which names what it follows from
    )
    for (service, identity), wanted in history.acts.items():
        found = entries[service, identity]
        if found != wanted:
            name = "duplicated" if found > wanted else "lost"
            yield Anomaly(name, f"{found} entries of the log of what was done, and must be {wanted}", service, identity)
    history.acts.clear()


def published(service: str, stages: Stages, before: set[int], in_kafka: set[int]) -> Iterator[Anomaly]:
    """I1: every entry is in Kafka byte for byte; and nothing is there that the log does not hold (`before`: held earlier).

    `in_kafka` is what was there at earlier looks; what is there now is added.
    """
    entries = {entry.position: entry for entry in stages.entries[service]}
    found: dict[int, list[Record]] = defaultdict(list)
    for record in stages.records:
        if record.topic.startswith(f"{service}.") and record.position:
            found[record.position].append(record)
    in_kafka |= found.keys()
    for position in entries.keys() - in_kafka:
        if position <= stages.published[service]:
            yield Anomaly("lost", f"position {position} was never published", service, entries[position].cause)
    for position, records in found.items():
        entry = entries.get(position)
        if entry is None and position not in before:
            yield Anomaly("premature", f"position {position} is in Kafka and not in the log", service, records[0].cause)
        elif entry is not None and any(record.value != entry.value for record in records):
            yield Anomaly("premature", f"Kafka has other bytes at {position}", service, entry.cause)


def read_once(service: str, stages: Stages, before: set[int]) -> Iterator[Anomaly]:
    """I1, I2: every entry is in reporting once, byte for byte."""
    entries = {entry.position: entry for entry in stages.entries[service]}
    times = Counter(position for position, _ in stages.logged[service])
    values = dict(stages.logged[service])
    for position, entry in entries.items():
        if times[position] != 1:
            name = "duplicated" if times[position] else "lost"
            yield Anomaly(name, f"reporting has position {position} {times[position]} times", service, entry.cause)
        elif values[position] != entry.value:
            yield Anomaly("invented", f"reporting has other bytes at {position}", service, entry.cause)
    for position in times.keys() - entries.keys() - stages.lost[service]:
        name = "duplicated" if position in before else "invented"
        yield Anomaly(name, f"reporting has position {position}, and it is no new one of the log", service)


class Order:
    """I4: what has one key is in one partition, and there positions come in order, the first time each comes.

    A relay may go back, and come again.
    """

    def __init__(self) -> None:
        self._partitions: dict[tuple[str, bytes], int] = {}
        self._highest: dict[tuple[str, int], int] = {}
        self._passed: dict[tuple[str, int], set[int]] = defaultdict(set)

    def judge(self, records: Iterable[Record]) -> Iterator[Anomaly]:
        for record in records:
            if not record.position:
                continue
            where = record.topic, record.partition
            highest, passed = self._highest.get(where, 0), self._passed[where]
            if record.position < highest and record.position not in passed:
                what = f"position {record.position} came after {highest} in {record.topic}/{record.partition}"
                yield Anomaly("reordered", what, record.topic.partition(".")[0], record.cause)
            if (
                self._partitions.setdefault((record.topic, record.key), record.partition) != record.partition
                or not record.key
            ):
                what = (
                    f"position {record.position} is in {record.topic}/{record.partition}, apart from others of its key"
                )
                yield Anomaly("reordered", what, record.topic.partition(".")[0], record.cause)
            passed.add(record.position)
            self._highest[where] = max(highest, record.position)


def versions(expected: Oracle, stages: Stages, last: dict[str, int]) -> Iterator[Anomaly]:
    """I4: each case's version counts its reports, and grows by one from entry to entry.

    `last` is each one's at earlier looks; what it is now is put there.
    """
    for (service, org_id, case), number in expected.versions.items():
        version = stages.versions.get((service, org_id, case))
        if version != number:
            name = "duplicated" if (version or 0) > number else "lost"
            yield Anomaly(name, f"{org_id}/{case} has version {version} after {number} reports", service)
    for entry in stages.entries["status"]:
        if entry.type != _STATE_CHANGED:
            continue
        version, before = orjson.loads(entry.value)["data"]["version"], last.get(entry.key, 0)
        if version != before + 1:
            what = f"{entry.key} goes from version {before} to {version} at {entry.position}"
            yield Anomaly("reordered", what, "status", entry.cause)
        last[entry.key] = version


def views(oracle: Oracle, stages: Stages) -> Iterator[Anomaly]:
    """I3: every cell is what the oracle says."""
    for name, cells in stages.cells.items():
        wanted = {key: value for key, value in getattr(oracle, name).items() if value}
        for key in sorted(wanted.keys() | cells.keys()):
            expected, found = wanted.get(key, 0), cells.get(key, 0)
            if expected != found:
                kind = "duplicated" if found > expected else "lost"
                what = f"{name} of {' '.join(map(str, key))} is {found}, and must be {expected}"
                yield Anomaly(kind, what, "reporting")


def leaks(stages: Stages, history: History) -> Iterator[Anomaly]:
    """I9: what a person might have written, in any place that is not its own."""
    places: list[tuple[str, Iterable[bytes]]] = [
        ("an answer", history.answers),
        ("a refusal", stages.refusals),
        ("Kafka", (each for record in stages.records for each in (record.key, record.value))),
        *((f"the log of {name}", (entry.value for entry in stages.entries[name])) for name in EVERY_LOG),
        *((f"what {file} says", text.splitlines()) for file, text in stages.written.items()),
    ]
    for place, texts in places:
        for text in texts:
            if PLANTED.encode() in text:
                yield Anomaly("leaked", f"in {place}: {text[:300]!r}")
    history.answers.clear()


def way_of(identity: Identity, stages: Stages, history: History) -> list[str]:
    """Where an event has been: what each stage holds of it."""
    event = history.events.get(identity)
    lines = ["never sent"]
    if event:
        lines = [f"sent {event.sent} times, {event.unknown} without an answer, last answered at {event.position}"]
    for service in LOGS:
        lines += [f"{service} remembers it at {at}" for which, at in stages.received[service] if which == identity]
        lines += [f"{service} keeps a dead letter" for which in stages.letters[service] if which == identity]
        entries = [entry for entry in stages.entries[service] if entry.cause == identity]
        for entry in entries[:_MOST_OF_A_WAY]:
            lines.append(f"{service} log {entry.position}: {entry.type} to {entry.topic}")
            lines += _beyond(service, entry, stages)
        if more := entries[_MOST_OF_A_WAY:]:
            lines.append(f"{service} log: {len(more)} more, up to {more[-1].position}")
    return lines


def _beyond(service: str, entry: Entry, stages: Stages) -> list[str]:
    at = [f"{each.partition}/{each.offset}" for each in stages.records if each.value == entry.value]
    times = sum(position == entry.position for position, _ in stages.logged[service])
    return [f"Kafka: {', '.join(at) or 'nowhere'}", f"reporting: {times} times"]
