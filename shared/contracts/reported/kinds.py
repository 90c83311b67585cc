"""Every type of event a department may report, by the service that records it."""

from collections.abc import Mapping

from pydantic import BaseModel

from shared.contracts.envelope import ServiceName
from shared.contracts.reported.correction import ReportCorrected
from shared.contracts.reported.feedback import (
    FeedbackHandlingReported,
    FeedbackReported,
    ImprovementReported,
    ResolutionTimeReported,
)
from shared.contracts.reported.inventory import (
    ServiceReported,
    ServiceRetirementReported,
    ServiceStandardReported,
    ServiceStandardResultReported,
    ServiceTransferReported,
)
from shared.contracts.reported.inventory_stewardship import StewardshipReported
from shared.contracts.reported.status import ApplicationStatusReported, ExceptionDayReported

# The data model of each type.
Kinds = Mapping[str, type[BaseModel]]

KINDS: Mapping[ServiceName, Kinds] = {
    "inventory": {
        "guichet.inventory.ServiceReported.v1": ServiceReported,
        "guichet.inventory.ServiceStandardReported.v1": ServiceStandardReported,
        "guichet.inventory.ServiceStandardResultReported.v1": ServiceStandardResultReported,
        "guichet.inventory.ServiceRetirementReported.v1": ServiceRetirementReported,
        "guichet.inventory.ServiceTransferReported.v1": ServiceTransferReported,
        "guichet.inventory.StewardshipReported.v1": StewardshipReported,
        "guichet.inventory.ReportCorrected.v1": ReportCorrected,
    },
    "feedback": {
        "guichet.feedback.FeedbackReported.v1": FeedbackReported,
        "guichet.feedback.FeedbackHandlingReported.v1": FeedbackHandlingReported,
        "guichet.feedback.ResolutionTimeReported.v1": ResolutionTimeReported,
        "guichet.feedback.ImprovementReported.v1": ImprovementReported,
        "guichet.feedback.ReportCorrected.v1": ReportCorrected,
    },
    "status": {
        "guichet.status.ApplicationStatusReported.v1": ApplicationStatusReported,
        "guichet.status.ExceptionDayReported.v1": ExceptionDayReported,
        "guichet.status.ReportCorrected.v1": ReportCorrected,
    },
}
