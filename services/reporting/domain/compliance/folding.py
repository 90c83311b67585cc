"""The fold of recorded events into facts. Neither the order in which they came nor a repetition makes a difference: what
counts among versions of a thing is the position in the log of the service that owns it.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from typing import Any, TypeVar

from services.reporting.domain.compliance import decided, feedback_cases
from services.reporting.domain.compliance.facts import (
    Body,
    Case,
    Departure,
    Entry,
    Facts,
    Live,
    Record,
    Ref,
    Result,
    Row,
    Standard,
)
from services.reporting.domain.compliance.years import plausible

_K = TypeVar("_K")
Key = tuple[Any, ...]


def fold(body: Body, entries: Iterable[Entry], known_to: datetime, live: Mapping[str, Live] | None = None) -> Facts:
    """The facts of an organisation from everything recorded that concerns it, up to a cut."""
    folding = Folding(body)
    folding.add(entries)
    return folding.facts(known_to, live)


class Folding:
    """Facts of an organisation as they come. Of each thing it holds the newest version, and of each case all that happened to it."""

    def __init__(self, body: Body) -> None:
        self._body = body
        # By name and thing: which version is the newest, and what it makes of the thing; None where that was withdrawn.
        self._newest: dict[str, dict[Key, tuple[Ref, Any]]] = {name: {} for name in _KINDS}
        self._steps: dict[Key, feedback_cases.Steps] = defaultdict(lambda: ((), ()))
        self._cases: dict[Key, Case] = {}

    @property
    def size(self) -> int:
        """How many things and cases it holds."""
        return sum(len(things) for things in self._newest.values())

    def add(self, entries: Iterable[Entry]) -> None:
        """Take in what was recorded."""
        named = _by_name({entry.ref: entry for entry in entries}.values())
        for name, (key, make) in _KINDS.items():
            _keep_newest(self._newest[name], named[name], key, make)
        for entry in named[_CHANGED]:
            case = feedback_cases.case_key(entry)
            self._steps[case] = feedback_cases.with_step(self._steps[case], entry)
        for each in {feedback_cases.case_key(entry) for entry in (*named[_CASE], *named[_CHANGED])}:
            self._bring_up_to_date(each)

    def _bring_up_to_date(self, key: Key) -> None:
        """A case is what was recorded of it and what happened to it."""
        _, recorded = self._newest[_CASE].get(key, (None, None))
        if recorded is None:
            self._cases.pop(key, None)
        else:
            self._cases[key] = feedback_cases.whole(recorded, self._steps[key])

    def _standing(self, name: str) -> tuple[Any, ...]:
        things = self._newest[name]
        return tuple(made for key in sorted(things) if (made := things[key][1]) is not None)

    def facts(self, known_to: datetime, live: Mapping[str, Live] | None = None) -> Facts:
        """What all that was taken in comes to."""
        records = self._standing("StewardshipRecorded")
        return Facts(
            body=self._body,
            known_to=known_to,
            rows=self._standing("ServiceRecorded"),
            standards=_standards(self._standing("ServiceStandardRecorded")),
            results=self._standing("ServiceStandardResultRecorded"),
            retired=self._standing("ServiceRetired"),
            transfers=self._standing("ServiceTransferred"),
            records=_grouped(records, lambda record: record.kind),
            records_of=_grouped(records, lambda record: (record.kind, str(record.fields.get("service_id")))),
            cases=tuple(self._cases[key] for key in sorted(self._cases)),
            improvements=self._standing("ImprovementRecorded"),
            live=dict(live or {}),
            confirmations=self._standing("ConfirmationSigned"),
            actions=tuple(each for each in self._standing("CorrectiveActionChanged") if decided.stands(each)),
            steps=self._standing("OversightStepTaken"),
        )


def _by_name(entries: Iterable[Entry]) -> dict[str, list[Entry]]:
    named: dict[str, list[Entry]] = defaultdict(list)
    for entry in sorted(entries, key=lambda entry: entry.ref):
        named[entry.name].append(entry)
    return named


def _keep_newest(
    things: dict[Key, tuple[Ref, Any]],
    entries: Iterable[Entry],
    key: Callable[[Entry], Key],
    make: Callable[[Entry], Any],
) -> None:
    """Of each thing the newest of the versions held and given, these in their order."""
    for each, entry in {key(entry): entry for entry in entries}.items():
        if each not in things or things[each][0] < entry.ref:
            things[each] = entry.ref, None if _is_withdrawn(entry) else make(entry)


def _is_withdrawn(entry: Entry) -> bool:
    data = entry.data
    return bool(data.get("withdrawn")) or ("before" in data and data.get("after") is None)


def _day(text: Any) -> date:
    return plausible(date.fromisoformat(str(text)[:10]))


def _service_key(entry: Entry) -> Key:
    return (entry.data["service_id"],)


def _row_key(entry: Entry) -> Key:
    return entry.data["service_id"], entry.data["fiscal_year"]


def _row(entry: Entry) -> Row:
    data = entry.data
    return Row(data["service_id"], data["fiscal_year"], entry.org_id, data["fields"], entry.ref)


def _standard_key(entry: Entry) -> Key:
    return entry.data["service_id"], entry.data["standard_id"], entry.data["valid_from"]


def _standard(entry: Entry) -> Standard:
    data = entry.data
    fields = {**data["fields"], "target": data.get("target"), "channel": data.get("channel")}
    return Standard(data["service_id"], data["standard_id"], _day(data["valid_from"]), fields, entry.ref)


def _standards(standards: Iterable[Standard]) -> dict[str, tuple[Standard, ...]]:
    found: dict[str, list[Standard]] = defaultdict(list)
    for standard in standards:
        found[standard.service_id].append(standard)
    return {service: tuple(sorted(some, key=lambda each: (each.first, each.ref))) for service, some in found.items()}


def _result_key(entry: Entry) -> Key:
    data = entry.data
    period = data["from_date"], data["to_date"]
    return data["service_id"], data["standard_id"], *period, data.get("channel") or ""


def _result(entry: Entry) -> Result:
    data, after = entry.data, entry.data["after"]
    period = _day(data["from_date"]), _day(data["to_date"])
    numbers = after.get("met"), after.get("total")
    return Result(data["service_id"], data["standard_id"], *period, *numbers, entry.ref)


def _transfer_key(entry: Entry) -> Key:
    return entry.data["service_id"], entry.data["on"]


def _departure(entry: Entry) -> Departure:
    data = entry.data
    return Departure(data["service_id"], _day(data["on"]), entry.ref, data.get("from_org"), data.get("to_org"))


def _grouped(some: Iterable[Record], key: Callable[[Record], _K]) -> dict[_K, tuple[Record, ...]]:
    found: dict[_K, list[Record]] = defaultdict(list)
    for record in sorted(some, key=_by_day):
        found[key(record)].append(record)
    return {name: tuple(records) for name, records in found.items()}


def _record_key(entry: Entry) -> Key:
    return entry.org_id, entry.data["record_id"]


def _record(entry: Entry) -> Record:
    data = entry.data
    return Record(data["kind"], _day(data["on"]) if data.get("on") else None, data["fields"], entry.ref)


def _by_day(record: Record) -> Key:
    return record.on or date.min, record.ref


def thing(entry: Entry) -> Key:
    """What an event is about: all versions of a thing have the same."""
    if entry.name in {_CASE, _CHANGED}:
        return (_CASE, *feedback_cases.case_key(entry))
    key, _ = _KINDS.get(entry.name, (None, None))
    return (entry.name, *(key(entry) if key else entry.ref))


def _improvement_key(entry: Entry) -> Key:
    return (entry.data["improvement_id"],)


def _improvement(entry: Entry) -> Record:
    return Record("improvement", _day(entry.data["made_on"]), entry.data, entry.ref)


_CASE, _CHANGED = "FeedbackRecorded", "FeedbackStateChanged"
_KINDS: Mapping[str, tuple[Callable[[Entry], Key], Callable[[Entry], Any]]] = {
    "ServiceRecorded": (_row_key, _row),
    "ServiceStandardRecorded": (_standard_key, _standard),
    "ServiceStandardResultRecorded": (_result_key, _result),
    "ServiceRetired": (_service_key, _departure),
    "ServiceTransferred": (_transfer_key, _departure),
    "StewardshipRecorded": (_record_key, _record),
    _CASE: (feedback_cases.case_key, feedback_cases.case),
    "ImprovementRecorded": (_improvement_key, _improvement),
    "ConfirmationSigned": (decided.confirmation_key, decided.confirmation),
    "CorrectiveActionChanged": (decided.action_key, decided.action),
    "OversightStepTaken": (decided.step_key, decided.step),
}
