"""What is accepted and yet doubtful, and what is refused: told in the receipt."""

from datetime import date

from shared.contracts.measure import Measure
from shared.decoding import Received
from shared.measures import Inferred
from shared.problems import Problem, problem


def unknown_standard(event: Received) -> Problem:
    return problem(
        "unknown_standard",
        f"Standard {event.data.service_standard_id} is not in the inventory yet; report it with ServiceStandardReported.",
        f"La norme {event.data.service_standard_id} n'est pas encore au répertoire; déclarez-la par ServiceStandardReported.",
        "data.service_standard_id",
    )


def unknown_to_transfer(service_id: str) -> Problem:
    return problem(
        "unknown_service",
        f"Service {service_id} is not in the inventory, so that it is nobody's to transfer; report it first.",
        f"Le service {service_id} n'est pas au répertoire; personne ne peut donc le transférer. Déclarez-le d'abord.",
        "data.service_id",
    )


def transferred(service_id: str, since: date) -> Problem:
    return problem(
        "not_your_service",
        f"Service {service_id} was transferred to another organisation on {since}; that one reports it from then on.",
        f"Le service {service_id} a été transféré à une autre organisation le {since}; elle le déclare à compter de ce jour.",
        "data.service_id",
    )


def not_yet_transferred(service_id: str, day: date) -> Problem:
    return problem(
        "not_your_service",
        f"On {day} service {service_id} is still another organisation's; report it from the day of its transfer on.",
        f"Le {day}, le service {service_id} relève encore d'une autre organisation; déclarez-le à compter du jour de son transfert.",
        "data.service_id",
    )


def no_other_organization(org_id: str) -> Problem:
    return problem(
        "invalid_value",
        f"to_org must be the number of another organisation of the reference table; {org_id} is not.",
        f"to_org doit être le numéro d'une autre organisation de la table de référence; {org_id} ne l'est pas.",
        "data.to_org",
    )


def for_oversight(kind: str) -> Problem:
    return problem(
        "oversight_only",
        f"A {kind} is reported with a token that has the role oversight, not with a department's key.",
        f"Un {kind} se déclare avec un jeton portant le rôle oversight, et non avec la clé d'un ministère.",
        "data.kind",
    )


def not_for_oversight(kind: str) -> Problem:
    return problem(
        "department_only",
        f"A {kind} is reported by the department itself, with its key; oversight reports other kinds.",
        f"Un {kind} se déclare par le ministère lui-même, avec sa clé; la surveillance déclare d'autres genres.",
        "data.kind",
    )


def of_measure(read: Inferred) -> Problem:
    """Of a standard that says its limit in a sentence alone: as what it was read, or why it has no clock."""
    if read.measure is None:
        why_en, why_fr = (read.note.en, read.note.fr) if read.note else ("", "")
        return problem(
            "measure_not_read",
            f"This standard has no clock: {why_en} Send its measure to give it one.",
            f"Cette norme n'a pas d'horloge : {why_fr} Envoyez sa measure pour lui en donner une.",
            "data.measure",
        )
    said = _said(read.measure)
    note_en, note_fr = (f" {read.note.en}", f" {read.note.fr}") if read.note else ("", "")
    return problem(
        "measure_inferred",
        f"Its limit was read from its sentence as {said}, not confirmed.{note_en} Send measure with confirmed to confirm or correct it.",
        f"Sa limite a été lue dans sa phrase comme {said}, non confirmée.{note_fr} Envoyez measure avec confirmed pour la confirmer ou la corriger.",
        "data.measure",
    )


def _said(measure: Measure) -> str:
    return f"{measure.limit} ({measure.days}, {measure.starts} - {measure.ends}, {measure.calendar})"
