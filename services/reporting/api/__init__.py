"""HTTP out of reporting: figures, freshness, the live stream, and what `guichet verify` asks."""

from fastapi import APIRouter

from services.reporting.api import later, performance, stream, verifying

router = APIRouter()
for part in (performance, stream, verifying, later):
    router.include_router(part.router)

__all__ = ["router"]
