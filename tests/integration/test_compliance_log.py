"""Compliance out of reporting's log, on real PostgreSQL: the same as the pure fold, however it was read; what is told of it."""

import base64
import os
import random
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from zlib import crc32

import asyncpg
import orjson
import pytest
from aiokafka import ConsumerRecord

from services.reporting import handlers, store
from services.reporting.domain.compliance import evaluate
from services.reporting.domain.compliance.asking import Cut, Question
from services.reporting.domain.compliance.facts import Body, Entry
from services.reporting.domain.compliance.folding import fold
from services.reporting.domain.compliance.settings import Settings
from services.reporting.domain.compliance.verdict import Verdict
from services.reporting.domain.compliance.years import fiscal_year
from services.reporting.handlers.deciding import act
from services.reporting.handlers.judging import verdicts
from services.reporting.handlers.keeping import KeptFacts
from services.reporting.handlers.knowing import knowledge
from services.reporting.handlers.telling import tell_changes
from shared import event_log
from shared.database import transaction
from shared.dead_letters import DeadLetters
from shared.encryption import Seal
from shared.identity import Person
from shared.language import Bilingual
from shared.ownership import day_in_ottawa
from tests.unit.evidence import BEGIN, LATER, Log

# As a process keeps it, whatever database it comes to.
KEPT = KeptFacts()
LETTERS = DeadLetters(Seal(base64.urlsafe_b64encode(os.urandom(32)).decode()))
DAY = date(2018, 3, 31)
AREAS = ["redesign", "usability", "channel_integration", "mobile"]
URL = {"en": "https://x/en/services/S", "fr": "https://x/fr/services/S"}
TOPICS = {
    "StewardshipRecorded": ("inventory.stewardship.v1", 1),
    "FeedbackRecorded": ("feedback.cases.v1", 2),
    "FeedbackStateChanged": ("feedback.cases.v1", 2),
    "ApplicationStateChanged": ("status.applications.v1", 3),
}


@pytest.fixture
def views(database_of_reporting: asyncpg.Pool) -> asyncpg.Pool:
    return database_of_reporting


def managed() -> Log:
    """A department of one priority service, which most requirements are met of, little by little."""
    log = Log()
    log.service("S", "2016-2017", points="NYYYYY", priority={"designated": True})
    log.service("S", "2017-2018", priority={"designated": True})
    log.standard("S", "S-1", target=0.8)
    log.record("inventory_confirmed", "2018-03-01", fiscal_year="2017-2018")
    log.record("service_review_completed", "2017-05-01", "S/1", service_id="S", areas=AREAS[:2])
    log.record("feedback_mechanism_published", "2017-01-01", services="all", url=URL, accessible=True)
    case = {"feedback_id": "F", "service_id": "S", "kind": "complaint", "received_at": "2018-01-05T15:00:00Z"}
    log.add("FeedbackRecorded", case, service="feedback")
    step = {"feedback_id": "F", "from_state": "received", "to_state": "resolved", "changed_at": "2018-01-09T15:00:00Z"}
    log.add("FeedbackStateChanged", step, service="feedback")
    log.record("service_review_completed", "2017-05-01", "S/1", service_id="S", areas=AREAS)
    log.record("mandatory_service_listed", "2016-01-01", "M", mandatory_service_id="M", applies_to="all", org="9002")
    log.record("mandatory_service_adopted", "2016-02-01", "M", mandatory_service_id="M")
    log.record("service_review_completed", "2017-05-01", "S/1", service_id="S", areas=AREAS, withdrawn=True)
    log.add("ServiceTransferred", {"service_id": "S", "on": "2018-03-30", "from_org": "9001", "to_org": "9002"})
    return log


def records(entries: Iterable[Entry]) -> list[Any]:
    """As the services' relays publish them: each in the partition of its key."""
    offsets: dict[tuple[str, int], int] = {}
    found = []
    for entry in entries:
        topic, width = TOPICS.get(entry.name, ("inventory.services.v1", 3))
        key = str(entry.data.get("service_id") or entry.data.get("feedback_id") or entry.org_id)
        place = topic, crc32(key.encode()) % width
        offsets[place] = offsets.get(place, -1) + 1
        found.append(ConsumerRecord(*place, offsets[place], 0, 0, key.encode(), value(entry), None, 0, 0, ()))
    return found


