import csv
import json
from collections import Counter
from pathlib import Path

import pytest

from guichet.inventory_files import Import, Row, UnreadableInventoryFile, event, read
from shared.contracts.envelope import Event
from shared.contracts.reported.inventory import ServiceReported, ServiceStandardReported
from shared.contracts.reported.inventory_codes import POINTS, VOLUMES

DATA = Path(__file__).parents[2] / "../shared/data"
needs_real_files = pytest.mark.skipif(not DATA.is_dir(), reason="the public inventory files are not at ../shared/data")

PORTAL_SERVICE = {
    "fiscal_yr": "2023-2024",
    "service_id": "1001",
    "service_name_en": "Lighthouse Permits",
    "service_name_fr": "Permis relatifs aux phares",
    "service_description_en": "Permits.",
    "service_description_fr": "Permis.",
    "service_type": "APIR,INFO",
    "service_recipient_type": "CLIENT",
    "service_scope": "EXTERN",
    "client_target_groups": "PERSON",
    "program_id": "ABC01,ABC02",
    "client_feedback_channel": "ONL,TEL",
    "automated_decision_system": "N",
    "service_fee": "Y",
    **dict.fromkeys(POINTS, "Y"),
    "last_service_review": "",
    "sin_usage": "NA",
    "cra_bn_identifier_usage": "N",
    **dict.fromkeys(VOLUMES, "12"),
    "num_applications_by_other": "0",
    "num_applications_total": "96",
    "owner_org": "demo-001",
    "owner_org_title": "Department of Lighthouses | Ministère des Phares",
}
PORTAL_STANDARD = {
    "fiscal_yr": "2023-2024",
    "service_id": "1001",
    "service_name_en": "Lighthouse Permits",
    "service_name_fr": "Permis relatifs aux phares",
    "service_standard_id": "S1",
    "service_standard_en": "Issue a decision within 10 business days",
    "service_standard_fr": "Rendre une décision dans les 10 jours ouvrables",
    "type": "TML",
    "channel": "ONL",
    "target": "0.9",
    "volume_meeting_target": "80",
    "total_volume": "84",
    "performance": "0.9524",
    "target_met": "Y",
    "standards_targets_uri_en": "https://guichet.example/en",
    "standards_targets_uri_fr": "https://guichet.example/fr",
    "owner_org": "demo-001",
}
COLLECTED_SERVICE = {
    "fiscal_yr": "2018-2019",
    "service_id": "7",
    "service_name_en": "Tide Tables",
    "service_name_fr": "Annuaires des marées",
    "department_name_en": "Tide Service",
    "department_name_fr": "Service des marées",
    "external_internal": "extern,intern",
    "service_type": "res,adv",
    "special_designations": "prior,essent",
    "service_description_en": "Tables.",
    "service_description_fr": "Annuaires.",
    "ident_platform": "ND",
    "client_target_groups": "person,NGO,enviro",
    "service_fee": "N",
    "cra_business_number": "NA",
    "use_of_sin": "ND",
    "calls_received": "ND",
    "online_applications": "40",
    "telephone_applications": "",
    "in_person_applications": "0",
    "e_registration": "Y",
    "e_authentication": "",
    "e_application": "ND",
    "client_feedback": "onl,non",
}
COLLECTED_STANDARD = {
    "fiscal_yr": "2018-2019",
    "service_id": "7",
    "service_std_id": "70",
    "service_name_en": "Tide Tables",
    "service_name_fr": "Annuaires des marées",
    "service_std_en": "Send the table within 2 weeks",
    "service_std_fr": "Envoyer l'annuaire dans les 2 semaines",
    "service_std_type": "time",
    "target_type": "percentage",
    "service_std_target": "99.9",
    "volume_meeting_target": "39",
    "total_volume": "40",
    "channel": "onl",
    "department_name_en": "Tide Service",
    "department_name_fr": "Service des marées",
}
Cells = dict[str, str]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def write(path: Path, *rows: Cells) -> Path:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)
    return path


def services(folder: Path, *changes: Cells, base: Cells = PORTAL_SERVICE) -> Import:
    return read([write(folder / "service.csv", *({**base, **change} for change in changes))])


