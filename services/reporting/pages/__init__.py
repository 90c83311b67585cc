"""What people see of reporting: live performance for everyone, compliance for who has a role."""

from fastapi import APIRouter

from services.reporting.pages import compliance, performance

router = APIRouter()
for part in (compliance, performance):
    router.include_router(part.router)

__all__ = ["router"]
