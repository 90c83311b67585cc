"""Whose services they are on a day, which are in scope, which are priority services, and what clients can do online."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from services.reporting.domain.compliance.facts import Departure, Facts, Ref, Row
from services.reporting.domain.compliance.settings import Settings
from services.reporting.domain.compliance.years import fiscal_year

POINTS = (
    "os_account_registration",
    "os_authentication",
    "os_application",
    "os_decision",
    "os_issuance",
    "os_issue_resolution_feedback",
)
NOTHING_SAID = frozenset({"ND"})


def codes(fields: Mapping[str, Any], name: str) -> frozenset[str]:
    """The codes of a column; none where it is blank or says that there is no data."""
    said = fields.get(name)
    if said is None:
        return frozenset()
    return frozenset(said if isinstance(said, list | tuple) else [said]) - NOTHING_SAID


@dataclass(frozen=True)
class Service:
    """A service by the row that holds on a day. What its row does not say is None."""

    service_id: str
    fields: Mapping[str, Any]
    ref: Ref

    @cached_property
    def scopes(self) -> frozenset[str]:
        return codes(self.fields, "service_scope") - {"NA"}

    @cached_property
    def in_scope(self) -> bool | None:
        """External or internal enterprise (Policy on Service, 2.3)."""
        return bool(self.scopes & {"EXTERN", "ENTERPRISE"}) if self.scopes else None

    @cached_property
    def external(self) -> bool:
        return "EXTERN" in self.scopes

    @cached_property
    def priority(self) -> bool | None:
        said = self.fields.get("priority")
        return None if said is None else bool(said.get("designated"))

    @cached_property
    def online(self) -> bool | None:
        """Whether clients can complete it online: no interaction point `N`, and at least one `Y`."""
        points = [codes(self.fields, point) for point in POINTS]
        if any("N" in point for point in points):
            return False
        return any("Y" in point for point in points) if all(points) else None

    def points(self) -> tuple[int, int]:
        """How many interaction points are online, and how many apply."""
        said = [codes(self.fields, point) for point in POINTS]
        return sum("N" not in each and "Y" in each for each in said), sum(bool(each & {"Y", "N"}) for each in said)

    def authenticated(self, settings: Settings) -> bool | None:
        """Whether clients must authenticate: as it says, or by its interaction point."""
        said = self.fields.get("authentication")
        if said is not None:
            return bool(said.get("required"))
        point = codes(self.fields, "os_authentication")
        return bool(point & {"Y", "N"}) if point and settings.authentication_by_interaction_point else None


@dataclass(frozen=True)
class Population:
    """An organisation's services on a day, by the rows of `year`; `asked` is the fiscal year of the day. `departures` are
    the events by which services had ended or gone over to another by then.
    """

    asked: str
    year: str | None
    services: tuple[Service, ...]
    departures: tuple[Ref, ...] = ()

    @cached_property
    def in_scope(self) -> list[Service]:
        return [each for each in self.services if each.in_scope]

    @cached_property
    def unscoped(self) -> list[Service]:
        """Those that do not say whether they are in scope."""
        return [each for each in self.services if each.in_scope is None]

    @cached_property
    def priority(self) -> list[Service]:
        return [each for each in self.in_scope if each.priority]

    @cached_property
    def undecided(self) -> list[Service]:
        """Those in scope of which nobody said whether they are priority services, and those that may be in scope."""
        return [each for each in self.in_scope if each.priority is None] + self.unscoped

    @cached_property
    def refs(self) -> tuple[Ref, ...]:
        """The events that say which services they are."""
        return (*(each.ref for each in self.services), *self.departures)


def population(facts: Facts, day: date) -> Population:
    """The services of an organisation on a day: the rows of its fiscal year, or of the newest year before that has any."""
    if day not in facts.populations:
        facts.populations[day] = _population(facts, day)
    found: Population = facts.populations[day]
    return found


def _population(facts: Facts, day: date) -> Population:
    asked = fiscal_year(day)
    own = [row for row in facts.rows if row.year <= asked and _is_own(facts, row, day)]
    year = max((row.year for row in own), default=None)
    kept = [row for row in own if row.year == year] + _come_over(facts, own, year)
    services = tuple(Service(row.service_id, row.fields, row.ref) for row in kept)
    rows = {row.service_id for row in facts.rows}
    gone = [each.ref for each in (*facts.retired, *facts.transfers) if each.service_id in rows and each.on <= day]
    return Population(asked, year, services, tuple(gone))


def of_year(facts: Facts, year: str, day: date) -> Population | None:
    """The services of one fiscal year as they were an organisation's on a day of it; None where it has no row."""
    found = population(facts, day)
    return found if found.year == year else None


def _is_own(facts: Facts, row: Row, day: date) -> bool:
    return owner(facts, row, day) == facts.body.org_id and not _ended(facts.retired, row.service_id, day)


def owner(facts: Facts, row: Row, day: date) -> str:
    """Whose a service is on a day: a transferred one belongs to its new owner from that day on."""
    moved = sorted((each for each in facts.transfers if each.service_id == row.service_id), key=lambda each: each.on)
    gone = [each for each in moved if each.on <= day]
    if gone:
        return gone[-1].to_org or row.org_id
    return (moved[0].from_org or row.org_id) if moved else row.org_id


def _ended(retired: tuple[Departure, ...], service_id: str, day: date) -> bool:
    return any(each.service_id == service_id and each.on <= day for each in retired)


def _come_over(facts: Facts, own: list[Row], year: str | None) -> list[Row]:
    """The newest rows of services that came from other organisations and that the year does not describe."""
    there = {row.service_id for row in own if row.year == year}
    come = {each.service_id for each in facts.transfers if each.to_org == facts.body.org_id} - there
    newest = {row.service_id: row for row in sorted(own, key=lambda row: row.year) if row.service_id in come}
    return [newest[each] for each in sorted(newest)]
