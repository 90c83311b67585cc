"""The official code lists of the inventory (schema of 2025), and the older codes that have no official equal."""

from collections.abc import Mapping
from typing import Literal, get_args

from shared.contracts.reported.status import Channel

Dialect = Literal["portal", "collection"]
NoCode = Literal["NA", "ND"]
ServiceType = Literal["APIR", "CER", "GNC", "INFO", "LRP", "PPI", "REG_VOL", "RES"]
OlderServiceType = Literal[
    "acq", "adv", "comm", "ecu", "fm", "hr", "im", "its", "legal", "mat", "mgnt", "prop", "reg", "rule"
]
RecipientType = Literal["CLIENT", "SOCIETY"]
ServiceScope = Literal["CLUSTER", "ENTERPRISE", "EXTERN", "INTERN"]
ClientGroup = Literal["ECONOM", "FOR", "INTERN_GOV", "NGO", "PERSON", "PTC"]
FeedbackChannel = Literal["EML", "FAX", "NON", "ONL", "OTH", "PERSON", "POST", "TEL"]
YesNo = Literal["Y", "N"]
YesNoNotApplicable = Literal["Y", "N", "NA"]
StandardType = Literal["ACS", "ACY", "OTH", "TML"]
Designation = Literal["prior", "crit", "essent", "non", "NA", "ND"]
Platform = Literal["ex_auth", "signin_authenti", "gcpass", "in_auth", "oth"]
TargetType = Literal["percentage", "other_type"]
Criterion = Literal["volume", "importance", "sensitivity", "cost_benefit", "affordability"]
OlderClientGroup = Literal["enviro"]
YesNoCode = Literal["Y", "N", "NA", "ND"]

YES_NO = frozenset(get_args(YesNo))
YES_NO_NA = frozenset(get_args(YesNoNotApplicable))
POINTS = (
    "os_account_registration",
    "os_authentication",
    "os_application",
    "os_decision",
    "os_issuance",
    "os_issue_resolution_feedback",
)
APPLICATION_VOLUMES = tuple(
    f"num_applications_{how}"
    for how in ("by_phone", "online", "in_person", "by_mail", "by_email", "by_fax", "by_other")
)
VOLUMES = ("num_phone_enquiries", "num_website_visits", *APPLICATION_VOLUMES)
SERVICE_CODES: Mapping[str, frozenset[str]] = {
    "service_type": frozenset(get_args(ServiceType)),
    "service_recipient_type": frozenset(get_args(RecipientType)),
    "service_scope": frozenset(get_args(ServiceScope)),
    "client_target_groups": frozenset(get_args(ClientGroup)),
    "client_feedback_channel": frozenset(get_args(FeedbackChannel)),
    "automated_decision_system": YES_NO,
    "service_fee": YES_NO,
    **dict.fromkeys(POINTS, YES_NO_NA),
    "sin_usage": YES_NO_NA,
    "cra_bn_identifier_usage": YES_NO_NA,
}
STANDARD_CODES: Mapping[str, frozenset[str]] = {
    "type": frozenset(get_args(StandardType)),
    "channel": frozenset(get_args(Channel)),
}
SEVERAL = frozenset({"service_type", "service_scope", "client_target_groups", "client_feedback_channel"})
