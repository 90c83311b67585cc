"""What is computed when the inventory is published (policy.md part 3), from the official columns of a row. Pure.

`fields` is a row as it is published: official columns under their names, what was not given left out. A volume that is
`NA`, `ND` or unknown counts as 0 in a sum, and leaves a result unknown.
"""

from collections.abc import Mapping
from typing import Any, Literal

from shared.contracts.reported.inventory_codes import APPLICATION_VOLUMES

Fields = Mapping[str, Any]


def num_applications_total(fields: Fields) -> int:
    """All applications of the year: the seven channels; telephone enquiries and website visits are none."""
    return sum(volume for name in APPLICATION_VOLUMES if (volume := count(fields.get(name))) is not None)


def performance(fields: Fields) -> float | None:
    """Met ÷ total to 4 decimals, as it is published; None where there is no total or what was met is not known."""
    met, total = count(fields.get("volume_meeting_target")), count(fields.get("total_volume"))
    return None if met is None or not total else round(met / total, 4)


def target_met(fields: Fields) -> Literal["Y", "N", "NA"]:
    """On the rounded ratio, as Treasury Board publishes it. Three values: what cannot be judged is not missed."""
    target, result = fields.get("target"), performance(fields)
    if not target or result is None:
        return "NA"
    return "Y" if result >= target else "N"


def count(volume: Any) -> int | None:
    """A volume where it is a number."""
    return volume if isinstance(volume, int) and not isinstance(volume, bool) else None
