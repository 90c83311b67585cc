"""HTTP in and out of status: who may see what, and the answers."""

from services.status.api.access import prepare
from services.status.api.applications import router

__all__ = ["prepare", "router"]
