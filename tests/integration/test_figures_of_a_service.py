"""The figures of one service out of its cells, on real PostgreSQL: whose they are, and over which days."""

from datetime import UTC, date, datetime, timedelta

import asyncpg
import pytest

from services.reporting.api.performance import read_service, today
from services.reporting.domain.figures import Window

NAME = {"en": "A service", "fr": "Un service"}
MEASURE = {
    "limit": "P10D",
    "days": "calendar",
    "starts": "submitted",
    "ends": "decided",
    "calendar": "CA",
    "confirmed": True,
}
KNOWN = {"service_id": "S-1", "org_id": "9002", "name": NAME, "priority": False}


@pytest.fixture
async def cells(database_of_reporting: asyncpg.Pool) -> asyncpg.Pool:
    """A service that went over from 9001 to 9002 in the year before this one, and cases of both."""
    day = today() - timedelta(days=3)
    async with database_of_reporting.acquire() as connection:
        for org, year in (("9001", "2020-04-01"), ("9002", "2024-04-01")):
            await connection.execute(
                "insert into known_service values ('S-1', $1, $2, $3, false, 1)", date.fromisoformat(year), org, NAME
            )
        await connection.execute(
            "insert into known_standard (service_id, standard_id, org_id, name, kind, target, measure, valid_from, position) "
            "values ('S-1', 'STD', '9002', $1, 'TML', 0.8, $2, '2024-04-01', 1)", NAME, MEASURE,
        )  # fmt: skip
        for org, met, total in (("9001", 0, 50), ("9002", 20, 20)):
            await connection.execute(
                "insert into views_1.performance_cell values ($1, 'S-1', 'STD', '', $2, $2, 0, $3, $4, 0, 0, $4)",
                org,
                day,
                met,
                total,
            )
            await connection.execute(
                "insert into views_1.duration_cell values ($1, 'S-1', 'STD', '', 'day', $2, $3, 0, $4)",
                org, day, 2 if met else 40, total,
            )  # fmt: skip
            await connection.execute(
                "insert into views_1.open_cell values ($1, 'S-1', 'STD', '', 'running', $2, $3, 0, $4)",
                org, today() - timedelta(days=17), datetime.now(UTC) - timedelta(days=6), total,
            )  # fmt: skip
    return database_of_reporting


async def test_5_19_a_transferred_service_s_figures_are_its_owner_s_alone(cells: asyncpg.Pool) -> None:
    span = Window("28d", today() - timedelta(days=27), today())
    (item,) = (await read_service(cells, KNOWN, span, None, public=False))["items"]
    assert (item["org_id"], item["met"], item["total"], item["open"], item["open_late"]) == ("9002", 20, 20, 20, 20)
    assert (item["including_open"]["at_risk"], item["including_open"]["share"]) == (40, 0.5)
    assert (item["outlook"]["met"], item["outlook"]["total"], item["outlook"]["open_late"]) == (20, 20, 20)


async def test_a_window_that_has_passed_takes_cases_that_ended_since_for_open_at_its_end(cells: asyncpg.Pool) -> None:
    span = Window("", today() - timedelta(days=27), today() - timedelta(days=4))
    (item,) = (await read_service(cells, KNOWN, span, None, public=False))["items"]
    assert item["total"] == 0
    found = item["including_open"]
    assert (found["at_risk"], found["ended"]) == (40, 0)
    assert found["passed"] + found["censored"] == 40
