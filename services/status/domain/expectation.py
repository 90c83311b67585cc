"""When a client can expect a decision, and why just then (clock rule 8). Values in, values out."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

from services.status.domain.application import Application, standard_shown
from services.status.domain.clocks import Rules, within
from shared.clock import FINAL, effective, in_order
from shared.contracts.status import Clock, Unit
from shared.language import Bilingual

# Of fewer cases nothing is said: they could be anybody's, and say little.
FEWEST: Final = 10
_HOUR: Final = 3600
_DECIDED: Final = frozenset({"decided", "issued"})


@dataclass(frozen=True, slots=True)
class Typical:
    """Within how many of a clock's units eight in ten of the `cases` that ended lately had ended (their p80)."""

    elapsed: int
    cases: int


@dataclass(frozen=True, slots=True)
class Expectation:
    """`at` is null where nothing can be said; `because` says why then, or why not; `on` is the day that ends at `at`."""

    at: datetime | None = None
    because: Bilingual | None = None
    on: date | None = None


def _text(en: str, fr: str) -> Bilingual:
    return Bilingual(en=en, fr=fr)


_BY_DEPARTMENT = _text("The department gave this date.", "Le ministère a donné cette date.")
_BY_STANDARD = _text(
    "The department's service standard leads to this date.", "La norme de service du ministère mène à cette date."
)
_PAUSED = _text(
    "The time stands still until the department has what it asked you for.",
    "Le délai est suspendu jusqu'à ce que le ministère ait reçu ce qu'il vous a demandé.",
)
_LATE = _text(
    "The date has passed: the department is late, and this counts as late. It has given no other date.",
    "La date est passée : le ministère est en retard, et ce retard est compté. Il n'a donné aucune autre date.",
)
_UNITS: Final[dict[Unit, tuple[Bilingual, Bilingual]]] = {
    "business_day": (_text("business day", "jour ouvrable"), _text("business days", "jours ouvrables")),
    "day": (_text("day", "jour"), _text("days", "jours")),
    "second": (_text("hour", "heure"), _text("hours", "heures")),
}


def promised(application: Application, clocks: Mapping[str, Clock]) -> Expectation:
    """The department's own date where it gave one, else the due date of the standard that is shown."""
    if application.state in FINAL:
        return Expectation()
    if application.expected_at is not None and application.state not in _DECIDED:
        return Expectation(application.expected_at, _BY_DEPARTMENT)
    shown = standard_shown(clocks)
    if shown is not None and clocks[shown].state == "paused":
        return Expectation(None, _PAUSED)
    if shown is not None and clocks[shown].state == "running":
        return Expectation(clocks[shown].due_at, _BY_STANDARD, clocks[shown].due_on)
    return Expectation()


def is_overdue(promise: Expectation, now: datetime) -> bool:
    return promise.at is not None and promise.at <= now


def instead(
    promise: Expectation,
    application: Application,
    rules: Rules,
    standard_id: str,
    typical: Typical | None,
    now: datetime,
) -> Expectation:
    """What to expect when the promised date has passed: when such cases are decided just now, where that is still to come."""
    if typical is not None and typical.cases >= FEWEST:
        history = effective(in_order(step.moment() for step in application.history))
        reading = within(rules, standard_id, typical.elapsed, history, now)
        if reading is not None and reading.due_at is not None and reading.due_at > now:
            return Expectation(reading.due_at, _by_others(typical, reading.unit), reading.due_on)
    return replace(promise, because=_LATE)


def _by_others(typical: Typical, unit: Unit) -> Bilingual:
    number = -(-typical.elapsed // _HOUR) if unit == "second" else typical.elapsed
    one, many = _UNITS[unit]
    word = one if number == 1 else many
    return _text(
        f"The promised date has passed, and this counts as late. Of the last {typical.cases} such applications, "
        f"eight in ten were decided within {number} {word.en}: by this date.",
        f"La date promise est passée, et ce retard est compté. Des {typical.cases} dernières demandes semblables, "
        f"huit sur dix ont été réglées en {number} {word.fr} ou moins : d'ici cette date.",
    )
