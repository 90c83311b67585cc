"""The portal's files: what is imported comes out as it came in; of the older collection, every cell is found again."""

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from guichet.inventory_files import Import, Row, read
from shared.contracts.reported.inventory import ServiceReported, ServiceStandardReported
from shared.official import computed
from shared.official.portal_files import (
    SERVICE_COLUMNS,
    STANDARD_COLUMNS,
    service_cells,
    standard_cells,
    write,
)
from shared.organizations import organizations
from tests.unit.test_inventory_files import DATA, needs_real_files

PORTAL = {"service_2023-2024.csv": SERVICE_COLUMNS, "service-std_2023-2024.csv": STANDARD_COLUMNS}


def cells_of(row: Row) -> list[str]:
    assert row.data is not None
    fields = row.data.model_dump(mode="json", exclude_none=True)
    return (service_cells if row.kind == "service" else standard_cells)(fields, row.org_id or "")


def records(text: str) -> tuple[list[str], list[list[str]]]:
    header, *rows = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""))
    return header, rows


def exported(inventory: Import, folder: Path) -> list[Path]:
    paths = []
    for kind, columns in (("service", SERVICE_COLUMNS), ("standard", STANDARD_COLUMNS)):
        paths.append(folder / f"{kind}.csv")
        text = write(columns, [cells_of(row) for row in inventory.rows if row.kind == kind])
        paths[-1].write_text(text, encoding="utf-8", newline="")
    return paths


@needs_real_files
@pytest.mark.parametrize("name", PORTAL)
def test_a_real_portal_file_comes_out_as_it_went_in(name: str) -> None:
    """But for the organisations' titles, which are the reference table's, and numbers written with zeros in front."""
    inventory = read([DATA / name for name in PORTAL])
    header, originals = records((DATA / name).read_bytes().decode())
    assert tuple(header) == PORTAL[name]
    rows = [row for row in inventory.rows if Path(row.file).name == name]
    assert len(rows) == len(originals) == {"service_2023-2024.csv": 1752, "service-std_2023-2024.csv": 2343}[name]
    different = []
    for row, original in zip(rows, originals, strict=True):
        for column, before, after in zip(header, original, cells_of(row), strict=True):
            same = before == after or (before.isdigit() and before.lstrip("0") == after.lstrip("0"))
            if column != "owner_org_title" and not same:
                different.append((row.line, column, before, after))
    assert different == []


@needs_real_files
def test_what_was_exported_imports_again_without_a_difference(tmp_path: Path) -> None:
    first = read([DATA / name for name in PORTAL])
    again = read(exported(first, tmp_path))
    assert again.count("rejected") == 0
    assert [(row.org_id, row.key, row.data) for row in again.rows] == [
        (row.org_id, row.key, row.data) for row in first.rows
    ]


# The collection of 2016-2020: where each column is found, and how it is written there.

Find = Callable[[dict[str, Any]], Any]


def at(*path: str) -> Find:
    def find(fields: dict[str, Any]) -> Any:
        value: Any = fields
        for name in path:
            value = (value or {}).get(name)
        return value

    return find


def both(names: dict[str, str]) -> dict[str, Find]:
    return {f"{name}_{way}": at(f"{field}_{way}") for name, field in names.items() for way in ("en", "fr")}


def target(fields: dict[str, Any]) -> Any:
    share = fields.get("target")
    return at("older", "service_std_target")(fields) if share is None else f"{share * 100:.10g}"


COLUMNS: dict[str, Find] = {
    **both(
        {
            "service_name": "service_name", "service_description": "service_description", "service_url": "service_uri",
            "program_name": "program_name", "special_remarks": "special_remarks", "service_std": "service_standard",
            "service_std_url": "standards_targets_uri", "standard_channel_comment": "channel_comments",
            "standard_comment": "comments", "realtime_result_url": "performance_results_uri",
        }
    ),
    **{name: at("older", name.lower()) for name in
       ("last_GBA", "ident_platform", "info_service", "service_channels", "target_type", "gcss_tool_fiscal_yr", "performance")},
    "fiscal_yr": at("fiscal_year"), "service_id": at("service_id"), "service_std_id": at("service_standard_id"),
    "external_internal": at("service_scope"), "service_type": at("service_type"),
    "special_designations": at("designations"), "client_target_groups": at("client_target_groups"),
    "service_fee": at("service_fee"), "cra_business_number": at("cra_bn_identifier_usage"), "use_of_sin": at("sin_usage"),
    "calls_received": at("num_phone_enquiries"), "web_visits_info_service": at("num_website_visits"),
    "online_applications": at("num_applications_online"), "telephone_applications": at("num_applications_by_phone"),
    "in_person_applications": at("num_applications_in_person"), "postal_mail_applications": at("num_applications_by_mail"),
    "other_applications": at("num_applications_by_other"), "e_registration": at("os_account_registration"),
    "e_authentication": at("os_authentication"), "e_application": at("os_application"), "e_decision": at("os_decision"),
    "e_issuance": at("os_issuance"), "e_feedback": at("os_issue_resolution_feedback"),
    "client_feedback": at("client_feedback_channel"), "service_std_type": at("type"), "channel": at("channel"),
    "service_std_target": target, "volume_meeting_target": at("volume_meeting_target"), "total_volume": at("total_volume"),
}  # fmt: skip
# Today's codes, as the collection wrote them.
OLDER = {
    "EXTERN": "extern", "INTERN": "intern", "ENTERPRISE": "enterprise", "CLUSTER": "intern cluster", "PERSON": "person",
    "ECONOM": "econom", "FOR": "for", "INTERN_GOV": "intern_gov", "TML": "time", "ACY": "accur", "ACS": "acces",
    "OTH": "oth", "ONL": "onl", "TEL": "tel", "EML": "eml", "FAX": "fax", "POST": "post", "NON": "non", "GNC": "gnc",
    "REG_VOL": "reg_vol", "RES": "res",
}  # fmt: skip


