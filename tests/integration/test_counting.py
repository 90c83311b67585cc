"""Lesson 5.17: nothing that anyone may ask at any time counts all there is."""

import asyncpg

from services.status import store
from shared.migrating import migrate

MANY = store.MOST_COUNTED + 2_000


async def test_lesson_5_17_what_is_left_to_measure_is_counted_so_far_and_no_further(database: asyncpg.Pool) -> None:
    """`count(*)` in the hot path (Notify outage)."""
    async with database.acquire() as connection:
        await migrate(connection, "status")
        await connection.execute(
            "insert into application (org_id, application_id, service_id, state, version, tracking_hash, clocks, opened_at, "
            "changed_at) select case when n <= 5 then '2' else '1' end, n::text, 'S', 'submitted', 1, sha256(n::text::bytea), "
            "'{}', now(), now() from generate_series(1, $1::int) n",
            MANY,
        )
        await connection.execute("insert into measure_again (service_id, asked_at) values ('S', now())")
        await connection.execute("analyze")
    assert await store.left_to_measure(database) == store.MOST_COUNTED
    assert await store.left_to_measure(database, "1") == store.MOST_COUNTED
    assert await store.left_to_measure(database, "2") == 5
    assert await store.left_to_measure(database, "3") == 0
    plan = "\n".join(
        row[0]
        for row in await database.fetch(
            "explain (analyze, costs off, timing off, summary off) select count(*) from (select from measure_again m "
            "join application a using (service_id) where (a.org_id, a.application_id) > (m.after_org, m.after_id) "
            f"and a.org_id = '2' limit {store.MOST_COUNTED}) first_ones"
        )
    )
    assert "Rows Removed" not in plan, plan  # no other organisation's are looked at
