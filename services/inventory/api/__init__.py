"""HTTP in and out of inventory: what is read of it, and what officers change by hand."""

from services.inventory.api import annual, checking, exporting, services, standards, stewardship

routers = [
    services.router,
    standards.router,
    stewardship.router,
    exporting.router,
    annual.router,
    checking.router,
]
