"""What is accepted and yet doubtful: told in the receipt."""

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
