"""The synthetic inventory in the shared system, and one of its services that has a clock."""

import csv
from dataclasses import dataclass

import orjson
import pytest

from guichet.synthetic import SERVICES, STANDARDS
from shared.measures import infer
from shared.organizations import by_slug
from tests.conftest import LocalSystem


@dataclass(frozen=True)
class Served:
    """A service with a standard of some business days, by one channel."""

    org_id: str
    service_id: str
    standard_id: str
    channel: str
    days: int
    target: float


@pytest.fixture(scope="session")
def inventory(system: LocalSystem) -> dict[str, int]:
    done = system.command("import", str(SERVICES), str(STANDARDS), "--format", "json")
    return orjson.loads(done.stdout)


@pytest.fixture(scope="session")
def served(inventory: dict[str, int]) -> Served:
    with STANDARDS.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            measure = infer(row["service_standard_en"], row["service_standard_fr"]).measure
            org = by_slug(row["owner_org"])
            plain = measure is not None and (measure.days, measure.starts, measure.ends) == (
                "business",
                "submitted",
                "decided",
            )
            if row["type"] == "TML" and plain and measure and org and row["target"]:
                days = int(measure.limit[1:-1])
                return Served(
                    org.org_id,
                    row["service_id"],
                    row["service_standard_id"],
                    row["channel"],
                    days,
                    float(row["target"]),
                )
    raise AssertionError("no such standard in the synthetic inventory")
