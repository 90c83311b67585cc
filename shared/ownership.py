"""Whose a service is, and since when; and what an event for another's, or for one not known yet, is answered. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from shared.problems import Problem, problem

_OTTAWA = ZoneInfo("America/Toronto")


@dataclass(frozen=True, slots=True)
class Transfer:
    """From the day `on` a service is `to_org`'s; until then it was `from_org`'s."""

    on: date
    from_org: str
    to_org: str


@dataclass(frozen=True, slots=True)
class Ownership:
    """Whose a service was at first, and its transfers in the order of their days. It keeps its id through all of them."""

    first: str
    transfers: tuple[Transfer, ...] = ()

    def on(self, day: date) -> str:
        """The organisation whose it is on a day."""
        return next((each.to_org for each in reversed(self.transfers) if each.on <= day), self.first)

    @property
    def everyone(self) -> frozenset[str]:
        """Whose it ever was or will be."""
        return frozenset({self.first, *(each.to_org for each in self.transfers)})


def ownership(newest: str | None, transfers: Iterable[Transfer]) -> Ownership | None:
    """Of a service that `newest` described last; None where nobody has and it was never transferred."""
    ordered = tuple(sorted(transfers, key=lambda each: each.on))
    first = ordered[0].from_org if ordered else newest
    return None if first is None else Ownership(first, ordered)


def day_in_ottawa(moment: datetime) -> date:
    return moment.astimezone(_OTTAWA).date()


def not_your_service(service_id: str) -> Problem:
    return problem(
        "not_your_service",
        f"Service {service_id} is in the inventory of another organisation; check data.service_id.",
        f"Le service {service_id} figure au répertoire d'une autre organisation; vérifiez data.service_id.",
        "data.service_id",
    )


def unknown_service(service_id: str) -> Problem:
    """A warning: the event is accepted, and waits for its service."""
    return problem(
        "unknown_service",
        f"Service {service_id} is not in the inventory yet; until ServiceReported tells of it, it has no standard here.",
        f"Le service {service_id} n'est pas encore au répertoire; tant que ServiceReported ne l'y met pas, aucune norme ne s'y applique.",
        "data.service_id",
    )


def keeps_its_key(field: str, said: str, before: str) -> Problem:
    """A correction that would move a report to another thing."""
    return problem(
        "correction_elsewhere",
        f"The corrected report is of {field} {before}; this is of {said}. Withdraw that report, and report anew.",
        f"Le rapport corrigé porte sur {field} {before}; celui-ci sur {said}. Retirez ce rapport, puis déclarez de nouveau.",
        f"data.data.{field}",
    )