def value(entry: Entry) -> bytes:
    named = {
        "name": {"en": "S", "fr": "S"},
        "priority": True,
        "version": 1,
        "kind": None,
        "channel": None,
        "measure": None,
    }
    data = {**(named if entry.name in {"ServiceRecorded", "ServiceStandardRecorded"} else {}), **entry.data}
    return orjson.dumps(
        {
            "specversion": "1.0",
            "id": str(entry.position),
            "recordedat": entry.recorded_at.isoformat(),
            "source": f"/services/{entry.service}",
            "type": f"guichet.{entry.service}.{entry.name}.v1",
            "subject": entry.data.get("record_id", "S"),
            "time": entry.recorded_at.isoformat(),
            "org": entry.org_id,
            "causedby": f"event-{entry.position}",
            "causedbysource": f"/organizations/{entry.org_id}/x",
            "data": data,
        }
    )


def restored(after: int) -> Any:
    """The inventory's word that its log ends there, as stewardship's topic hears it."""
    word = {"id": f"restored-{after}-1000", "source": "/services/inventory", "type": "guichet.inventory.LogRestored.v1"}
    said = orjson.dumps({**word, "data": {"after": after, "until": 1000}})
    return ConsumerRecord("inventory.stewardship.v1", 0, 99, 0, 0, None, said, None, 0, 0, ())


async def read(pool: asyncpg.Pool, some: Sequence[Any]) -> None:
    async with transaction(pool) as connection:
        await handlers.read_records(connection, handlers.prepare(some), LETTERS)


async def advance(pool: asyncpg.Pool, moment: datetime) -> None:
    """The services' word that everything recorded before a moment has been published."""
    for topic in ("inventory.services.v1", "inventory.stewardship.v1", "feedback.cases.v1", "status.applications.v1"):
        await pool.execute(
            "insert into advanced values ($1, 0, split_part($1, '.', 1), 0, $2) on conflict (topic, partition) "
            "do update set recorded_at = $2",
            topic,
            moment,
        )


async def judged(pool: asyncpg.Pool, org_id: str, cut: Cut, day: date = DAY) -> tuple[Verdict, ...]:
    async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        return await verdicts(connection, Question(org_id, "policy-2014", day, cut))


def expected(entries: Iterable[Entry], org_id: str, known_to: datetime, day: date = DAY) -> tuple[Verdict, ...]:
    own = [each for each in entries if concerns(each, org_id)]
    return evaluate("policy-2014", fold(Body(org_id), own, known_to), day, Settings())


def concerns(entry: Entry, org_id: str) -> bool:
    """Whether an event is evidence of an organisation: its own, what concerns several, and what a transferred service had."""
    kind, fields = entry.data.get("kind"), entry.data.get("fields", {})
    several = entry.name == "ServiceTransferred" or kind == "mandatory_service_listed"
    of_service = entry.service == "inventory" and "S" in {entry.data.get("service_id"), fields.get("service_id")}
    return entry.org_id == org_id or several or (org_id == "9002" and of_service)


@pytest.mark.parametrize("seed", range(4))
async def test_however_the_log_was_read_its_verdicts_are_those_of_the_pure_fold(seed: int, views: asyncpg.Pool) -> None:
    chance, log = random.Random(seed), managed()
    some = records(log.entries)
    by_partition = sorted(some, key=lambda each: (each.topic, each.partition, each.offset))
    places = sorted({(each.topic, each.partition) for each in some}, key=lambda _: chance.random())
    for place in places:  # partitions come in any order, each in its own, some twice
        own = [each for each in by_partition if (each.topic, each.partition) == place]
        cut = chance.randint(0, len(own))
        await read(views, own[:cut])
        await read(views, own[max(0, cut - 2) :])
    head = await store.head(views)
    for org_id in ("9001", "9002"):
        for day in (DAY, date(2018, 3, 29), date(2017, 3, 31)):
            assert await judged(views, org_id, Cut(LATER, head), day) == expected(log.entries, org_id, LATER, day)


