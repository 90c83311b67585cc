"""What status listens to beside departments: inventory's services and standards."""

import asyncio
from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI

from services.status import handlers
from shared.consuming import Consumption
from shared.contracts.inventory import ServiceRecorded, ServiceStandardRecorded
from shared.database import TRANSIENT, transaction
from shared.dead_letters import DeadLetters
from shared.listening import Listeners, listening
from shared.logs import log

LISTENERS: Listeners = {
    "guichet.inventory.ServiceRecorded.v1": (ServiceRecorded, handlers.remember_services),
    "guichet.inventory.ServiceStandardRecorded.v1": (ServiceStandardRecorded, handlers.remember_standards),
}


def consumptions(app: FastAPI) -> Sequence[Consumption]:
    asked = app.state.measure_again = asyncio.Event()
    asked.set()

    async def committed(_: Any) -> None:
        asked.set()

    dead_letters = DeadLetters(app.state.seal)
    return [listening("status.inventory", ["inventory.services.v1"], LISTENERS, dead_letters, committed)]


async def measure_again(app: FastAPI) -> None:
    """In the background: applications of services whose standards changed, a few at a time, so that no door waits."""
    while True:
        await app.state.measure_again.wait()
        app.state.measure_again.clear()
        more = True
        while more:
            try:
                async with transaction(app.state.pool) as connection:
                    more = await handlers.measure_some_again(connection)
            except TRANSIENT as error:
                log.warning("measuring_retried", error=type(error).__name__)
                await asyncio.sleep(0.5)
            app.state.committed.set()
