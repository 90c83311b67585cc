"""The collection dialect (2016-2020): older names and codes, put into today's where they have an equal.

`NA`, `ND` and blank are codes of every coded column. `special_designations` holds `prior` for a priority service.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from guichet.inventory_files.columns import Column, code, code_list, fiscal_year, several, share, text, texts, volume
from shared.contracts.reported.inventory_codes import Designation
from shared.official.findings import Remark
from shared.organizations import Organization, by_name

STANDARD_ID = "service_std_id"

# Columns whose fields begin so are kept together, in `older`.
_OLDER = "older_"
_NO_CODE = {"NA": "NA", "ND": "ND"}
_YES_NO = {"Y": "Y", "N": "N", **_NO_CODE}
_CHANNELS = {each.lower(): each for each in ("ONL", "TEL", "PERSON", "EML", "FAX", "POST", "OTH")}
_CLIENTS = {
    "person": "PERSON",
    "NGO": "NGO",
    "econom": "ECONOM",
    "for": "FOR",
    "PTC": "PTC",
    "intern_gov": "INTERN_GOV",
}
_SCOPES = {"extern": "EXTERN", "intern": "INTERN", "enterprise": "ENTERPRISE", "intern cluster": "CLUSTER"}
_TYPES_WITH_AN_EQUAL = {"gnc": "GNC", "reg_vol": "REG_VOL", "res": "RES"}
_OLDER_TYPES = ("acq", "adv", "comm", "ecu", "fm", "hr", "im", "its", "legal", "mat", "mgnt", "prop", "reg", "rule")
_PLATFORMS = ("ex_auth", "signin_authenti", "gcpass", "in_auth", "oth")


def organization(cells: Mapping[str, str]) -> Organization | None:
    return by_name(cells.get("department_name_en", "")) or by_name(cells.get("department_name_fr", ""))


def organization_name(cells: Mapping[str, str]) -> str:
    return cells.get("department_name_en", "") or cells.get("department_name_fr", "")


def _some(codes: Mapping[str, str]) -> Callable[[str], list[str] | None]:
    return code_list({**codes, **_NO_CODE}, blank=True)


def _one(codes: Mapping[str, str]) -> Callable[[str], str | list[str] | None]:
    return code({**codes, **_NO_CODE}, blank=True)


def _same(codes: Sequence[str]) -> dict[str, str]:
    return {each: each for each in codes}


def _year_or_code(cell: str) -> str | None:
    return cell.strip() if cell.strip() in _NO_CODE else fiscal_year(cell)


def _as_written(cell: str) -> str | None:
    return cell.strip()[:100] or None


_POINTS = {
    "e_registration": "os_account_registration",
    "e_authentication": "os_authentication",
    "e_application": "os_application",
    "e_decision": "os_decision",
    "e_issuance": "os_issuance",
    "e_feedback": "os_issue_resolution_feedback",
    "service_fee": "service_fee",
    "cra_business_number": "cra_bn_identifier_usage",
    "use_of_sin": "sin_usage",
    "service_agreements": "agreements",
    "info_service": f"{_OLDER}info_service",
}
_VOLUMES = {
    "calls_received": "num_phone_enquiries",
    "web_visits_info_service": "num_website_visits",
    "online_applications": "num_applications_online",
    "telephone_applications": "num_applications_by_phone",
    "in_person_applications": "num_applications_in_person",
    "postal_mail_applications": "num_applications_by_mail",
    "email_applications": "num_applications_by_email",
    "fax_applications": "num_applications_by_fax",
    "other_applications": "num_applications_by_other",
}
_SERVICE_TEXTS = (
    "service_name",
    "service_description",
    "special_remarks",
    "authority",
    "program_name",
    "harmonized_service_name",
)
_STANDARD_TEXTS = {
    "service_name": "service_name",
    "service_std": "service_standard",
    "service_std_url": "standards_targets_uri",
    "standard_channel_comment": "channel_comments",
    "standard_comment": "comments",
    "realtime_result_url": "performance_results_uri",
}
SERVICE = (
    *texts({**_same(_SERVICE_TEXTS), "service_url": "service_uri"}),
    Column("external_internal", "service_scope", _some(_SCOPES)),
    Column("service_type", "service_type", _some({**_TYPES_WITH_AN_EQUAL, **_same(_OLDER_TYPES)})),
    Column("special_designations", "designations", _some(_same(("prior", "crit", "essent", "non")))),
    Column("client_target_groups", "client_target_groups", _some({**_CLIENTS, "enviro": "enviro"})),
    Column("client_feedback", "client_feedback_channel", _some({**_CHANNELS, "non": "NON"})),
    Column("service_channels", f"{_OLDER}service_channels", _some(_CHANNELS)),
    Column("ident_platform", f"{_OLDER}ident_platform", _some(_same(_PLATFORMS))),
    Column("service_owner", "service_owner", text),
    Column("harmonized_service_id", "harmonized_service_id", text),
    Column("program_id_code", "program_id", several),
    *(Column(name, field, _one(_YES_NO)) for name, field in _POINTS.items()),
    *(Column(name, field, volume) for name, field in _VOLUMES.items()),
    Column("last_gba", f"{_OLDER}last_gba", _year_or_code),
)
STANDARD = (
    *texts(_STANDARD_TEXTS),
    Column("service_std_type", "type", _one({"time": "TML", "accur": "ACY", "acces": "ACS", "oth": "OTH"})),
    Column("channel", "channel", _one(_CHANNELS)),
    Column("target_type", f"{_OLDER}target_type", _one(_same(("percentage", "other_type")))),
    Column("gcss_tool_fiscal_yr", f"{_OLDER}gcss_tool_fiscal_yr", _year_or_code),
    Column("performance", f"{_OLDER}performance", _as_written),
    *(Column(name, name, volume) for name in ("volume_meeting_target", "total_volume")),
)


def finish_service(data: dict[str, Any], _cells: Mapping[str, str]) -> list[Remark]:
    """Sets what several columns say together: the priority designation and the authority in both languages."""
    _gather_older(data)
    authority = {"en": data.pop("authority_en", None), "fr": data.pop("authority_fr", None)}
    if all(authority.values()):
        data["authority"] = {language: said[:2000] for language, said in authority.items()}
    designations: list[Designation] = data.get("designations") or []
    if set(designations) - set(_NO_CODE):
        data["priority"] = {"designated": "prior" in designations}
    return []


def finish_standard(data: dict[str, Any], cells: Mapping[str, str]) -> list[Remark]:
    """Sets the target, which is a share only where `target_type` is `percentage`. Raises RefusedCell."""
    kind, written = cells.get("target_type", "").strip(), cells.get("service_std_target", "")
    if kind == "percentage":
        data["target"] = share(100)(written)
    if data.get("target") is None:
        data[f"{_OLDER}service_std_target"] = _as_written(written)
    _gather_older(data)
    if kind == "percentage":
        return []
    return [Remark("target_not_a_share", "target", {"value": kind})]


def _gather_older(data: dict[str, Any]) -> None:
    names = [name for name in data if name.startswith(_OLDER)]
    older = {name.removeprefix(_OLDER): value for name in names if (value := data.pop(name)) is not None}
    if older:
        data["older"] = older
