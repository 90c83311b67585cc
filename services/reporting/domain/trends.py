"""The expected results of the policy (5.2), fiscal year by fiscal year: a better service experience, more priority e-services and
more use of them, more efficient delivery. Pure.

- **Experience**: the share of answers of 4 and 5 on scales of 1 to 5, of all that answered, with its 95 % interval (Wilson), as
  feedback has it; overall and for each driver.
- **E-services**: of the priority services in scope, those that clients can complete online; **uptake**: of the applications to
  priority e-services, those made online.
- **Efficiency**, as far as records say anything of it: cases that met their service standard, and standards that met their target.
  What a service costs is in no record.

What is not known is in neither number, and is counted beside. Two years differ only where their intervals do not overlap; what
was counted whole (services, filed volumes) differs as it does.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

from services.reporting.domain import indicators
from services.reporting.domain.compliance.population import Service
from services.reporting.domain.figures import FEWEST_SHOWN, total_shown
from shared.contracts.reported.feedback import Driver
from shared.contracts.reported.inventory_codes import APPLICATION_VOLUMES
from shared.intervals import wilson
from shared.official import computed

Measure = Literal["satisfied", "e_services", "uptake", "within_standard", "targets_met"]
MEASURES: Final[tuple[Measure, ...]] = get_args(Measure)
DRIVERS: Final[tuple[Driver, ...]] = get_args(Driver)
# Samples of what clients think and of how a service performs; the others are whole counts.
SAMPLED: Final = frozenset({"satisfied", "within_standard"})
Direction = Literal["up", "down", "same", "not_told_apart"]


@dataclass(frozen=True, slots=True)
class Share:
    """`numerator` of `denominator`; `excluded` are in neither."""

    numerator: int
    denominator: int
    excluded: int = 0
    sampled: bool = False

    @property
    def value(self) -> float | None:
        return self.numerator / self.denominator if self.denominator else None

    @property
    def interval(self) -> tuple[float, float] | None:
        return wilson(self.numerator, self.denominator) if self.sampled else None

    def answer(self, *, public: bool) -> dict[str, Any]:
        """As it is answered: to the public, a live figure on fewer than 10 is none, and an exclusion of so few is not told."""
        if public and self.sampled and 0 < self.denominator < FEWEST_SHOWN:
            empty = dict.fromkeys(("numerator", "denominator", "excluded", "share", "interval"))
            return {**empty, "suppressed": True}
        few = public and self.sampled and 0 < self.excluded < FEWEST_SHOWN
        return {
            "numerator": self.numerator,
            "denominator": self.denominator,
            "excluded": None if few else self.excluded,
            "share": self.value,
            "interval": self.interval,
            "suppressed": few,
        }


NOTHING: Final = Share(0, 0)


def summed(parts: Sequence[Share], *, public: bool) -> Share:
    """The sum of live figures. The public is not shown those on fewer than 10: they are in it unless that would tell them."""
    few = [each for each in parts if 0 < each.denominator < FEWEST_SHOWN]
    if public and sum(each.denominator for each in few) < FEWEST_SHOWN:
        parts = [each for each in parts if each not in few]
    left_out = [each.excluded for each in parts]
    return Share(
        sum(each.numerator for each in parts),
        sum(each.denominator for each in parts),
        total_shown(left_out) if public else sum(left_out),
        sampled=True,
    )


@dataclass(frozen=True, slots=True)
class Year:
    """What one fiscal year comes to."""

    year: str
    measures: Mapping[Measure, Share]
    drivers: Mapping[Driver, Share]


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the years: inventory rows by fiscal year, answers by fiscal year and question, cases by fiscal year."""

    services: Mapping[str, Sequence[indicators.Service]]
    answers: Mapping[tuple[str, str], Share]
    within: Mapping[str, Share]


def years(known: Known) -> list[Year]:
    """Every fiscal year from the first to the last of which anything is known: between them may lie some that nothing is."""
    said = sorted({*known.services, *known.within, *(year for year, _ in known.answers)})
    numbers = range(int(said[0][:4]), int(said[-1][:4]) + 1) if said else ()
    return [_year(known, f"{number}-{number + 1}") for number in numbers]