async def test_a_moment_knows_what_was_recorded_by_then_and_never_more(views: asyncpg.Pool) -> None:
    log = managed()
    some = records(log.entries)
    await read(views, some[:6])
    early = BEGIN + timedelta(minutes=6)
    await advance(views, early + timedelta(microseconds=1))
    async with views.acquire() as connection:
        known = await knowledge(connection, LATER)
    assert (known.by, known.cut) == ("watermark", Cut(early))
    said = await judged(views, "9001", known.cut)
    assert said == expected(log.entries[:6], "9001", early)
    await read(views, some[6:])
    await advance(views, LATER)
    assert await judged(views, "9001", known.cut) == said
    for minutes in range(len(some) + 1):
        moment = BEGIN + timedelta(minutes=minutes)
        async with views.acquire() as connection:
            known = await knowledge(connection, moment)
        assert (known.by, known.cut) == ("known_at", Cut(moment))
        assert await judged(views, "9001", known.cut) == expected(log.entries[:minutes], "9001", moment)


async def test_what_a_restored_service_does_not_know_counts_no_more_and_did_before(views: asyncpg.Pool) -> None:
    log = managed()
    await read(views, records(log.entries[:11]))
    head = await store.head(views)
    before = await judged(views, "9001", Cut(LATER, head))
    await read(views, [restored(8)])
    after = await store.head(views)
    assert after > head
    assert await judged(views, "9001", Cut(LATER, head)) == before
    left = [e for e in log.entries[:11] if e.position <= 8 or e.name != "StewardshipRecorded"]
    assert await judged(views, "9001", Cut(LATER, after)) == expected(left, "9001", LATER)
    assert before != expected(left, "9001", LATER)


async def told(pool: asyncpg.Pool, day: date, kept: KeptFacts = KEPT) -> list[dict[str, Any]]:
    """What one look publishes."""
    last = await pool.fetchval("select position from log_head")
    async with transaction(pool) as connection:
        number = await tell_changes(connection, day, kept)
    rows = await pool.fetch("select value, key, topic from recorded_event where position > $1 order by position", last)
    assert number == len(rows)
    assert {(row["topic"]) for row in rows} <= {"reporting.verdicts.v1"}
    return [orjson.loads(row["value"]) for row in rows]


async def test_verdicts_are_told_when_they_change_by_an_event_or_by_a_day_and_only_then(views: asyncpg.Pool) -> None:
    log = managed()
    some = records(log.entries)
    await read(views, some[:6])
    await advance(views, LATER)
    first = await told(views, DAY)
    assert {each["org"] for each in first} == {"9001"}
    assert {each["data"]["requirement"] for each in first} == {v.requirement for v in expected([], "9001", LATER)}
    assert {each["data"]["before"] for each in first} == {None}
    assert await told(views, DAY) == []
    await read(views, some[6:9])
    changed = {each["data"]["requirement"]: each for each in await told(views, DAY)}
    assert set(changed) == {"7.3", "7.4"}
    assert changed["7.4"]["causedby"] == "event-9"
    assert changed["7.4"]["data"]["before"]["state"] == "partially_compliant"
    assert changed["7.4"]["data"]["after"] == {"state": "compliant", "numerator": 1, "denominator": 1, "excluded": 0}
    assert changed["7.4"]["subject"] == "9001/7.4"
    assert await told(views, DAY) == []
    later = await told(views, date(2019, 3, 31))
    assert {each["causedby"] for each in later} == {"day-2019-03-31"}
    assert {each["causedbysource"] for each in later} == {"/services/reporting"}
    assert "7.1" in {each["data"]["requirement"] for each in later}
    assert await told(views, date(2019, 3, 31)) == []


def _numbers(found: Iterable[Verdict]) -> dict[str, Any]:
    return {each.requirement: (each.state, each.numerator, each.denominator, each.excluded) for each in found}


async def told_of(pool: asyncpg.Pool, org_id: str) -> dict[str, Any]:
    """What an organisation's verdicts were told to be."""
    async with pool.acquire() as connection:
        return {name: tuple(row.values()) for name, row in (await store.told_verdicts(connection, org_id)).items()}


@pytest.mark.parametrize("most", [0, 5, 1_000])
@pytest.mark.parametrize("seed", range(3))
async def test_what_is_told_is_judged_by_the_whole_log_however_much_of_it_was_kept(
    seed: int, most: int, views: asyncpg.Pool
) -> None:
    chance, log, kept = random.Random(seed), managed(), KeptFacts(most)
    some, until = records(log.entries), 0
    await advance(views, LATER)
    while until < len(some):
        until += chance.randint(1, 4)
        await read(views, some[max(0, until - 5) : until])
        await told(views, DAY, kept)
        head = await store.head(views)
        for org_id in ("9001", "9002"):
            if said := await told_of(views, org_id):
                assert said == _numbers(await judged(views, org_id, Cut(LATER, head)))
    assert await told_of(views, "9001") == _numbers(expected(log.entries, "9001", LATER))


