"""The inventory as people read it, and as those who keep it work on it; without script."""

from services.inventory.pages import reading, standards, tools, updating
from shared import signing_in

routers = (signing_in.router, reading.router, standards.router, updating.router, tools.router)

__all__ = ["routers"]
