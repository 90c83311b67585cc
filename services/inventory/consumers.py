"""What inventory listens to: departments alone (`ingest.inventory.*`, which every service's door reads)."""

from collections.abc import Sequence

from fastapi import FastAPI

from shared.consuming import Consumption


def consumptions(_app: FastAPI) -> Sequence[Consumption]:
    return ()
