"""Rows of the inventory as the open government portal publishes them: the dialect that `guichet import` reads. Pure."""

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any

from shared.contracts.reported.inventory_codes import APPLICATION_VOLUMES, POINTS
from shared.official import computed
from shared.organizations import organizations

Fields = Mapping[str, Any]
Cells = list[str]


def _both(stem: str) -> tuple[str, str]:
    return f"{stem}_en", f"{stem}_fr"


SERVICE_COLUMNS = (
    "fiscal_yr", "service_id", *_both("service_name"), *_both("service_description"), "service_type",
    "service_recipient_type", "service_scope", "client_target_groups", "program_id", *_both("program_name"),
    "client_feedback_channel", "automated_decision_system", *_both("automated_decision_system_description"),
    "service_fee", *POINTS, *_both("os_comments_client_interaction"), "last_service_review",
    "last_service_improvement", "sin_usage", "cra_bn_identifier_usage", "num_phone_enquiries",
    APPLICATION_VOLUMES[0], "num_website_visits", *APPLICATION_VOLUMES[1:], "num_applications_total",
    *_both("special_remarks"), *_both("service_uri"), "owner_org", "owner_org_title",
)  # fmt: skip
STANDARD_COLUMNS = (
    "fiscal_yr", "service_id", *_both("service_name"), "service_standard_id", *_both("service_standard"), "type",
    "channel", *_both("channel_comments"), "target", "volume_meeting_target", "total_volume", "performance",
    *_both("comments"), "target_met", *_both("standards_targets_uri"), *_both("performance_results_uri"), "owner_org",
    "owner_org_title",
)  # fmt: skip


def service_cells(fields: Fields, org_id: str) -> Cells:
    """A service of an organisation, a cell for each of SERVICE_COLUMNS."""
    filled = {**fields, "num_applications_total": computed.num_applications_total(fields)}
    return _cells(SERVICE_COLUMNS, filled, org_id)


def standard_cells(fields: Fields, org_id: str) -> Cells:
    """A standard of an organisation, a cell for each of STANDARD_COLUMNS."""
    results = {"performance": computed.performance(fields), "target_met": computed.target_met(fields)}
    target = fields.get("target")
    return _cells(
        STANDARD_COLUMNS, {**fields, **results, "target": None if target is None else f"{target:.10g}"}, org_id
    )


def write(columns: Iterable[str], rows: Iterable[Cells]) -> str:
    """A file as the portal has it: UTF-8 with a byte-order mark, commas, quotes where they are needed."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return "\ufeff" + text.getvalue()


def _cells(columns: Iterable[str], fields: Fields, org_id: str) -> Cells:
    known = organizations().get(org_id)
    whose = {
        "fiscal_yr": fields["fiscal_year"],
        "owner_org": known.slugs[0] if known and known.slugs else org_id,
        "owner_org_title": f"{known.name.en} | {known.name.fr}" if known else org_id,
    }
    return [_written({**fields, **whose}.get(column)) for column in columns]


def _written(value: Any) -> str:
    """`NA`, `ND`, blank and 0 stay four different things; several values stand in order."""
    if value is None:
        return ""
    return ",".join(value) if isinstance(value, list | tuple) else str(value)
