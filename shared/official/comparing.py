"""What changed between two descriptions of the same thing, and between two whole inventories. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

Fields = Mapping[str, Any]
Key = tuple[str, ...]

# These say where and when a row stood, not what it says.
_NOT_COMPARED = frozenset({"dialect", "fiscal_year", "service_id", "service_standard_id"})


def changes(before: Fields, after: Fields) -> list[dict[str, Any]]:
    """Each field that differs: `{"field", "from", "to"}`; null where it says nothing. `NA`, `ND`, null and 0 all differ."""
    names = sorted((before.keys() | after.keys()) - _NOT_COMPARED)
    found = [(name, before.get(name), after.get(name)) for name in names]
    return [{"field": name, "from": old, "to": new} for name, old, new in found if not _same(_plain(old), _plain(new))]


def compare(before: Mapping[Key, Fields], after: Mapping[Key, Fields]) -> dict[str, Any]:
    """`{"added", "removed", "changed"}` of two inventories, each thing under its key; `changed` has each one's changes."""
    both = before.keys() & after.keys()
    changed = [(key, changes(before[key], after[key])) for key in sorted(both)]
    return {
        "added": [_named(after[key]) for key in sorted(after.keys() - both)],
        "removed": [_named(before[key]) for key in sorted(before.keys() - both)],
        "changed": [{**_named(after[key]), "changes": found} for key, found in changed if found],
    }


def _named(fields: Fields) -> dict[str, Any]:
    standard_id = fields.get("service_standard_id")
    stem = "service_standard" if standard_id else "service_name"
    name = {"en": fields.get(f"{stem}_en"), "fr": fields.get(f"{stem}_fr")}
    return {"service_id": fields["service_id"], "service_standard_id": standard_id, "name": name}


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, Sequence) and not isinstance(value, str) else value


def _same(one: Any, other: Any) -> bool:
    """0 is not false, and 1 not true."""
    return one == other and isinstance(one, bool) == isinstance(other, bool)
