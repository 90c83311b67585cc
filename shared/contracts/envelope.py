"""CloudEvents 1.0, as departments send them and as services publish them.

A department *reports* (`...Reported`); a service *records*, and says so in the past tense (`...Recorded`, `...Changed`).
"""

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, StringConstraints, model_validator

from shared.contracts.identifiers import CONTROLS
from shared.contracts.media_types import JSON, JsonType
from shared.contracts.moments import WrittenMoment

# CloudEvents allows no control characters in attributes.
_CONTROL = re.compile(f"[{CONTROLS}]")
_PRINTED = rf"^[^{CONTROLS}]*$"
Attribute = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=_PRINTED)]

ServiceName = Literal["inventory", "feedback", "status", "reporting"]


class Event(BaseModel):
    """The envelope of an event that a department reports; `data` is judged by the contract its `type` names."""

    model_config = ConfigDict(frozen=True, extra="allow")

    specversion: Literal["1.0"]
    id: Attribute
    source: Attribute
    type: Attribute
    time: WrittenMoment | None = None
    subject: Annotated[str, StringConstraints(max_length=255, pattern=_PRINTED)] | None = None
    datacontenttype: JsonType = JSON
    data: dict[str, Any]

    @model_validator(mode="after")
    def _extensions_are_plain(self) -> Self:
        for name, value in (self.model_extra or {}).items():
            if not (name.isalnum() and name.islower() and name.isascii()) or isinstance(value, dict | list | float):
                raise ValueError(
                    f"the attribute {name!r} is no CloudEvents attribute | l'attribut {name!r} n'est pas un attribut CloudEvents"
                )
            if isinstance(value, str) and _CONTROL.search(value):
                raise ValueError(
                    f"the attribute {name} has control characters | l'attribut {name} contient des caractères de commande"
                )
        return self


class Contract(BaseModel):
    """The data of an event: frozen, and with no field that its contract does not name."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Published(BaseModel):
    """The data of an event that a service publishes. Readers skip fields they do not know: fields are only ever added."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class LogAdvanced(Published):
    """Everything at or before `position`, recorded before `recorded_at`, has been published on this partition."""

    position: int
    recorded_at: AwareDatetime


class LogRestored(Published):
    """The service was restored from a backup: what stood beyond `after`, up to `until`, is void. No position of those is
    used again; what was reported then and is reported again stands at others.
    """

    after: int
    until: int

    @property
    def event_id(self) -> str:
        return f"restored-{self.after}-{self.until}"


# What every relay says of its log beside the events in it.
WORDS: tuple[type[Published], ...] = (LogAdvanced, LogRestored)


def rfc3339(moment: datetime) -> str:
    """A moment as RFC 3339 in UTC with microseconds, as it stands in every event."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def type_name(service: str, name: str) -> str:
    """The CloudEvents type of an event: `guichet.status.ApplicationStateChanged.v1`."""
    return f"guichet.{service}.{name}.v1"
