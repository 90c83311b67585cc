"""HTTP out of reporting: what a fiscal year comes to – indicators, trends, doubts about the data, and the annual filing."""

from fastapi import APIRouter

from services.reporting.api.yearly import filing, indicators, quality, trends

router = APIRouter()
for part in (indicators, trends, quality, filing):
    router.include_router(part.router)

__all__ = ["router"]
