"""The public inventories through the real system: every cell is found again, and what goes out comes in without a difference."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from guichet.client import Services
from guichet.inventory_files import read
from tests.conftest import LocalSystem
from tests.unit.test_inventory_files import DATA, needs_real_files

YEARS = ("2018-2019", "2019-2020")
PORTAL = ("service_2023-2024.csv", "service-std_2023-2024.csv")
pytestmark = [needs_real_files, pytest.mark.timeout(600)]
Json = dict[str, Any]


def imported(system: LocalSystem, *files: Path) -> Json:
    found: Json = json.loads(system.command("import", *map(str, files), "--format", "json", check=False).stdout)
    return found


@pytest.fixture(scope="module")
def outcome(system: LocalSystem) -> Json:
    """All the public files, imported."""
    collected = [DATA / f"{kind}_{year}.csv" for year in YEARS for kind in ("services", "standards")]
    return imported(system, *collected, *(DATA / name for name in PORTAL))


async def listed(services: Services, path: str, year: str) -> dict[tuple[str, ...], Json]:
    found: dict[tuple[str, ...], Json] = {}
    after = None
    while True:
        query = {"fiscal_year": year, "limit": 1000, "after": after}
        page = await services.ask("inventory", path, query=query, public=True)
        for item in page["items"]:
            found[(item["service_id"], *([item["standard_id"]] if "standard_id" in item else []))] = item
        after = page["next"]
        if after is None:
            return found


def test_what_is_rejected_is_told_with_its_reason_and_nothing_else_is(outcome: Json) -> None:
    assert outcome["rows"] == outcome["imported"] + outcome["unchanged"] + outcome["rejected"] == 10_006
    assert outcome["rejected"] == len([each for each in outcome["findings"] if each["rejected"]]) == 0


@pytest.mark.parametrize("year", YEARS)
async def test_every_cell_of_a_collection_file_is_found_again(services: Services, outcome: Json, year: str) -> None:
    """As the contract reads them; tests/unit/test_portal_files.py holds each cell against what the contract read."""
    assert outcome["rejected"] == 0
    rows = read([DATA / f"services_{year}.csv", DATA / f"standards_{year}.csv"]).rows
    found = {**await listed(services, "/v1/services", year), **await listed(services, "/v1/standards", year)}
    expected = {row.key[1:]: row for row in rows if row.data is not None}
    missing = expected.keys() - found.keys()
    assert not missing
    for key, row in expected.items():
        assert row.data is not None
        assert found[key]["fields"] == row.data.model_dump(mode="json", exclude_none=True), key
        assert found[key]["org_id"] == row.org_id


@pytest.mark.parametrize("name", PORTAL)
async def test_a_portal_file_is_exported_without_a_difference(services: Services, outcome: Json, name: str) -> None:
    """But for the organisations' titles, which are the reference table's, and numbers written with zeros in front."""
    assert outcome["rejected"] == 0
    file = name.replace("_2023-2024", "")
    content: bytes = await services.ask("inventory", f"/v1/export/2023-2024/{file}", public=True)
    original, everything = (_rows(text.decode("utf-8-sig")) for text in ((DATA / name).read_bytes(), content))
    exported = {key: row for key, row in everything.items() if row["owner_org"] in _owners(original)}
    assert exported.keys() == original.keys()
    for key, row in original.items():
        for column, before in row.items():
            after = exported[key][column]
            same = before == after or (before.isdigit() and before.lstrip("0") == after.lstrip("0"))
            assert same or column == "owner_org_title", (key, column, before, after)


def test_what_was_exported_is_imported_again_without_a_difference(
    system: LocalSystem, outcome: Json, tmp_path: Path
) -> None:
    assert outcome["rejected"] == 0
    system.command("export", "2023-2024", "--out", str(tmp_path))
    for name in PORTAL:
        _leave_out_other_tests(tmp_path / name.replace("_2023-2024", ""), _rows((DATA / name).read_text("utf-8-sig")))
    again = imported(system, tmp_path / "service.csv", tmp_path / "service-std.csv")
    assert (again["rows"], again["imported"], again["rejected"]) == (4094, 0, 0)


def test_a_year_is_compared_with_another_by_the_command(system: LocalSystem, outcome: Json) -> None:
    assert outcome["rejected"] == 0
    found = json.loads(system.command("diff", *YEARS, "--format", "json").stdout)["services"]
    files = [str(DATA / f"services_{year}.csv") for year in YEARS]
    of_files = json.loads(system.command("diff", *files, "--format", "json").stdout)["services"]
    assert found == of_files
    assert all(found[what] for what in ("added", "removed", "changed"))


def _owners(rows: dict[tuple[str, ...], dict[str, str]]) -> set[str]:
    return {row["owner_org"] for row in rows.values()}


def _leave_out_other_tests(file: Path, original: dict[tuple[str, ...], dict[str, str]]) -> None:
    """Fictional organisations report to this system too."""
    with file.open(encoding="utf-8-sig", newline="") as opened:
        reader = csv.DictReader(opened)
        rows = [row for row in reader if row["owner_org"] in _owners(original)]
    with file.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.DictWriter(opened, reader.fieldnames or ())
        writer.writeheader()
        writer.writerows(rows)


def _rows(text: str) -> dict[tuple[str, ...], dict[str, str]]:
    rows = csv.DictReader(io.StringIO(text, newline=""))
    of_year = (row for row in rows if row["fiscal_yr"] == "2023-2024")  # one row is of the year after
    return {(row["service_id"], row.get("service_standard_id", "")): row for row in of_year}
