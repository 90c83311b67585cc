"""Standards that no application shows (access, accuracy, averages): what was reported of them, and where it comes from. Pure."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from services.reporting.domain.figures import FEWEST_SHOWN, Window
from shared.language import Bilingual
from shared.official import computed

SOURCES: Final[Mapping[str | None, Bilingual]] = {
    "applications": Bilingual(
        en="Counted from the applications that departments report.",
        fr="Compté d'après les demandes que les ministères déclarent.",
    ),
    "reported_results": Bilingual(
        en="Counted from results that the department reports for a period.",
        fr="Compté d'après les résultats que le ministère déclare pour une période.",
    ),
    "applications_and_reported_results": Bilingual(
        en="Counted from applications, and from results that the department reports for a period.",
        fr="Compté d'après les demandes et d'après les résultats que le ministère déclare pour une période.",
    ),
    None: Bilingual(
        en="No application and no result was reported for this period.",
        fr="Aucune demande et aucun résultat n'ont été déclarés pour cette période.",
    ),
}


def results(reported: Sequence[Mapping[str, Any]], item: Mapping[str, Any], span: Window) -> list[dict[str, Any]]:
    """The results of a standard and channel whose periods end in a window, the newest first: outputs that met the standard, of
    how many; or a `value` in its `unit`, such as an average, which no share is made of.
    """
    return [
        {
            "from": date.fromisoformat(each["from_date"]),
            "to": date.fromisoformat(each["to_date"]),
            "met": each["after"]["met"],
            "total": each["after"]["total"],
            "value": each["after"]["value"],
            "unit": each["after"]["unit"],
            "suppressed": False,
        }
        for each in reported
        if (each["standard_id"], each["channel"]) == (item["standard_id"], item["channel"])
        and span.first <= date.fromisoformat(each["to_date"]) <= span.last
    ]


def without_few(found: Sequence[dict[str, Any]], total: int) -> list[dict[str, Any]]:
    """As the public sees them: live figures on fewer than 10 cases are hidden, and all where the `total` that stands beside
    them would give away a hidden one.
    """
    totals = [each["total"] for each in found if each["total"] is not None]
    if not any(0 < each < FEWEST_SHOWN for each in (*totals, total - sum(totals))):
        return list(found)
    return [
        each if each["total"] is None else {**each, "met": None, "total": None, "suppressed": True} for each in found
    ]


def filed(rows: Sequence[Mapping[str, Any]], item: Mapping[str, Any]) -> dict[str, Any] | None:
    """What the newest annual row with volumes says of a standard: official, and shown as it was filed."""
    for row in rows:
        fields = row["fields"]
        total = computed.count(fields.get("total_volume"))
        if row["standard_id"] == item["standard_id"] and total is not None:
            return {
                "fiscal_year": row["fiscal_year"],
                "met": computed.count(fields.get("volume_meeting_target")),
                "total": total,
                "share": computed.performance(fields),
                "target": fields.get("target"),
                "target_met": computed.target_met(fields),
                "channel": row["channel"],
            }
    return None
