"""Treasury Board's indicators of a fiscal year (policy.md 2.3), in two readings: `tbs-2025`, as its own code computes them,
and `exact`. Pure.

The two differ where that code is not what its words say: it keeps services of which no interaction point applies among those
that could be online (MAF5), counts enterprise services among those for the public (DRR), judges a standard on a ratio rounded
to four decimals, and counts standards that met more than there was.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Final, Literal, get_args

from shared.contracts.reported.inventory_codes import POINTS
from shared.official import computed

Formula = Literal["tbs-2025", "exact"]
FORMULAS: Final[tuple[Formula, ...]] = get_args(Formula)
Band = Literal["low", "medium", "high"]
Fields = Mapping[str, Any]
# A service's applications, or applications and telephone enquiries, in a year (IB glossary HIGH_VOL_SERVICES).
HIGH_VOLUME: Final = 45_000


@dataclass(frozen=True, slots=True)
class Service:
    """A service of a year, and its standards of that year; fields are the official columns."""

    org_id: str
    service_id: str
    fields: Fields
    standards: Sequence[tuple[str, Fields]] = field(default_factory=tuple)

    @property
    def scopes(self) -> frozenset[str]:
        return frozenset(_codes(self.fields.get("service_scope")))

    @property
    def applications(self) -> int:
        return computed.num_applications_total(self.fields)

    @property
    def points(self) -> list[str | None]:
        """Its six interaction points: `Y`, `N`, `NA`, or None where it is not known."""
        return [_point(self.fields.get(name)) for name in POINTS]


@dataclass(frozen=True, slots=True)
class Counted:
    """What a service, or one of its standards, adds to an indicator: to both numbers, to the denominator alone (0), or to
    neither (not listed). Numbers of applications where those are summed.
    """

    service_id: str
    standard_id: str | None
    numerator: int
    denominator: int


@dataclass(frozen=True, slots=True)
class Indicator:
    """Of one organisation, or of all of government (None); `value` in percent."""

    indicator: str
    org_id: str | None
    rows: tuple[Counted, ...]

    @property
    def numerator(self) -> int:
        return sum(each.numerator for each in self.rows)

    @property
    def denominator(self) -> int:
        return sum(each.denominator for each in self.rows)

    @property
    def value(self) -> float | None:
        return 100 * self.numerator / self.denominator if self.denominator else None

    @property
    def band(self) -> Band | None:
        if self.value is None:
            return None
        return "low" if self.value < 50 else "medium" if self.value < 80 else "high"


_Count = Callable[[Service, str, Formula], Iterable[Counted]]


def indicators(services: Sequence[Service], fiscal_year: str, formula: Formula) -> list[Indicator]:
    """Every indicator of each organisation with an in-scope service, then of all of government."""
    scoped = [each for each in services if each.scopes & {"EXTERN", "ENTERPRISE"}]
    by_org: dict[str, list[Service]] = {}
    for each in scoped:
        by_org.setdefault(each.org_id, []).append(each)
    found = [
        _indicator(name, org_id, own, fiscal_year, formula) for org_id, own in sorted(by_org.items()) for name in OF_ALL
    ]
    return found + [_indicator(name, None, scoped, fiscal_year, formula) for name in (*OF_ALL, *OF_GOVERNMENT)]


def _indicator(name: str, org_id: str | None, services: Sequence[Service], year: str, formula: Formula) -> Indicator:
    count = {**OF_ALL, **OF_GOVERNMENT}[name]
    return Indicator(name, org_id, tuple(row for each in services for row in count(each, year, formula)))


def _has_standards(service: Service, _year: str, _formula: Formula) -> Iterable[Counted]:
    """MAF1: services with at least one standard, of all services."""
    yield _of(service, bool(service.standards))


def _standards_met(service: Service, _year: str, formula: Formula) -> Iterable[Counted]:
    """MAF2: standards whose target was met, of those that can be judged."""
    for standard_id, fields in service.standards:
        if (met := _met(fields, formula)) is not None:
            yield Counted(service.service_id, standard_id, int(met), 1)


def _online(service: Service, _year: str, formula: Formula) -> Iterable[Counted]:
    """MAF5: services online from end to end, of those to which any point applies; `tbs-2025` keeps the others as not online."""
    online = end_to_end(service, formula)
    if online is not None:
        yield _of(service, online)
    elif formula == "tbs-2025" and set(service.points) == {"NA"}:
        yield _of(service, False)


def _points_online(service: Service, _year: str, _formula: Formula) -> Iterable[Counted]:
    """MAF6: interaction points online, of those that apply."""
    points = service.points
    yield Counted(service.service_id, None, points.count("Y"), points.count("Y") + points.count("N"))


def _improved_lately(service: Service, year: str, _formula: Formula) -> Iterable[Counted]:
    """MAF8: services improved because of feedback in this year or the one before."""
    ago = _years_ago(service.fields.get("last_service_improvement"), year)
    yield _of(service, ago is not None and 0 <= ago <= 1)


def _within_five(column: str) -> _Count:
    """Services with something in the last five years; `tbs-2025` takes a year that is still to come for one of them."""

    def count(service: Service, year: str, formula: Formula) -> Iterable[Counted]:
        ago = _years_ago(service.fields.get(column), year)
        yield _of(service, ago is not None and ago <= 5 and (formula == "tbs-2025" or ago >= 0))

    return count


def _high_volume_online(service: Service, _year: str, formula: Formula) -> Iterable[Counted]:
    """DR-2467: high-volume services online from end to end; those to which no point applies are left out."""
    online = end_to_end(service, formula)
    if _for_public(service, formula) and service.applications >= HIGH_VOLUME and online is not None:
        yield _of(service, online)


def _high_volume_meeting(service: Service, _year: str, formula: Formula) -> Iterable[Counted]:
    """DR-2468: high-volume services, telephone enquiries counted in, that met at least one standard."""
    volume = service.applications + (computed.count(service.fields.get("num_phone_enquiries")) or 0)
    if _for_public(service, formula) and volume >= HIGH_VOLUME:
        yield _of(service, any(_met(fields, formula) for _, fields in service.standards))


def _applications_online(service: Service, _year: str, formula: Formula) -> Iterable[Counted]:
    """DR-2469: applications made online, of all applications to high-volume services."""
    if _for_public(service, formula) and service.applications >= HIGH_VOLUME:
        online = computed.count(service.fields.get("num_applications_online")) or 0
        yield Counted(service.service_id, None, online, service.applications)


OF_ALL: Final[Mapping[str, _Count]] = {
    "maf1": _has_standards,
    "maf2": _standards_met,
    "maf5": _online,
    "maf6": _points_online,
    "maf8": _improved_lately,
    "reviewed_5y": _within_five("last_service_review"),
    "improved_5y": _within_five("last_service_improvement"),
}
OF_GOVERNMENT: Final[Mapping[str, _Count]] = {
    "dr2467": _high_volume_online,
    "dr2468": _high_volume_meeting,
    "dr2469": _applications_online,
}


def end_to_end(service: Service, formula: Formula) -> bool | None:
    """Whether every point that applies is online; None where none applies, or (`exact`) where that is not known."""
    points = service.points
    if "N" in points:
        return False
    if set(points) == {"NA"} or (formula == "exact" and (None in points or "Y" not in points)):
        return None
    return True


def _met(fields: Fields, formula: Formula) -> bool | None:
    """Whether a standard's target was met; None where it cannot be judged."""
    if formula == "tbs-2025":
        return {"Y": True, "N": False}.get(computed.target_met(fields))
    met, total = computed.count(fields.get("volume_meeting_target")), computed.count(fields.get("total_volume"))
    target = fields.get("target")
    if not target or met is None or not total or met > total:
        return None
    return met >= Fraction(str(target)) * total


def _for_public(service: Service, formula: Formula) -> bool:
    return formula == "tbs-2025" or "EXTERN" in service.scopes


def _of(service: Service, counts: bool) -> Counted:
    return Counted(service.service_id, None, int(counts), 1)


def _years_ago(said: Any, year: str) -> int | None:
    """By the second half of both fiscal years."""
    return int(year[5:]) - int(said[5:]) if isinstance(said, str) and said[5:].isdigit() else None


def _codes(value: Any) -> Sequence[str]:
    return [value] if isinstance(value, str) else value or ()


def _point(value: Any) -> str | None:
    codes = [each for each in _codes(value) if each in {"Y", "N", "NA"}]
    return codes[0] if codes else None
