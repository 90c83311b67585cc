"""What can be said of an event and figures, in both languages."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from services.reporting.domain.figures import FEWEST_SHOWN, Window
from shared.language import Bilingual


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing to know; `code` stays, the words may get better."""

    code: str
    text: Bilingual

    def as_dict(self) -> dict[str, Any]:
        return {"code": self.code, "text": self.text.model_dump()}


def reason(code: str, en: str, fr: str) -> Reason:
    return Reason(code, Bilingual(en=en, fr=fr))


def in_window(day: date | None, span: Window) -> bool:
    return day is None or span.first <= day <= span.last


def outside_window(day: date, span: Window) -> Reason:
    asked = f"?window={day}/{span.last}"
    return reason(
        "outside_window",
        f"{day} lies outside the default window of 28 days ({span.first} to {span.last}); ask with {asked}, as one with a role.",
        f"Le {day} est hors de la fenêtre habituelle de 28 jours (du {span.first} au {span.last}); demandez avec {asked}, muni d'un rôle.",
    )


def suppressed() -> Reason:
    return reason(
        "suppressed",
        f"The figure has fewer than {FEWEST_SHOWN} cases: the public sees none of it (suppressed); a role sees it whole.",
        f"Le chiffre compte moins de {FEWEST_SHOWN} cas : le public n'en voit rien (supprimé); un rôle le voit en entier.",
    )


_FEEDBACK = reason(
    "feedback",
    "Feedback counts in no performance figure; it is in the log, in the counts of events and in freshness.",
    "La rétroaction ne compte dans aucun chiffre de rendement; elle est au journal, dans les comptes d'événements et la fraîcheur.",
)
_NOTIFICATION = reason(
    "notification",
    "What became of a notification counts in no figure; it is in the log, in the counts of events and in freshness.",
    "Ce qu'il est advenu d'un avis ne compte dans aucun chiffre; c'est au journal, dans les comptes d'événements et la fraîcheur.",
)
_OWNERSHIP = reason(
    "ownership",
    "A retirement or a transfer counts in no figure itself: it says until when a service is offered, or whose it is.",
    "Une cessation ou un transfert ne compte lui-même dans aucun chiffre : il dit jusqu'à quand un service est offert, ou de qui il relève.",
)
_DECISION = reason(
    "decision",
    "What somebody decides about compliance counts in no performance figure; verdicts rest on it.",
    "Ce que quelqu'un décide au sujet de la conformité ne compte dans aucun chiffre de rendement; des verdicts s'y fondent.",
)
_UNCOUNTED = {
    "VerdictChanged": reason(
        "verdict",
        "A verdict counts in no performance figure: it is made from what was recorded.",
        "Un verdict ne compte dans aucun chiffre de rendement : il est tiré de ce qui a été enregistré.",
    ),
    "ConfirmationSigned": _DECISION,
    "CorrectiveActionChanged": _DECISION,
    "OversightStepTaken": _DECISION,
    "FeedbackRecorded": _FEEDBACK,
    "FeedbackStateChanged": _FEEDBACK,
    "ResolutionTimeRecorded": _FEEDBACK,
    "ImprovementRecorded": _FEEDBACK,
    "PersonErased": _FEEDBACK,
    "NotificationDelivered": _NOTIFICATION,
    "NotificationFailed": _NOTIFICATION,
    "ServiceRecorded": reason(
        "describes_service",
        "A service counts in no figure itself: it says whose its figures are, under which name, and whether it is of priority.",
        "Un service ne compte lui-même dans aucun chiffre : il dit à qui sont ses chiffres, sous quel nom, et s'il est prioritaire.",
    ),
    "ServiceStandardRecorded": reason(
        "describes_standard",
        "A standard counts in no figure itself: it sets the name, the target, and (through status) how cases are measured.",
        "Une norme ne compte elle-même dans aucun chiffre : elle fixe le nom, la cible et (par status) la mesure des cas.",
    ),
    "ServiceRetired": _OWNERSHIP,
    "ServiceTransferred": _OWNERSHIP,
    "StewardshipRecorded": reason(
        "stewardship",
        "What a department does to manage its services counts in no performance figure; it is in the log, and evidence there.",
        "Ce qu'un ministère fait pour gérer ses services ne compte dans aucun chiffre de rendement; c'est au journal, à titre de preuve.",
    ),
    "ExceptionDayRecorded": reason(
        "exception_day",
        "An exception day counts in no figure itself: status measures open cases by it, and those that move are published.",
        "Un jour d'exception ne compte lui-même dans aucun chiffre : status y mesure les cas ouverts et publie ceux qui bougent.",
    ),
}


def uncounted(kind: str) -> Reason:
    """Why an event of this type is in no figure; every type but those that are counted has its reason."""
    return _UNCOUNTED[kind.split(".")[2]]


def not_read(position: int, read_to: int | None) -> Reason:
    """A record that is not in reporting's log."""
    if read_to is not None and read_to >= position:
        return reason(
            "missing",
            f"Reporting has read this service up to position {read_to}, but does not have position {position}: run `guichet verify`.",
            f"reporting a lu ce service jusqu'à la position {read_to}, mais n'a pas la position {position} : lancez `guichet verify`.",
        )
    far = "nothing yet" if read_to is None else f"up to position {read_to}"
    loin = "rien encore" if read_to is None else f"jusqu'à la position {read_to}"
    return reason(
        "not_read_yet",
        f"Reporting has not read position {position} yet (it has read {far}): it waits for Kafka, or lags.",
        f"reporting n'a pas encore lu la position {position} (lu : {loin}) : il attend Kafka ou prend du retard.",
    )


def void() -> Reason:
    """A record of a service that was restored from a backup made before it."""
    return reason(
        "void",
        "The service was restored from a backup that does not have this record: it counts nowhere. Sent again, the event is "
        "recorded at another position; `guichet doctor` says whether it was.",
        "Le service a été restauré d'une sauvegarde qui n'a pas cet enregistrement : il ne compte nulle part. Renvoyé, "
        "l'événement est enregistré à une autre position; `guichet doctor` dit s'il l'a été.",
    )


def set_aside(detail: Mapping[str, str]) -> Reason:
    return reason(
        "set_aside",
        f"Reporting could not read it and set it aside (`guichet dlq ls --service reporting`): {detail.get('en', '')}",
        f"reporting n'a pu le lire et l'a mis au rebut (`guichet dlq ls --service reporting`) : {detail.get('fr', '')}",
    )
