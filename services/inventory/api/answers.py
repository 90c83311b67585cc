"""What is answered of services and standards: as they were reported, what is computed of it, and what became of them."""

from typing import Any

from services.inventory.store import Fate
from shared.official import comparing, computed
from shared.organizations import name_of
from shared.problems import Problem, problem

Row = dict[str, Any]
_NOTHING = Fate()


def service_answer(row: Row, fate: Fate = _NOTHING) -> Row:
    return {
        "service_id": row["service_id"],
        "org_id": row["owner"],
        "organization": name_of(row["owner"]).model_dump(),
        "fiscal_year": row["fiscal_year"],
        "version": row["version"],
        "name": {"en": row["name_en"], "fr": row["name_fr"]},
        "priority": row["priority"],
        "num_applications_total": computed.num_applications_total(row["fields"]),
        "fields": row["fields"],
        "improved_on": fate.improved_on,
        "retired_on": fate.retired_on,
        "transferred": [{"on": each.on, "from_org": each.from_org, "to_org": each.to_org} for each in fate.transfers],
    }


def standard_answer(row: Row) -> Row:
    return {
        "service_id": row["service_id"],
        "standard_id": row["standard_id"],
        "org_id": row["owner"],
        "fiscal_year": row["fiscal_year"],
        "version": row["version"],
        "name": {"en": row["name_en"], "fr": row["name_fr"]},
        "target": row["target"],
        "performance": computed.performance(row["fields"]),
        "target_met": computed.target_met(row["fields"]),
        "measure": row["measure"],
        "fields": row["fields"],
    }


def versions(rows: list[Row], answer: Any) -> list[Row]:
    """Every version in order: when it became known, by which report, and what it changed of the version before it."""
    items: list[Row] = []
    before: Row | None = None
    for row in rows:
        since = before and {"fiscal_year": before["fiscal_year"], "version": before["version"]}
        items.append(
            {
                **answer(row),
                "recorded_at": row["recorded_at"],
                "withdrawn": row["withdrawn"],
                "by": {"source": row["source"], "event_id": row["event_id"]},
                "since": since,
                "changes": comparing.changes(before["fields"], row["fields"]) if before else [],
            }
        )
        before = row
    return items


def no_such_service(service_id: str) -> Problem:
    return problem(
        "not_found",
        f"No department has reported a service {service_id}.",
        f"Aucun ministère n'a déclaré de service {service_id}.",
    )


def no_such_standard(standard_id: str) -> Problem:
    return problem(
        "not_found",
        f"No department has reported a service standard {standard_id}.",
        f"Aucun ministère n'a déclaré de norme de service {standard_id}.",
    )


def several_standards(standard_id: str) -> Problem:
    return problem(
        "ambiguous",
        f"More than one service has a standard {standard_id}; say which with ?service=.",
        f"Plusieurs services ont une norme {standard_id}; précisez lequel par ?service=.",
    )