def standards(folder: Path, *changes: Cells) -> Import:
    rows = ({**PORTAL_STANDARD, **change} for change in changes)
    return read([write(folder / "service-std.csv", *rows), write(folder / "service.csv", PORTAL_SERVICE)])


def service_of(row: Row) -> ServiceReported:
    assert isinstance(row.data, ServiceReported), row.findings
    return row.data


def standard_of(row: Row) -> ServiceStandardReported:
    assert isinstance(row.data, ServiceStandardReported), row.findings
    return row.data


def codes(result: Import) -> list[str]:
    return [finding.code for finding in result.findings]


def test_a_portal_service_is_read_under_the_official_names(folder: Path) -> None:
    (row,) = services(folder, {}).rows
    service = service_of(row)
    assert (row.kind, row.line, row.org_id, row.key) == ("service", 2, "9001", ("2023-2024", "1001"))
    assert service.program_id == ("ABC01", "ABC02")
    assert service.client_feedback_channel == ("ONL", "TEL")
    assert (service.fiscal_year, service.service_fee, service.num_website_visits) == ("2023-2024", "Y", 12)
    assert row.findings == ()


def test_not_applicable_no_data_blank_and_zero_are_four_different_volumes(folder: Path) -> None:
    said = dict(zip(VOLUMES, ["NA", "nd", "", "0"], strict=False))
    service = service_of(services(folder, said).rows[0])
    assert [getattr(service, name) for name in said] == ["NA", "ND", None, 0]


def test_services_and_standards_come_in_any_order_of_files(folder: Path) -> None:
    result = standards(folder, {})
    assert [row.kind for row in result.rows] == ["service", "standard"]
    standard = standard_of(result.rows[1])
    assert (standard.target, standard.volume_meeting_target, standard.total_volume) == (0.9, 80, 84)
    assert result.count("imported") == 2


def test_a_file_without_byte_order_mark_reads_the_same(folder: Path) -> None:
    path = write(folder / "service.csv", PORTAL_SERVICE)
    with_mark = read([path]).rows[0].data
    path.write_bytes(path.read_bytes().removeprefix(b"\xef\xbb\xbf"))
    assert read([path]).rows[0].data == with_mark


def test_a_row_is_named_by_the_line_it_begins_on(folder: Path) -> None:
    result = services(folder, {"service_description_en": "Two\nlines"}, {"service_id": "1002"})
    assert [row.line for row in result.rows] == [2, 4]


def test_collection_names_and_codes_become_those_of_today(folder: Path) -> None:
    service = service_of(services(folder, {}, base=COLLECTED_SERVICE).rows[0])
    assert service.dialect == "collection"
    assert service.service_scope == ("EXTERN", "INTERN")
    assert service.service_type == ("RES", "adv")
    assert service.client_target_groups == ("PERSON", "NGO", "enviro")
    assert service.client_feedback_channel == ("ONL", "NON")
    assert (service.os_account_registration, service.os_application, service.os_authentication) == ("Y", "ND", None)
    assert (service.sin_usage, service.cra_bn_identifier_usage) == ("ND", "NA")
    assert (service.num_phone_enquiries, service.num_applications_online) == ("ND", 40)
    assert (service.num_applications_by_phone, service.num_applications_in_person) == (None, 0)


@pytest.mark.parametrize(
    ("said", "priority", "designations"),
    [
        ("prior,essent", True, ("prior", "essent")),
        ("essent", False, ("essent",)),
        ("non", False, ("non",)),
        ("ND", None, ("ND",)),
        ("", None, None),
    ],
)
def test_the_priority_designation_is_read_and_the_others_kept(
    folder: Path, said: str, priority: bool | None, designations: tuple[str, ...] | None
) -> None:
    service = service_of(services(folder, {"special_designations": said}, base=COLLECTED_SERVICE).rows[0])
    assert (service.priority and service.priority.designated) == priority
    assert service.designations == designations


def collected(folder: Path, change: Cells) -> Row:
    paths = [
        write(folder / "standards.csv", {**COLLECTED_STANDARD, **change}),
        write(folder / "s.csv", COLLECTED_SERVICE),
    ]
    return read(paths).rows[1]


