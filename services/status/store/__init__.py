"""Every SQL statement of status: applications, finding them, and copies of inventory's services and standards."""

from services.status.store.finding import (
    client_hash,
    find_by_id,
    find_by_tracking,
    list_applications,
    sealed_reasons,
)
from services.status.store.following import changed_since, has_changed, log_head
from services.status.store.inventory import (
    ask_to_measure_again,
    hold_standards,
    known_standards,
    measured,
    next_to_measure,
    owners_and_standards,
    remember_services,
    remember_standards,
    service_name,
)
from services.status.store.saving import (
    Key,
    NewStep,
    Saved,
    applications,
    save,
    save_clocks,
    supersede_steps,
)

__all__ = [
    "Key",
    "NewStep",
    "Saved",
    "applications",
    "ask_to_measure_again",
    "changed_since",
    "client_hash",
    "find_by_id",
    "find_by_tracking",
    "has_changed",
    "hold_standards",
    "known_standards",
    "list_applications",
    "log_head",
    "measured",
    "next_to_measure",
    "owners_and_standards",
    "remember_services",
    "remember_standards",
    "save",
    "save_clocks",
    "sealed_reasons",
    "service_name",
    "supersede_steps",
]
