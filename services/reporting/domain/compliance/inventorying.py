"""The service inventory: whether it is complete, and whether its annual update was confirmed."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from services.reporting.domain.compliance.cycles import annual, last_of
from services.reporting.domain.compliance.facts import Facts, Ref
from services.reporting.domain.compliance.population import POINTS, Population, Service, codes, population
from services.reporting.domain.compliance.settings import Settings
from services.reporting.domain.compliance.verdict import Judged, Outcome, State, Unit, Words, combined
from services.reporting.domain.compliance.words import SERVICES, rows_used
from services.reporting.domain.compliance.years import last_day, year_before

Said = Callable[[Mapping[str, Any]], bool]
_VOLUMES = tuple(
    f"num_{how}"
    for how in (
        "phone_enquiries",
        "website_visits",
        "applications_by_phone",
        "applications_online",
        "applications_in_person",
        "applications_by_mail",
        "applications_by_email",
        "applications_by_fax",
        "applications_by_other",
    )
)


def _texts(stem: str) -> Said:
    return lambda fields: bool(fields.get(f"{stem}_en")) and bool(fields.get(f"{stem}_fr"))


def _coded(*names: str) -> Said:
    return lambda fields: all(codes(fields, name) for name in names)


def _any_volume(fields: Mapping[str, Any]) -> bool:
    return any(fields.get(name) not in {None, "ND"} for name in _VOLUMES)


def _designation(fields: Mapping[str, Any]) -> bool:
    return fields.get("priority") is not None


def _program(fields: Mapping[str, Any]) -> bool:
    return _coded("program_id")(fields) or _texts("program_name")(fields)


_PROGRAM: Words = ("program", "programme")
# The key elements (Guideline on Service Management, table 5) that an official file has a column for.
_COLLECTION: Mapping[str, tuple[Words, Said]] = {
    "name": (("name", "nom"), _texts("service_name")),
    "description": (("description", "description"), _texts("service_description")),
    "type": (("service type", "type de service"), _coded("service_type")),
    "scope": (("external or internal enterprise", "externe ou interne intégré"), _coded("service_scope")),
    "clients": (("clients", "clients"), _coded("client_target_groups")),
    "fee": (("service fee", "frais de service"), _coded("service_fee")),
    "volume": (("volume per channel", "volume par mode"), _any_volume),
    "online": (("interaction points", "points d'interaction"), _coded(*POINTS)),
    "designation": (("priority designation", "désignation prioritaire"), _designation),
    "program": (_PROGRAM, _texts("program_name")),
}
_PORTAL = {name: element for name, element in _COLLECTION.items() if name != "designation"} | {
    "program": (_PROGRAM, _coded("program_id"))
}
_EITHER = {**_COLLECTION, "program": (_PROGRAM, _program)}


def elements(dialect: str | None) -> Mapping[str, tuple[Words, Said]]:
    """The key elements that a row can have: those of the file it came from. A department that reports by itself has all."""
    return {"collection": _COLLECTION, "portal": _PORTAL}.get(dialect or "", _EITHER)


def missing(service: Service) -> list[str]:
    """The key elements that a service's row does not say. What it says is `ND` it does not say."""
    known = elements(service.fields.get("dialect"))
    return [name for name, (_, said) in known.items() if not said(service.fields)]


def kept_up(facts: Facts, since: date, as_of: date, settings: Settings) -> Judged:
    """Whether the inventory exists, is complete, and its annual update is confirmed."""
    found = population(facts, as_of)
    update, due, refs = _update(facts, found, since, as_of, settings)
    # A whole row meets the requirement once its update is confirmed.
    units = [Unit(each.service_id, "partial" if missing(each) else update, (each.ref,)) for each in found.in_scope]
    notes = [*rows_used(found), _update_words(update, due, facts, as_of), *_missing_words(found.in_scope)]
    state = _state(units, update, found)
    return Judged(units, SERVICES, notes, state=state, due_on=due, refs=[*found.refs, *refs])


def _update(
    facts: Facts, found: Population, since: date, as_of: date, settings: Settings
) -> tuple[Outcome, date, list[Ref]]:
    """The annual update. Rows of the year that nobody confirmed do not prove it; rows too old prove the contrary."""
    last = last_of(facts, "inventory_confirmed", as_of)
    outcome, due = annual(last.on if last else None, since, as_of, settings)
    if outcome == "failed" and found.year == found.asked:
        outcome = "unknown"
    elif last is None and found.year is not None:
        due = last_day(found.asked)
        outcome = "failed" if found.year < year_before(found.asked) else "unknown"
    return outcome, due, [last.ref] if last else []


def _state(units: Sequence[Unit], update: Outcome, found: Population) -> State:
    if not units:
        attested = update == "met" or (found.services and not found.unscoped)
        return "not_applicable" if attested else "insufficient_evidence"
    return "non_compliant" if update == "failed" else combined(units, "insufficient_evidence")


def _update_words(update: Outcome, due: date, facts: Facts, as_of: date) -> Words:
    last = last_of(facts, "inventory_confirmed", as_of)
    if last is None:
        return (
            f"No annual update was ever confirmed; one is due by {due}.",
            f"Aucune mise à jour annuelle n'a été confirmée; une est due au plus tard le {due}.",
        )
    if update == "met":
        return (
            f"The annual update was confirmed on {last.on}; the next is due by {due}.",
            f"La mise à jour annuelle a été confirmée le {last.on}; la prochaine est due au plus tard le {due}.",
        )
    return (
        f"The last confirmed update, of {last.on}, is too old: another was due by {due}.",
        f"La dernière mise à jour confirmée, du {last.on}, est trop ancienne : une autre était due au plus tard le {due}.",
    )


def _missing_words(services: Sequence[Service]) -> list[Words]:
    lacking = Counter(name for each in services for name in missing(each))
    if not lacking:
        return []
    named = elements(None)
    in_order = sorted(lacking.items(), key=lambda pair: (-pair[1], pair[0]))
    english = ", ".join(f"{named[name][0][0]} ({number})" for name, number in in_order)
    french = ", ".join(f"{named[name][0][1]} ({number})" for name, number in in_order)
    return [(f"Missing elements: {english}.", f"Éléments manquants : {french}.")]
