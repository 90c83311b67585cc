"""What feedback listens to beside departments, and what it does by itself: watch what is due, and forget in time."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from fastapi import FastAPI

from services.feedback import handlers, store
from shared import metrics
from shared.consuming import Consumption
from shared.contracts.inventory import ServiceRecorded, ServiceTransferred
from shared.database import TRANSIENT, transaction
from shared.dead_letters import DeadLetters
from shared.listening import Listeners, listening
from shared.logs import log
from shared.transfers import remember_transfers

LISTENERS: Listeners = {
    "guichet.inventory.ServiceRecorded.v1": (ServiceRecorded, handlers.remember_services),
    "guichet.inventory.ServiceTransferred.v1": (ServiceTransferred, remember_transfers),
}
_LOOK_SECONDS: Final = 10
_HOUSEKEEPING_SECONDS: Final = 24 * 3600
# Words are kept for two years where a reply was wanted (Privacy Regulations 4(1)), for six months where none was.
KEPT_WITH_REPLY: Final = timedelta(days=731)
KEPT_WITHOUT: Final = timedelta(days=183)
_FORGOTTEN_AT_ONCE: Final = 500


def consumptions(app: FastAPI) -> Sequence[Consumption]:
    return [listening("feedback.inventory", ["inventory.services.v1"], LISTENERS, DeadLetters(app.state.seal))]


async def watch(app: FastAPI) -> None:
    """Overdue cases, and those of concern that nobody has seen, come to light by themselves: as metrics, and when they
    change, in the log.
    """
    said: dict[str, tuple[int, int]] = {}
    while True:
        try:
            rows = await store.due(app.state.pool, datetime.now(UTC))
        except TRANSIENT as error:
            log.warning("housekeeping_retried", error=type(error).__name__)
        else:
            found = {row["org_id"]: (row["overdue"], row["of_concern"]) for row in rows}
            _tell(found, said)
            said = found
        await asyncio.sleep(_LOOK_SECONDS)


def _tell(found: dict[str, tuple[int, int]], said: dict[str, tuple[int, int]]) -> None:
    for org_id in sorted(found.keys() | said.keys()):
        overdue, of_concern = found.get(org_id, (0, 0))
        metrics.cases_overdue.labels(org_id).set(overdue)
        metrics.cases_of_concern.labels(org_id).set(of_concern)
        if (overdue, of_concern) != said.get(org_id, (0, 0)):
            log.info("cases_due", org_id=org_id, overdue=overdue, of_concern=of_concern)


async def keep_house(app: FastAPI) -> None:
    """Daily: what people wrote is removed when its time has come; the cases and their figures stay."""
    while True:
        try:
            cases = await forget(app, datetime.now(UTC))
        except TRANSIENT as error:
            log.warning("housekeeping_retried", error=type(error).__name__)
            await asyncio.sleep(60)
        else:
            log.info("texts_forgotten", cases=cases)
            await asyncio.sleep(_HOUSEKEEPING_SECONDS)


async def forget(app: FastAPI, now: datetime) -> int:
    """Returns of how many cases."""
    cases = 0
    while True:
        async with transaction(app.state.pool) as connection:
            some = await store.forget_texts(connection, now - KEPT_WITHOUT, now - KEPT_WITH_REPLY, _FORGOTTEN_AT_ONCE)
        cases += len(some)
        if len(some) < _FORGOTTEN_AT_ONCE:
            return cases
