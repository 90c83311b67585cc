"""What a department's description of its services comes to. Values in, values out."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, cast, get_args

from shared.contracts.inventory import (
    Result,
    ServiceRecorded,
    ServiceRetired,
    ServiceStandardRecorded,
    ServiceStandardResultRecorded,
    ServiceTransferred,
    StewardshipRecorded,
)
from shared.contracts.measure import Measure
from shared.contracts.reported.inventory import (
    ServiceReported,
    ServiceRetirementReported,
    ServiceStandardReported,
    ServiceStandardResultReported,
    ServiceTransferReported,
)
from shared.contracts.reported.inventory_stewardship import StewardshipReported
from shared.contracts.reported.status import Channel
from shared.language import Bilingual
from shared.measures import Inferred, infer

StandardKind = Literal["TML", "ACS", "ACY", "OTH"]


@dataclass(frozen=True, slots=True)
class Known:
    """A thing as it is known: the number of its last version, whose it is, and the fields that hold (none: withdrawn)."""

    version: int
    org_id: str
    fields: dict[str, Any]


def first_day(fiscal_year: str) -> date:
    """1 April of a fiscal year written `2025-2026`."""
    return date(int(fiscal_year[:4]), 4, 1)


def fields_of(reported: ServiceReported | ServiceStandardReported) -> dict[str, Any]:
    """The official columns as they were given; what was not given is not kept."""
    return reported.model_dump(mode="json", exclude_none=True)


def fields_of_result(reported: ServiceStandardResultReported) -> dict[str, Any]:
    return _result(reported).model_dump()


def fields_of_retirement(reported: ServiceRetirementReported) -> dict[str, Any]:
    return {"on": reported.on.isoformat()}


def fields_of_transfer(reported: ServiceTransferReported) -> dict[str, Any]:
    return {"to_org": reported.to_org}


def fields_of_stewardship(reported: StewardshipReported) -> dict[str, Any]:
    """The whole report; what is published of it is less."""
    return reported.root.model_dump(mode="json", exclude_none=True)


def version_after(known: Known | None, fields: dict[str, Any]) -> int:
    """The same data is the same version; other data is the next one."""
    if known is None:
        return 1
    return known.version if known.fields == fields else known.version + 1


def record_service(reported: ServiceReported, known: Known | None) -> ServiceRecorded:
    fields = fields_of(reported)
    return ServiceRecorded(
        service_id=reported.service_id,
        fiscal_year=reported.fiscal_year,
        valid_from=first_day(reported.fiscal_year),
        version=version_after(known, fields),
        name=_name(reported.service_name_en, reported.service_name_fr, reported.service_id),
        priority=bool(reported.priority and reported.priority.designated),
        fields=fields,
    )


def record_standard(reported: ServiceStandardReported, known: Known | None) -> ServiceStandardRecorded:
    fields = fields_of(reported)
    return ServiceStandardRecorded(
        service_id=reported.service_id,
        standard_id=reported.service_standard_id,
        fiscal_year=reported.fiscal_year,
        valid_from=first_day(reported.fiscal_year),
        version=version_after(known, fields),
        name=_name(reported.service_standard_en, reported.service_standard_fr, reported.service_standard_id),
        kind=cast("StandardKind | None", _one_of(reported.type, get_args(StandardKind))),
        channel=cast("Channel | None", _one_of(reported.channel, get_args(Channel))),
        target=reported.target,
        measure=_measure(reported),
        fields=fields,
    )


def record_result(reported: ServiceStandardResultReported, known: Known | None) -> ServiceStandardResultRecorded:
    after = _result(reported)
    return ServiceStandardResultRecorded(
        service_id=reported.service_id,
        standard_id=reported.service_standard_id,
        from_date=reported.from_,
        to_date=reported.to,
        channel=reported.channel,
        version=version_after(known, after.model_dump()),
        before=Result.model_validate(known.fields) if known and known.fields else None,
        after=after,
    )


def _result(reported: ServiceStandardResultReported) -> Result:
    return Result(met=reported.met, total=reported.total, value=reported.value, unit=reported.unit)


def record_retirement(reported: ServiceRetirementReported, known: Known | None) -> ServiceRetired:
    version = version_after(known, fields_of_retirement(reported))
    return ServiceRetired(service_id=reported.service_id, on=reported.on, version=version)


def record_transfer(reported: ServiceTransferReported, known: Known | None, from_org: str) -> ServiceTransferred:
    return ServiceTransferred(
        service_id=reported.service_id,
        on=reported.on,
        from_org=from_org,
        to_org=reported.to_org,
        version=version_after(known, fields_of_transfer(reported)),
    )


def record_stewardship(reported: StewardshipReported, known: Known | None) -> StewardshipRecorded:
    record = reported.root
    return StewardshipRecorded(
        record_id=record.record_id,
        kind=record.kind,
        version=version_after(known, fields_of_stewardship(reported)),
        on=record.day,
        fields=reported.public_fields,
    )


def _measure(reported: ServiceStandardReported) -> Measure | None:
    """The measure given; else, for a timeliness standard, the one its sentence states, unconfirmed (clock rule 9)."""
    if reported.measure is not None:
        return reported.measure
    read = read_from_sentence(reported)
    return read.measure if read else None


def read_from_sentence(reported: ServiceStandardReported) -> Inferred | None:
    """What a timeliness standard without a measure states in its sentence; None of any other."""
    if reported.measure is not None or _one_of(reported.type, ("TML",)) is None:
        return None
    return infer(reported.service_standard_en or "", reported.service_standard_fr or "")


def _name(en: str | None, fr: str | None, otherwise: str) -> Bilingual:
    """A name in both languages; where one is missing the other stands in, and where both are, the id."""
    return Bilingual(en=(en or fr or otherwise)[:2000], fr=(fr or en or otherwise)[:2000])


def _one_of(given: Any, allowed: tuple[str, ...]) -> str | None:
    """The first of the codes given that is allowed; older files give several where one is expected."""
    codes = given if isinstance(given, list | tuple) else [given]
    return next((code for code in codes if code in allowed), None)


Report = (
    ServiceReported
    | ServiceStandardReported
    | ServiceStandardResultReported
    | ServiceRetirementReported
    | ServiceTransferReported
    | StewardshipReported
)
Recorded = (
    ServiceRecorded
    | ServiceStandardRecorded
    | ServiceStandardResultRecorded
    | ServiceRetired
    | ServiceTransferred
    | StewardshipRecorded
)


def withdrawn(recorded: Recorded, version: int) -> Recorded:
    """What is published of a thing of which no report is left: what the last one had said, and that it is withdrawn."""
    if isinstance(recorded, ServiceStandardResultRecorded):
        return recorded.model_copy(update={"before": recorded.after, "after": None, "version": version})
    return recorded.model_copy(update={"withdrawn": True, "version": version})
