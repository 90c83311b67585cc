"""The synthetic inventory that ships with the project: eighty fictional organisations in the portal dialect.

`python -m guichet.synthetic` rewrites `synthetic_inventory/service.csv` and `service-std.csv`, byte for byte the same.
Volumes follow the heavy tail of the real inventory of 2023-2024 (quartiles 21, 142 and 1,820 per service standard).
"""

import csv
import io
from collections.abc import Sequence

from guichet.synthetic.offers import FOLDER, Cells, offers
from guichet.synthetic.services import service
from guichet.synthetic.standards import standards

SERVICES = FOLDER / "service.csv"
STANDARDS = FOLDER / "service-std.csv"

__all__ = ["SERVICES", "STANDARDS", "generate", "written"]


def generate(seed: int = 2014) -> tuple[list[Cells], list[Cells]]:
    """The rows of both files."""
    offered = list(offers(seed))
    return [service(offer) for offer in offered], [row for offer in offered for row in standards(offer)]


def written(rows: Sequence[Cells]) -> str:
    """Rows as CSV, with the byte-order mark of the official files."""
    text = io.StringIO()
    table = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    return f"\ufeff{text.getvalue()}"
