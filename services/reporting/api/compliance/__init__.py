"""HTTP out of reporting: compliance as of any day, as known at any moment, down to the events and up from one."""

from fastapi import APIRouter

from services.reporting.api.compliance import events, evidence, verdicts, what_if

router = APIRouter()
for part in (verdicts, what_if, evidence, events):
    router.include_router(part.router)

__all__ = ["router"]
