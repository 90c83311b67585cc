"""Dead letters, as an operator meets them: listed, read, replayed by the way they came, dropped."""

import asyncio
import base64
import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import asyncpg
import orjson
import pytest
from aiokafka import AIOKafkaProducer, ConsumerRecord

from guichet.client import Services
from guichet.errors import Stop, WrongUse
from shared.consuming import Consumption
from shared.contracts.inventory import ServiceRecorded
from shared.contracts.reported.kinds import KINDS
from shared.database import Connection, transaction
from shared.dead_letters import MOST_KEPT, DeadLetters, drop, opened
from shared.decoding import MAX_EVENT_BYTES, Arrival, Received
from shared.encryption import Seal
from shared.event_log import LogEntry
from shared.group_commit import record
from shared.intake import Intake, Recorded
from shared.kafka import Kafka
from shared.listening import Heard, listening
from shared.problems import Refused
from shared.receiving import receive
from shared.replaying import replay
from shared.testing import eventually, status_event
from tests.conftest import LocalSystem

PERSONAL = "Maude Tremblay 046 454 286"


async def waiting(services: Services, service: str, **query: Any) -> list[dict[str, Any]]:
    answer = await services.ask(service, "/v1/dead-letters", query={"limit": 1000, **query})
    return list(answer["items"])


async def set_right(services: Services, service: str, letter: int, method: str = "POST") -> Any:
    path = f"/v1/dead-letters/{letter}" + ("/replay" if method == "POST" else "")
    return await services.ask(service, path, method=method)


async def sent(services: Services, key: str, event: dict[str, Any]) -> dict[str, Any]:
    return (await services.send("status", key, [orjson.dumps(event)]))[0]


# At a running service


async def test_a_refused_event_is_listed_with_its_reason_and_read_with_what_was_sent(
    services: Services, key: str, org: str, unique: str
) -> None:
    event = status_event(org, unique, "unheard_of")
    await sent(services, key, event)
    (item,) = await waiting(services, "status", event=event["id"], org=org, code="invalid_value", door="http")
    assert (item["state"], item["replays"], item["source"]) == ("waiting", 0, event["source"])
    assert item["problem"]["field"] == "data.state"
    assert item["problem"]["title"].keys() == item["problem"]["detail"].keys() == {"en", "fr"}
    assert "content" not in item
    whole = await services.ask("status", f"/v1/dead-letters/{item['id']}")
    assert orjson.loads(whole["content"]) == event


async def test_letters_are_found_by_what_their_events_speak_of(
    services: Services, key: str, org: str, unique: str
) -> None:
    await sent(services, key, status_event(org, unique, "unheard_of", service_id=f"S-{unique}"))
    for about in (unique, f"S-{unique}"):
        assert [item["event_id"] for item in await waiting(services, "status", about=about)] == [f"{unique}-1"]
    assert await waiting(services, "status", about=f"{unique}-nothing") == []


async def test_pages_of_letters_follow_each_other_without_gap(
    services: Services, key: str, org: str, unique: str
) -> None:
    for number in range(3):
        await sent(services, key, status_event(org, unique, "unheard_of", number=number))
    first = await services.ask("status", "/v1/dead-letters", query={"about": unique, "limit": 2})
    rest = await services.ask("status", "/v1/dead-letters", query={"about": unique, "after": first["next"]})
    assert [item["event_id"] for item in first["items"] + rest["items"]] == [f"{unique}-{n}" for n in (2, 1, 0)]
    assert rest["next"] is None


