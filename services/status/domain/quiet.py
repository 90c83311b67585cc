"""When people may be written to: not at night where they do not want it, once a day where they want that."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

OTTAWA = ZoneInfo("America/Toronto")
MORNING, EVENING = time(8), time(21)


def may_go_at(made_at: datetime, now: datetime, *, quiet_hours: bool, digest: bool) -> datetime:
    """The moment from which a message may go, `now` or later: a digest from the first morning after it was made; with
    quiet hours, not from 21:00 to 08:00 (America/Toronto), when it is tried again neither.
    """
    at = max(now, morning_after(made_at)) if digest else now
    local = at.astimezone(OTTAWA).time()
    return morning_after(at) if quiet_hours and (local < MORNING or local >= EVENING) else at


def morning_after(moment: datetime) -> datetime:
    """The first 08:00 that comes after a moment."""
    local = moment.astimezone(OTTAWA)
    day = local.date() if local.time() < MORNING else local.date() + timedelta(days=1)
    return datetime.combine(day, MORNING, OTTAWA).astimezone(moment.tzinfo)


def last_morning(moment: datetime) -> datetime:
    """The last 08:00 at or before a moment: what was made before it is in one digest."""
    local = moment.astimezone(OTTAWA)
    day = local.date() if local.time() >= MORNING else local.date() - timedelta(days=1)
    return datetime.combine(day, MORNING, OTTAWA).astimezone(moment.tzinfo)