async def test_what_became_void_is_told_as_the_service_said_it_whatever_was_kept_of_it(views: asyncpg.Pool) -> None:
    log, kept = managed(), KeptFacts()
    some = records(log.entries[:11])
    await advance(views, LATER)
    await read(views, some)
    await told(views, DAY, kept)
    await read(views, [restored(8)])
    changed = await told(views, DAY, kept)
    assert {(each["causedbysource"], each["causedby"]) for each in changed} == {
        ("/services/inventory", "restored-8-1000")
    }
    left = [e for e in log.entries[:11] if e.position <= 8 or e.name != "StewardshipRecorded"]
    assert await told_of(views, "9001") == _numbers(expected(left, "9001", LATER))


_BACKWARDS = "update reading_head set position = 0"
_ELSEWHERE = (
    "alter table log_head rename to another; create table log_head (like another including all); "
    "insert into log_head select * from another; update log_head set place = log_place()"
)


@pytest.mark.parametrize("restored_so", [_BACKWARDS, _ELSEWHERE], ids=["positions go back", "another place"])
async def test_in_a_database_that_was_restored_nothing_counts_that_was_kept_of_another(
    restored_so: str, views: asyncpg.Pool
) -> None:
    log, kept = managed(), KeptFacts()
    some = records(log.entries[:11])
    await advance(views, LATER)
    await read(views, some)
    await told(views, DAY, kept)
    await views.execute(f"truncate logged_event; update verdict_head set position = 0; {restored_so}")
    await read(views, some[:6])
    await told(views, DAY, kept)
    assert await told_of(views, "9001") == _numbers(expected(log.entries[:6], "9001", LATER))


