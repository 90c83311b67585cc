"""What inventory listens to beside departments: what became better because of feedback."""

from collections.abc import Sequence

from fastapi import FastAPI

from services.inventory.handlers import remember_improvements
from shared.consuming import Consumption
from shared.contracts.feedback import ImprovementRecorded
from shared.dead_letters import DeadLetters
from shared.listening import Listeners, listening

LISTENERS: Listeners = {"guichet.feedback.ImprovementRecorded.v1": (ImprovementRecorded, remember_improvements)}


def consumptions(app: FastAPI) -> Sequence[Consumption]:
    return [listening("inventory.feedback", ["feedback.cases.v1"], LISTENERS, DeadLetters(app.state.seal))]