async def test_a_replay_is_accepted_once_its_reason_has_gone_and_answers_the_same_ever_after(
    services: Services, key: str, org: str, unique: str
) -> None:
    soon = datetime.now(UTC) + timedelta(minutes=5, seconds=2)
    await sent(services, key, status_event(org, unique, "submitted", time=soon))
    (item,) = await waiting(services, "status", about=unique)

    async def again() -> Any:
        return await set_right(services, "status", item["id"])

    receipt = await eventually(again, lambda answer: answer["outcome"] == "accepted")
    assert receipt["position"] > 0
    assert receipt["replays"] >= 1
    assert "tracking_code" not in receipt
    assert await again() == receipt
    found = await services.ask("status", f"/v1/receipts/{unique}-1", bearer=key)
    assert found["position"] == receipt["position"]
    assert await waiting(services, "status", about=unique) == []
    (done,) = await waiting(services, "status", about=unique, state="accepted")
    assert done["accepted_since"]["position"] == receipt["position"]


async def test_a_letter_that_is_rejected_again_stays_the_one_letter_it_is(
    services: Services, key: str, org: str, unique: str
) -> None:
    await sent(services, key, status_event(org, unique, "unheard_of"))
    (item,) = await waiting(services, "status", about=unique)
    for number in (1, 2):
        receipt = await set_right(services, "status", item["id"])
        assert (receipt["outcome"], receipt["replays"]) == ("rejected", number)
        assert receipt["problem"]["code"] == "invalid_value"
    (same,) = await waiting(services, "status", about=unique)
    assert (same["id"], same["replays"]) == (item["id"], 2)
    assert same["replayed_at"]


async def test_a_letter_whose_event_was_sent_again_corrected_says_so(
    services: Services, key: str, org: str, unique: str
) -> None:
    await sent(services, key, status_event(org, unique, "unheard_of"))
    receipt = await sent(services, key, status_event(org, unique, "submitted"))
    (item,) = await waiting(services, "status", about=unique)
    assert item["accepted_since"] == {"position": receipt["position"], "recorded_at": receipt["recorded_at"]}
    again = await set_right(services, "status", item["id"])
    assert again["outcome"] == "rejected"


async def test_a_dropped_letter_is_erased_and_its_row_stays(
    services: Services, key: str, org: str, unique: str, system: LocalSystem
) -> None:
    await sent(services, key, status_event(org, unique, "unheard_of"))
    (item,) = await waiting(services, "status", event=f"{unique}-1")
    for _ in range(2):
        await set_right(services, "status", item["id"], "DELETE")
    whole = await services.ask("status", f"/v1/dead-letters/{item['id']}")
    assert (whole["state"], whole["content"]) == ("dropped", None)
    assert whole["why_no_content"].keys() == {"en", "fr"}
    with pytest.raises(Stop, match="dropped"):
        await set_right(services, "status", item["id"])


async def test_of_a_replay_and_a_drop_at_once_one_alone_is_told_that_it_was_done(
    services: Services, system: LocalSystem, org: str, unique: str
) -> None:
    pool = await asyncpg.create_pool(system.addresses["postgres"]["status"], min_size=1, max_size=2)
    seal = Seal((system.home / "keys" / "master-key-status").read_text())
    insert = (
        "insert into dead_letter (door, org_id, code, problem, sealed) "
        "values ('http', $1, 'internal_error', '{}', $2) returning dead_letter_id"
    )
    events = [orjson.dumps(status_event(org, f"{unique}-{number}", "submitted")) for number in range(20)]
    letters = [await pool.fetchval(insert, org, seal.seal(event, "dead_letter")) for event in events]

    async def done(letter: int, method: str = "POST") -> bool:
        try:
            await set_right(services, "status", letter, method)
        except Stop:
            return False
        return True

    async def both(letter: int) -> tuple[bool, bool]:
        replayed, dropped = await asyncio.gather(done(letter), done(letter, "DELETE"))
        return replayed, dropped

    told = await asyncio.gather(*map(both, letters))
    found = [await pool.fetchval("select state from dead_letter where dead_letter_id = $1", each) for each in letters]
    await pool.close()
    assert told == [(state == "accepted", state == "dropped") for state in found]


async def test_only_an_operator_sees_dead_letters(services: Services, key: str) -> None:
    for service in ("inventory", "feedback", "status", "reporting"):
        for path in ("/v1/dead-letters", "/v1/dead-letters/1"):
            for bearer in (None, key):
                status, _ = await services._request("GET", service, path, None, "application/json", bearer)
                assert status in {401, 403}


