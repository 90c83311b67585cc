"""Why an event is in a figure or in none, in words: what `guichet tail --event` and an auditor ask."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from services.reporting.domain.reasons import Reason, reason


@dataclass(frozen=True, slots=True)
class Known:
    """What reporting knows of a service: whose it is today (None: not in the inventory) and its standards' versions,
    each `{standard_id, channel, measure, valid_from}`.
    """

    service_id: str
    org_id: str | None
    standards: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Later:
    """A later entry about the same thing."""

    position: int
    event_id: str
    source: str
    data: Mapping[str, Any]


def standing(clock: Mapping[str, Any], now: datetime) -> tuple[str, date | None]:
    """What a clock counts as, and the day it counts on (None: not yet on any)."""
    if clock["state"] == "stopped":
        return ("met" if clock["met"] else "late"), _day(clock["stopped_on"])
    if clock["state"] == "excluded":
        return f"excluded_{clock['excluded_as']}", _day(clock["stopped_on"])
    if clock["state"] == "not_started":
        return "not_started", None
    late = clock["late_from"] is not None and datetime.fromisoformat(clock["late_from"]) <= now
    return ("open_late" if late else "open"), None


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


_AS = {
    "met": ("as met", "comme respectée"),
    "late": ("as not met (late)", "comme non respectée (en retard)"),
    "open": ("as open: its clock runs or is paused", "comme ouverte : son horloge court ou est suspendue"),
    "open_late": ("as open and late", "comme ouverte et en retard"),
    "excluded_withdrawn": ("as excluded: withdrawn", "comme exclue : retirée"),
    "excluded_closed_undecided": ("as excluded: closed undecided", "comme exclue : fermée sans décision"),
    "not_started": ("as not started: its clock has not begun", "comme non commencée : son horloge n'a pas démarré"),
}


def counted(standard_id: str, channel: str | None, as_: str, day: date | None) -> Reason:
    """Where an application counts, and as what."""
    en, fr = _AS[as_]
    by = (f", channel {channel}", f", mode {channel}") if channel else (", no channel", ", sans mode")
    on = (f", on {day}", f", le {day}") if day else (", now", ", en ce moment")
    return reason(
        f"counts_{as_}",
        f"The application counts {en} in the figure of standard {standard_id}{by[0]}{on[0]}.",
        f"La demande compte {fr} dans le chiffre de la norme {standard_id}{by[1]}{on[1]}.",
    )


def about_application(own: Mapping[str, Any], org_id: str, later: Later | None, known: Known) -> Iterator[Reason]:
    """What is to know of a report on an application beside where it counts."""
    if later is not None:
        yield _superseded(later)
    elif own["standards"] and all(each["before"] == each["after"] for each in own["standards"]):
        yield reason(
            "changed_nothing",
            "It changed no clock: it came after the application's final state, or says what was known.",
            "Il n'a changé aucune horloge : il suit l'état final de la demande, ou dit ce qui était connu.",
        )
    yield from ownership(known, org_id)
    data = later.data if later else own
    if known.org_id is not None and not any(each["after"] for each in data["standards"]):
        yield _no_clock(known, data["channel"])


def _superseded(later: Later) -> Reason:
    if later.source.startswith("/services/"):
        return reason(
            "measured_again",
            f"The service's standards changed since: the application was measured again, at position {later.position}; what counts is as of then.",
            f"Les normes du service ont changé depuis : la demande a été mesurée de nouveau, à la position {later.position}; ce qui compte en découle.",
        )
    return reason(
        "superseded",
        f"It is superseded by a later report, {later.event_id} at position {later.position}; the application counts once, as of that report.",
        f"Il est remplacé par un rapport ultérieur, {later.event_id} à la position {later.position}; la demande compte une fois, selon ce rapport.",
    )


def ownership(known: Known, org_id: str) -> Iterator[Reason]:
    """Figures of a service are its owner's alone."""
    if known.org_id is None:
        yield reason(
            "unknown_service",
            f"Service {known.service_id} is not in the inventory: until it is reported there, its cases are in no figure.",
            f"Le service {known.service_id} n'est pas au répertoire : tant qu'il n'y est pas déclaré, ses cas ne sont dans aucun chiffre.",
        )
    elif known.org_id != org_id:
        yield reason(
            "other_organization",
            f"Service {known.service_id} is organisation {known.org_id}'s, and the event organisation {org_id}'s: it is kept, and counts in no figure.",
            f"Le service {known.service_id} relève de l'organisation {known.org_id}, et l'événement, de l'organisation {org_id} : il est conservé et ne compte dans aucun chiffre.",
        )


def _no_clock(known: Known, channel: str | None) -> Reason:
    """Why no standard of a known service has a clock for an application."""
    service, measured = known.service_id, [each for each in known.standards if each["measure"]]
    if not known.standards:
        return reason(
            "no_standard",
            f"Service {service} has no service standard in the inventory, so its cases are in no figure.",
            f"Le service {service} n'a aucune norme de service au répertoire; ses cas ne sont donc dans aucun chiffre.",
        )
    if not measured:
        return reason(
            "no_measure",
            f"No standard of service {service} has a measure (so many days, from one state to another), so no clock runs.",
            f"Aucune norme du service {service} n'a de mesure (tant de jours, d'un état à un autre); aucune horloge ne court donc.",
        )
    channels = sorted({each["channel"] for each in measured if each["channel"]})
    if channel and all(each["channel"] not in {None, channel} for each in measured):
        return reason(
            "other_channel",
            f"The application came by channel {channel}; the standards of service {service} that have a measure are for {', '.join(channels)}.",
            f"La demande est venue par le mode {channel}; les normes du service {service} qui ont une mesure visent {', '.join(channels)}.",
        )
    first = min(each["valid_from"] for each in measured)
    return reason(
        "not_in_force",
        f"No standard of service {service} was in force on the day its clock would have started (the first is from {first}).",
        f"Aucune norme du service {service} n'était en vigueur le jour où son horloge aurait démarré (la première l'est depuis le {first}).",
    )


def about_result(own: Mapping[str, Any], org_id: str, later: Later | None, known: Known) -> Iterator[Reason]:
    """A result that no application shows counts on the last day of its period."""
    if later is not None:
        yield reason(
            "superseded",
            f"It is superseded by a later report of the same period, {later.event_id} at position {later.position}.",
            f"Il est remplacé par un rapport ultérieur de la même période, {later.event_id} à la position {later.position}.",
        )
    yield from ownership(known, org_id)
    if own["standard_id"] not in {each["standard_id"] for each in known.standards}:
        yield reason(
            "unknown_standard",
            f"Standard {own['standard_id']} is not in the inventory: the figure has no name or target, and no verdict.",
            f"La norme {own['standard_id']} n'est pas au répertoire : le chiffre n'a ni nom, ni cible, ni constat.",
        )
    data = later.data if later else own
    if data["after"] is None or data["after"]["total"] is None:
        yield reason(
            "no_total",
            "It gives no total (a value alone): there is nothing to count.",
            "Il ne donne pas de total (une valeur seule) : il n'y a rien à compter.",
        )


def counted_result(data: Mapping[str, Any]) -> Reason:
    after = data["after"]
    return reason(
        "counts_result",
        f"It counts as {after['met'] or 0} met of {after['total']} in the figure of standard {data['standard_id']}, on {data['to_date']}.",
        f"Il compte pour {after['met'] or 0} respectées sur {after['total']} dans le chiffre de la norme {data['standard_id']}, le {data['to_date']}.",
    )
