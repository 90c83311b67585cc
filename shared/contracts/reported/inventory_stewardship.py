"""What departments do to manage their services, and what oversight asks of them: one model for each kind of record.

`record_id` is what a record is known by within its organisation: a second report of the same one is a new version of it.
"""

import hashlib
import re
from datetime import date
from typing import Annotated, Any, ClassVar, Literal, Self, get_args

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    RootModel,
    StringConstraints,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)
from pydantic_core import InitErrorDetails

from shared.contracts.envelope import Contract
from shared.contracts.identifiers import Identifier
from shared.contracts.moments import Moment
from shared.contracts.reported.inventory_codes import FeedbackChannel
from shared.contracts.reported.inventory_rows import FiscalYear
from shared.language import Bilingual

StewardshipKind = Literal[
    "inventory_confirmed",
    "provider_appointed",
    "provider_left",
    "learning_offered",
    "feedback_mechanism_published",
    "feedback_mechanism_withdrawn",
    "service_review_completed",
    "recommendation_decided",
    "strategy_approved",
    "strategy_progress_measured",
    "engagement_approach_published",
    "standard_published",
    "standard_unpublished",
    "real_time_published",
    "real_time_unpublished",
    "real_time_observed",
    "status_access_published",
    "exclusion_documented",
    "mandatory_service_listed",
    "mandatory_service_adopted",
    "exemption_granted",
    "assessment_completed",
    "report_requested",
    "report_provided",
]
Topic = Literal["service_knowledge", "client_service_excellence"]
Area = Literal["redesign", "usability", "channel_integration", "mobile"]
StrategyPart = Literal["objectives", "governance", "risks", "priorities", "alignment"]
Element = Literal["awareness", "how_to", "measurement"]
Venue = Literal["canada.ca", "internal"]
Cadence = Literal["PT1H", "P1D", "P7D"]
_URL = re.compile(r"https?://[^\s/]+\S*")


def _is_url(text: str) -> str:
    if not _URL.fullmatch(text):
        raise ValueError(
            "an address begins with https:// or http:// and has no spaces | une adresse commence par https:// ou http:// et n'a pas d'espace"
        )
    return text


def _is_some(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
    try:
        return handler(value)
    except ValidationError:
        raise ValueError("say all, or a list of one id or more | dites all, ou une liste d'au moins un id") from None


def _is_day_or_moment(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
    try:
        return handler(value)
    except ValidationError:
        raise ValueError(
            "a day is written 2026-04-01, a moment 2026-04-01T09:30:00Z | un jour s'écrit 2026-04-01, un moment 2026-04-01T09:30:00Z"
        ) from None


Url = Annotated[str, StringConstraints(min_length=1, max_length=1500), AfterValidator(_is_url)]
Who = Annotated[str, StringConstraints(min_length=1, max_length=350)]
# `all`: every service of the organisation (of a mandatory service: every organisation).
Some = Annotated[
    Literal["all"] | Annotated[tuple[Identifier, ...], Field(min_length=1, max_length=1000)], WrapValidator(_is_some)
]
DayOrMoment = Annotated[Moment | date, Field(union_mode="left_to_right"), WrapValidator(_is_day_or_moment)]


class Urls(Contract):
    """A page's address in each language."""

    en: Url
    fr: Url


class Document(Contract):
    """What shows that it is so; `sha256` of its content, in hexadecimal."""

    url: Url
    title: Bilingual
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] | None = None


class Recommendation(Contract):
    id: Identifier
    text: Bilingual


class StewardshipRecord(Contract):
    """`KEY` names the fields that tell one record of the kind from another; `DAY` the day it takes effect."""

    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True)
    KEY: ClassVar[tuple[str, ...]] = ()
    DAY: ClassVar[str | None] = "on"
    OVERSIGHT: ClassVar[bool] = False

    documents: Annotated[tuple[Document, ...], Field(max_length=50)] = ()

    @property
    def record_id(self) -> str:
        """`inventory_confirmed/2017-2018`; an optional field that is not given is `-`."""
        parts = (getattr(self, name) for name in self.KEY)
        return "/".join([getattr(self, "kind"), *("-" if part is None else str(part) for part in parts)])  # noqa: B009 - each kind names its own

    @property
    def day(self) -> date | None:
        said = getattr(self, self.DAY) if self.DAY else None
        return said if isinstance(said, date | None) else None


class _Period(StewardshipRecord):
    from_: date = Field(alias="from")
    DAY: ClassVar[str | None] = "from_"

    @model_validator(mode="after")
    def _it_ends_after_it_begins(self) -> Self:
        end = getattr(self, "to", None) or getattr(self, "expires_on", None)
        if end is not None and end < self.from_:
            raise ValueError("it ends before it begins: see from | la fin précède le début : voyez from")
        return self


