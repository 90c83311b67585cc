"""HTTP out of reporting: figures, compliance, freshness, the live stream, and what `guichet verify` asks."""

from fastapi import APIRouter

from services.reporting.api import compliance, deciding, performance, rebuilding, stream, verifying, yearly

router = APIRouter()
for part in (performance, compliance, deciding, yearly, stream, verifying, rebuilding):
    router.include_router(part.router)

__all__ = ["router"]
