"""What feedback does with reports: of cases, of the times it promises, and of what it improved."""

from collections.abc import Sequence
from datetime import datetime

from services.feedback import store
from services.feedback.handlers.cases import record_cases
from services.feedback.handlers.improvements import IMPROVEMENT, record_improvements
from services.feedback.handlers.times import RESOLUTION_TIME, record_times
from services.feedback.handlers.tracking import opened
from shared.database import Connection
from shared.decoding import Received
from shared.encryption import Seal
from shared.intake import Outcome
from shared.listening import Heard

__all__ = ["opened", "record_reports", "remember_services"]


async def record_reports(
    seal: Seal, connection: Connection, events: Sequence[Received], now: datetime
) -> list[Outcome]:
    """Times first: what comes with them is promised by them."""
    times = [event for event in events if event.type == RESOLUTION_TIME]
    improvements = [event for event in events if event.type == IMPROVEMENT]
    others = [event for event in events if event.type not in {RESOLUTION_TIME, IMPROVEMENT}]
    outcomes = {
        RESOLUTION_TIME: iter(await record_times(connection, times, now) if times else ()),
        IMPROVEMENT: iter(await record_improvements(connection, improvements) if improvements else ()),
    }
    of_others = iter(await record_cases(seal, connection, others, now) if others else ())
    return [next(outcomes.get(event.type, of_others)) for event in events]


async def remember_services(connection: Connection, events: Sequence[Heard]) -> None:
    await store.remember_services(connection, events)
