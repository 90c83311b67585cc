"""What is doubtful about a row: the official schema's softer rules, and the checks of policy.md 2.4. Pure."""

from collections.abc import Iterator, Sequence
from datetime import date
from statistics import mean, pstdev

from shared.contracts.reported.inventory import ServiceReported, ServiceStandardReported
from shared.contracts.reported.inventory_codes import APPLICATION_VOLUMES, POINTS, SEVERAL, VOLUMES
from shared.contracts.reported.inventory_rows import InventoryRow, both_languages
from shared.official.findings import Remark
from shared.official.service_types import NEAREST

_MANDATORY_IN_COLLECTION = both_languages("service_name", "service_description", "service_standard")


def texts_and_codes(row: InventoryRow, columns: frozenset[str]) -> Iterator[Remark]:
    """The rules of the schema that refuse no row, for the columns (by their names here) that the file has."""
    mandatory = _MANDATORY_IN_COLLECTION if row.dialect == "collection" else row.MANDATORY | set(VOLUMES)
    for name in sorted(columns & type(row).model_fields.keys()):
        value = getattr(row, name)
        if value is None and name in mandatory:
            yield Remark("mandatory_missing", name)
        elif value is None and name[-3:] in {"_en", "_fr"} and getattr(row, _counterpart(name)) is not None:
            yield Remark("one_language_missing", name)
        elif isinstance(value, str) and len(value) > row.limit(name):
            yield Remark("text_too_long", name, {"length": str(len(value)), "limit": str(row.limit(name))})
        elif isinstance(value, tuple) and name in row.CODES and name not in SEVERAL:
            yield Remark("several_codes", name, {"value": ",".join(value)})


def _counterpart(name: str) -> str:
    return f"{name[:-3]}_fr" if name.endswith("_en") else f"{name[:-3]}_en"


def of_service(service: ServiceReported) -> Iterator[Remark]:
    for field, cause in _unexplained(service):
        yield Remark("conditional_text_missing", field, {"cause": cause})
    if _has(service.client_feedback_channel, "ONL") and service.os_issue_resolution_feedback == "N":
        yield Remark("qa_onl_feedback_contradiction", "client_feedback_channel")
    if _has(service.client_target_groups, "ECONOM") and service.cra_bn_identifier_usage == "NA":
        yield Remark("qa_econom_without_bn", "cra_bn_identifier_usage")
    if not applications(service):
        yield Remark("qa_no_si_volume")
    for code in service.service_type or ():
        if code in NEAREST:
            nearest = ", ".join(NEAREST[code]) or "–"
            yield Remark("older_service_type", "service_type", {"value": code, "nearest": nearest})


def of_standard(standard: ServiceStandardReported, service: ServiceReported | None) -> Iterator[Remark]:
    met, total = standard.volume_meeting_target, standard.total_volume
    if isinstance(met, int) and isinstance(total, int) and met > total:
        yield Remark("qa_performance_over_100", "volume_meeting_target", {"met": str(met), "total": str(total)})
    if not isinstance(total, int) or total == 0:
        yield Remark("qa_no_ss_volume", "total_volume")
    elif service is not None and not applications(service):
        yield Remark("qa_ss_vol_without_si_vol", "total_volume", {"total": str(total)})


def applications(service: ServiceReported) -> int:
    """All applications of the year: the sum of the seven channels, `NA` and `ND` as 0 (policy.md part 3)."""
    volumes = (getattr(service, name) for name in APPLICATION_VOLUMES)
    return sum(each for each in volumes if isinstance(each, int))


def of_year(fiscal_year: str, today: date) -> Iterator[Remark]:
    """A year that has not ended has no final volumes."""
    end = date(int(fiscal_year[5:]), 3, 31)
    if today <= end:
        yield Remark("qa_si_fiscal_yr_in_future", "fiscal_year", {"year": fiscal_year, "end": end.isoformat()})


def beside_earlier(service: ServiceReported, earlier: Sequence[ServiceReported]) -> Iterator[Remark]:
    """Volumes that were not counted anew, or that are quite another size; `earlier`: the years before, the last one last."""
    for name in VOLUMES:
        now, before = getattr(service, name), [getattr(each, name) for each in earlier]
        if not isinstance(now, int):
            continue
        known = [volume for volume in before if isinstance(volume, int)]
        if now and len(before) >= _SAME_YEARS - 1 and all(volume == now for volume in before[1 - _SAME_YEARS :]):
            facts = {"value": str(now), "years": str(_SAME_YEARS)}
            yield Remark("qa_same_volume_for_years", name, facts)
        elif len(known) > 1 and pstdev(known) and abs(now - mean(known)) > _FAR * pstdev(known):
            yield Remark("qa_volume_far_from_earlier", name, {"value": str(now), "mean": f"{mean(known):.0f}"})


_SAME_YEARS, _FAR = 4, 20


def _has(codes: tuple[str, ...] | None, code: str) -> bool:
    return codes is not None and code in codes


def _unexplained(service: ServiceReported) -> Iterator[tuple[str, str]]:
    if service.dialect == "collection":
        return
    point = next((name for name in POINTS if getattr(service, name) == "NA"), None)
    if point and not service.os_comments_client_interaction_en:
        yield "os_comments_client_interaction_en", f"{point} = NA"
    other = service.num_applications_by_other
    if isinstance(other, int) and other > 0 and not service.special_remarks_en:
        yield "special_remarks_en", f"num_applications_by_other = {other}"
    if service.automated_decision_system == "Y" and not service.automated_decision_system_description_en:
        yield "automated_decision_system_description_en", "automated_decision_system = Y"
