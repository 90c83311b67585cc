"""Every SQL statement of reporting: writing the log and the views, and reading them."""

from services.reporting.store.reading import (
    Filters,
    changed_since,
    counts,
    feeds,
    freshness,
    head,
    last_change,
    service,
    services,
    standards,
    tallies,
)
from services.reporting.store.verifying import (
    advanced,
    cells_of_log,
    cells_of_views,
    differing,
    lag,
    logged,
    positions,
)
from services.reporting.store.writing import (
    add_cells,
    log_events,
    mark_changed,
    remember_advanced,
    remember_services,
    remember_standards,
)

__all__ = [
    "Filters",
    "add_cells",
    "advanced",
    "cells_of_log",
    "cells_of_views",
    "changed_since",
    "counts",
    "differing",
    "feeds",
    "freshness",
    "head",
    "lag",
    "last_change",
    "log_events",
    "logged",
    "mark_changed",
    "positions",
    "remember_advanced",
    "remember_services",
    "remember_standards",
    "service",
    "services",
    "standards",
    "tallies",
]
