"""What people decided, as facts: annual confirmations, corrective actions, and the steps of oversight."""

from datetime import date
from typing import Any

from services.reporting.domain.compliance.facts import Entry, Record

Key = tuple[Any, ...]


def confirmation_key(entry: Entry) -> Key:
    return (entry.data["fiscal_year"],)


def confirmation(entry: Entry) -> Record:
    return Record("confirmation", date.fromisoformat(entry.data["signed_on"]), entry.data, entry.ref)


def action_key(entry: Entry) -> Key:
    return (entry.data["action_id"],)


def action(entry: Entry) -> Record:
    return Record("corrective_action", date.fromisoformat(entry.data["opened_on"]), entry.data, entry.ref)


def stands(action: Record) -> bool:
    return bool(action.fields["state"] != "cancelled")


def step_key(entry: Entry) -> Key:
    return (entry.data["step_id"],)


def step(entry: Entry) -> Record:
    return Record("step", date.fromisoformat(entry.data["taken_on"]), entry.data, entry.ref)