class InventoryConfirmed(StewardshipRecord):
    KEY = ("fiscal_year",)
    kind: Literal["inventory_confirmed"]
    fiscal_year: FiscalYear
    on: date
    confirmed_by: Who


class ProviderAppointed(StewardshipRecord):
    KEY = ("provider_id", "on")
    kind: Literal["provider_appointed"]
    provider_id: Identifier
    on: date


class ProviderLeft(StewardshipRecord):
    KEY = ("provider_id", "on")
    kind: Literal["provider_left"]
    provider_id: Identifier
    on: date


class LearningOffered(StewardshipRecord):
    KEY = ("provider_id", "topic", "form", "on")
    kind: Literal["learning_offered"]
    provider_id: Identifier
    topic: Topic
    form: Literal["formal", "informal"]
    on: date


class _FeedbackMechanism(StewardshipRecord):
    services: Some
    on: date

    @property
    def record_id(self) -> str:
        """A mechanism has no name of its own: a digest of its services, channels and address tells it from others."""
        shown = self.model_dump(mode="json", include={"services", "channels", "url"})
        digest = hashlib.sha256(repr(sorted(shown.items())).encode()).hexdigest()[:16]
        return "/".join([getattr(self, "kind"), str(self.on), digest])  # noqa: B009 - each kind names its own


class FeedbackMechanismPublished(_FeedbackMechanism):
    kind: Literal["feedback_mechanism_published"]
    channels: Annotated[tuple[FeedbackChannel, ...], Field(min_length=1)]
    url: Urls
    accessible: bool


class FeedbackMechanismWithdrawn(_FeedbackMechanism):
    kind: Literal["feedback_mechanism_withdrawn"]
    channels: Annotated[tuple[FeedbackChannel, ...], Field(min_length=1)] | None = None
    url: Urls | None = None
    accessible: bool | None = None


class ServiceReviewCompleted(StewardshipRecord):
    KEY = ("service_id", "on")
    kind: Literal["service_review_completed"]
    service_id: Identifier
    on: date
    areas: tuple[Area, ...]
    recommendations: Annotated[tuple[Recommendation, ...], Field(max_length=200)] = ()


class RecommendationDecided(StewardshipRecord):
    KEY = ("service_id", "recommendation_id", "on")
    kind: Literal["recommendation_decided"]
    service_id: Identifier
    recommendation_id: Identifier
    decision: Literal["adopted", "rejected", "deferred"]
    on: date


class StrategyApproved(_Period):
    KEY = ("strategy_id",)
    kind: Literal["strategy_approved"]
    strategy_id: Identifier
    to: date
    approved_by: Who
    parts: tuple[StrategyPart, ...]


class StrategyProgressMeasured(StewardshipRecord):
    KEY = ("strategy_id", "fiscal_year")
    kind: Literal["strategy_progress_measured"]
    strategy_id: Identifier
    fiscal_year: FiscalYear
    on: date


class EngagementApproachPublished(_Period):
    KEY = ("from_",)
    kind: Literal["engagement_approach_published"]
    to: date | None = None
    elements: tuple[Element, ...]


class _StandardAt(StewardshipRecord):
    KEY = ("service_id", "service_standard_id", "venue", "on")
    service_id: Identifier
    service_standard_id: Identifier
    venue: Venue
    on: date


class StandardPublished(_StandardAt):
    kind: Literal["standard_published"]
    url: Urls


class StandardUnpublished(_StandardAt):
    kind: Literal["standard_unpublished"]
    url: Urls | None = None


class _RealTimeAt(StewardshipRecord):
    """Of the whole service where no standard is named."""

    KEY = ("service_id", "service_standard_id", "venue", "on")
    service_id: Identifier
    service_standard_id: Identifier | None = None
    venue: Venue
    on: date


class RealTimePublished(_RealTimeAt):
    kind: Literal["real_time_published"]
    url: Urls
    cadence: Cadence


class RealTimeUnpublished(_RealTimeAt):
    kind: Literal["real_time_unpublished"]
    url: Urls | None = None
    cadence: Cadence | None = None


class RealTimeObserved(StewardshipRecord):
    """What a page with real-time information showed; `as_of` a day, or a moment where it is known."""

    KEY = ("service_id", "service_standard_id", "as_of")
    DAY = None
    kind: Literal["real_time_observed"]
    service_id: Identifier
    service_standard_id: Identifier | None = None
    as_of: DayOrMoment
    value: Annotated[float, Field(allow_inf_nan=False)]

    @property
    def record_id(self) -> str:
        return "/".join([self.kind, self.service_id, self.service_standard_id or "-", self.as_of.isoformat()])

    @property
    def day(self) -> date | None:
        return date.fromisoformat(self.as_of.isoformat()[:10])


