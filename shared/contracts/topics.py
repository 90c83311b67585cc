"""What each topic between services carries, beside `LogAdvanced` and `LogRestored`, which they all do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.contracts.envelope import Published
from shared.contracts.feedback import (
    FeedbackRecorded,
    FeedbackStateChanged,
    ImprovementRecorded,
    PersonErased,
    ResolutionTimeRecorded,
)
from shared.contracts.inventory import (
    ServiceRecorded,
    ServiceRetired,
    ServiceStandardRecorded,
    ServiceStandardResultRecorded,
    ServiceTransferred,
    StewardshipRecorded,
)
from shared.contracts.reporting import (
    ConfirmationSigned,
    CorrectiveActionChanged,
    OversightStepTaken,
    VerdictChanged,
)
from shared.contracts.status import (
    ApplicationStateChanged,
    ExceptionDayRecorded,
    NotificationDelivered,
    NotificationFailed,
)
from shared.language import Bilingual


@dataclass(frozen=True, slots=True)
class Topic:
    """Whose it is, what it is about, by what its records are keyed, and the events it carries."""

    service: str
    about: Bilingual
    key: str
    events: Sequence[type[Published]] = ()


TOPICS: Mapping[str, Topic] = {
    "inventory.services.v1": Topic(
        "inventory",
        Bilingual(
            en="Services, service standards, and results no application shows; retirements and transfers.",
            fr="Les services, les normes de service et les résultats qu'aucune demande ne montre; les cessations et les transferts.",
        ),
        "<service_id>",
        (
            ServiceRecorded,
            ServiceStandardRecorded,
            ServiceStandardResultRecorded,
            ServiceRetired,
            ServiceTransferred,
        ),
    ),
    "inventory.stewardship.v1": Topic(
        "inventory",
        Bilingual(
            en="What departments do to manage their services, and what oversight asks of them; no free text.",
            fr="Ce que les ministères font pour gérer leurs services, et ce que la surveillance leur demande; aucun texte libre.",
        ),
        "<org_id>",
        (StewardshipRecorded,),
    ),
    "feedback.cases.v1": Topic(
        "feedback",
        Bilingual(
            en="Feedback cases, never with a word of the client's; what a department promises and improves, by its <org_id> and a name.",
            fr="Les cas de rétroaction, jamais avec un mot du client; ce qu'un ministère promet et améliore, par son <org_id> et un nom.",
        ),
        "<org_id>/<feedback_id>",
        (FeedbackRecorded, FeedbackStateChanged, ResolutionTimeRecorded, ImprovementRecorded, PersonErased),
    ),
    "status.applications.v1": Topic(
        "status",
        Bilingual(
            en="Applications and their clocks; a department's exception days, by its <org_id> alone.",
            fr="Les demandes et leurs horloges; les jours d'exception d'un ministère, par son seul <org_id>.",
        ),
        "<org_id>/<application_id>",
        (ApplicationStateChanged, ExceptionDayRecorded),
    ),
    "status.notifications.v1": Topic(
        "status",
        Bilingual(
            en="What became of each notification, never to whom it went.",
            fr="Ce qu'il est advenu de chaque avis, jamais à qui il est allé.",
        ),
        "<org_id>/<application_id>",
        (NotificationDelivered, NotificationFailed),
    ),
    "reporting.verdicts.v1": Topic(
        "reporting",
        Bilingual(
            en="Verdicts on compliance that changed.",
            fr="Les verdicts de conformité qui ont changé.",
        ),
        "<org_id>",
        (VerdictChanged, ConfirmationSigned, CorrectiveActionChanged, OversightStepTaken),
    ),
}
