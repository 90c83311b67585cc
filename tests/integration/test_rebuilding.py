"""Views made anew beside the live ones: equal to them, put in their place without a gap, and never touched by what fails."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, Self

import asyncpg
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from services.reporting import handlers, store
from services.reporting.handlers.rebuilding import asking, filling, rebuild
from services.reporting.handlers.rebuilding.comparing import compare
from services.reporting.handlers.rebuilding.rereading import log_only
from services.reporting.handlers.rebuilding.switching import DifferentEvents
from shared.consuming import Consumption
from shared.database import TRANSIENT, Connection, _speak_json, open_pool, transaction
from shared.dead_letters import settle
from shared.decoding import Refusal, identity_of
from shared.intake import unexpected
from shared.kafka import Record
from shared.listening import as_it_came
from shared.problems import Refused
from shared.testing import eventually
from tests.conftest import LocalSystem
from tests.integration.test_any_arrival import FORGET, IN_ORDER, Arrival, arrivals
from tests.integration.test_consuming import WAITING
from tests.integration.test_reading import LETTERS, differences, read, records, with_one_unkeepable

RECORDS = records(900)
CHANGED = (
    "update views_1.performance_cell set met = met + 7 where ctid = (select min(ctid) from views_1.performance_cell)"
)


@pytest.fixture
def views(database_of_reporting: asyncpg.Pool) -> asyncpg.Pool:
    return database_of_reporting


def logged(number: int) -> list[Any]:
    """The first so many records of one log."""
    return RECORDS[:number]


async def nothing(_rebuild_id: int) -> None:
    """Kafka has nothing that the log has not."""


async def rebuilt(pool: asyncpg.Pool, reason: str | None = None) -> dict[str, Any]:
    """What came of a rebuild."""
    rebuild_id = await asking.ask(pool, "log", "tester", reason)
    await rebuild(pool, rebuild_id, nothing)
    found = await store.one_rebuild(pool, rebuild_id)
    assert found is not None
    return found


async def gone_back(pool: asyncpg.Pool) -> dict[str, Any]:
    rebuild_id = await asking.ask_back(pool)
    await rebuild(pool, rebuild_id, nothing)
    found = await store.one_rebuild(pool, rebuild_id)
    assert found is not None
    return found


async def content(pool: asyncpg.Pool, views: str = "views_1") -> dict[str, dict[str, Any]]:
    async with pool.acquire() as connection:
        return await store.digests(connection, views)


# Equal


async def test_views_made_anew_are_the_live_ones_by_hash_and_change_places_with_them(views: asyncpg.Pool) -> None:
    some = logged(600)
    await read(views, some[:250])
    await read(views, some[250:])
    before = await content(views)
    marked = await views.fetchval("select 'views_1.event_cell'::regclass::oid")
    found = await rebuilt(views)
    assert (found["state"], found["error"], found["differences"]) == ("switched", None, None)
    assert {view: each["live"] for view, each in found["tables"].items()} == before
    assert await content(views) == before
    assert await views.fetchval("select 'views_2.event_cell'::regclass::oid") == marked
    assert await differences(views) == []


async def test_a_second_rebuild_gives_the_same_again_and_the_consumer_goes_on_in_what_is_live(
    views: asyncpg.Pool,
) -> None:
    some = logged(900)
    await read(views, some[:300])
    for more in (some[300:600], some[600:]):
        assert (await rebuilt(views))["state"] == "switched"
        await read(views, more)
    assert (await rebuilt(views))["state"] == "switched"
    assert await views.fetchval("select sum(events) from views_1.event_cell") == 900
    assert await differences(views) == []


# Without a smaller arrival than the failing one: that would take minutes.
@settings(
    max_examples=20,
    phases=[phase for phase in Phase if phase is not Phase.shrink],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(arrival=arrivals, began=st.integers(0, 12), stretch=st.sampled_from([3, 17, 20_000]))
async def test_whatever_was_read_taken_back_and_withdrawn_while_it_was_filled_it_is_the_live_views(
    views: asyncpg.Pool, arrival: Arrival, began: int, stretch: int
) -> None:
    """Restored services among it: what became void before, while and after it was folded again."""
    await views.execute(FORGET)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(filling, "_STRETCH", stretch)
        patch.setattr(filling, "_FEW", 0)
        rebuild_id = await asking.ask(views, "log", "tester", None)
        await store.make_views(views)
        for number, batch in enumerate(arrival.handed_over()):
            await taken(views, batch)
            if number >= began:
                await filling.catch_up(views, rebuild_id)
        assert await compare(views, rebuild_id), (await store.one_rebuild(views, rebuild_id) or {})["differences"]
        await store.end(views, rebuild_id, "failed")


async def taken(pool: asyncpg.Pool, batch: list[Record]) -> None:
    async def apply(connection: Connection, some: Any) -> None:
        await handlers.read_records(connection, handlers.prepare(some), LETTERS)

    taking = Consumption("reporting", apply)
    taking.fence.cluster_id = "cluster"
    await taking.take(pool, batch)


# Different


async def test_a_row_changed_by_hand_is_named_and_mended_once_somebody_says_why(views: asyncpg.Pool) -> None:
    await read(views, logged(600))
    before = await content(views)
    await views.execute(CHANGED)
    spoiled = await content(views)
    found = await rebuilt(views)
    assert found["state"] == "differs"
    assert await content(views) == spoiled
    (row,) = found["differences"]
    assert (row["view"], row["live"]["met"] - row["rebuilt"]["met"]) == ("performance_cell", 7)
    assert set(row["key"]) == {
        "org_id", "service_id", "standard_id", "channel", "day", "recorded_on", "source_partition",
    }  # fmt: skip
    assert [view for view, each in found["tables"].items() if not each["equal"]] == ["performance_cell"]

    await read(views, logged(700))
    accepted = await rebuilt(views, "one row was changed by hand")
    assert (accepted["rebuild_id"], accepted["state"]) == (found["rebuild_id"], "switched")
    assert accepted["reason"] == "one row was changed by hand"
    assert await differences(views) == []
    assert (await content(views))["performance_cell"] != before["performance_cell"]


async def test_rows_that_should_not_be_there_any_more_are_gone_after_a_rebuild(views: asyncpg.Pool) -> None:
    await read(views, logged(300))
    before = await content(views)
    await views.execute(
        "insert into views_1.open_cell values ('9001', 'GONE', 'GONE-1', '', 'running', '2025-01-01', '9999-01-01', 0, 10)"
    )
    await views.execute("insert into views_1.service_change values ('GONE', 1)")
    await views.execute("insert into known_service values ('GONE', '2024-04-01', '9001', '{}', false, 1)")
    found = await rebuilt(views)
    assert {(each["view"], each["rebuilt"]) for each in found["differences"]} == {
        ("open_cell", None), ("service_change", None), ("known_service", None),
    }  # fmt: skip
    await rebuilt(views, "a service that was never reported")
    assert await content(views) == before


async def test_a_row_that_was_deleted_comes_back(views: asyncpg.Pool) -> None:
    await read(views, logged(300))
    before = await content(views)
    await views.execute("delete from views_1.duration_cell where ctid = (select min(ctid) from views_1.duration_cell)")
    found = await rebuilt(views, "a row was deleted by hand")
    assert found["state"] == "switched"
    assert [each["live"] for each in found["differences"]] == [None]
    assert await content(views) == before


async def test_what_was_read_after_the_comparison_must_be_the_same_events_too(views: asyncpg.Pool) -> None:
    """The live views lose an event of the last days between the comparison and the change of places."""
    await read(views, logged(300))

    async def spoil(_: int) -> None:
        await read(views, logged(310))
        await views.execute("update views_1.event_cell set events = events - 1, hash = hash - 5")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("services.reporting.handlers.rebuilding.compare", comparing_then(spoil))
        with pytest.raises(DifferentEvents):
            await rebuilt(views)
    (found,) = await store.rebuilds_before(views, None, 1)
    assert (found["state"], found["error"]) == ("failed", "DifferentEvents")


def comparing_then(work: Callable[[int], Awaitable[None]]) -> Callable[[asyncpg.Pool, int], Awaitable[bool]]:
    async def compare_first(pool: asyncpg.Pool, rebuild_id: int) -> bool:
        equal = await compare(pool, rebuild_id)
        await work(rebuild_id)
        return equal

    return compare_first


# Readers


async def test_a_rebuild_never_empties_what_readers_see(views: asyncpg.Pool) -> None:
    """Statements that were prepared before go on, and each answer has all that the one before had."""
    await read(views, logged(600))
    seen: list[int] = []
    ended = asyncio.Event()

    async def look() -> None:
        async with views.acquire() as connection:
            while not ended.is_set():
                seen.append(await connection.fetchval("select sum(events)::bigint from views_1.event_cell"))
                seen.append(await connection.fetchval("select sum(events)::bigint from views_1.feed"))

    looking = asyncio.create_task(look())
    try:
        for number in (700, 800, 900):
            await read(views, logged(number))
            assert (await rebuilt(views))["state"] == "switched"
    finally:
        ended.set()
        await looking
    assert len(seen) > 20
    assert seen == sorted(seen)
    assert (seen[0], seen[-1]) == (600, 900)


async def test_whoever_looks_more_than_once_sees_one_state_though_the_views_change_places(views: asyncpg.Pool) -> None:
    await read(views, logged(300))
    open_cases = "select sum(cases)::bigint from views_1.open_cell where cases > 0"
    async with one_state(views) as connection:
        before = await connection.fetchval(open_cases)
        making = asyncio.create_task(rebuilt(views))
        await eventually(lambda: state(views), lambda found: found == "switching")
        await read(views, logged(320))
        assert await connection.fetchval(open_cases) == before
        assert await state(views) == "switching"
    assert (await making)["state"] == "switched"
    assert await views.fetchval(open_cases) != before


@asynccontextmanager
async def one_state(pool: asyncpg.Pool) -> AsyncIterator[Connection]:
    async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        await store.hold_views(connection)
        yield connection


async def state(pool: asyncpg.Pool) -> str:
    newest = await store.newest_rebuild(pool)
    return newest.state if newest else ""


async def test_a_batch_that_is_being_written_is_waited_for_and_counted(views: asyncpg.Pool) -> None:
    await read(views, logged(300))
    async with transaction(views) as connection:
        await handlers.read_records(connection, handlers.prepare(logged(400)), LETTERS)
        making = asyncio.create_task(rebuilt(views))
        await eventually(lambda: state(views), lambda found: found == "comparing")
    assert (await making)["state"] == "switched"
    assert await views.fetchval("select sum(events) from views_1.event_cell") == 400
    assert await differences(views) == []


async def test_a_withdrawal_that_waits_while_the_views_change_places_is_known_to_those_that_are_live_then(
    views: asyncpg.Pool,
) -> None:
    some = [record for batch in IN_ORDER.handed_over() for record in batch]
    withdrawals = [record for record in some if b'"withdrawn":true' in (record.value or b"")]
    await read(views, [record for record in some if record not in withdrawals])
    reading: list[asyncio.Task[None]] = []

    async def reading_first(connection: Connection) -> None:
        if not reading:
            reading.append(asyncio.create_task(read(views, withdrawals)))
        await eventually(lambda: views.fetchval(WAITING))
        await fence_readers(connection)

    fence_readers = store.fence_readers
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "fence_readers", reading_first)
        assert (await rebuilt(views))["state"] == "switched"
    await reading[0]
    assert await views.fetchval("select count(*) from views_1.withdrawal") == len(withdrawals) > 0


# Back again


async def test_going_back_brings_what_was_read_since(views: asyncpg.Pool) -> None:
    await read(views, logged(300))
    first = await views.fetchval("select 'views_1.event_cell'::regclass::oid")
    await rebuilt(views)
    await read(views, logged(500))
    wanted = await content(views)
    found = await gone_back(views)
    assert found["state"] == "rolled_back"
    assert await views.fetchval("select 'views_1.event_cell'::regclass::oid") == first
    assert await content(views) == wanted
    assert await differences(views) == []


async def test_there_is_no_way_back_to_nothing_nor_to_tables_of_an_earlier_version(views: asyncpg.Pool) -> None:
    with pytest.raises(Refused) as refused:
        await asking.ask_back(views)
    assert refused.value.problem.code == "nothing_kept"
    await read(views, logged(100))
    await rebuilt(views)
    await views.execute("alter table views_1.open_cell add column since date")
    with pytest.raises(Refused) as refused:
        await asking.ask_back(views)
    assert "earlier version" in refused.value.problem.detail.en
    assert (await rebuilt(views))["state"] == "switched"


async def test_what_is_kept_can_be_removed(views: asyncpg.Pool) -> None:
    await read(views, logged(100))
    await rebuilt(views)
    assert (await store.sizes(views))["other"] > 0
    await asking.forget(views)
    assert (await store.sizes(views))["other"] == 0
    with pytest.raises(Refused):
        await asking.ask_back(views)


async def test_tables_indexes_triggers_and_rights_are_those_of_before_down_to_their_names(views: asyncpg.Pool) -> None:
    await read(views, logged(100))
    before = await shape(views)
    assert len(before) > 20
    for _ in range(2):
        assert (await rebuilt(views))["state"] == "switched"
        assert await shape(views) == before


async def shape(pool: asyncpg.Pool) -> set[tuple[str, ...]]:
    rows = await pool.fetch(
        "select 'index', indexrelid::regclass::text, pg_get_indexdef(indexrelid) from pg_index join view_tables() v on v.oid = indrelid "
        "union all select 'constraint', conrelid::regclass::text, conname || ' ' || pg_get_constraintdef(c.oid) from pg_constraint c "
        "join view_tables() v on v.oid = conrelid "
        "union all select 'trigger', tgrelid::regclass::text, pg_get_triggerdef(t.oid) from pg_trigger t "
        "join view_tables() v on v.oid = tgrelid where not tgisinternal "
        "union all select 'rights', v.oid::regclass::text, coalesce(relacl::text, '') from pg_class c join view_tables() v on v.oid = c.oid"
    )
    return {tuple(row) for row in rows}


# What fails


async def test_two_at_once_are_refused_by_name(views: asyncpg.Pool) -> None:
    first = await asking.ask(views, "log", "tester", None)
    with pytest.raises(Refused) as refused:
        await asking.ask(views, "log", "tester", None)
    assert refused.value.problem.code == "rebuild_under_way"
    assert f"Rebuild {first} " in refused.value.problem.detail.en
    assert f"La reconstruction {first} " in refused.value.problem.detail.fr
    async with views.acquire() as other:
        await other.execute("select pg_advisory_lock(hashtext('guichet.rebuild'))")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("services.reporting.handlers.rebuilding._TRIES", 2)
            assert await rebuild(views, first, nothing) is None
        await other.execute("select pg_advisory_unlock(hashtext('guichet.rebuild'))")
    assert await rebuild(views, first, nothing) == "switched"


class CutOff:
    """A pool that is cut off from its database after its nth statement, as if its process had ended."""

    def __init__(self, dsn: str, after: int) -> None:
        self._dsn, self.left = dsn, after
        self.pool: asyncpg.Pool

    async def __aenter__(self) -> Self:
        self.pool = await open_pool(self._dsn, 6, least=0)
        self.pool._init = self._watched
        return self

    async def __aexit__(self, *_: object) -> None:
        self.pool.terminate()

    async def _watched(self, connection: Connection) -> None:
        await _speak_json(connection)
        connection.add_query_logger(self._count)

    def _count(self, _record: object) -> None:
        self.left -= 1
        if self.left == 0:
            self.pool.terminate()


async def test_wherever_it_ends_the_live_views_are_whole_and_the_next_one_says_what_became_of_it(
    views: asyncpg.Pool, system: LocalSystem
) -> None:
    """Cut off after each fifth statement, until none is left."""
    await read(views, logged(300))
    before = await content(views)
    dsn = system.dsn("postgres", await views.fetchval("select current_database()"))
    ends = set()
    for at in itertools.count(1, 5):
        rebuild_id = await asking.ask(views, "log", "tester", None)
        async with CutOff(dsn, at) as own:
            with suppress(*TRANSIENT, asyncpg.PostgresError, asyncpg.InterfaceError):
                await rebuild(own.pool, rebuild_id, nothing)
        if own.left > 0:
            break
        assert await content(views) == before
        assert await differences(views) == []
        here = await state(views)
        if here != "switched":
            assert await eventually(lambda: settled_by(views), lambda found: found is not None) == rebuild_id
        assert await state(views) == ("switched" if here == "switched" else "abandoned")
        ends.add(here)
    assert ends >= {"asked", "filling", "comparing", "switching"}
    assert await state(views) == "switched"
    assert await content(views) == before


async def settled_by(pool: asyncpg.Pool) -> int | None:
    return await asking.settle(pool, grace=0)


async def test_what_fails_is_said_and_leaves_nothing_half_made(views: asyncpg.Pool) -> None:
    await read(views, logged(100))

    async def fail(_pool: asyncpg.Pool, _rebuild_id: int) -> None:
        raise asyncpg.DiskFullError("no room")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("services.reporting.handlers.rebuilding.catch_up", fail)
        with pytest.raises(asyncpg.DiskFullError):
            await rebuilt(views)
    (found,) = await store.rebuilds_before(views, None, 1)
    assert (found["state"], found["error"]) == ("failed", "DiskFullError")
    assert (await store.sizes(views))["other"] == 0
    assert (await rebuilt(views))["state"] == "switched"


# From Kafka


async def test_what_the_log_lost_is_logged_again_and_no_view_counts_it_twice(views: asyncpg.Pool) -> None:
    some = logged(300)
    await read(views, some)
    before = await content(views)
    await views.execute("delete from logged_event where position % 3 = 0")
    async with transaction(views) as connection:
        assert await log_only(connection, LETTERS, some) == 100
        assert await log_only(connection, LETTERS, some) == 0
    assert await content(views) == before
    found = await rebuilt(views)
    assert (found["state"], found["differences"]) == ("switched", None)
    assert await content(views) == before


@pytest.mark.parametrize("lost", range(4))
async def test_whatever_the_log_lost_void_or_not_its_views_are_the_same_again(views: asyncpg.Pool, lost: int) -> None:
    batches = IN_ORDER.handed_over()
    for batch in batches:
        await taken(views, batch)
    before = await content(views)
    await views.execute("delete from logged_event where position % 4 = $1", lost)
    async with transaction(views) as connection:
        assert sum([await log_only(connection, LETTERS, batch) for batch in batches]) > 0
    found = await rebuilt(views)
    assert (found["state"], found["differences"]) == ("switched", None)
    assert await content(views) == before


@pytest.mark.parametrize("lost", range(4))
async def test_a_word_that_the_log_lost_and_that_was_withdrawn_since_stays_withdrawn(
    views: asyncpg.Pool, lost: int
) -> None:
    """It is logged again behind its withdrawal: of services, and of standards."""
    batches = IN_ORDER.handed_over()
    for batch in batches:
        await taken(views, batch)
    before = await content(views)
    await views.execute(
        "delete from logged_event where service = 'inventory' and service_position % 4 = $1 and not value like '%\"withdrawn\":true%'",
        lost,
    )
    async with transaction(views) as connection:
        assert sum([await log_only(connection, LETTERS, batch) for batch in batches]) > 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(filling, "_STRETCH", 5)
        found = await rebuilt(views)
    assert (found["state"], found["differences"]) == ("switched", None)
    assert await content(views) == before


async def test_a_log_and_views_that_are_gone_are_made_again_from_the_records_alone(views: asyncpg.Pool) -> None:
    """Restored services among them: the words that made spans void are read again too."""
    batches = IN_ORDER.handed_over()
    for batch in batches:
        await taken(views, batch)
    before = await content(views)
    await views.execute(FORGET)
    async with transaction(views) as connection:
        for batch in batches:
            await log_only(connection, LETTERS, batch)
    found = await rebuilt(views, "the log and the views were lost")
    assert found["state"] == "switched"
    assert await content(views) == before


async def test_a_record_that_was_set_aside_and_accepted_since_is_logged_again(views: asyncpg.Pool) -> None:
    some = records(40)
    await read(views, some[:-1])
    async with transaction(views) as connection:
        arrival = as_it_came(some[-1])
        await LETTERS.keep(connection, [(arrival, Refusal(unexpected(ValueError()), *identity_of(arrival)))])
        letter = await connection.fetchval("select dead_letter_id from dead_letter")
        await handlers.read_again(connection, some[-1], LETTERS)
        await settle(connection, letter, {"outcome": "accepted", "replays": 1})
    before = await content(views)
    await views.execute(FORGET.replace("delete from dead_letter; ", ""))
    async with transaction(views) as connection:
        assert await log_only(connection, LETTERS, some) == 40
    assert (await rebuilt(views, "the log and the views were lost"))["state"] == "switched"
    assert await content(views) == before


async def test_a_record_that_no_view_can_hold_stays_set_aside(views: asyncpg.Pool) -> None:
    some = with_one_unkeepable(records(40))
    await read(views, some)
    before = await content(views)
    await views.execute(FORGET.replace("delete from dead_letter; ", ""))
    async with transaction(views) as connection:
        assert await log_only(connection, LETTERS, some) == 39
    assert (await rebuilt(views, "the log and the views were lost"))["state"] == "switched"
    assert await content(views) == before
