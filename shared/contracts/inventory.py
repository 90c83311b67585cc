"""What `inventory` publishes: each event the whole of the thing's newest version."""

from datetime import date
from typing import Any, Literal

from shared.contracts.envelope import Published
from shared.contracts.measure import Measure
from shared.contracts.reported.status import Channel
from shared.language import Bilingual


class ServiceRecorded(Published):
    """A service as its department describes it for one fiscal year; `fields` are the official columns."""

    service_id: str
    fiscal_year: str
    valid_from: date
    version: int
    name: Bilingual
    priority: bool
    fields: dict[str, Any]
    # The report that said so was withdrawn, and none is left; what else is said here is what it had said.
    withdrawn: bool = False


class ServiceStandardRecorded(Published):
    """A service standard, valid from 1 April of its fiscal year until replaced; `target` a share from 0 to 1."""

    service_id: str
    standard_id: str
    fiscal_year: str
    valid_from: date
    version: int
    name: Bilingual
    kind: Literal["TML", "ACS", "ACY", "OTH"] | None
    channel: Channel | None
    target: float | None
    measure: Measure | None
    fields: dict[str, Any]
    # The report that said so was withdrawn, and none is left; what else is said here is what it had said.
    withdrawn: bool = False


class Result(Published):
    """Outputs of a period that met the standard, and all of them."""

    met: int | None
    total: int | None
    value: float | None
    unit: str | None


class ServiceStandardResultRecorded(Published):
    """A result that no application shows; a second report of the same period replaces the first."""

    service_id: str
    standard_id: str
    from_date: date
    to_date: date
    channel: Channel | None
    version: int
    before: Result | None
    after: Result | None
