"""What status does with a department's exception days: what is open is measured again, in the background."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from services.status import store
from services.status.handlers.entries import exception_day
from shared.contracts.reported.status import ExceptionDayReported
from shared.database import Connection
from shared.decoding import Received
from shared.intake import Outcome, Recorded

EXCEPTION_DAY: Final = "guichet.status.ExceptionDayReported.v1"


async def record_exception_days(connection: Connection, events: Sequence[Received], now: datetime) -> list[Outcome]:
    """A correction withdraws the day it corrects, and may put another in its place: two entries of the log."""
    corrected = [(event.source, event.corrects.event_id) for event in events if event.corrects is not None]
    withdrawn = await store.withdraw_exception_days(connection, corrected, now) if corrected else {}
    await store.add_exception_days(connection, [event for event in events if event.data is not None], now)
    outcomes: list[Outcome] = []
    for event in events:
        before = withdrawn.get((event.source, event.corrects.event_id)) if event.corrects is not None else None
        days: list[ExceptionDayReported] = [day for day in (before, event.data) if day is not None]
        everywhere = any(day.calendar is None for day in days)
        calendars = set() if everywhere else {day.calendar for day in days if day.calendar is not None}
        await store.ask_for_business_days(connection, event, calendars)
        outcomes.append(Recorded([exception_day(event, day, withdrawn=day is before) for day in days]))
    return outcomes