async def test_of_what_was_kept_only_what_came_since_is_read(
    views: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    some, kept, numbers = records(managed().entries[:9]), KeptFacts(), []
    evidence = store.evidence

    async def counted(*arguments: Any) -> Any:
        rows = await evidence(*arguments)
        numbers.append(len(rows))
        return rows

    monkeypatch.setattr(store, "evidence", counted)
    for batch in (some[:6], some[6:8], some[8:]):
        await read(views, batch)
        await told(views, DAY, kept)
    assert numbers == [6, 2, 1]


async def test_what_concerns_several_organisations_is_told_of_each(views: asyncpg.Pool) -> None:
    log = managed()
    await read(views, records(log.entries[:9]))
    await advance(views, LATER)
    await told(views, DAY)
    await read(views, records(log.entries)[9:10])
    changed = {(each["org"], each["data"]["requirement"]) for each in await told(views, DAY)}
    assert ("9001", "7.8") in changed
    assert ("9002", "7.8") in changed


async def test_one_worker_tells_and_another_lets_it(views: asyncpg.Pool) -> None:
    await read(views, records(managed().entries))
    async with transaction(views) as one, transaction(views) as other:
        assert await tell_changes(one, DAY, KEPT)
        assert await tell_changes(other, DAY, KeptFacts()) is None
    assert await told(views, DAY) == []


async def test_who_tells_may_think_for_longer_than_who_reads(views: asyncpg.Pool) -> None:
    async with views.acquire() as telling:
        await telling.execute("set idle_in_transaction_session_timeout = '50ms'")
        async with telling.transaction():
            before = await store.told(telling)
            await views.fetchval("select pg_sleep(0.2)")
            assert await store.told(telling) == before
        await telling.execute("reset idle_in_transaction_session_timeout")


async def test_an_organisation_that_cannot_be_judged_holds_up_no_other(views: asyncpg.Pool) -> None:
    log = managed()
    spoiled = {"record_id": "assessment_completed/x", "kind": "assessment_completed", "on": "nonsense", "fields": {}}
    log.add("StewardshipRecorded", spoiled, org="9002")
    await read(views, records([*log.entries[:9], log.entries[-1]]))
    assert {each["org"] for each in await told(views, DAY)} == {"9001"}
    assert await told(views, DAY) == []


def application(position: int, moment: datetime, service_id: str = "S") -> Entry:
    data = {"application_id": f"A{position}", "service_id": service_id, "standards": []}
    return Entry("status", position, "ApplicationStateChanged", "9001", moment, data)


async def test_our_own_live_page_is_as_fresh_as_the_last_application_by_then(views: asyncpg.Pool) -> None:
    log = managed()
    log.entries = log.entries[:4]
    log.record(
        "standard_published", "2017-06-01", service_id="S", service_standard_id="S-1", venue="canada.ca", url=URL
    )
    log.record("real_time_published", "2018-01-01", service_id="S", venue="canada.ca", url=URL, cadence="PT1H")
    moments = [datetime(2018, 3, 30, 6, tzinfo=UTC), *(datetime(2018, 3, 31, 11, m, tzinfo=UTC) for m in (10, 40))]
    shown = [application(n, moment) for n, moment in enumerate(moments, 1)]
    shown += [application(9, datetime(2018, 3, 31, 13, tzinfo=UTC), service_id="T")]
    await read(views, records([*log.entries, *shown]))
    for hour, minute, position, state in (
        (11, 0, 1, "non_compliant"),
        (11, 30, 2, "compliant"),
        (11, 45, 3, "compliant"),
        (13, 9, 3, "compliant"),
        (13, 11, 3, "non_compliant"),
    ):
        moment = datetime(2018, 3, 31, hour, minute, tzinfo=UTC)
        async with views.acquire() as connection:
            found = await store.last_changes(connection, "9001", ["S"], moment, None, moment)
        assert found["S"][1] == ("status", position)
        seen = next(each for each in await judged(views, "9001", Cut(moment)) if each.requirement == "7.7")
        assert (seen.state, ("status", position) in seen.inputs) == (state, True), moment


async def test_a_decision_changes_verdicts_at_once_and_is_their_cause(views: asyncpg.Pool) -> None:
    """However long ago the other services were last heard of."""
    today = day_in_ottawa(datetime.now(UTC))
    log = managed()
    log.record("provider_appointed", "2015-01-05", provider_id="p-1")
    log.record("assessment_completed", (today - timedelta(days=30)).isoformat(), fiscal_year=fiscal_year(today))
    await read(views, records(log.entries))
    assert await told(views, today)
    head = Person("a-deputy-head", frozenset({"deputy_head"}), "9001")
    fields = {"requirement": "PSD-4.1.33", "state": "open", "due_on": "2099-03-31", "done_on": None}
    assert isinstance(await act(views, head, "9001", "A", fields, None), dict)
    async with transaction(views) as connection:
        await event_log.head(connection)  # the relay's word: the moment of the decision is over
    changed = {each["data"]["requirement"]: each for each in await told(views, today)}
    assert set(changed) == {"PSD-4.1.37"}
    assert changed["PSD-4.1.37"]["causedby"] == "action-A-1"
    assert await told(views, today) == []


async def test_a_change_of_verdict_stands_at_a_place_of_its_own_among_what_was_read(views: asyncpg.Pool) -> None:
    """What was read meanwhile stands before or after it, never with it."""
    some = records(managed().entries)
    await read(views, some[:6])
    first = {each["data"]["read_position"] for each in await told(views, DAY)}
    await read(views, some[6:9])
    second = {each["data"]["read_position"] for each in await told(views, DAY)}
    assert [first, second] == [{7}, {11}]
    assert await views.fetchval("select max(position) from logged_event") == 10


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
async def test_an_older_version_that_is_read_behind_a_newer_one_takes_nothing_back(
    views: asyncpg.Pool, order: tuple[int, int]
) -> None:
    """In one batch too, as when a log is published again or Kafka is read again."""

    def version(number: int) -> Any:
        name = Bilingual(en=f"Version {number}", fr=f"Version {number}")
        data = SimpleNamespace(service_id="S", valid_from=date(2026, 4, 1), withdrawn=False, priority=False, name=name)
        return SimpleNamespace(org="9001", service_position=number, data=data)

    async with views.acquire() as connection:
        await store.remember_services(connection, [version(number) for number in order])
        found = await connection.fetchval("select name ->> 'en' from known_service where service_id = 'S'")
    assert found == "Version 2"
