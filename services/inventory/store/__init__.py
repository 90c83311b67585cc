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
from services.inventory.store.versions import (
    RESULTS,
    SERVICES,
    STANDARDS,
    Key,
    Made,
    New,
    Table,
    add,
    known,
    made,
    newest_service,
    withdraw,
)

__all__ = [
    "RESULTS",
    "SERVICES",
    "STANDARDS",
    "Key",
    "Made",
    "New",
    "Table",
    "add",
    "counts",
    "history",
    "known",
    "known_standards",
    "list_services",
    "list_standards",
    "made",
    "newest_service",
    "owners",
    "service",
    "withdraw",
]