class StatusAccessPublished(StewardshipRecord):
    KEY = ("service_id", "on")
    kind: Literal["status_access_published"]
    service_id: Identifier
    url: Urls
    cadence: Cadence
    on: date


class ExclusionDocumented(StewardshipRecord):
    KEY = ("service_id", "requirement")
    DAY = None
    kind: Literal["exclusion_documented"]
    service_id: Identifier
    requirement: Literal["7.9", "7.10"]
    basis: Literal["law", "security"]
    reason: Bilingual
    expires_on: date | None = None


class MandatoryServiceListed(_Period):
    KEY = ("mandatory_service_id",)
    OVERSIGHT = True
    kind: Literal["mandatory_service_listed"]
    mandatory_service_id: Identifier
    name: Bilingual
    provider_org: Identifier
    basis: Literal["statute", "policy"]
    to: date | None = None
    applies_to: Some


class MandatoryServiceAdopted(StewardshipRecord):
    KEY = ("mandatory_service_id",)
    kind: Literal["mandatory_service_adopted"]
    mandatory_service_id: Identifier
    on: date


class ExemptionGranted(_Period):
    KEY = ("mandatory_service_id", "from_")
    OVERSIGHT = True
    kind: Literal["exemption_granted"]
    mandatory_service_id: Identifier
    reason: Bilingual
    expires_on: date


class AssessmentCompleted(StewardshipRecord):
    KEY = ("fiscal_year",)
    kind: Literal["assessment_completed"]
    fiscal_year: FiscalYear
    on: date


class ReportRequested(StewardshipRecord):
    KEY = ("request_id",)
    DAY = None
    OVERSIGHT = True
    kind: Literal["report_requested"]
    request_id: Identifier
    due_on: date
    subject: Bilingual


class ReportProvided(StewardshipRecord):
    KEY = ("request_id",)
    kind: Literal["report_provided"]
    request_id: Identifier
    on: date


_Kind = (
    InventoryConfirmed
    | ProviderAppointed
    | ProviderLeft
    | LearningOffered
    | FeedbackMechanismPublished
    | FeedbackMechanismWithdrawn
    | ServiceReviewCompleted
    | RecommendationDecided
    | StrategyApproved
    | StrategyProgressMeasured
    | EngagementApproachPublished
    | StandardPublished
    | StandardUnpublished
    | RealTimePublished
    | RealTimeUnpublished
    | RealTimeObserved
    | StatusAccessPublished
    | ExclusionDocumented
    | MandatoryServiceListed
    | MandatoryServiceAdopted
    | ExemptionGranted
    | AssessmentCompleted
    | ReportRequested
    | ReportProvided
)

MODELS: tuple[type[StewardshipRecord], ...] = get_args(_Kind)

# Only oversight reports these, of any organisation.
OVERSIGHT_KINDS = frozenset(
    kind for model in MODELS if model.OVERSIGHT for kind in get_args(model.model_fields["kind"].annotation)
)


class StewardshipReported(RootModel[Annotated[_Kind, Field(discriminator="kind")]]):
    """One record, of the kind that `kind` names."""

    model_config = ConfigDict(frozen=True)

    @model_validator(mode="wrap")
    @classmethod
    def _fields_are_named_as_they_were_sent(cls, value: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Without the kind in front of each, which pydantic puts there."""
        try:
            return handler(value)
        except ValidationError as error:
            found = [_as_sent(each, value) for each in error.errors(include_url=False)]
            raise ValidationError.from_exception_data(cls.__name__, found) from None

    @property
    def public_fields(self) -> dict[str, Any]:
        """What may be published of it: no free text, no name of a person."""
        fields = self.root.model_dump(mode="json", exclude_none=True, exclude=_PRIVATE)
        return {name: value for name, value in fields.items() if value != []}


def _as_sent(error: Any, value: Any) -> InitErrorDetails:
    context = error.get("ctx", {})
    if error["type"] == "union_tag_not_found":
        return InitErrorDetails(type="missing", loc=("kind",), input=value)
    if error["type"] == "union_tag_invalid":
        expected = {"expected": context["expected_tags"]}
        return InitErrorDetails(type="literal_error", loc=("kind",), input=context["tag"], ctx=expected)
    return InitErrorDetails(type=error["type"], loc=error["loc"][1:], input=error["input"], ctx=context)


# Never published: what someone wrote, and who someone is.
_PRIVATE: Any = {
    **dict.fromkeys(("kind", "reason", "name", "subject", "confirmed_by", "approved_by"), True),
    "recommendations": {"__all__": {"text"}},
    "documents": {"__all__": {"title"}},
}