def test_targets_out_of_a_hundred_become_shares(folder: Path) -> None:
    assert standard_of(collected(folder, {})).target == 0.999
    assert standard_of(collected(folder, {"service_std_target": "0"})).target == 0
    assert standard_of(collected(folder, {"service_std_target": "ND"})).target is None


def test_a_target_of_another_type_is_no_share_and_is_a_finding(folder: Path) -> None:
    row = collected(folder, {"target_type": "other_type", "service_std_target": "1.6 weeks"})
    assert standard_of(row).target is None
    assert [finding.code for finding in row.findings] == ["target_not_a_share"]


@pytest.mark.parametrize("blank", ["NA", "ND", ""])
def test_no_code_is_a_code_in_the_collection(folder: Path, blank: str) -> None:
    row = collected(folder, {"service_std_type": blank, "channel": blank})
    assert (standard_of(row).type, standard_of(row).channel) == (blank or None, blank or None)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"service_id": " "}, "no_key"),
        ({"fiscal_yr": ""}, "no_key"),
        ({"service_id": "10,01"}, "malformed_key"),
        ({"owner_org": "atlantis"}, "unknown_organization"),
        ({"num_website_visits": "1 200"}, "malformed_number"),
        ({"num_website_visits": "-3"}, "malformed_number"),
        ({"num_website_visits": "²"}, "malformed_number"),
        ({"fiscal_yr": "2023"}, "malformed_fiscal_year"),
        ({"fiscal_yr": "2023-2025"}, "malformed_fiscal_year"),
        ({"last_service_review": "soon"}, "malformed_fiscal_year"),
        ({"service_type": "APIR,XX"}, "code_outside_list"),
        ({"service_fee": ""}, "code_outside_list"),
        ({"os_decision": "ND"}, "code_outside_list"),
    ],
)
def test_a_service_that_cannot_be_kept_is_rejected_with_its_reason(folder: Path, change: Cells, code: str) -> None:
    result = services(folder, change)
    assert codes(result) == [code]
    assert (result.rows[0].data, result.rows[0].outcome, result.findings[0].rejected) == (None, "rejected", True)
    assert result.findings[0].severity == "error"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"service_standard_id": ""}, "no_key"),
        ({"target": "90"}, "malformed_number"),
        ({"target": "high"}, "malformed_number"),
        ({"total_volume": "many"}, "malformed_number"),
        ({"type": "time"}, "code_outside_list"),
        ({"service_id": "1002"}, "standard_without_service"),
        ({"fiscal_yr": "2022-2023"}, "standard_without_service"),
        ({"owner_org": "demo-002"}, "standard_without_service"),
    ],
)
def test_a_standard_that_cannot_be_kept_is_rejected_with_its_reason(folder: Path, change: Cells, code: str) -> None:
    result = standards(folder, change)
    assert codes(result) == [code]
    assert result.count("rejected") == 1


@pytest.mark.parametrize(
    "change", [{"external_internal": "abroad"}, {"ident_platform": "fax"}, {"service_type": "APIR"}]
)
def test_a_code_outside_the_older_lists_is_rejected(folder: Path, change: Cells) -> None:
    assert codes(services(folder, change, base=COLLECTED_SERVICE)) == ["code_outside_list"]


def test_every_reason_of_a_row_is_given_at_once(folder: Path) -> None:
    result = services(folder, {"owner_org": "atlantis", "num_website_visits": "x", "service_fee": "?"})
    assert Counter(codes(result)) == Counter(["unknown_organization", "malformed_number", "code_outside_list"])


def test_a_second_row_of_the_same_key_with_other_data_is_rejected(folder: Path) -> None:
    result = services(folder, {}, {"service_fee": "N"})
    assert [row.outcome for row in result.rows] == ["imported", "rejected"]
    assert codes(result) == ["second_row_of_key"]
    assert "2" in result.findings[0].text.en


