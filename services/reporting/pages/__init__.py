"""What people see of reporting: live performance for everyone, compliance for who has a role."""

from fastapi import APIRouter

from services.reporting.pages import compliance, decisions, performance, trends, yearly
from shared import signing_in

router = APIRouter()
for part in (
    compliance.router,
    decisions.reading,
    decisions.deciding,
    yearly.router,
    trends.router,
    performance.router,
    signing_in.router,
):
    router.include_router(part)

__all__ = ["router"]
