"""Moments as operators write them: how long ago, or when."""

import re
from datetime import UTC, datetime, timedelta

from guichet.errors import WrongUse

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def since(text: str, now: datetime | None = None) -> datetime:
    """`90s`, `10m`, `2h`, `1d` ago, or a moment such as 2026-04-01T09:30:00Z. Raises WrongUse."""
    if found := re.fullmatch(r"([0-9]{1,6})([smhd])", text):
        return (now or datetime.now(UTC)) - timedelta(**{_UNITS[found[2]]: int(found[1])})
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise WrongUse(
            f"--since is how long ago (90s, 10m, 2h, 1d) or a moment such as 2026-04-01T09:30:00Z, not {text}"
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