@pytest.mark.parametrize("since", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "2200-01-01T00:00:01Z"])
@pytest.mark.parametrize("path", ["/v1/dead-letters", "/v1/log/events", "/v1/reading/lag"])
async def test_a_moment_that_our_calendar_does_not_know_is_no_question(
    services: Services, path: str, since: str
) -> None:
    with pytest.raises(WrongUse, match="since"):
        await services.ask("reporting", path, query={"since": since})


@pytest.mark.parametrize("letter", ["0", "-1", "99999999999", "9" * 30])
async def test_a_letter_that_is_not_there_is_not_found(services: Services, letter: str) -> None:
    for method, path in (("GET", ""), ("POST", "/replay"), ("DELETE", "")):
        with pytest.raises(Stop, match="no dead letter"):
            await services.ask("reporting", f"/v1/dead-letters/{letter}{path}", method=method)


async def test_what_no_listener_can_read_is_a_letter_at_each_of_them_and_says_which_record(
    services: Services, kafka: Kafka, org: str, unique: str
) -> None:
    kind = "guichet.inventory.ServiceRecorded.v1"
    moment = "2026-04-01T00:00:00.000000Z"
    value = orjson.dumps(
        {"specversion": "1.0", "id": "9223372036854775001", "source": "/services/inventory", "type": kind, "org": org}
        | {"time": moment, "recordedat": moment, "data": {"service_id": unique}}
    )
    async with AIOKafkaProducer(**kafka.options()) as producer:
        await producer.send_and_wait(
            "inventory.services.v1", value, unique.encode(), 0, headers=[("ce_type", kind.encode())]
        )
    for service in ("status", "feedback", "reporting"):
        (item,) = await eventually(lambda name=service: waiting(services, name, about=unique))
        assert (item["door"], item["org_id"], item["topic"]) == ("listening", org, "inventory.services.v1")
        assert (item["source"], item["event_id"]) == ("/services/inventory", "9223372036854775001")
        assert (await set_right(services, service, item["id"]))["outcome"] == "rejected"
        assert [each["id"] for each in await waiting(services, service, about=unique)] == [item["id"]]
        await set_right(services, service, item["id"], "DELETE")


# The machinery, on a database of its own


@pytest.fixture
def seal() -> Seal:
    return Seal(base64.urlsafe_b64encode(os.urandom(32)).decode())


class Faulty:
    """A service whose handler has a fault until it is mended."""

    def __init__(self, seal: Seal) -> None:
        self.mended = False
        self.intake = Intake("status", KINDS["status"], self.handle, DeadLetters(seal), seal)

    async def handle(self, _: Connection, events: Sequence[Received], _now: datetime) -> list[Any]:
        if not self.mended:
            raise RuntimeError(PERSONAL)
        return [
            Recorded(
                [LogEntry("t", e.data.application_id, "status", "X", e.org_id, e.time, e.source, e.id, e.data, "s")]
            )
            for e in events
        ]


def state_of(pool: asyncpg.Pool, seal: Seal, intake: Intake | None = None, *consumptions: Consumption) -> Any:
    return SimpleNamespace(pool=pool, seal=seal, intake=intake, consumptions=consumptions, committed=asyncio.Event())


async def one_letter(pool: asyncpg.Pool) -> asyncpg.Record:
    (row,) = await pool.fetch("select * from dead_letter")
    return row


