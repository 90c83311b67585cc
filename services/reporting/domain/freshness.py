"""How often a department is expected to be heard of, judged by how often it was, and when it has gone silent."""

from datetime import datetime, timedelta
from typing import Literal

Cadence = Literal["PT1H", "P1D", "P7D"]
_LENGTH: dict[Cadence, timedelta] = {"PT1H": timedelta(hours=1), "P1D": timedelta(days=1), "P7D": timedelta(days=7)}
# Nights and weekends are not silence: a feed that reports all day is missed after a working day's gap.
_PATIENCE: dict[Cadence, timedelta] = {"PT1H": timedelta(hours=16), "P1D": timedelta(days=3), "P7D": timedelta(days=14)}


def cadence(hours: int, days: int) -> Cadence:
    """From the hours and days of the last seven in which it was heard of: by the hour, the day or the week."""
    if days >= 2 and hours >= 6 * days:
        return "PT1H"
    return "P1D" if days >= 3 else "P7D"


def is_silent(last_event: datetime, expected: Cadence, now: datetime) -> bool:
    return now - last_event > _LENGTH[expected] + _PATIENCE[expected]
