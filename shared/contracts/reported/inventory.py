"""What departments report to `inventory`: the official columns of policy.md A.1 (schema of 2025) under their names."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, ClassVar, Self

from pydantic import ConfigDict, Field, model_validator

from shared.contracts.envelope import Contract
from shared.contracts.identifiers import Identifier
from shared.contracts.measure import Measure
from shared.contracts.reported.inventory_codes import (
    SERVICE_CODES,
    STANDARD_CODES,
    VOLUMES,
    ClientGroup,
    Criterion,
    Designation,
    FeedbackChannel,
    NoCode,
    OlderClientGroup,
    OlderServiceType,
    Platform,
    RecipientType,
    ServiceScope,
    ServiceType,
    StandardType,
    TargetType,
    YesNoCode,
)
from shared.contracts.reported.inventory_rows import (
    Count,
    FiscalYear,
    InventoryRow,
    Share,
    Text,
    Volume,
    both_languages,
)
from shared.contracts.reported.status import Channel
from shared.language import Bilingual

_YesNoCodes = YesNoCode | tuple[YesNoCode, ...] | None


class Priority(Contract):
    """Whether the department names it a priority service, by which of the policy's criteria, and why."""

    designated: bool
    criteria: tuple[Criterion, ...] = ()
    rationale: Bilingual | None = None


class Authentication(Contract):
    """Whether a client must prove who they are, and at which level of assurance (1-4)."""

    required: bool
    level: int | None = Field(default=None, strict=True, ge=1, le=4)


class OlderService(Contract):
    """What the collection of 2016-2020 asked of a service besides, under its names."""

    last_gba: FiscalYear | NoCode | None = None
    ident_platform: tuple[Platform | NoCode, ...] | None = None
    info_service: _YesNoCodes = None
    service_channels: tuple[Channel | NoCode, ...] | None = None


class OlderStandard(Contract):
    """What the collection of 2016-2020 asked of a standard besides, under its names; `service_std_target` and `performance`
    as they were written, where they are no share that can be worked out from the rest.
    """

    target_type: TargetType | NoCode | None = None
    service_std_target: str | None = Field(default=None, max_length=100)
    performance: str | None = Field(default=None, max_length=100)
    gcss_tool_fiscal_yr: FiscalYear | NoCode | None = None


class ServiceReported(InventoryRow):
    """One service in one fiscal year. A volume that is not known is said: `"ND"`, or null; `"NA"` is not applicable."""

    CODES: ClassVar[Mapping[str, frozenset[str]]] = SERVICE_CODES
    MANDATORY: ClassVar[frozenset[str]] = frozenset(
        {"fiscal_year", "service_id", "program_id", *SERVICE_CODES}
        | both_languages("service_name", "service_description")
    )
    LIMITS: ClassVar[Mapping[str, int]] = {
        "service_name": 350,
        "service_description": 1800,
        "automated_decision_system_description": 1800,
        "os_comments_client_interaction": 1000,
        "special_remarks": 2000,
        "service_uri": 1500,
        "program_name": 5000,
        "harmonized_service_name": 350,
    }
    FILED: ClassVar[frozenset[str]] = frozenset({"older"}) | both_languages("program_name")

    service_description_en: Text = None
    service_description_fr: Text = None
    service_type: tuple[ServiceType | OlderServiceType | NoCode, ...] | None = None
    service_recipient_type: RecipientType | NoCode | tuple[RecipientType | NoCode, ...] | None = None
    service_scope: tuple[ServiceScope | NoCode, ...] | None = None
    client_target_groups: tuple[ClientGroup | OlderClientGroup | NoCode, ...] | None = None
    program_id: Annotated[tuple[Identifier, ...], Field(min_length=1)] | None = None
    program_name_en: Text = None
    program_name_fr: Text = None
    client_feedback_channel: tuple[FeedbackChannel | NoCode, ...] | None = None
    automated_decision_system: _YesNoCodes = None
    automated_decision_system_description_en: Text = None
    automated_decision_system_description_fr: Text = None
    service_fee: _YesNoCodes = None
    os_account_registration: _YesNoCodes = None
    os_authentication: _YesNoCodes = None
    os_application: _YesNoCodes = None
    os_decision: _YesNoCodes = None
    os_issuance: _YesNoCodes = None
    os_issue_resolution_feedback: _YesNoCodes = None
    os_comments_client_interaction_en: Text = None
    os_comments_client_interaction_fr: Text = None
    last_service_review: FiscalYear | None = None
    last_service_improvement: FiscalYear | None = None
    sin_usage: _YesNoCodes = None
    cra_bn_identifier_usage: _YesNoCodes = None
    num_phone_enquiries: Volume = None
    num_applications_by_phone: Volume = None
    num_website_visits: Volume = None
    num_applications_online: Volume = None
    num_applications_in_person: Volume = None
    num_applications_by_mail: Volume = None
    num_applications_by_email: Volume = None
    num_applications_by_fax: Volume = None
    num_applications_by_other: Volume = None
    special_remarks_en: Text = None
    special_remarks_fr: Text = None
    service_uri_en: Text = None
    service_uri_fr: Text = None
    priority: Priority | None = None
    authentication: Authentication | None = None
    authority: Bilingual | None = None
    service_owner: str | None = Field(default=None, min_length=1, max_length=350)
    harmonized_service_id: Identifier | None = None
    harmonized_service_name_en: Text = None
    harmonized_service_name_fr: Text = None
    agreements: YesNoCode | None = None
    designations: tuple[Designation, ...] | None = None
    older: OlderService | None = None

    @classmethod
    def kept(cls, fields: Mapping[str, Any]) -> Self:
        """A report that says what is kept of one: what was null is not kept, and is null again."""
        return cls.model_validate({**dict.fromkeys(VOLUMES), **fields})

    @model_validator(mode="after")
    def _volumes_are_said(self) -> Self:
        unsaid = [name for name in VOLUMES if name not in self.model_fields_set]
        if self.dialect is None and unsaid:
            raise ValueError(f"{', '.join(unsaid)}: 0, 1, 2 …, NA, ND, null")
        return self