async def test_what_our_own_fault_set_aside_is_recorded_once_it_is_mended_under_its_sender_s_organisation(
    database: asyncpg.Pool, seal: Seal, unique: str
) -> None:
    faulty = Faulty(seal)
    raw = orjson.dumps(status_event("9001", unique, "submitted"))
    async with transaction(database) as connection:
        (receipt,) = await record(
            connection, faulty.intake, [Arrival(raw, "9001", topic="ingest.status.9001", partition=0, offset=7)]
        )
    assert receipt.problem is not None
    assert receipt.problem.code == "internal_error"
    letter = (await one_letter(database))["dead_letter_id"]
    state = state_of(database, seal, faulty.intake)
    assert (await replay(state, letter))["outcome"] == "rejected"
    assert not state.committed.is_set()
    faulty.mended = True
    answers = await asyncio.gather(*(replay(state, letter) for _ in range(5)))
    assert all(answer == answers[0] for answer in answers)
    assert answers[0]["outcome"] == "accepted"
    assert state.committed.is_set()
    assert await database.fetchval("select count(*) from recorded_event where org_id = '9001'") == 1
    assert (await one_letter(database))["state"] == "accepted"


async def stored(pool: asyncpg.Pool, intake: Intake, *raws: bytes, org: str = "9001") -> list[str]:
    """Refuse events in one commit; the codes of the reasons."""
    async with transaction(pool) as connection:
        receipts = await record(connection, intake, [Arrival(raw, org) for raw in raws])
    return [receipt.problem.code for receipt in receipts if receipt.problem]


async def test_of_what_is_too_large_the_beginning_is_kept_and_never_judged_again(
    database: asyncpg.Pool, seal: Seal, unique: str
) -> None:
    intake = Faulty(seal).intake
    raw = orjson.dumps(status_event("9001", unique, "x" * 4_000_000))
    assert await stored(database, intake, raw) == ["too_large"]
    letter = await one_letter(database)
    assert letter["size"] == len(raw)
    assert opened(seal, letter["sealed"]) == raw[: 64 * 1024]
    with pytest.raises(Refused, match="gone") as refused:
        await replay(state_of(database, seal, intake), letter["dead_letter_id"])
    assert str(len(raw)) in refused.value.problem.detail.en


async def test_an_event_of_the_largest_size_is_kept_whole(database: asyncpg.Pool, seal: Seal, unique: str) -> None:
    faulty = Faulty(seal)
    event = status_event("9001", unique, "submitted")
    event["source"] += "/" + "x" * 200
    raw = orjson.dumps(event).ljust(MAX_EVENT_BYTES)
    assert await stored(database, faulty.intake, raw) == ["internal_error"]
    faulty.mended = True
    answer = await replay(state_of(database, seal, faulty.intake), (await one_letter(database))["dead_letter_id"])
    assert answer["outcome"] == "accepted"


async def test_of_more_than_ten_thousand_waiting_of_one_organisation_it_is_kept_that_they_came(
    database: asyncpg.Pool, seal: Seal
) -> None:
    intake = Faulty(seal).intake
    await database.execute(
        "insert into dead_letter (door, org_id, code, problem, sealed) "
        "select 'http', '9001', 'unreadable', '{}', '' from generate_series(1, $1)",
        MOST_KEPT - 1,
    )
    await stored(database, intake, b"last", b"one more")
    await stored(database, intake, b"and another")
    await stored(database, intake, b"mine", org="9002")
    newest = await database.fetch("select * from dead_letter order by dead_letter_id desc limit 4")
    kept = [row["sealed"] and opened(seal, row["sealed"]) for row in newest]
    assert kept == [b"mine", None, None, b"last"]
    assert {row["code"] for row in newest} == {"unreadable"}
    state = state_of(database, seal, intake)
    with pytest.raises(Refused, match="gone") as refused:
        await replay(state, newest[1]["dead_letter_id"])
    assert "too many letters" in refused.value.problem.detail.en
    assert await drop(database, newest[3]["dead_letter_id"])
    await stored(database, intake, b"there is room again")
    assert opened(seal, await database.fetchval("select sealed from dead_letter order by dead_letter_id desc limit 1"))


