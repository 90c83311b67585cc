"""What feedback listens to beside departments: inventory's services."""

from collections.abc import Sequence

from fastapi import FastAPI

from services.feedback import handlers
from shared.consuming import Consumption
from shared.contracts.inventory import ServiceRecorded
from shared.dead_letters import DeadLetters
from shared.listening import Listeners, listening

LISTENERS: Listeners = {"guichet.inventory.ServiceRecorded.v1": (ServiceRecorded, handlers.remember_services)}


def consumptions(app: FastAPI) -> Sequence[Consumption]:
    return [listening("feedback.inventory", ["inventory.services.v1"], LISTENERS, DeadLetters(app.state.seal))]
