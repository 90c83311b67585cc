"""What people see of reporting: live performance for everyone, compliance for who has a role."""

from fastapi import APIRouter

from services.reporting.pages import compliance, performance, trends, yearly
from shared import signing_in

router = APIRouter()
for part in (compliance, yearly, trends, performance, signing_in):
    router.include_router(part.router)

__all__ = ["router"]