async def test_an_event_recorded_meanwhile_makes_its_letter_s_replay_a_duplicate(
    database: asyncpg.Pool, seal: Seal, unique: str
) -> None:
    faulty = Faulty(seal)
    arrival = Arrival(orjson.dumps(status_event("9001", unique, "submitted")), "9001")
    async with transaction(database) as connection:
        await record(connection, faulty.intake, [arrival])
    faulty.mended = True
    async with transaction(database) as connection:
        (first,) = await receive(connection, faulty.intake, [arrival])
    again = await replay(state_of(database, seal, faulty.intake), (await one_letter(database))["dead_letter_id"])
    assert (again["outcome"], again["position"]) == ("duplicate", first.position)


async def test_an_event_whose_id_was_forgotten_is_judged_as_new(
    database: asyncpg.Pool, seal: Seal, unique: str
) -> None:
    faulty = Faulty(seal)
    arrival = Arrival(orjson.dumps(status_event("9001", unique, "submitted")), "9001")
    async with transaction(database) as connection:
        await record(connection, faulty.intake, [arrival])
    faulty.mended = True
    async with transaction(database) as connection:
        await receive(connection, faulty.intake, [arrival])
    await database.execute("delete from received_event")
    again = await replay(state_of(database, seal, faulty.intake), (await one_letter(database))["dead_letter_id"])
    assert (again["outcome"], again["position"]) == ("accepted", 2)


async def test_what_was_sealed_under_another_key_is_said_to_be_lost(
    database: asyncpg.Pool, seal: Seal, unique: str
) -> None:
    faulty = Faulty(seal)
    async with transaction(database) as connection:
        await record(connection, faulty.intake, [Arrival(b"{}", "9001")])
    other = Seal(base64.urlsafe_b64encode(os.urandom(32)).decode())
    with pytest.raises(Refused) as refused:
        await replay(state_of(database, other, faulty.intake), (await one_letter(database))["dead_letter_id"])
    assert refused.value.problem.code == "gone"


def service_record(org: str, position: int) -> Any:
    kind = "guichet.inventory.ServiceRecorded.v1"
    data = {"service_id": "S-1", "fiscal_year": "2026-2027", "valid_from": "2026-04-01", "version": 1}
    data |= {"name": {"en": "A", "fr": "A"}, "priority": False, "fields": {}}
    value = {"id": str(position), "source": "/services/inventory", "type": kind, "org": org, "data": data}
    raw = orjson.dumps({**value, "time": "2026-04-01T00:00:00Z"})
    headers = (("ce_type", kind.encode()),)
    return ConsumerRecord("inventory.services.v1", 0, position, 0, 0, None, raw, None, -1, -1, headers)


async def test_a_record_set_aside_is_heard_again_by_the_handler_it_was_meant_for_once(
    database: asyncpg.Pool, seal: Seal
) -> None:
    heard: list[int] = []
    told: list[Any] = []
    broken = True

    async def hear(_: Connection, events: Sequence[Heard]) -> None:
        if broken:
            raise ValueError(PERSONAL)
        heard.extend(event.position for event in events)

    async def committed(result: Any) -> None:
        told.append(result)

    listeners = {"guichet.inventory.ServiceRecorded.v1": (ServiceRecorded, hear)}
    listener = listening("nobody.inventory", ["inventory.services.v1"], listeners, DeadLetters(seal), committed)
    listener.fence.cluster_id = "cluster"
    await listener.take(database, [service_record("9001", 5)])
    letter = await one_letter(database)
    assert (letter["door"], letter["org_id"], letter["event_id"]) == ("listening", "9001", "5")
    state = state_of(database, seal, None, listener)
    assert (await replay(state, letter["dead_letter_id"]))["problem"]["code"] == "internal_error"
    assert told == []
    broken = False
    first = await replay(state, letter["dead_letter_id"])
    assert await replay(state, letter["dead_letter_id"]) == first
    assert (first["outcome"], first["position"], heard, told) == ("accepted", 5, [5], [None])


