"""Records of the other services' logs, decoded as far as the views need.

msgspec reads them three times as fast as the contracts' pydantic; tests/unit/test_reporting_decoding.py proves the two
equal.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Annotated, Any, Literal

import msgspec

from shared.decoding import holds_nul
from shared.kafka import Record

Moment = Annotated[datetime, msgspec.Meta(tz=True)]
_LAST_POSITION = 2**63 - 1


class Clock(msgspec.Struct, gc=False):
    state: str
    channel: str | None
    unit: str
    started_on: date | None
    stopped_on: date | None
    late_from: Moment | None
    elapsed: int
    met: bool | None
    excluded_as: str | None


class StandardChange(msgspec.Struct, gc=False):
    standard_id: str
    before: Clock | None
    after: Clock | None


class ApplicationStateChanged(msgspec.Struct, gc=False):
    service_id: str
    standards: list[StandardChange]


class Result(msgspec.Struct, gc=False):
    met: int | None
    total: int | None


class ServiceStandardResultRecorded(msgspec.Struct, gc=False):
    service_id: str
    standard_id: str
    to_date: date
    channel: str | None
    before: Result | None
    after: Result | None


class Name(msgspec.Struct):
    en: str
    fr: str


class ServiceRecorded(msgspec.Struct):
    service_id: str
    valid_from: date
    name: Name
    priority: bool
    withdrawn: bool = False


class ServiceStandardRecorded(msgspec.Struct):
    service_id: str
    standard_id: str
    valid_from: date
    name: Name
    kind: str | None
    channel: str | None
    target: float | None
    measure: dict[str, Any] | None
    withdrawn: bool = False


class LogAdvanced(msgspec.Struct):
    position: Annotated[int, msgspec.Meta(ge=0, le=_LAST_POSITION)]
    recorded_at: Moment


class LogRestored(msgspec.Struct):
    after: Annotated[int, msgspec.Meta(ge=0, le=_LAST_POSITION)]
    until: Annotated[int, msgspec.Meta(ge=0, le=_LAST_POSITION)]


class Envelope(msgspec.Struct, gc=False):
    id: str
    source: str
    type: str
    data: msgspec.Raw
    org: str = ""
    recordedat: Moment | None = None
    causedby: str | None = None
    causedbysource: str | None = None


class ApplicationEnvelope(msgspec.Struct, gc=False):
    """The envelope of the type that comes by the million, read in one pass with its data."""

    id: str
    source: str
    type: Literal["guichet.status.ApplicationStateChanged.v1"]
    data: ApplicationStateChanged
    recordedat: Moment
    causedby: str
    causedbysource: str
    org: str = ""


class Decoded(msgspec.Struct, gc=False):
    """A record of another service's log, as reporting keeps it; `data` is None for what no view reads."""

    record: Record
    service: str
    service_position: int
    type: str
    org: str
    recordedat: datetime
    text: str
    data: Any


@dataclass(frozen=True, slots=True)
class Restored:
    """A service's word, on one partition, that its log beyond `after` up to `until` is void."""

    service: str
    topic: str
    partition: int
    after: int
    until: int


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A record that is no event of ours, and why."""

    record: Record
    reason: str


@dataclass(slots=True)
class Batch:
    """Decoded records: events, what each partition's relay said last of its progress and all it said of restores, and what
    could not be read.
    """

    events: list[Any] = field(default_factory=list)
    advanced: dict[tuple[str, int], tuple[str, int, datetime]] = field(default_factory=dict)
    restored: list[Restored] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)


_APPLICATION = msgspec.json.Decoder(ApplicationEnvelope)
_ENVELOPE = msgspec.json.Decoder(Envelope)
_DATA: dict[str, msgspec.json.Decoder[Any]] = {
    "guichet.status.ApplicationStateChanged.v1": msgspec.json.Decoder(ApplicationStateChanged),
    "guichet.inventory.ServiceStandardResultRecorded.v1": msgspec.json.Decoder(ServiceStandardResultRecorded),
    "guichet.inventory.ServiceRecorded.v1": msgspec.json.Decoder(ServiceRecorded),
    "guichet.inventory.ServiceStandardRecorded.v1": msgspec.json.Decoder(ServiceStandardRecorded),
}
_ADVANCED = msgspec.json.Decoder(LogAdvanced)
_RESTORED = msgspec.json.Decoder(LogRestored)


def decode(records: Sequence[Record]) -> Batch:
    """Decode a batch; what cannot be read is set aside with its reason, and harms nothing else."""
    batch = Batch()
    for record in records:
        try:
            _read(batch, record, record.value or b"")
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            batch.unreadable.append(Unreadable(record, str(error)))
    return batch


def _read(batch: Batch, record: Record, value: bytes) -> None:
    """Raises msgspec.DecodeError, ValueError or RecursionError where it cannot be read."""
    text = _text(value)
    try:
        application = _APPLICATION.decode(value)
    except msgspec.DecodeError:
        _read_other(batch, record, value, text)
    else:
        batch.events.append(_decoded(record, application, application.recordedat, text, application.data))


def _read_other(batch: Batch, record: Record, value: bytes, text: str) -> None:
    envelope = _ENVELOPE.decode(value)
    place, service = (record.topic, record.partition), _service(envelope)
    if envelope.type.endswith(".LogAdvanced.v1"):
        advanced = _ADVANCED.decode(envelope.data)
        batch.advanced[place] = (service, advanced.position, advanced.recorded_at)
    elif envelope.type.endswith(".LogRestored.v1"):
        word = _RESTORED.decode(envelope.data)
        batch.restored.append(Restored(service, *place, word.after, word.until))
    elif envelope.recordedat is None:
        raise ValueError("no recordedat")
    elif envelope.causedby is None or envelope.causedbysource is None:
        raise ValueError("no causedby, or no causedbysource")
    else:
        reader = _DATA.get(envelope.type)
        data = reader.decode(envelope.data) if reader else None
        batch.events.append(_decoded(record, envelope, envelope.recordedat, text, data))


def _decoded(
    record: Record, envelope: Envelope | ApplicationEnvelope, recordedat: datetime, text: str, data: Any
) -> Decoded:
    position = _position(envelope.id)
    return Decoded(record, _service(envelope), position, envelope.type, envelope.org, recordedat, text, data)


def _service(envelope: Envelope | ApplicationEnvelope) -> str:
    return envelope.source.rpartition("/")[2]


def _text(value: bytes) -> str:
    """The value as PostgreSQL keeps it: UTF-8 without NUL. Raises ValueError."""
    if holds_nul(value):
        raise ValueError("it holds the character NUL")
    return value.decode()


def _position(text: str) -> int:
    position = int(text)
    if not 0 < position <= _LAST_POSITION:
        raise ValueError("its id is no position of a log")
    return position
