"""Whose a service is, and since when. A service keeps its id when it is transferred. Values in, values out."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Ownership:
    """Whose a service was at first, and whose from which day on, in the order of the days."""

    first: str
    transfers: tuple[tuple[date, str], ...] = ()

    def on(self, day: date) -> str:
        """The organisation whose it is on a day."""
        return next((org for since, org in reversed(self.transfers) if since <= day), self.first)

    @property
    def everyone(self) -> frozenset[str]:
        """Whose it ever was or will be."""
        return frozenset({self.first, *(org for _, org in self.transfers)})