async def test_a_topic_that_is_read_from_its_beginning_again_leaves_no_second_letter_of_what_was_set_aside(
    database: asyncpg.Pool, seal: Seal
) -> None:
    async def fail(_: Connection, _events: Sequence[Heard]) -> None:
        raise ValueError

    listeners = {"guichet.inventory.ServiceRecorded.v1": (ServiceRecorded, fail)}
    listener = listening("nobody.inventory", ["inventory.services.v1"], listeners, DeadLetters(seal))
    for cluster in ("cluster", "another", "a third"):
        listener.fence.cluster_id = cluster
        await listener.take(database, [service_record("9001", 5)])
    await one_letter(database)
    await drop(database, (await one_letter(database))["dead_letter_id"])
    listener.fence.cluster_id = "a fourth"
    await listener.take(database, [service_record("9001", 5)])
    assert (await one_letter(database))["state"] == "dropped"


async def test_another_record_at_the_place_of_one_that_was_refused_has_a_letter_of_its_own(
    database: asyncpg.Pool, seal: Seal, unique: str
) -> None:
    """The topic was made anew."""
    raws = [orjson.dumps(status_event("9001", f"{unique}-{n}", "submitted")) for n in (1, 2)]
    for raw in (*raws, *raws):
        async with transaction(database) as connection:
            await record(connection, Faulty(seal).intake, [Arrival(raw, "9001", None, "ingest.status.9001", 0, 7)])
    rows = await database.fetch("select sealed from dead_letter order by dead_letter_id")
    assert [opened(seal, row["sealed"]) for row in rows] == raws


async def test_reporting_counts_a_record_once_though_its_letter_comes_after_it(
    services: Services, system: LocalSystem, key: str, org: str, unique: str
) -> None:
    """A letter of a record that the log has, as a crash between two versions could leave it."""
    receipt = await sent(services, key, status_event(org, unique, "submitted"))
    connection = await asyncpg.connect(system.addresses["postgres"]["reporting"])
    logged = "select * from logged_event where service = 'status' and service_position = $1"
    try:
        row = await eventually(lambda: connection.fetchrow(logged, receipt["position"]))
        seal = Seal((system.home / "keys" / "master-key-reporting").read_text())
        letter = await connection.fetchval(
            "insert into dead_letter (door, topic, partition, record_offset, event_id, code, problem, sealed) "
            "values ('listening', $1, $2, $3, $4, 'internal_error', '{}', $5) returning dead_letter_id",
            row["topic"], row["partition"], row["record_offset"], str(receipt["position"]),
            seal.seal(row["value"].encode(), "dead_letter"),
        )  # fmt: skip
        for _ in range(2):
            assert (await set_right(services, "reporting", letter))["outcome"] == "accepted"
        assert len(await connection.fetch(logged, receipt["position"])) == 1
        assert (await services.ask("reporting", "/v1/reading/views"))["equal"] is True
    finally:
        await connection.close()


async def test_what_a_person_wrote_is_in_no_log_though_it_triggers_a_fault_of_ours(
    services: Services, system: LocalSystem, kafka: Kafka, org: str, unique: str
) -> None:
    kind, personal = "guichet.inventory.ServiceRecorded.v1", f"Maude-{unique}"
    event = {
        "specversion": "1.0",
        "id": "9223372036854775002",
        "source": "/services/inventory",
        "type": kind,
        "org": org,
    }
    value = orjson.dumps(
        {**event, "time": personal, "recordedat": personal, "data": {"service_id": unique, "name": personal}}
    )
    async with AIOKafkaProducer(**kafka.options()) as producer:
        await producer.send_and_wait(
            "inventory.services.v1", value, unique.encode(), 0, headers=[("ce_type", kind.encode())]
        )
    for service in ("status", "feedback", "reporting"):
        (item,) = await eventually(lambda name=service: waiting(services, name, about=unique))
        assert (await set_right(services, service, item["id"]))["outcome"] == "rejected"
        await set_right(services, service, item["id"], "DELETE")
    logs = {path.name: path.read_bytes() for path in (system.home / "logs").iterdir()}
    assert b"event_set_aside" in logs["status.log"]
    assert b"records_unreadable" in logs["reporting.log"]
    assert [name for name, text in logs.items() if personal.encode() in text] == []
