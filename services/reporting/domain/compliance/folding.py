"""The fold of recorded events into facts. Neither the order in which they came nor a repetition makes a difference: what
counts among versions of a thing is the position in the log of the service that owns it.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from typing import Any, TypeVar

from services.reporting.domain.compliance import decided
from services.reporting.domain.compliance.facts import (
    Body,
    Case,
    Change,
    Departure,
    Entry,
    Facts,
    Live,
    Record,
    Ref,
    Result,
    Row,
    Standard,
    Timing,
)
from services.reporting.domain.compliance.years import plausible

_T = TypeVar("_T")
_K = TypeVar("_K")
Key = tuple[Any, ...]


def fold(body: Body, entries: Iterable[Entry], known_to: datetime, live: Mapping[str, Live] | None = None) -> Facts:
    """The facts of an organisation from everything recorded that concerns it, up to a cut."""
    named = _by_name({entry.ref: entry for entry in entries}.values())
    records = _newest(named["StewardshipRecorded"], _record_key, _record)
    return Facts(
        body=body,
        known_to=known_to,
        rows=_newest(named["ServiceRecorded"], _row_key, _row),
        standards=_standards(named["ServiceStandardRecorded"]),
        results=_newest(named["ServiceStandardResultRecorded"], _result_key, _result),
        retired=_newest(named["ServiceRetired"], _service_key, _departure),
        transfers=_newest(named["ServiceTransferred"], _transfer_key, _departure),
        records=_grouped(records, lambda record: record.kind),
        records_of=_grouped(records, lambda record: (record.kind, str(record.fields.get("service_id")))),
        cases=_cases(named["FeedbackRecorded"], named["FeedbackStateChanged"]),
        improvements=_newest(named["ImprovementRecorded"], _improvement_key, _improvement),
        live=dict(live or {}),
        confirmations=_newest(named["ConfirmationSigned"], decided.confirmation_key, decided.confirmation),
        actions=tuple(
            each
            for each in _newest(named["CorrectiveActionChanged"], decided.action_key, decided.action)
            if decided.stands(each)
        ),
        steps=_newest(named["OversightStepTaken"], decided.step_key, decided.step),
    )


def _by_name(entries: Iterable[Entry]) -> dict[str, list[Entry]]:
    named: dict[str, list[Entry]] = defaultdict(list)
    for entry in sorted(entries, key=lambda entry: entry.ref):
        named[entry.name].append(entry)
    return named


def _newest(entries: list[Entry], key: Callable[[Entry], Key], make: Callable[[Entry], _T]) -> tuple[_T, ...]:
    """Of each thing the newest version, unless that withdraws it."""
    last = {key(entry): entry for entry in entries}
    return tuple(make(last[each]) for each in sorted(last) if not _is_withdrawn(last[each]))


def _is_withdrawn(entry: Entry) -> bool:
    data = entry.data
    return bool(data.get("withdrawn")) or ("before" in data and data.get("after") is None)


def _day(text: Any) -> date:
    return plausible(date.fromisoformat(str(text)[:10]))


def _moment(text: Any) -> datetime:
    return datetime.fromisoformat(str(text))


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


def _standards(entries: list[Entry]) -> dict[str, tuple[Standard, ...]]:
    found: dict[str, list[Standard]] = defaultdict(list)
    for standard in _newest(entries, _standard_key, _standard):
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


def _cases(recorded: list[Entry], changed: list[Entry]) -> tuple[Case, ...]:
    changes: dict[str, list[Entry]] = defaultdict(list)
    for entry in changed:
        changes[entry.data["feedback_id"]].append(entry)
    return _newest(recorded, _case_key, lambda entry: _case(entry, changes[entry.data["feedback_id"]]))


def _case_key(entry: Entry) -> Key:
    return (entry.data["feedback_id"],)


def thing(entry: Entry) -> Key:
    """What an event is about: all versions of a thing have the same."""
    key = _KEYS.get(entry.name)
    return (_CASE, *key(entry)) if key is _case_key else (entry.name, *(key(entry) if key else entry.ref))


def _case(entry: Entry, changed: list[Entry]) -> Case:
    """What changes no state says nothing of when the state came."""
    data = entry.data
    moved = [each for each in changed if each.data["from_state"] != each.data["to_state"]]
    changes = [Change(_moment(each.data["changed_at"]), each.data["to_state"], each.ref) for each in moved]
    return Case(
        feedback_id=data["feedback_id"],
        service_id=data.get("service_id"),
        kind=data["kind"],
        received_at=_moment(data["received_at"]),
        ref=entry.ref,
        changes=tuple(sorted(changes, key=lambda change: (change.at, change.ref))),
        timings=tuple(_timing(each) for each in sorted([entry, *changed], key=_by_ref) if each.data.get("promises")),
    )


def _by_ref(entry: Entry) -> Ref:
    return entry.ref


def _timing(entry: Entry) -> Timing:
    data, promise = entry.data, entry.data["promises"]["resolve"]
    return Timing(
        at=_moment(data.get("changed_at") or data["received_at"]),
        due_at=_moment(promise["due_at"]),
        stopped_at=_moment(promise["stopped_at"]) if promise.get("stopped_at") else None,
        met=promise.get("met"),
        target=data["promises"]["target"],
        own=promise["own"],
        recourse=data.get("recourse") is not None,
        ref=entry.ref,
    )


def _improvement_key(entry: Entry) -> Key:
    return (entry.data["improvement_id"],)


def _improvement(entry: Entry) -> Record:
    return Record("improvement", _day(entry.data["made_on"]), entry.data, entry.ref)


_CASE = "FeedbackRecorded"
_KEYS: Mapping[str, Callable[[Entry], Key]] = {
    "ServiceRecorded": _row_key,
    "ServiceStandardRecorded": _standard_key,
    "ServiceStandardResultRecorded": _result_key,
    "ServiceRetired": _service_key,
    "ServiceTransferred": _transfer_key,
    "StewardshipRecorded": _record_key,
    "FeedbackRecorded": _case_key,
    "FeedbackStateChanged": _case_key,
    "ImprovementRecorded": _improvement_key,
    "ConfirmationSigned": decided.confirmation_key,
    "CorrectiveActionChanged": decided.action_key,
    "OversightStepTaken": decided.step_key,
}
