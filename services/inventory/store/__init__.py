"""Every SQL statement of inventory: versions of what departments report, and reading them."""

from services.inventory.store.reading import (
    counts,
    history,
    known_standards,
    list_services,
    list_standards,
    owners,
    service,
)
from services.inventory.store.reports import (
    Report,
    add_reports,
    newest_report,
    reports,
    supersede,
)
from services.inventory.store.versions import (
    RESULTS,
    SERVICES,
    STANDARDS,
    Key,
    New,
    Table,
    add,
    known,
    newest_service,
    withdraw,
)

__all__ = [
    "RESULTS",
    "SERVICES",
    "STANDARDS",
    "Key",
    "New",
    "Report",
    "Table",
    "add",
    "add_reports",
    "counts",
    "history",
    "known",
    "known_standards",
    "list_services",
    "list_standards",
    "newest_report",
    "newest_service",
    "owners",
    "reports",
    "service",
    "supersede",
    "withdraw",
]
