"""What `inventory` publishes: each event the whole of the thing's newest version."""

from datetime import date
from typing import Any, Literal

from shared.contracts.envelope import Published
from shared.contracts.measure import Measure
from shared.contracts.reported.inventory_stewardship import StewardshipKind
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


class ServiceRetired(Published):
    """A service is offered no more from the day `on`."""

    service_id: str
    on: date
    version: int
    # The report that said so was withdrawn.
    withdrawn: bool = False


class ServiceTransferred(Published):
    """From the day `on` a service is another organisation's, under the same id."""

    service_id: str
    on: date
    from_org: str
    to_org: str
    version: int
    # The report that said so was withdrawn.
    withdrawn: bool = False


class StewardshipRecorded(Published):
    """What a department did to manage its services, or oversight asked of it.

    `record_id` is what the record is known by within the organisation, `<kind>/<what tells it from others of its kind>`;
    `on` the day it takes effect; `fields` the report without what someone wrote and without names of persons.
    """

    record_id: str
    kind: StewardshipKind
    version: int
    on: date | None
    fields: dict[str, Any]
    # The report that said so was withdrawn, and none is left; what else is said here is what it had said.
    withdrawn: bool = False
