"""Days on which a department's offices were closed beside the holidays: storms, floods, elections in their buildings.

Standards hold in normal circumstances alone (Guideline on Service Standards), and what was not normal is said in public.
"""

from collections.abc import Iterable
from datetime import date, datetime
from typing import NamedTuple

from shared.language import Bilingual


class ExceptionDay(NamedTuple):
    """One such day and its public note.

    `known_at` (aware) is when it was recorded, `withdrawn_at` when it was taken back. `calendar` is the one calendar it
    closes; none is every calendar of the department.
    """

    day: date
    note: Bilingual
    known_at: datetime
    withdrawn_at: datetime | None = None
    calendar: str | None = None


def in_force(days: Iterable[ExceptionDay], calendar: str, at: datetime) -> dict[date, Bilingual]:
    """The exception days of this calendar that stood at an instant; the one known last gives a day its note."""
    return {
        each.day: each.note
        for each in sorted(days, key=lambda each: each.known_at)
        if each.calendar in {None, calendar} and each.known_at <= at and not _taken_back(each, at)
    }


def _taken_back(each: ExceptionDay, at: datetime) -> bool:
    return each.withdrawn_at is not None and each.withdrawn_at <= at