def test_a_second_row_of_the_same_key_with_the_same_data_is_unchanged(folder: Path) -> None:
    result = services(folder, {}, {})
    assert [row.outcome for row in result.rows] == ["imported", "unchanged"]
    assert result.as_dict() == {"rows": 2, "imported": 1, "unchanged": 1, "rejected": 0, "findings": []}


def test_a_later_file_corrects_an_earlier_one(folder: Path) -> None:
    earlier = write(folder / "first.csv", PORTAL_SERVICE)
    later = write(folder / "second.csv", {**PORTAL_SERVICE, "service_fee": "N"})
    assert [row.outcome for row in read([earlier, later]).rows] == ["imported", "imported"]


def test_the_same_service_in_another_year_is_another_row(folder: Path) -> None:
    assert services(folder, {}, {"fiscal_yr": "2024-2025"}).count("imported") == 2


def test_the_standard_of_a_rejected_service_is_rejected(folder: Path) -> None:
    paths = [write(folder / "a.csv", PORTAL_STANDARD), write(folder / "b.csv", {**PORTAL_SERVICE, "service_fee": ""})]
    assert codes(read(paths)) == ["code_outside_list", "standard_without_service"]


def test_a_standard_may_come_alone_when_its_service_is_known(folder: Path) -> None:
    path = write(folder / "service-std.csv", PORTAL_STANDARD)
    assert codes(read([path])) == ["standard_without_service"]
    assert read([path], known_services={("2023-2024", "1001")}).count("imported") == 1


@pytest.mark.parametrize(
    ("change", "code", "severity"),
    [
        ({"service_name_fr": ""}, "mandatory_missing", "warning"),
        ({"num_website_visits": ""}, "mandatory_missing", "warning"),
        ({"service_name_en": "x" * 351}, "text_too_long", "warning"),
        ({"service_recipient_type": "CLIENT,SOCIETY"}, "several_codes", "warning"),
        ({"os_decision": "NA"}, "conditional_text_missing", "suggestion"),
        ({"num_applications_by_other": "3"}, "conditional_text_missing", "suggestion"),
        ({"automated_decision_system": "Y"}, "conditional_text_missing", "suggestion"),
        ({"os_issue_resolution_feedback": "N"}, "qa_onl_feedback_contradiction", "suggestion"),
        (
            {"client_target_groups": "ECONOM", "cra_bn_identifier_usage": "NA"},
            "qa_econom_without_bn",
            "suggestion",
        ),
        (dict.fromkeys(VOLUMES, "ND"), "qa_no_si_volume", "suggestion"),
    ],
)
def test_what_is_doubtful_about_a_service_is_found_and_imported(
    folder: Path, change: Cells, code: str, severity: str
) -> None:
    result = services(folder, change)
    assert [(each.code, each.severity, each.rejected) for each in result.findings] == [(code, severity, False)]
    assert result.count("imported") == 1


@pytest.mark.parametrize(
    ("change", "code", "severity"),
    [
        ({"volume_meeting_target": "85"}, "qa_performance_over_100", "error"),
        ({"volume_meeting_target": "", "total_volume": ""}, "qa_no_ss_volume", "warning"),
        ({"volume_meeting_target": "0", "total_volume": "0"}, "qa_no_ss_volume", "warning"),
    ],
)
def test_what_is_doubtful_about_a_standard_is_found_and_imported(
    folder: Path, change: Cells, code: str, severity: str
) -> None:
    result = standards(folder, change)
    assert [(each.code, each.severity, each.rejected) for each in result.findings] == [(code, severity, False)]
    assert result.findings[0].service_standard_id == "S1"
    assert result.count("imported") == 2


def test_a_standard_with_volume_is_found_where_its_service_has_none(folder: Path) -> None:
    bare = {**PORTAL_SERVICE, **dict.fromkeys(VOLUMES, "0")}
    paths = [write(folder / "a.csv", PORTAL_STANDARD), write(folder / "b.csv", bare)]
    assert codes(read(paths)) == ["qa_no_si_volume", "qa_ss_vol_without_si_vol"]


def test_a_text_in_one_language_alone_is_found(folder: Path) -> None:
    result = services(folder, {"special_remarks_en": "Seasonal.", "special_remarks_fr": ""})
    assert [(each.code, each.field) for each in result.findings] == [("one_language_missing", "special_remarks_fr")]