def written(value: Any) -> str:
    if value is None:
        return ""
    parts = value if isinstance(value, list) else [str(value)]
    return ",".join(OLDER.get(part, part) for part in parts)


@needs_real_files
@pytest.mark.parametrize("year", ["2018-2019", "2019-2020"])
def test_every_cell_of_a_collection_file_that_is_imported_is_found_again(year: str) -> None:
    """The department's name as the organisation it names."""
    paths = [DATA / f"{kind}_{year}.csv" for kind in ("services", "standards")]
    inventory = read(paths)
    lost = []
    for path in paths:
        header, originals = records(path.read_bytes().decode())
        assert set(header) - set(COLUMNS) == {"department_name_en", "department_name_fr"}
        rows = [row for row in inventory.rows if row.file == str(path)]
        for row, original in zip(rows, originals, strict=True):
            if row.data is None:
                continue
            fields = row.data.model_dump(mode="json", exclude_none=True)
            for column, cell in zip(header, original, strict=True):
                find = COLUMNS.get(column)
                plain = cell if column.endswith(("_en", "_fr")) else cell.strip()
                found = written(find(fields)) if find else plain
                if found != ("" if not plain.strip() else plain) and not same_number(found, plain):
                    lost.append((path.name, row.line, column, cell[:60], found[:60]))
    assert lost[:20] == []


def same_number(one: str, other: str) -> bool:
    try:
        return float(one) == pytest.approx(float(other), abs=1e-9)
    except ValueError:
        return False


@needs_real_files
@pytest.mark.parametrize("year", ["2018-2019", "2019-2020"])
def test_nothing_of_a_collection_file_is_rejected_but_for_the_reasons_of_the_interface(year: str) -> None:
    inventory = read([DATA / f"{kind}_{year}.csv" for kind in ("services", "standards")])
    reasons = {finding.code for finding in inventory.findings if finding.rejected}
    assert reasons <= {
        "no_key", "second_row_of_key", "unknown_organization", "malformed_number", "malformed_fiscal_year",
        "malformed_key", "code_outside_list", "standard_without_service",
    }  # fmt: skip
    for row in inventory.rows:
        assert (row.data is None) == any(finding.rejected for finding in row.findings), row


# What is computed


def test_na_nd_blank_and_zero_stay_four_different_things(tmp_path: Path) -> None:
    fields = {"fiscal_year": "2023-2024", "service_id": "1", "num_phone_enquiries": "NA", "num_website_visits": "ND"}
    cells = dict(zip(SERVICE_COLUMNS, service_cells({**fields, "num_applications_online": 0}, "9001"), strict=True))
    said = [
        cells[name]
        for name in ("num_phone_enquiries", "num_website_visits", "num_applications_by_fax", "num_applications_online")
    ]
    assert said == ["NA", "ND", "", "0"]
    assert cells["num_applications_total"] == "0"


def test_the_title_of_an_organisation_is_in_both_languages() -> None:
    cells = dict(zip(SERVICE_COLUMNS, service_cells({"fiscal_year": "2023-2024"}, "134"), strict=True))
    known = organizations()["134"]
    assert cells["owner_org_title"] == f"{known.name.en} | {known.name.fr}"
    assert cells["owner_org"] == known.slugs[0]


@pytest.mark.parametrize(
    ("fields", "result", "met"),
    [
        ({"target": 0.99, "volume_meeting_target": 8672, "total_volume": 8760}, 0.99, "Y"),
        ({"target": 0.9, "volume_meeting_target": 0, "total_volume": 10}, 0.0, "N"),
        ({"target": 0.9, "volume_meeting_target": 0, "total_volume": 0}, None, "NA"),
        ({"target": 0.9, "total_volume": 10}, None, "NA"),
        ({"target": 0.9, "volume_meeting_target": "ND", "total_volume": 10}, None, "NA"),
        ({"target": 0, "volume_meeting_target": 9, "total_volume": 10}, 0.9, "NA"),
        ({"volume_meeting_target": 9, "total_volume": 10}, 0.9, "NA"),
        ({"target": 1, "volume_meeting_target": 12, "total_volume": 10}, 1.2, "Y"),
    ],
)
def test_whether_a_target_was_met_has_three_values(fields: dict[str, Any], result: float | None, met: str) -> None:
    assert (computed.performance(fields), computed.target_met(fields)) == (result, met)


@needs_real_files
def test_what_is_computed_of_every_published_row_is_what_was_published() -> None:
    inventory = read([DATA / name for name in PORTAL])
    for name, columns in (
        ("service_2023-2024.csv", ["num_applications_total"]),
        ("service-std_2023-2024.csv", ["performance", "target_met"]),
    ):
        header, originals = records((DATA / name).read_bytes().decode())
        rows = [cells_of(row) for row in inventory.rows if Path(row.file).name == name]
        for column in columns:
            place = header.index(column)
            assert [row[place] for row in rows] == [row[place] for row in originals]


def test_rows_that_departments_report_themselves_are_written_too() -> None:
    """No dialect, no program name: a blank there, as in the portal."""
    assert {"service_name_en", "program_name_en"} <= set(ServiceReported.model_fields)
    assert "target" in ServiceStandardReported.model_fields
    cells = dict(
        zip(STANDARD_COLUMNS, standard_cells({"fiscal_year": "2023-2024", "target": 0.9}, "9001"), strict=True)
    )
    assert (cells["target"], cells["performance"], cells["target_met"]) == ("0.9", "", "NA")