def _year(known: Known, year: str) -> Year:
    services = known.services.get(year, ())
    scoped = [each for each in services if Service(each.service_id, each.fields, _NOWHERE).in_scope]
    measures: dict[Measure, Share] = {
        "satisfied": known.answers.get((year, "rating"), NOTHING),
        "e_services": priority_e_services(scoped),
        "uptake": uptake(scoped),
        "within_standard": known.within.get(year, NOTHING),
        "targets_met": targets_met(scoped, year),
    }
    return Year(year, measures, {each: known.answers.get((year, each), NOTHING) for each in DRIVERS})


_NOWHERE: Final = ("inventory", 0)


def priority_e_services(services: Iterable[indicators.Service]) -> Share:
    """E-services of the priority services; excluded are those of which it is not said whether they are priority services, and
    those of which it is not known whether they can be completed online.
    """
    online = unknown = total = 0
    for each in services:
        found = Service(each.service_id, each.fields, _NOWHERE)
        if found.priority is None or (found.priority and found.online is None):
            unknown += 1
        elif found.priority:
            total += 1
            online += bool(found.online)
    return Share(online, total, unknown)


def uptake(services: Iterable[indicators.Service]) -> Share:
    """Applications made online, of all to priority e-services; excluded are e-services whose volumes are not all known."""
    online = total = unknown = 0
    for each in services:
        found = Service(each.service_id, each.fields, _NOWHERE)
        if not (found.priority and found.online):
            continue
        volumes = [_volume(each.fields, name) for name in APPLICATION_VOLUMES]
        if None in volumes:
            unknown += 1
            continue
        total += sum(volume or 0 for volume in volumes)
        online += _volume(each.fields, "num_applications_online") or 0
    return Share(online, total, unknown)


# Some years of the collection of 2016 to 2020 did not ask for these.
_NOT_ALWAYS_ASKED: Final = frozenset({"num_applications_by_email", "num_applications_by_fax"})


def _volume(fields: Mapping[str, Any], name: str) -> int | None:
    """A channel that does not apply has none, nor has one that was not asked for; one without data, or of which nothing is said,
    is not known.
    """
    said = fields.get(name)
    if said is None and name in _NOT_ALWAYS_ASKED and fields.get("dialect") == "collection":
        return 0
    return 0 if said == "NA" else computed.count(said)


def targets_met(services: Sequence[indicators.Service], year: str) -> Share:
    """Standards that met their target, compared exactly (MAF2, `exact`); excluded are those that cannot be judged."""
    counts = [row for each in services for row in indicators.OF_ALL["maf2"](each, year, "exact")]
    standards = sum(len(each.standards) for each in services)
    return Share(sum(each.numerator for each in counts), len(counts), standards - len(counts))


@dataclass(frozen=True, slots=True)
class Change:
    """How a measure went from the last year but one of those that have it to the last."""

    measure: Measure
    first: str
    last: str
    direction: Direction
    before: Share
    after: Share


def changes(found: Sequence[Year], *, public: bool) -> list[Change]:
    """Of each measure that two years or more can be told of."""
    told = []
    for measure in MEASURES:
        having = [each for each in found if _is_told(each.measures[measure], public=public)]
        if len(having) > 1:
            *_, first, last = having
            before, after = first.measures[measure], last.measures[measure]
            told.append(Change(measure, first.year, last.year, _direction(before, after), before, after))
    return told


def _is_told(share: Share, *, public: bool) -> bool:
    return share.denominator >= (FEWEST_SHOWN if public and share.sampled else 1)


def _direction(first: Share, last: Share) -> Direction:
    before, now = first.interval, last.interval
    if before is not None and now is not None and before[0] <= now[1] and now[0] <= before[1]:
        return "not_told_apart"
    difference = last.numerator * first.denominator - first.numerator * last.denominator
    return "up" if difference > 0 else "down" if difference < 0 else "same"
