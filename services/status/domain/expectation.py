"""When a client can expect a decision, and why just then (clock rule 8). Values in, values out."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

from services.status.domain.application import DECIDED, Application, counted, is_open_late, standard_shown
from services.status.domain.clocks import Rules, within
from shared.clock import FINAL
from shared.contracts.status import Clock, Unit
from shared.language import Bilingual

# Of fewer cases nothing is said: they could be anybody's, and say little.
FEWEST: Final = 10
_HOUR: Final = 3600


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
_BY_SENTENCE = _text(
    "The department's service standard, as read from its published sentence and not yet confirmed, leads to this date.",
    "La norme de service du ministère, telle que lue dans sa phrase publiée et non encore confirmée, mène à cette date.",
)
_PAUSED = _text(
    "The time stands still until the department has what it asked you for.",
    "Le délai est suspendu jusqu'à ce que le ministère ait reçu ce qu'il vous a demandé.",
)
_LATE = _text(
    "The date has passed: the department is late, and this counts as late. It has given no other date.",
    "La date est passée : le ministère est en retard, et ce retard est compté. Il n'a donné aucune autre date.",
)
_PASSED = _text(
    "The date that the department gave has passed. It has given no other date.",
    "La date donnée par le ministère est passée. Il n'en a donné aucune autre.",
)
_STILL_IN_TIME = _text(
    "The date that the department gave has passed. Its service standard, which is still kept, leads to this one.",
    "La date donnée par le ministère est passée. Sa norme de service, encore respectée, mène à celle-ci.",
)
_PASSED_AND_LATE = _text(
    "The promised date has passed, and this counts as late.", "La date promise est passée, et ce retard est compté."
)
_PASSED_IN_TIME = _text(
    "The date that the department gave has passed; by its service standard it is not late.",
    "La date donnée par le ministère est passée; selon sa norme de service, il n'est pas en retard.",
)
_UNITS: Final[dict[Unit, tuple[Bilingual, Bilingual]]] = {
    "business_day": (_text("business day", "jour ouvrable"), _text("business days", "jours ouvrables")),
    "day": (_text("day", "jour"), _text("days", "jours")),
    "second": (_text("hour", "heure"), _text("hours", "heures")),
}


def promised(application: Application, clocks: Mapping[str, Clock], inferred: Collection[str] = ()) -> Expectation:
    """The department's own date where it gave one, else the due date of the standard that is shown. `inferred`: standards
    whose measure was read from a sentence and is not confirmed.
    """
    if application.state in FINAL:
        return Expectation()
    if application.expected_at is not None and application.state not in DECIDED:
        return Expectation(application.expected_at, _BY_DEPARTMENT)
    shown = standard_shown(clocks)
    if shown is not None and clocks[shown].state == "paused":
        return Expectation(None, _PAUSED)
    if shown is not None and clocks[shown].state == "running":
        return _by_standard(clocks[shown], _BY_SENTENCE if shown in inferred else _BY_STANDARD)
    return Expectation()


def _by_standard(clock: Clock, because: Bilingual) -> Expectation:
    return Expectation(clock.due_at, because, clock.due_on)


def is_overdue(promise: Expectation, now: datetime) -> bool:
    return promise.at is not None and promise.at <= now


def instead(
    promise: Expectation,
    application: Application,
    clocks: Mapping[str, Clock],
    rules: Rules,
    typical: Typical | None,
    now: datetime,
) -> Expectation:
    """What to expect when the promised date has passed: when such cases are decided just now, where that is still to come;
    else, where the department's own date has passed before its standard's, the standard's. Late is said of what counts as it.
    """
    shown, late = standard_shown(clocks), any(is_open_late(clock) for clock in clocks.values())
    if not late and promise.because != _BY_DEPARTMENT:
        return promise  # the very instant at which a limit in hours ends is in time
    if not late and shown is not None and clocks[shown].state == "paused":
        return Expectation(None, _PAUSED)
    running = shown is not None and clocks[shown].state == "running"
    if running and shown is not None and typical is not None and typical.cases >= FEWEST:
        reading = within(rules, shown, typical.elapsed, list(counted(application.history)), now)
        if reading is not None and reading.due_at is not None and reading.due_at > now:
            return Expectation(reading.due_at, _by_others(typical, reading.unit, late=late), reading.due_on)
    if late:
        return replace(promise, because=_LATE)
    if running and shown is not None and not is_overdue(own := _by_standard(clocks[shown], _STILL_IN_TIME), now):
        return own
    return replace(promise, because=_PASSED)


def _by_others(typical: Typical, unit: Unit, *, late: bool) -> Bilingual:
    number = -(-typical.elapsed // _HOUR) if unit == "second" else typical.elapsed
    one, many = _UNITS[unit]
    word = one if number == 1 else many
    passed = _PASSED_AND_LATE if late else _PASSED_IN_TIME
    return _text(
        f"{passed.en} Of the last {typical.cases} such applications, "
        f"eight in ten were decided within {number} {word.en}: by this date.",
        f"{passed.fr} Des {typical.cases} dernières demandes semblables, "
        f"huit sur dix ont été réglées en {number} {word.fr} ou moins : d'ici cette date.",
    )