class ServiceStandardReported(InventoryRow):
    """`target` is the share expected to meet the standard, 0-1; null where there is none or it is no share."""

    CODES: ClassVar[Mapping[str, frozenset[str]]] = STANDARD_CODES
    MANDATORY: ClassVar[frozenset[str]] = frozenset(
        {"fiscal_year", "service_id", "service_standard_id", *STANDARD_CODES}
        | both_languages("service_name", "service_standard", "standards_targets_uri")
    )
    LIMITS: ClassVar[Mapping[str, int]] = {
        "service_name": 350,
        "service_standard": 500,
        "channel_comments": 1500,
        "comments": 2000,
        "standards_targets_uri": 1500,
        "performance_results_uri": 1500,
    }

    service_standard_id: Identifier
    service_standard_en: Text = None
    service_standard_fr: Text = None
    type: StandardType | NoCode | tuple[StandardType | NoCode, ...] | None = None
    channel: Channel | NoCode | tuple[Channel | NoCode, ...] | None = None
    channel_comments_en: Text = None
    channel_comments_fr: Text = None
    target: Share | None = None
    volume_meeting_target: Volume = None
    total_volume: Volume = None
    comments_en: Text = None
    comments_fr: Text = None
    standards_targets_uri_en: Text = None
    standards_targets_uri_fr: Text = None
    performance_results_uri_en: Text = None
    performance_results_uri_fr: Text = None
    measure: Measure | None = None
    older: OlderStandard | None = None


class ServiceStandardResultReported(Contract):
    """A result that no application shows, for the days `from` to `to`, both included.

    Either how many outputs met the standard of all there were, or a `value` in a `unit`.
    """

    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True)

    service_id: Identifier
    service_standard_id: Identifier
    from_: date = Field(alias="from")
    to: date
    channel: Channel | None = None
    met: Count | None = None
    total: Count | None = None
    value: float | None = Field(default=None, strict=True, allow_inf_nan=False)
    unit: str | None = Field(default=None, min_length=1, max_length=40)

    @model_validator(mode="after")
    def _it_is_one_result(self) -> Self:
        if self.to < self.from_:
            raise ValueError(
                "from is the first day and to the last; to lies before from | from est le premier jour et to le dernier; to précède from"
            )
        halves = (self.met is None) != (self.total is None) or (self.value is None) != (self.unit is None)
        if halves or (self.met is None) == (self.value is None):
            raise ValueError("give met and total, or value and unit | donnez met et total, ou value et unit")
        if self.met is not None and self.total is not None and self.met > self.total:
            raise ValueError(
                "met is part of total and cannot exceed it | met fait partie de total et ne peut le dépasser"
            )
        return self


class ServiceRetirementReported(Contract):
    """The service is offered no more from the day `on`; what it was stays in the inventory."""

    service_id: Identifier
    on: date


class ServiceTransferReported(Contract):
    """From the day `on` the service is organisation `to_org`'s, under the same id; its owner reports it."""

    service_id: Identifier
    on: date
    to_org: Identifier