def test_a_finding_is_ready_for_json(folder: Path) -> None:
    (finding,) = json.loads(json.dumps(services(folder, {"owner_org": "atlantis"}).as_dict()))["findings"]
    assert finding["text"].keys() == {"en", "fr"}
    assert (finding["line"], finding["service_id"], finding["org_id"]) == (2, "1001", None)


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xfe\x00", b"a,b\n1,2\n", "année,é\n".encode("latin-1"), b"fiscal_yr\x00,service_id\n"],
)
def test_a_file_that_is_no_inventory_is_refused_whole_with_what_to_do(folder: Path, content: bytes) -> None:
    path = folder / "what.csv"
    path.write_bytes(content)
    with pytest.raises(UnreadableInventoryFile) as refused:
        read([path])
    assert refused.value.text.en.startswith(str(path))
    assert refused.value.text.fr != refused.value.text.en


def test_a_file_that_is_not_there_is_refused_whole(folder: Path) -> None:
    with pytest.raises(UnreadableInventoryFile, match="cannot be opened"):
        read([folder / "missing.csv"])


def test_a_row_is_sent_as_the_same_event_every_time(folder: Path) -> None:
    result = standards(folder, {})
    first, second = ([event(row) for row in each.to_send] for each in (result, standards(folder, {})))
    assert first == second
    assert [each["type"] for each in first] == [
        "guichet.inventory.ServiceReported.v1",
        "guichet.inventory.ServiceStandardReported.v1",
    ]
    assert [each["subject"] for each in first] == ["1001", "S1"]
    assert first[1]["id"].startswith("import-2023-2024-1001-S1-")
    assert len(first[1]["id"].rsplit("-", 1)[1]) == 16


def test_an_event_keeps_to_the_envelope_and_the_contract(folder: Path) -> None:
    for sent in (event(row) for row in standards(folder, {}).to_send):
        envelope = Event.model_validate_json(json.dumps(sent))
        assert (envelope.source, sent["time"]) == ("/organizations/9001/inventory-import", "2023-04-01T00:00:00Z")
        contract = ServiceReported if ".ServiceReported." in envelope.type else ServiceStandardReported
        assert contract.model_validate(envelope.data).dialect == "portal"
        assert None not in envelope.data.values()


def test_other_data_is_another_event(folder: Path) -> None:
    ids = {event(services(folder, {"service_fee": fee}).rows[0])["id"] for fee in ("Y", "N")}
    assert len(ids) == 2


def test_a_rejected_row_is_no_event(folder: Path) -> None:
    with pytest.raises(ValueError, match="rejected"):
        event(services(folder, {"service_fee": ""}).rows[0])


@needs_real_files
def test_the_real_portal_files_are_imported_whole_with_their_known_findings() -> None:
    result = read([DATA / "service-std_2023-2024.csv", DATA / "service_2023-2024.csv"])
    found = Counter(codes(result))
    assert (len(result.rows), result.count("imported")) == (1752 + 2343, 1752 + 2343)
    assert found["qa_performance_over_100"] == 9
    assert found["qa_onl_feedback_contradiction"] == 148


@needs_real_files
@pytest.mark.parametrize(
    ("year", "rows", "priority"), [("2018-2019", 1250 + 1646, 339), ("2019-2020", 1231 + 1784, 382)]
)
def test_the_real_collection_files_are_imported_whole_with_their_priorities(
    year: str, rows: int, priority: int
) -> None:
    result = read([DATA / f"services_{year}.csv", DATA / f"standards_{year}.csv"])
    assert (len(result.rows), result.count("imported")) == (rows, rows)
    designated = [row.data.priority for row in result.rows if isinstance(row.data, ServiceReported)]
    assert sum(each is not None and each.designated for each in designated) == priority


@needs_real_files
def test_events_of_the_real_files_have_ids_of_their_own() -> None:
    result = read([DATA / "service-std_2023-2024.csv", DATA / "service_2023-2024.csv"])
    assert len({event(row)["id"] for row in result.to_send}) == len(result.rows)
