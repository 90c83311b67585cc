"""What people decide about compliance: annual confirmations, corrective actions, and the steps of oversight."""

from fastapi import APIRouter

from services.reporting.api.deciding import actions, confirmations, steps

router = APIRouter()
for part in (confirmations, actions, steps):
    router.include_router(part.router)

__all__ = ["router"]
