"""Reporting's log and views: what was read is kept once, and one record that cannot be kept holds up nothing."""

import base64
import os
from datetime import UTC, date, datetime
from typing import Any

import asyncpg
import pytest
from aiokafka import ConsumerRecord

from bench.events import status_events
from services.reporting import handlers, store
from services.reporting.domain.figures import Window
from services.reporting.store.tallying import tallies_query
from shared.database import transaction
from shared.dead_letters import DeadLetters
from shared.encryption import Seal

LETTERS = DeadLetters(Seal(base64.urlsafe_b64encode(os.urandom(32)).decode()))


def records(number: int) -> list[Any]:
    return [
        ConsumerRecord("status.applications.v1", n % 6, n // 6, 0, 0, each.key, each.value, None, 0, 0, each.headers)
        for n, each in enumerate(status_events(number))
    ]


def with_one_unkeepable(some: list[Any]) -> list[Any]:
    """A stopped clock without a day: by the contract, and yet nothing that a table can hold."""
    at, bad = next((n, each) for n, each in enumerate(some) if b'"to_state":"submitted"' in each.value)
    broken = bad.value.replace(b'"state":"running"', b'"state":"stopped"')
    assert broken != bad.value
    one = ConsumerRecord(bad.topic, bad.partition, bad.offset, 0, 0, bad.key, broken, None, 0, 0, bad.headers)
    return [*some[:at], one, *some[at + 1 :]]


@pytest.fixture
def views(database_of_reporting: asyncpg.Pool) -> asyncpg.Pool:
    return database_of_reporting


async def read(pool: asyncpg.Pool, some: list[Any]) -> handlers.Change:
    async with transaction(pool) as connection:
        return await handlers.read_records(connection, handlers.prepare(some), LETTERS)


async def differences(pool: asyncpg.Pool) -> list[Any]:
    async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        return await handlers.differing_views(connection)


async def test_views_are_the_fold_of_the_log_however_records_are_batched_and_repeated(views: asyncpg.Pool) -> None:
    some = records(600)
    await read(views, some[:100])
    await read(views, some[50:300])
    await read(views, some[299:])
    await read(views, some)
    assert await views.fetchval("select count(*) from logged_event") == 600
    assert await differences(views) == []
    total = await views.fetchval("select sum(total) from views_1.performance_cell")
    assert total == await views.fetchval(
        'select count(*) from logged_event where value like \'%"to_state":"decided"%\''
    )


async def test_a_record_that_no_table_can_hold_is_set_aside_alone(views: asyncpg.Pool) -> None:
    some = with_one_unkeepable(records(40))
    await read(views, some)
    assert await views.fetchval("select count(*) from dead_letter") == 1
    assert await views.fetchval("select count(*) from logged_event") == 39
    assert await differences(views) == []


async def test_a_view_changed_outside_the_transaction_is_found(views: asyncpg.Pool) -> None:
    await read(views, records(120))
    await views.execute(
        "update views_1.open_cell set cases = cases + 1 where ctid = (select min(ctid) from views_1.open_cell)"
    )
    await views.execute("delete from logged_event where position = (select max(position) from logged_event)")
    found = await differences(views)
    assert {each["view"] for each in found} >= {"open_cell", "event_cell"}


async def test_a_repetition_among_new_records_is_dropped_though_the_log_has_others_between(views: asyncpg.Pool) -> None:
    some = [each for each in records(120) if each.partition == 0]
    await read(views, some[:10])
    await read(views, [some[3], *some[10:]])
    assert await views.fetchval("select count(*) from logged_event") == len(some)
    assert await differences(views) == []


async def test_a_change_of_unit_does_not_mix_durations(views: asyncpg.Pool) -> None:
    await views.execute(
        "insert into known_service values ('S', '2020-04-01', '9001', '{\"en\":\"S\",\"fr\":\"S\"}', false, 1)"
    )
    for unit, bucket, cases in (("business_day", 10, 3), ("second", 700, 2)):
        await views.execute(
            "insert into views_1.duration_cell values ('9001', 'S', 'S-1', 'ONL', $1, '2026-05-04', $2, 0, $3)",
            unit, bucket, cases,
        )  # fmt: skip
        await views.execute(
            "insert into views_1.performance_cell values ('9001', 'S', 'S-1', 'ONL', '2026-05-04', $1, 0, 1, $2, 0, 0, $2)",
            date(2026, 5, bucket % 28 + 1), cases,
        )  # fmt: skip
    span = Window("x", date(2026, 5, 1), date(2026, 5, 31))
    (tally,) = await store.tallies(views, span, store.Filters(), datetime.now(UTC))
    assert (tally.total, tally.unit, tally.durations) == (5, "business_day", [(10, 3)])


async def test_a_feed_is_the_sum_of_its_hours_whatever_is_written_to_it(views: asyncpg.Pool) -> None:
    """The version before adds to the hours alone, or to both."""
    some = records(600)
    await read(views, some[:300])
    await read(views, some[200:])
    await views.execute("update views_1.feed_hour set events = events + 1")
    await views.execute("insert into views_1.feed values ('9001', 'status', 0, 1000, now())")
    hours = (
        "select org_id, service, source_partition, sum(events)::bigint, max(last_recorded_at) from views_1.feed_hour"
    )
    wanted = await views.fetch(f"{hours} group by 1, 2, 3 order by 1, 2, 3")
    assert await views.fetch("select * from views_1.feed order by 1, 2, 3") == wanted


async def planned(pool: asyncpg.Pool, filters: store.Filters) -> list[dict[str, Any]]:
    """The nodes of the plan by which tallies are read once PostgreSQL keeps one for all parameters."""
    query, parameters = tallies_query(Window("x", date(2026, 4, 1), date(2026, 11, 27)), filters, datetime.now(UTC))
    values = ", ".join(f"'{{{','.join(each)}}}'" if isinstance(each, list) else f"'{each}'" for each in parameters)
    async with pool.acquire() as connection, connection.transaction():
        asked = await connection.prepare(query)
        await connection.execute("set local plan_cache_mode = force_generic_plan")
        plan = await connection.fetchval(f"explain (analyze, format json) execute {asked.get_name()}({values})")
    return _nodes(plan[0]["Plan"])


async def test_the_list_makes_each_sum_once_also_by_one_plan_for_all_however_many_standards_there_are(
    views: asyncpg.Pool,
) -> None:
    await views.execute(_MANY_CELLS)
    sums = [node for node in await planned(views, store.Filters()) if node["Node Type"] == "Aggregate"]
    assert sums
    assert all(node["Actual Loops"] == 1 for node in sums)


@pytest.mark.parametrize("channel", [None, "online"])
async def test_the_list_does_not_compare_each_cell_with_each_service_though_the_tables_were_never_analysed(
    channel: str | None, views: asyncpg.Pool
) -> None:
    await views.execute(_MANY_CELLS.replace("(1, 5000)", "(1, 40000)"))
    nodes = await planned(views, store.Filters(channel=channel))
    services = [node["Actual Loops"] for node in nodes if node.get("CTE Name") == "wanted"]
    assert services
    assert set(services) == {1}


@pytest.mark.parametrize("channel", [None, "online"])
@pytest.mark.parametrize("before", ["select", "analyze"], ids=["never analysed", "analysed"])
async def test_the_figures_of_one_service_read_its_own_cells_however_many_there_are_of_others(
    before: str, channel: str | None, views: asyncpg.Pool
) -> None:
    await views.execute(_MANY_CELLS)
    await views.execute(before)
    nodes = await planned(views, store.Filters(service_ids=["s3"], channel=channel))
    for cells, own in (("open_cell", 600), ("duration_cell", 400), ("performance_cell", 500)):
        read = [node["Actual Rows"] * node["Actual Loops"] for node in nodes if node.get("Relation Name") == cells]
        assert read == [own], cells


_MANY_CELLS = """
insert into known_service (service_id, valid_from, org_id, name, priority, position)
select 's' || n, '2020-04-01', '9001', '{}', false, n from generate_series(1, 10) n;
insert into known_standard (service_id, standard_id, valid_from, org_id, name, kind, target, measure, position)
select 's' || n, 't' || m, '2020-04-01', '9001', '{}', 'TML', 0.8, '{}', n
  from generate_series(1, 10) n, generate_series(1, 4) m;
insert into views_1.open_cell
select '9001', 's' || (n % 10 + 1), 't' || (n % 4 + 1), 'online', 'in_progress', '2026-11-01', now() + n * interval '1 s', 0, 1
  from generate_series(1, 6000) n;
insert into views_1.duration_cell
select '9001', 's' || (n % 10 + 1), 't' || (n % 4 + 1), 'online', 'days', '2026-11-01', n, 0, 1 from generate_series(1, 4000) n;
insert into views_1.performance_cell
select '9001', 's' || (n % 10 + 1), 't' || (n % 4 + 1), 'online', '2026-11-01', '2026-11-01', n, 1, 1, 0, 0, 1
  from generate_series(1, 5000) n
"""


def _nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for part in plan.get("Plans", []) for node in _nodes(part))]
